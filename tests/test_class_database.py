"""Trouble of the rooms' database: each kind has its sentence for the teacher and its cause in the log."""

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from demos.quiz import lineup, report, trouble
from demos.quiz.network import Refusal
from demos.quiz.rooms import Rooms
from tests.class_server import deal

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr("demos.quiz.tables.WAIT", 0.2)
    monkeypatch.setattr("demos.quiz.rooms.PAUSE", 0.0)


def refused(url: str, said: str) -> None:
    with pytest.raises(Refusal) as raised:
        Rooms(deal, url)
    assert str(raised.value) == said and raised.value.status == 503
    assert len(said) < 120 and "\n" not in said


def test_a_folder_that_is_not_there(tmp_path, caplog):
    refused(f"sqlite:///{tmp_path}/no/class.sqlite3", trouble.NO_FOLDER)
    assert "unable to open database file" in caplog.text and str(tmp_path) in caplog.text


def test_a_folder_that_cannot_be_written(tmp_path):
    """By somebody who is not root, as in a container; root may write everywhere but in /proc."""
    if os.getuid() == 0:
        return refused("sqlite:////proc/class.sqlite3", trouble.READ_ONLY)
    tmp_path.chmod(0o555)
    refused(f"sqlite:///{tmp_path}/class.sqlite3", trouble.READ_ONLY)


def test_the_container_keeps_its_rooms_where_its_user_may_write():
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    (made,) = [line.split()[-1] for line in lines if "install -d -o app" in line]
    (env,) = [line for line in lines if line.startswith("ENV")]
    assert f"DATABASE_URL=sqlite:///{made}/class.sqlite3" in env.split()


def test_a_file_that_is_no_database_or_may_only_be_read(tmp_path):
    (tmp_path / "text.sqlite3").write_text("no database " * 100)
    refused(f"sqlite:///{tmp_path}/text.sqlite3", trouble.NONE)
    Rooms(deal, f"sqlite:///{tmp_path}/class.sqlite3").base.writer.dispose()
    rooms = Rooms(deal, f"sqlite:///file:{tmp_path}/class.sqlite3?mode=ro&uri=true")
    with pytest.raises(Refusal, match="cannot be written"):
        rooms.open()


@pytest.mark.parametrize(
    "url", ["no-such-kind://x", "mysql://u:secret@h/d", "postgres", "://", "oracle+x://"]
)
def test_an_address_of_no_known_kind(url, caplog):
    refused(url, trouble.KIND)
    assert "secret" not in caplog.text and len(caplog.records) == 1


def test_a_driver_that_is_missing(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    refused("postgres://me:secret@127.0.0.1/none", trouble.DRIVER)
    assert "psycopg" in caplog.text and "secret" not in caplog.text


def test_a_server_that_does_not_answer(tmp_path, postgres, caplog):
    refused(f"postgres://me:secret@/none?host={tmp_path}", trouble.GONE)
    assert "secret" not in caplog.text and "***" in caplog.text


def test_a_server_that_lets_us_not_in(postgres):
    url = postgres.database()
    refused(url.replace("/postgres?", "/none?"), trouble.WRONG)
    refused(url.replace("postgres@", "nobody@"), trouble.WRONG)


def test_a_server_where_we_may_not_make_tables(postgres):
    import psycopg

    with psycopg.connect(f"host={postgres.folder} user=postgres", autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    refused(f"postgres://guest@/postgres?host={postgres.folder}", trouble.RIGHTS)


def test_a_database_that_is_locked_is_one_line_and_nothing_counted_is_lost(tmp_path, caplog):
    place = tmp_path / "class.sqlite3"
    rooms = Rooms(deal, f"sqlite:///{place}")
    code, key = rooms.open()
    ada, zoe = rooms.join(code, "Ada"), rooms.join(code, "Zoë")
    rooms.advance(code, key, "lobby", 0)
    rooms.vote(code, ada, 1, [0], 80)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        with pytest.raises(Refusal) as raised:
            rooms.vote(code, zoe, 1, [0], 80)
        assert str(raised.value) == trouble.BUSY and raised.value.status == 503
    assert [record.levelname for record in caplog.records] == ["ERROR"], "one line, not each time"
    assert "database is locked" in caplog.text and caplog.records[0].exc_info is None
    assert rooms.seen_by_students(code)["voted"] == 1, "reading goes on"
    other.execute("ROLLBACK")
    rooms.vote(code, zoe, 1, [0], 80)
    assert rooms.seen_by_students(code)["voted"] == 2


def test_a_database_of_an_older_version_goes_on(tmp_path):
    """Before there were doors, presses, and a second game."""
    place = tmp_path / "class.sqlite3"
    rooms = Rooms(deal, f"sqlite:///{place}")
    code, key = rooms.open()
    ada = rooms.join(code, "Ada")
    rooms.advance(code, key, "lobby", 0)
    real = rooms.dealt(code, 1).real
    rooms.vote(code, ada, 1, [k for k in range(3) if real[k]], 80)
    rooms.base.writer.dispose()
    newer = [("rooms", "shut"), ("rooms", "pressed"), ("players", "joined"), ("rounds", "choices")]
    with sqlite3.connect(place) as base:
        for table, column in newer:
            base.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    base.close()
    rooms = Rooms(deal, f"sqlite:///{place}")
    assert rooms.seen_by_students(code, ada)["game"] == "play", "what was begun goes on"
    assert rooms.advance(code, key, "open", 1) and rooms.advance(code, key, "revealed", 1)
    rooms.door(code, key, True)
    ranking = rooms.seen_by_teacher(code, key)["ranking"]
    assert [(p["name"], p["right"]) for p in ranking] == [("Ada", 3)]
    assert report.table(rooms.votes(code, key)).count("Ada") == 3
    code, key = rooms.open("makers")  # the other game finds its place in the same file
    assert rooms.advance(code, key, "lobby", 0)
    assert rooms.seen_by_students(code)["makers"] == [m.title for m in lineup.makers()]

"""A PostgreSQL of the tests' own: in a folder of its own, reached by a socket there, started and stopped by them."""

import importlib.util
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

DEBIAN = Path("/usr/lib/postgresql")  # a folder for each version, none of them on PATH


def find_postgres() -> Path | None:
    """The folder of the server's programs, of the newest version. None: it is not installed."""
    found = [Path(program).resolve().parent for program in [shutil.which("initdb")] if program]
    version = lambda folder: [int(n) for n in re.findall(r"\d+", folder.name)]  # noqa: E731
    found += [folder / "bin" for folder in sorted(DEBIAN.glob("[0-9]*"), key=version, reverse=True)]
    return next((folder for folder in found if (folder / "pg_isready").exists()), None)


class Postgres:
    """It refuses to run as root: then it runs as the user of Debian's package."""

    def __init__(self, programs: Path):
        self.programs, self.numbers = programs, itertools.count()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path is 107 letters at most
        self.who = {}
        if os.getuid() == 0:
            self.who = dict(user="postgres", group="postgres", extra_groups=[])
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "-D", self.data)
        self.process = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, program: str, *args) -> None:
        subprocess.run(
            [self.programs / program, *map(str, args)],
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
            **self.who,
        )

    def start(self) -> None:
        settings = dict(
            listen_addresses="",
            unix_socket_directories=self.folder,
            fsync="off",
            max_connections=200,
        )
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *flags],
                cwd="/",
                stderr=log,
                stdout=log,
                **self.who,
            )
        ready = [self.programs / "pg_isready", "-q", "-h", self.folder]
        while subprocess.run(ready, check=False).returncode:
            assert self.process.poll() is None, Path(log.name).read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """At once: who is connected is cut off in the middle of what it does."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def database(self) -> str:
        """An empty schema, which is made faster than a database. -> its URL"""
        import psycopg

        name, place = f"class{next(self.numbers)}", f"host={self.folder} user=postgres"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgres://postgres@/postgres?host={self.folder}&options=-csearch_path%3D{name}"

    def remove(self) -> None:
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres():
    programs = find_postgres()
    if programs is None:
        pytest.skip("needs PostgreSQL: Debian's package is postgresql")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("needs psycopg, the driver of PostgreSQL: pip install 'psycopg[binary]'")
    server = Postgres(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path) -> str:
    """The URL of an empty database, of each kind that the app knows."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/class.sqlite3"
    return request.getfixturevalue("postgres").database()


@pytest.fixture
def rooms(database):
    """Rooms of a class in each kind of database, with drawn patterns for faces."""
    from demos.quiz.rooms import Rooms
    from tests.class_server import deal

    rooms = Rooms(deal, database)
    yield rooms
    rooms.base.writer.dispose()


@pytest.fixture
def no_pause(monkeypatch):
    """Tests press one button after the other."""
    monkeypatch.setattr("demos.quiz.rooms.PAUSE", 0.0)

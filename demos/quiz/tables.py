"""The tables of the class rooms, and the door to the database that holds them.

SQLite in a file by default, or the PostgreSQL that DATABASE_URL names. Times are seconds since 1970.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    URL,
    Connection,
    ForeignKey,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateColumn

from demos.quiz import trouble
from demos.quiz.network import Refusal

PLACE = "class.sqlite3"
WAIT = 10.0  # seconds for another process's turn
IDLE = 60.0  # seconds after which the turn of a process that does nothing more with it is over
AGAIN = 60.0  # seconds before the log has the same cause once more
ALONE = 0x47_4D_4C  # the number of the lock that all processes of this app share on PostgreSQL
LIMITS = text(
    "SELECT set_config('lock_timeout', :wait, true), "
    "set_config('idle_in_transaction_session_timeout', :idle, true)"
)

log = logging.getLogger(__name__)


class Base(DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "rooms"
    code: Mapped[str] = mapped_column(primary_key=True)
    teacher: Mapped[str]  # hash of the secret in the teacher's link
    secret: Mapped[str]  # what the rounds are dealt from
    opened: Mapped[float]
    phase: Mapped[str]  # lobby, open, revealed, over
    round: Mapped[int]
    version: Mapped[int]  # goes up with every change that somebody should see
    # Which faces, and with them the game: "standard", "makers", or the key of photos that one process holds.
    deck: Mapped[str]
    owner: Mapped[str]  # that process; empty when any will do
    shut: Mapped[bool] = mapped_column(server_default=text("false"))  # nobody else may join
    pressed: Mapped[float] = mapped_column(server_default=text("0"))  # when the phase changed last


class Player(Base):
    __tablename__ = "players"
    id: Mapped[int] = mapped_column(primary_key=True)
    room: Mapped[str] = mapped_column(ForeignKey("rooms.code", ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(unique=True)  # its hash
    name: Mapped[str]
    hidden: Mapped[bool] = mapped_column(default=False)
    joined: Mapped[float] = mapped_column(server_default=text("0"))
    __table_args__ = (UniqueConstraint("room", "name"),)


class Round(Base):
    """What was shown, so that results can be told without dealing again."""

    __tablename__ = "rounds"
    room: Mapped[str] = mapped_column(
        ForeignKey("rooms.code", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    real: Mapped[str]  # the answer, a letter for each face, as the room's game writes it: "101"
    sources: Mapped[str]  # three, with tabs between
    # What a face could be said to be, with tabs between; empty where that is real or made.
    choices: Mapped[str] = mapped_column(server_default=text("''"))
    void: Mapped[bool] = mapped_column(default=False)

    @property
    def names(self) -> list[str]:
        return self.sources.split("\t")

    @property
    def options(self) -> list[str]:
        return self.choices.split("\t")


class Vote(Base):
    __tablename__ = "votes"
    room: Mapped[str] = mapped_column(
        ForeignKey("rooms.code", ondelete="CASCADE"), primary_key=True
    )
    round: Mapped[int] = mapped_column(primary_key=True)
    player: Mapped[int] = mapped_column(
        ForeignKey("players.id", ondelete="CASCADE"), primary_key=True
    )
    picks: Mapped[str]  # as Round.real: a face is right where the two letters are the same
    sure: Mapped[int]  # 50 to 100 %; 0 where the game does not ask


class Database:
    """url: SQLAlchemy's, of SQLite or PostgreSQL. All trouble of the database is a Refusal, and a line in the log."""

    def __init__(self, url: str = ""):
        self.url, self.logged = None, ("", 0.0)
        with self._spoken():
            self.url = _understood(url or os.environ.get("DATABASE_URL") or f"sqlite:///{PLACE}")
            lite = self.url.get_backend_name() == "sqlite"
            # SQLite has one writer and lets the others sleep between two tries; in this process they stand in line.
            self.turn = threading.Lock() if lite else contextlib.nullcontext()
            options = dict(connect_args=dict(timeout=WAIT)) if lite else POSTGRESQL
            engine = create_engine(
                self.url, pool_size=8, max_overflow=24, pool_timeout=WAIT, **options
            )
            if lite:
                event.listen(engine, "connect", _settle)
                event.listen(engine, "begin", _begin)
                self.reader, self.writer = engine, engine.execution_options(write=True)
            else:
                # Readers see one moment; writers see what those before them have committed, once they have the lock.
                one_moment = dict(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                self.reader, self.writer = engine.execution_options(**one_moment), engine
        with self.write(alone=True) as session:
            Base.metadata.create_all(session.connection())
            _add_columns(session.connection())

    @contextmanager
    def read(self) -> Iterator[Session]:
        """All that is read is of one moment."""
        with self._spoken(), Session(self.reader) as session, session.begin():
            yield session

    @contextmanager
    def write(self, alone: bool = False) -> Iterator[Session]:
        """Committed when the block ends, and not before. alone: no other such block, of any process, runs meanwhile.

        On SQLite every writer is alone. On PostgreSQL one that is not locks the room that it changes (Rooms._room).
        """
        with self._spoken(), self.turn, Session(self.writer) as session, session.begin():
            if self.writer.dialect.name == "postgresql":
                session.execute(LIMITS, dict(wait=f"{WAIT}s", idle=f"{IDLE}s"))
                if alone:
                    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), dict(key=ALONE))
            yield session

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, ImportError) as error:
            said = trouble.sentence(error, self.url)
            where = self.url.render_as_string(hide_password=True) if self.url else "DATABASE_URL"
            cause = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
            # A room is looked at five times a second: one line is enough.
            if self.logged[0] != said or time.monotonic() > self.logged[1] + AGAIN:
                self.logged = said, time.monotonic()
                log.error("The rooms' database (%s): %s: %s", where, type(error).__name__, cause)
            raise Refusal(said, 503) from error


# A connection that was cut is found before it is used; a server that is silent is given up; a pooler between, which
# gives every transaction another connection, knows no prepared statements.
POSTGRESQL = dict(
    pool_pre_ping=True,
    connect_args=dict(connect_timeout=5, tcp_user_timeout=10_000, prepare_threshold=None),
)


def _understood(url: str) -> URL:
    """As hosts give it, postgres://... too. Raises ArgumentError, which never quotes it: it may hold a password."""
    try:
        found = make_url(url.strip())
    except (ArgumentError, ValueError):
        raise ArgumentError("it cannot be read as a URL") from None
    kind = found.get_backend_name()
    if kind in ("postgres", "postgresql"):
        return found.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise ArgumentError(f"{kind}:// is neither sqlite:// nor postgresql://")
    return found


def _add_columns(connection: Connection) -> None:
    """What the tables lack that an older version of the app has made."""
    for table in Base.metadata.sorted_tables:
        there = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                line = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {line}"))


def _settle(connection, _) -> None:
    """Readers do not wait for the writer; what is committed survives the death of the process."""
    connection.isolation_level = (
        None  # transactions begin below, where it is known what they will do
    )
    _keep_a_log(connection)
    for line in ("synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Write-ahead logging, which a file keeps once it has it. SQLite itself waits for nobody here, so this does."""
    until = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin(connection) -> None:
    """A writer asks for the lock at once: one that has read first could not wait for it, only fail."""
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

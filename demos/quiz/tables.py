"""The tables of the class rooms, and the door to the database that holds them.

SQLite in a file by default, any database that SQLAlchemy knows by DATABASE_URL. Times are seconds since 1970.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ForeignKey, UniqueConstraint, create_engine, event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from demos.quiz.network import Refusal

PLACE = "class.sqlite3"
WAIT = 10.0  # seconds for another process's turn
GONE = "The room's memory cannot be reached just now. Nothing that was counted is lost; try again."


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
    deck: Mapped[str]  # which faces: "standard", or the key of photos that one process holds
    owner: Mapped[str]  # that process; empty when any will do


class Player(Base):
    __tablename__ = "players"
    id: Mapped[int] = mapped_column(primary_key=True)
    room: Mapped[str] = mapped_column(ForeignKey("rooms.code", ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(unique=True)  # its hash
    name: Mapped[str]
    hidden: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (UniqueConstraint("room", "name"),)


class Round(Base):
    """What was shown, so that results can be told without dealing again."""

    __tablename__ = "rounds"
    room: Mapped[str] = mapped_column(
        ForeignKey("rooms.code", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    real: Mapped[str]  # "101"
    sources: Mapped[str]  # three, with tabs between
    void: Mapped[bool] = mapped_column(default=False)


class Vote(Base):
    __tablename__ = "votes"
    room: Mapped[str] = mapped_column(
        ForeignKey("rooms.code", ondelete="CASCADE"), primary_key=True
    )
    round: Mapped[int] = mapped_column(primary_key=True)
    player: Mapped[int] = mapped_column(
        ForeignKey("players.id", ondelete="CASCADE"), primary_key=True
    )
    picks: Mapped[str]  # "101": the faces taken for real
    sure: Mapped[int]  # 50 to 100 %


class Database:
    """url: SQLAlchemy's. Errors of the database are a Refusal; a broken rule of the tables stays an IntegrityError."""

    def __init__(self, url: str = ""):
        url = url or os.environ.get("DATABASE_URL") or f"sqlite:///{PLACE}"
        lite = url.startswith("sqlite")
        # One that must wait for SQLite's single writer waits here, and not in an error.
        options = dict(connect_args=dict(timeout=WAIT)) if lite else dict(pool_pre_ping=True)
        # SQLite has one writer and lets the others sleep between two tries; in this process they stand in line.
        self.turn = threading.Lock() if lite else contextlib.nullcontext()
        with _spoken():
            self.engine = create_engine(
                url, pool_size=8, max_overflow=24, pool_timeout=10, **options
            )
            if lite:
                event.listen(self.engine, "connect", _settle)
                event.listen(self.engine, "begin", _begin)
            Base.metadata.create_all(self.engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with _spoken(), Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Committed when the block ends, and not before."""
        engine = self.engine.execution_options(write=True)
        with _spoken(), self.turn, Session(engine) as session, session.begin():
            yield session


def _settle(connection, _) -> None:
    """Readers do not wait for the writer; what is committed survives the death of the process."""
    connection.isolation_level = (
        None  # transactions begin below, where it is known what they will do
    )
    for line in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")


def _begin(connection) -> None:
    """A writer asks for the lock at once: one that has read first could not wait for it, only fail."""
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _spoken() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except ImportError as error:
        raise Refusal(
            "The rooms' database needs a driver that is not installed here.", 503
        ) from error
    except SQLAlchemyError as error:
        raise Refusal(GONE, 503) from error

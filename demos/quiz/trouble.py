"""What is wrong with the rooms' database: a sentence that says what to do, and the cause for the log."""

import re
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoConnection

GONE = (
    "The rooms' database cannot be reached just now. Nothing that was counted is lost; try again."
)
BUSY = "The rooms' database is busy: too many at once. Try again in a moment."
KIND = (
    "DATABASE_URL is of a kind that is not known here. It begins with sqlite:/// or postgresql://."
)
DRIVER = "The driver of the rooms' database is not installed: pip install 'psycopg[binary]'."
NO_FOLDER = (
    "The folder of the rooms' database is not there. Make it, or set DATABASE_URL to another."
)
READ_ONLY = "The rooms' database cannot be written in its folder. Set DATABASE_URL to another one."
FULL = "The disk of the rooms' database is full. Make room on it, and try again."
NONE = "The rooms' file is damaged, or no database. Move it away, or set DATABASE_URL to another."
WRONG = "The database server lets us not in. See the user, password and database in DATABASE_URL."
RIGHTS = "The database server lets us in, but not make tables. Give the user a database of its own."

# SQLite's names and PostgreSQL's SQLSTATE, by how they begin: the first that fits.
SENTENCES = {
    "SQLITE_CANTOPEN": READ_ONLY,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_FULL": FULL,
    "SQLITE_NOTADB": NONE,
    "SQLITE_CORRUPT": NONE,
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_PROTOCOL": BUSY,  # no reader's place came free
    "25006": RIGHTS,  # read only
    "28": WRONG,
    "3D": WRONG,
    "42501": RIGHTS,
    "53100": FULL,
    "533": BUSY,  # too many connections
    "55P03": BUSY,  # waited too long for a lock
    "25P03": BUSY,  # idle for too long in a transaction
}
# Who is not let in gets no SQLSTATE from the driver, only the server's words.
NOT_LET_IN = re.compile(r"FATAL: .*(authentication|password|does not exist|pg_hba|permission)")


def sentence(error: Exception, url: URL | None) -> str:
    """error: SQLAlchemy's, or that of an import. url: of the database, None where it cannot be read."""
    if isinstance(error, ArgumentError | NoSuchModuleError):
        return KIND
    if isinstance(error, ImportError):
        return DRIVER
    if isinstance(error, NoConnection):
        return BUSY
    cause = getattr(error, "orig", None)
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    if name.startswith("SQLITE_CANTOPEN") and not Path(url.database).absolute().parent.is_dir():
        return NO_FOLDER
    if NOT_LET_IN.search(str(cause)):
        return WRONG
    return next((text for begin, text in SENTENCES.items() if name.startswith(begin)), GONE)

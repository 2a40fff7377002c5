"""Why the store may cut work short, through no fault of what was asked.

Nothing of the transaction remains, or all of it: whoever asked asks again, and what is worked on is
taken up again from its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

# SQLSTATEs after which the same may work in a moment: connections, what ends or refuses them (a password
# that was changed, too), locks not had in time, deadlocks, a full disk, a server that only reads (it
# may be a standby now), and one that fails by itself or finds its files damaged.
_PASSING_CLASSES = ("08", "28", "3D", "40", "53", "57", "58", "XX")
_PASSING = frozenset({"25006", "25P03", "25P04", "55P03"})
# What SQLite says of a disk that is full, faulty, read-only or gone, of a file that was changed, and
# of a lock not had in time.
_OF_THE_DISK = frozenset(
    {
        sqlite.SQLITE_FULL,
        sqlite.SQLITE_IOERR,
        sqlite.SQLITE_READONLY,
        sqlite.SQLITE_CANTOPEN,
        sqlite.SQLITE_BUSY,
        sqlite.SQLITE_LOCKED,
        sqlite.SQLITE_CORRUPT,  # a page is not as it was written
        sqlite.SQLITE_NOTADB,  # nor is the first one
    }
)
_OF_DAMAGE = frozenset({sqlite.SQLITE_CORRUPT, sqlite.SQLITE_NOTADB})
_SAID = {
    sqlite.SQLITE_FULL: "the disk of the database is full; make room",
    sqlite.SQLITE_IOERR: "the disk of the database fails; see the system's log",
    sqlite.SQLITE_READONLY: "the database can only be read; see who owns its file and how its disk is mounted",
    sqlite.SQLITE_CANTOPEN: "the file of the database cannot be opened; see whether it is there and whose it is",
    sqlite.SQLITE_BUSY: "another program holds the database; end it",
    sqlite.SQLITE_LOCKED: "another program holds the database; end it",
    sqlite.SQLITE_CORRUPT: "the file of the database is damaged; restore a backup",
    sqlite.SQLITE_NOTADB: "the file of the database is damaged; restore a backup",
}
_SAID_BY_POSTGRESQL = {
    "25006": "the database can only be read; see whether it is a standby now",
    "3D000": "the server has no database of this name; correct `database`",
    "42501": "the account of `database` may not do this; run `avgate migrate --owner ADDRESS`",
    "42P01": "the database has no tables of this release; run `avgate migrate`",
    "53100": "the disk of the database is full; make room",
    "55P03": "another session keeps a row or a table locked; see in pg_stat_activity which, and end it",
    "53300": "the database has no connection left; raise its max_connections",
}
# What asyncpg, an extra, raises where a connection ends in the midst of an exchange.
_OUT_OF_STEP = "InternalClientError"
_AWAY = "the database cannot be reached; see whether it runs"
_FAILS = "the database fails by itself, or finds its files damaged; see its own log, and restore a backup if it says so"
_REFUSED = "the database does not accept the account of `database`, or its password; correct it"


class CutShortError(Exception):
    """Ends a piece of work that is to be taken up again, here or elsewhere."""


class AwayError(CutShortError):
    """The database or its disk fails, is full or away; what was being committed may be there."""


class SupersededError(CutShortError):
    """The request was taken over by another worker: nothing may be written for it here."""


@contextmanager
def answering() -> Iterator[None]:
    """Makes an AwayError of every failure that is the server's, the network's or the disk's."""
    try:
        yield
    except Exception as error:
        raise_if_away(error)
        raise


def raise_if_away(error: BaseException) -> None:
    """Raises AwayError, from this one, if it is such a failure."""
    if isinstance(error, Exception) and is_away(error):
        raise AwayError(_named(error)) from error


def is_away(error: Exception) -> bool:
    """Whether an exception of a driver or of SQLAlchemy says that the database cannot be used now."""
    if isinstance(error, OSError | sa.exc.TimeoutError):  # asyncio's TimeoutError is an OSError
        return True
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    plain = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if type(plain).__name__ == _OUT_OF_STEP:
        return True
    if isinstance(plain, sqlite.Error):
        return (getattr(plain, "sqlite_errorcode", None) or 0) & 0xFF in _OF_THE_DISK
    state = getattr(plain, "sqlstate", None)
    if state is not None:
        return state in _PASSING or state.startswith(_PASSING_CLASSES)
    return isinstance(error, sa.exc.InterfaceError)  # a driver's own: the connection is closed


def _named(error: Exception) -> str:
    """What kind it is and what to do, never its message: that may hold a row."""
    plain = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    cause = getattr(plain, "__cause__", None) or plain
    return f"{_said(plain) or _AWAY} ({type(cause).__name__})"


def _said(plain: object) -> str | None:
    """What a driver's error means, where its number tells."""
    state = getattr(plain, "sqlstate", None) or ""
    if state.startswith("28"):
        return _REFUSED
    if state.startswith("XX"):
        return _FAILS
    said = _SAID.get((getattr(plain, "sqlite_errorcode", None) or 0) & 0xFF)
    return said or _SAID_BY_POSTGRESQL.get(state)


def is_damage(error: Exception) -> bool:
    """Whether the file is not as it was written."""
    cause = error.__cause__ if isinstance(error, AwayError) else error
    plain = cause.orig if isinstance(cause, sa.exc.DBAPIError) else cause
    return (getattr(plain, "sqlite_errorcode", None) or 0) & 0xFF in _OF_DAMAGE


def why_unusable(error: Exception) -> str:
    """Why a command cannot use the database, and what to do: nothing of it is a row's."""
    if isinstance(error, AwayError):
        return str(error)
    plain = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(error, OSError) and error.strerror:
        what = error.filename or "the database"
        return f"{what} cannot be used: {error.strerror}"
    said = _said(plain) or _connecting(plain)
    return said or f"the database cannot be used ({type(error).__name__}); see its own log"


def _connecting(plain: object) -> str | None:
    """What libpq says where it got no connection: host, account and the server's reason, and no row."""
    if not type(plain).__module__.startswith("psycopg") or getattr(plain, "sqlstate", None):
        return None
    told, _, _ = str(plain).partition("\n")
    if told == "connection timeout expired":
        return "the database does not answer; see whether it runs, and what lies between"
    if not told.startswith(("connection failed: ", "failed to resolve host ")):
        return None
    return f"the database cannot be used: {told.removeprefix('connection failed: ')}"

"""What a failure of the database is told as: what to look at, and nothing of a row."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.unusable import unusable
from avgate_gateway.store.cut_short import AwayError, answering, is_away, why_unusable

ROW = "Key (email)=(jan@example.nl) already exists"


class Refused(Exception):  # noqa: N818 -- stands in for a driver's
    """A driver's error, with its number."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(ROW)
        self.sqlstate = sqlstate


def refused(sqlstate: str) -> sa.exc.DBAPIError:
    return sa.exc.DBAPIError("SELECT 1", None, Refused(sqlstate))


def failed(code: int) -> sa.exc.DBAPIError:
    plain = sqlite.OperationalError(ROW)
    plain.sqlite_errorcode = code
    return sa.exc.OperationalError("SELECT 1", None, plain)


class InternalClientError(Exception):
    """As asyncpg's: a connection that was ended in the midst of an exchange."""


def test_a_connection_that_is_out_of_step_is_a_database_that_is_away_and_no_mistake_of_ours() -> (
    None
):
    """The request was postponed for half a minute by it, and told to be stopped by a mistake."""
    with pytest.raises(AwayError), answering():
        raise sa.exc.InternalError("SELECT 1", None, InternalClientError())


@pytest.mark.parametrize(
    ("sqlstate", "says"),
    [
        ("28P01", "does not accept the account of `database`, or its password"),
        ("28000", "does not accept the account of `database`, or its password"),
        ("3D000", "the server has no database of this name"),
        ("53300", "no connection left"),
        ("53100", "the disk of the database is full"),
        ("25006", "see whether it is a standby now"),
        ("55P03", "another session keeps a row or a table locked"),
        ("57P01", "the database cannot be reached"),
        ("XX001", "finds its files damaged"),  # it was a mistake of ours, and 500
    ],
)
def test_what_passes_once_somebody_put_it_right_is_a_database_that_is_away(
    sqlstate: str, says: str
) -> None:
    with pytest.raises(AwayError) as raised, answering():
        raise refused(sqlstate)
    assert says in str(raised.value)
    assert str(raised.value).endswith("(Refused)")
    assert why_unusable(raised.value) == str(raised.value)


@pytest.mark.parametrize(
    ("sqlstate", "says"),
    [
        ("42P01", "no tables of this release; run `avgate migrate`"),
        ("42501", "run `avgate migrate --owner ADDRESS`"),
        ("23505", "the database cannot be used (DBAPIError); see its own log"),
    ],
)
def test_what_a_command_cannot_use_is_told_without_a_row(sqlstate: str, says: str) -> None:
    error = refused(sqlstate)
    assert not is_away(error)
    told = unusable(error, "check --owner")
    assert says in str(told)
    assert str(told).endswith("; check --owner")
    assert ROW not in str(told)
    assert told.code is Exit.USAGE


def test_only_a_damaged_file_is_something_that_a_check_found() -> None:
    with pytest.raises(AwayError) as raised, answering():
        raise failed(sqlite3.SQLITE_CORRUPT)
    for error in (raised.value, failed(sqlite3.SQLITE_NOTADB)):
        assert unusable(error).code is Exit.WRONG
        assert "the file of the database is damaged; restore a backup" in str(unusable(error))
    assert unusable(failed(sqlite3.SQLITE_FULL)).code is Exit.USAGE
    assert unusable(PermissionError(13, "Permission denied")).code is Exit.USAGE

"""What SQLite's errors mean for a user, and what to do about each."""

import sqlite3

from handrail.requests.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull

_PRIMARY = 0xFF  # the lower byte of an extended result code
_UNDECODABLE = "Could not decode to UTF-8"  # raised by Python's module, which gives it no code

_OF_THE_UNIT = frozenset(
    {
        0,  # raised by Python's module: a value that can't be bound, two statements in one
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_READONLY,  # a unit that writes on a connection that only reads
        sqlite3.SQLITE_TOOBIG,
    }
)


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code


def is_of_the_unit(error: sqlite3.Error) -> bool:
    """Whether an error is one unit's own; any other is trouble with the database and stops the whole batch."""
    return _code(error) in _OF_THE_UNIT or _code(error) & _PRIMARY == sqlite3.SQLITE_CONSTRAINT


def translate(error: sqlite3.Error, where: str) -> StoreError:
    """Return the error of our tree for one of SQLite's."""
    match _code(error) & _PRIMARY:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(
                f"{where} is locked by another program: close it (or wait), then do it again; nothing was changed"
            )
        case sqlite3.SQLITE_FULL:
            return StoreFull(
                f"there is no room left for {where}: free some space, then go on; nothing stored is lost"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorrupt(
                f"{where} is damaged or not a Handrail database ({error}): restore it from a backup, or name "
                "another file"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(
                f"{where} can't be written: check the permissions of the file and its folder (and that no unit given "
                "to `read` writes)"
            )
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError(f"{where} can't be opened: check that its folder exists and may be written")
        case sqlite3.SQLITE_IOERR:
            return StoreFull(
                f"writing to {where} failed ({error}): check the disk and its free space, then go on"
            )
        case 0 if str(error).startswith(_UNDECODABLE):
            return StoreCorrupt(f"{where} is damaged (text that is no UTF-8): restore it from a backup")
    return StoreError(f"{where}: {error}")

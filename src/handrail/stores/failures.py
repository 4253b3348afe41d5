"""What SQLite's errors mean for a user, and what to do about each."""

import sqlite3

from handrail.requests.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull

_PRIMARY = 0xFF  # the lower byte of an extended result code


def translate(error: sqlite3.Error, where: str) -> StoreError:
    """Return the error of our tree for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    match code:
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
                f"{where} is damaged or not a Handrail database ({error}): restore it from a backup, or name another file"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(f"{where} can't be written: check the permissions of the file and its folder")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError(f"{where} can't be opened: check that its folder exists and may be written")
        case sqlite3.SQLITE_IOERR:
            return StoreFull(
                f"writing to {where} failed ({error}): check the disk and its free space, then go on"
            )
    return StoreError(f"{where}: {error}")

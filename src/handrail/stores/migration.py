"""Numbered migrations: `migrations/NNNN_title.sql` brings a database from level NNNN - 1 to NNNN.

The level is SQLite's `user_version`, and its `application_id` says that the database is ours. An older database is
upgraded in one transaction when it is opened; a newer one, and somebody else's, is refused before anything is written.
"""

import sqlite3
from functools import cache
from importlib.resources import files

from handrail.requests.errors import StoreCorrupt, StoreTooNew

APPLICATION = int.from_bytes(b"hndr", "big")

Scripts = tuple[tuple[int, str], ...]


@cache
def migrations() -> Scripts:
    """Return (level, script) in order."""
    found = [
        (int(file.name[:4]), file.read_text("utf-8"))
        for file in files("handrail.stores").joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return tuple(sorted(found))


def level_of(connection: sqlite3.Connection) -> int:
    """Return the level of a database; 0 is an empty one."""
    level: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return level


def check(connection: sqlite3.Connection, where: str, scripts: Scripts | None = None) -> int:
    """Return the level of the database at `where`, if it is one to work with; only reads.

    Raises `StoreTooNew` for a newer one and `StoreCorrupt` for somebody else's.
    """
    newest = (migrations() if scripts is None else scripts)[-1][0]
    used = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if used and application != APPLICATION:
        raise StoreCorrupt(f"{where} is a SQLite database, but not one of Handrail: name another file")
    if (level := level_of(connection)) > newest:
        raise StoreTooNew(
            f"{where} has level {level}, this Handrail knows up to {newest}: upgrade Handrail, the data is untouched"
        )
    return level


def check_level(connection: sqlite3.Connection, where: str) -> None:
    """Raise `StoreTooNew` if a newer Handrail has upgraded the database since this process has opened it."""
    if (level := level_of(connection)) > migrations()[-1][0]:
        raise StoreTooNew(
            f"{where} was upgraded to level {level} while it was open here: end this process, upgrade Handrail and "
            "start it again; nothing is lost"
        )


def upgrade(connection: sqlite3.Connection, where: str, scripts: Scripts | None = None) -> tuple[int, int]:
    """Bring the database at `where` to the newest level; return the levels before and after.

    Raises `StoreTooNew` for a newer one and `StoreCorrupt` for somebody else's.
    """
    scripts = migrations() if scripts is None else scripts
    newest = scripts[-1][0]
    if (before := check(connection, where, scripts)) == newest:
        return before, before
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = check(connection, where, scripts)  # another process may just have done it
        for level, script in scripts:
            if level > before:
                _run(connection, script)
                connection.execute(f"PRAGMA user_version = {level}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return before, newest


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run a script statement by statement: `executescript` would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute(statement)  # without a semicolon, or only a comment

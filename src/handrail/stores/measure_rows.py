"""What is measured of a store, counted by SQLite: from indexes, or of a bounded number of rows."""

import sqlite3
from collections.abc import Callable

from handrail.stores.statements import statements

SQL = statements("measures")


class MeasureRows:
    """The port of `runs.measures`, on SQLite."""

    connection: sqlite3.Connection
    write_events: Callable[[], None]

    def open_by_flow(self) -> dict[str, int]:
        return dict(self.connection.execute(SQL["open_by_flow"]).fetchall())

    def oldest_open(self) -> str | None:
        row = self.connection.execute(SQL["oldest_open"]).fetchone()
        return row[0] if row else None

    def youngest_runs(self, limit: int) -> dict[str, int]:
        return dict(self.connection.execute(SQL["youngest_runs"], {"limit": limit}).fetchall())

    def moves_between(self, after: int, until: int) -> list[tuple[str, str | None, int]]:
        self.write_events()
        return self.connection.execute(SQL["moves"], {"after": after, "until": until}).fetchall()

"""The log as those read it who follow it, as rows of SQLite."""

import sqlite3

from handrail.inbox.happening import Happening
from handrail.stores.statements import statements

SQL = statements("live")


class LiveRows:
    """The port of those who follow the log, on SQLite."""

    connection: sqlite3.Connection

    def write_events(self) -> None: ...

    def happenings(self, after: int, limit: int) -> list[Happening]:
        self.write_events()
        rows = self.connection.execute(SQL["happenings"], {"after": after, "limit": limit})
        return [Happening(*row) for row in rows]

    def run_facts(self, run_id: str) -> tuple[str | None, str | None] | None:
        row: tuple[str | None, str | None] | None
        row = self.connection.execute(SQL["run_facts"], {"run_id": run_id}).fetchone()
        return row

    def requests_of_run(self, run_id: str, limit: int) -> list[str]:
        rows = self.connection.execute(SQL["requests_of_run"], {"run_id": run_id, "limit": limit})
        return [request_id for (request_id,) in rows]

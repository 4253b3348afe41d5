"""Callbacks and idempotency keys of requests from outside, as rows of SQLite."""

import sqlite3

from handrail.stores.statements import statements

SQL = statements("outside")


class OutsideRows:
    """The port of `inbox.outside`, on SQLite."""

    connection: sqlite3.Connection

    def set_callback(self, request_id: str, url: str) -> None:
        self.connection.execute(SQL["set_callback"], {"request_id": request_id, "url": url})

    def callback_of(self, request_id: str) -> str | None:
        row = self.connection.execute(SQL["callback"], {"request_id": request_id}).fetchone()
        return row[0] if row else None

    def set_once(self, caller: str, key: str, digest: str, request_id: str) -> None:
        values = {"caller": caller, "key": key, "digest": digest, "request_id": request_id}
        self.connection.execute(SQL["insert_once"], values)

    def once(self, caller: str, key: str) -> tuple[str, str] | None:
        row: tuple[str, str] | None = self.connection.execute(
            SQL["once"], {"caller": caller, "key": key}
        ).fetchone()
        return row

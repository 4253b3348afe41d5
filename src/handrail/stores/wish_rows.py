"""What people wish to hear, as rows of SQLite, and the messages that were stored by it."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from handrail.inbox.ports import Message
from handrail.inbox.wishes import News, Wishes, stored, written
from handrail.people.rights import TABLE, Right
from handrail.requests.moments import to_number
from handrail.stores.channel_rows import read_message
from handrail.stores.statements import statements

SQL = statements("channels")
DECIDE, _ = TABLE[Right.DECIDE]
EVERYBODY = ""
"""under which name the wishes of those are kept who have none of their own"""


class WishRows:
    """The wishes of people, on SQLite."""

    connection: sqlite3.Connection
    wished: bool | None
    """whether there are wishes, once that was looked up: in one transaction they may begin, and never end"""

    def has_wishes(self) -> bool:
        if self.wished is None:
            self.wished = self.connection.execute(SQL["has_wishes"]).fetchone() is not None
        return self.wished

    def own_wishes(self, person: str | None) -> Wishes | None:
        row = self.connection.execute(SQL["own_wishes"], {"person": person or EVERYBODY}).fetchone()
        return stored(json.loads(row[0])) if row and row[0] is not None else None

    def put_wishes(self, person: str | None, wishes: Wishes | None, at: datetime, by: str) -> None:
        text = None if wishes is None else json.dumps(written(wishes))
        wants_open = wishes is not None and bool(wishes.through(News.OPEN))
        values = {"wishes": text, "open": wants_open, "at": to_number(at), "by": by}
        self.connection.execute(SQL["put_wishes"], {"person": person or EVERYBODY, **values})
        self.wished = True

    def wishes(self, names: Collection[str] | None) -> dict[str, Wishes]:
        if names is None:
            return self._wishes_for_open()
        rows = dict(self.connection.execute(SQL["wishes"], {"names": json.dumps(list(names))}))
        return {name: stored(json.loads(rows[name])) for name in names if name in rows}

    def _wishes_for_open(self) -> dict[str, Wishes]:
        if self.connection.execute(SQL["anybody_for_open"]).fetchone() is None:
            return {}
        rows = self.connection.execute(SQL["wishes_for_open"])
        return {name: stored(json.loads(text)) for name, role, text in rows if role in DECIDE}

    def told_by_wishes(self, request_id: str) -> list[Message]:
        rows = self.connection.execute(SQL["told_by_wishes"], {"request_id": request_id})
        return [read_message(row) for row in rows]

    def waiting_for_digest(
        self, channel: str, to: str, place: str | None, now: datetime, limit: int
    ) -> list[Message]:
        values = {"channel": channel, "recipient": to, "place": place, "now": to_number(now), "limit": limit}
        return [read_message(row) for row in self.connection.execute(SQL["waiting_for_digest"], values)]

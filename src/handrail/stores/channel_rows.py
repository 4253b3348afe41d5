"""What is told through channels and what came in through them, as rows of SQLite."""

import json
import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import cache
from heapq import merge
from itertools import islice
from typing import Any, Literal

from handrail.inbox.order import Standing, going
from handrail.inbox.ports import Message, MessageFilter, Sent
from handrail.requests.moments import to_moment, to_moment_or_none, to_number
from handrail.stores.statements import statements

SQL = statements("channels")
KEPT = timedelta(days=1)
"""after which it is looked again whether what was received may be forgotten"""
LAST = "\U0010ffff"
"""behind every id"""


class ChannelRows:
    """The outbox, what was sent, and what was received, on SQLite."""

    connection: sqlite3.Connection

    def add_message(self, message: Message) -> None:
        self.connection.execute(SQL["insert_message"], _message_row(message))

    def update_message(self, message: Message) -> None:
        row = _message_row(message)
        changing = ("id", "due_at", "attempts", "state", "error", "recipient", "place", "waits")
        self.connection.execute(SQL["update_message"], {key: row[key] for key in changing})

    def due_messages(self, channels: Collection[str], now: datetime, limit: int) -> list[Message]:
        values = ({"channel": channel, "now": to_number(now)} for channel in set(channels))
        rows = [self.connection.execute(SQL["due_messages"], each) for each in values]
        due = map(read_message, merge(*rows, key=lambda row: (row[4], row[0])))
        return list(islice(filter(self._goes(), due), limit))

    def _goes(self) -> Callable[[Message], bool]:
        """Return what tells whether a message overtakes none; each line is read once."""

        @cache
        def line(request_id: str, channel: str, to: str) -> frozenset[str]:
            values = {"request_id": request_id, "channel": channel, "recipient": to}
            rows = self.connection.execute(SQL["line"], values)
            return frozenset(going(Standing(*row) for row in rows))

        return lambda message: message.id in line(message.request_id, message.channel, message.to)

    def next_message_due(self, channels: Collection[str]) -> datetime | None:
        values = {"channels": json.dumps(list(channels))}
        return to_moment_or_none(self.connection.execute(SQL["next_message_due"], values).fetchone()[0])

    def messages(self, request_id: str | None, limit: int) -> list[Message]:
        values = {"request_id": request_id, "limit": limit}
        return [read_message(row) for row in self.connection.execute(SQL["messages"], values)]

    def message(self, message_id: str) -> Message | None:
        row = self.connection.execute(SQL["message"], {"id": message_id}).fetchone()
        return read_message(row) if row is not None else None

    def find_messages(self, which: MessageFilter, before: str | None, limit: int) -> list[Message]:
        name = f"{which.state}_messages" if which.state in ("pending", "failed") else "newest_messages"
        values = {"before": before or LAST, "channel": which.channel, "limit": limit}
        if which.request_id is not None:
            name = "messages_of_request"
            values |= {"request_id": which.request_id, "state": which.state}
        return [read_message(row) for row in self.connection.execute(SQL[name], values)]

    def count_messages(self, state: Literal["pending", "failed"], limit: int) -> dict[str, int]:
        return dict(self.connection.execute(SQL[f"{state}_by_channel"], {"limit": limit}).fetchall())

    def first_pending(self, channel: str, limit: int) -> list[Message]:
        rows = self.connection.execute(SQL["first_pending"], {"channel": channel, "limit": limit})
        return sorted(map(read_message, rows), key=lambda message: message.due_at)

    def add_sent(self, sent: Sent) -> None:
        row = (sent.request_id, sent.channel, sent.place, sent.to, sent.message_id, to_number(sent.at))
        self.connection.execute(SQL["insert_sent"], row)

    def sent(self, request_id: str, channel: str) -> list[Sent]:
        rows = self.connection.execute(SQL["sent"], {"request_id": request_id, "channel": channel})
        return [
            Sent(request_id, channel, to, place, message_id, to_moment(at))
            for to, place, message_id, at in rows
        ]

    def sent_at(self, channel: str, place: str) -> Sent | None:
        row = self.connection.execute(SQL["sent_at"], {"channel": channel, "place": place}).fetchone()
        return Sent(row[0], channel, row[1], place, row[2], to_moment(row[3])) if row else None

    def receive(self, channel: str, received_id: str, now: datetime, request_id: str | None = None) -> bool:
        row = (channel, received_id, to_number(now), request_id)
        return self.connection.execute(SQL["receive"], row).rowcount == 1

    def forget_received(self, before: datetime) -> None:
        values = {"before": to_number(before), "again": to_number(before + KEPT)}
        self.connection.execute(SQL["keep_received"], values)
        self.connection.execute(SQL["forget_received"], values)


def _message_row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "request_id": message.request_id,
        "channel": message.channel,
        "occasion": message.occasion,
        "due_at": to_number(message.due_at),
        "attempts": message.attempts,
        "state": message.state,
        "error": message.error,
        "recipient": message.to,
        "place": message.place,
        "detail": json.dumps(message.detail) if message.detail is not None else None,
        "news": message.news,
        "waits": message.waits,
    }


def read_message(row: tuple[Any, ...]) -> Message:
    """Return the message of a row, all of whose columns are in order."""
    (
        message_id,
        request_id,
        channel,
        occasion,
        due_at,
        attempts,
        state,
        error,
        to,
        place,
        detail,
        news,
        waits,
    ) = row
    return Message(
        message_id,
        request_id,
        channel,
        occasion,
        to_moment(due_at),
        attempts,
        state,
        error,
        to,
        place,
        json.loads(detail) if detail is not None else None,
        news,
        waits,
    )

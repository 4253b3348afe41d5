"""Webhooks, what they are still to be told, and who may call in, as rows of SQLite."""

import json
import sqlite3
from dataclasses import asdict
from datetime import datetime
from typing import Any

from handrail.requests.moments import to_moment, to_moment_or_none, to_number, to_number_or_none
from handrail.stores.statements import statements
from handrail.webhooks.facts import Delivery, Inbound, Line, State, Webhook

SQL = statements("webhooks")
LAST = (1 << 63) - 1
"""behind every sequence"""


class WebhookRows:
    """The port of webhooks, on SQLite."""

    connection: sqlite3.Connection

    def write_events(self) -> None: ...

    def webhook(self, webhook_id: str) -> Webhook | None:
        row = self.connection.execute(SQL["webhook"], {"id": webhook_id}).fetchone()
        return _webhook(row) if row is not None else None

    def webhooks(self, *, active: bool) -> list[Webhook]:
        return [_webhook(row) for row in self.connection.execute(SQL["webhooks"], {"active": active})]

    def insert_webhook(self, webhook: Webhook) -> None:
        self.connection.execute(SQL["insert_webhook"], _webhook_row(webhook))

    def update_webhook(self, webhook: Webhook) -> None:
        self.connection.execute(SQL["update_webhook"], _webhook_row(webhook))

    def move_cursor(self, webhook_id: str, cursor: int) -> None:
        self.connection.execute(SQL["move_cursor"], {"id": webhook_id, "cursor": cursor})

    def delete_webhook(self, webhook_id: str) -> None:
        for name in ("delete_deliveries", "delete_webhook"):
            self.connection.execute(SQL[name], {"id": webhook_id})

    def log_lines(self, after: int, limit: int) -> list[Line]:
        self.write_events()
        rows = self.connection.execute(SQL["log_lines"], {"after": after, "limit": limit})
        return [Line(*row) for row in rows]

    def add_delivery(self, delivery: Delivery) -> None:
        self.connection.execute(SQL["insert_delivery"], _row(delivery))

    def delivery(self, webhook_id: str, sequence: int) -> Delivery | None:
        values = {"webhook_id": webhook_id, "sequence": sequence}
        row = self.connection.execute(SQL["delivery"], values).fetchone()
        return _delivery(row) if row is not None else None

    def update_delivery(self, delivery: Delivery) -> None:
        self.connection.execute(SQL["update_delivery"], _row(delivery))

    def promote(self, webhook_id: str, subject: str, now: datetime) -> None:
        values = {"webhook_id": webhook_id, "subject": subject, "now": to_number(now)}
        self.connection.execute(SQL["promote"], values)

    def due_deliveries(self, webhook_id: str, now: datetime, limit: int) -> list[Delivery]:
        values = {"webhook_id": webhook_id, "now": to_number(now), "limit": limit}
        return [_delivery(row) for row in self.connection.execute(SQL["due_deliveries"], values)]

    def next_delivery_due(self, webhook_id: str) -> datetime | None:
        row = self.connection.execute(SQL["next_delivery_due"], {"webhook_id": webhook_id}).fetchone()
        return to_moment_or_none(row[0])

    def deliveries(
        self, webhook_id: str, state: State | None, before: int | None, limit: int
    ) -> list[Delivery]:
        name = "deliveries" if state is None else "deliveries_in_state"
        values = {"webhook_id": webhook_id, "state": state, "before": before or LAST, "limit": limit}
        return [_delivery(row) for row in self.connection.execute(SQL[name], values)]

    def count_deliveries(self, webhook_id: str, state: State, limit: int) -> int:
        values = {"webhook_id": webhook_id, "state": state, "limit": limit}
        return int(self.connection.execute(SQL["count_deliveries"], values).fetchone()[0])

    def first_trouble(self, webhook_id: str, limit: int) -> str | None:
        row = self.connection.execute(
            SQL["first_trouble"], {"webhook_id": webhook_id, "limit": limit}
        ).fetchone()
        return row[0] if row is not None else None

    def forget_deliveries(self, before: datetime, limit: int) -> int:
        values = {"before": to_number(before), "limit": limit}
        return self.connection.execute(SQL["forget_deliveries"], values).rowcount

    def inbound(self, inbound_id: str) -> Inbound | None:
        row = self.connection.execute(SQL["inbound"], {"id": inbound_id}).fetchone()
        return _inbound(row) if row is not None else None

    def inbounds(self) -> list[Inbound]:
        return [_inbound(row) for row in self.connection.execute(SQL["inbounds"])]

    def insert_inbound(self, inbound: Inbound) -> None:
        self.connection.execute(SQL["insert_inbound"], _row(inbound))

    def update_inbound(self, inbound: Inbound) -> None:
        self.connection.execute(SQL["update_inbound"], _row(inbound))


def _row(fact: Webhook | Delivery | Inbound) -> dict[str, Any]:
    """Return the fields of a fact, its moments as numbers."""
    return {
        name: to_number_or_none(value) if isinstance(value, datetime) else value
        for name, value in asdict(fact).items()
    }


def _webhook_row(webhook: Webhook) -> dict[str, Any]:
    return _row(webhook) | {"kinds": json.dumps(webhook.kinds)}


def _webhook(row: tuple[Any, ...]) -> Webhook:
    (
        id,
        url,
        description,
        created_at,
        created_by,
        cursor,
        kinds,
        flow,
        content,
        active,
        why,
        version,
        rotated,
    ) = row
    return Webhook(
        id,
        url,
        description,
        to_moment(created_at),
        created_by,
        cursor,
        tuple(json.loads(kinds)),
        flow,
        bool(content),
        bool(active),
        why,
        version,
        to_moment_or_none(rotated),
    )


def _delivery(row: tuple[Any, ...]) -> Delivery:
    (hook, sequence, event_id, kind, subject, stored_at, state, attempts, first, due, done, status, error) = (
        row
    )
    return Delivery(
        hook,
        sequence,
        event_id,
        kind,
        subject,
        to_moment(stored_at),
        state,
        attempts,
        to_moment_or_none(first),
        to_moment_or_none(due),
        to_moment_or_none(done),
        status,
        error,
    )


def _inbound(row: tuple[Any, ...]) -> Inbound:
    id, person, label, created_at, created_by, version, *moments = row
    return Inbound(
        id, person, label, to_moment(created_at), created_by, version, *map(to_moment_or_none, moments)
    )

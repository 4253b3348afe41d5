"""A change among people as a line of the log: who did what to whom, never a secret, a hash or an email.

The line names no request in its own column: a request is rebuilt from those that do.
"""

from datetime import datetime
from typing import Literal

from handrail.people.ports import PeopleTransaction
from handrail.requests.content import JSON, encode

EntryKind = Literal[
    "person_added",
    "person_changed",
    "password_set",
    "logged_in",
    "login_refused",
    "key_made",
    "key_revoked",
    "link_made",
    "link_used",
    "identity_added",
    "identity_removed",
    "notifications_changed",
    "group_changed",
    "guideline_changed",
    "webhook_added",
    "webhook_changed",
    "webhook_removed",
    "webhook_rotated",
    "webhook_tested",
    "webhook_redelivered",
    "webhook_stopped",
    "inbound_added",
    "inbound_rotated",
    "inbound_revoked",
]


def enter(
    tx: PeopleTransaction, kind: EntryKind, data: dict[str, JSON], *, now: datetime, actor: str
) -> None:
    """Append a line, and ring for whoever shows what has changed."""
    tx.append_event(kind, encode(data), at=now, actor=actor)
    tx.signal("people", str(data.get("person") or data.get("group") or data.get("flow") or ""))

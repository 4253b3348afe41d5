"""What is known of webhooks, of the calls that they owe, and of who may call in: facts, without any secret.

A secret is made from the store's key, an id and a version: see `signing`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somewhere to tell what happens."""

    id: str
    url: str
    description: str
    created_at: datetime
    created_by: str
    cursor: int
    """the sequence of the log up to which its deliveries are stored"""
    kinds: tuple[str, ...] = ()
    """what it wants to hear of, by the kinds of the log; empty for everything"""
    flow: str | None = None
    content: bool = False
    """whether it is told what people were shown and what they answered, or only what happened"""
    active: bool = True
    stopped_because: str | None = None
    """why it isn't active"""
    version: int = 1
    """of its secret"""
    rotated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. Of a subject only the first pending one is due: what comes later waits for it."""

    webhook_id: str
    sequence: int
    """of the event's line in the log"""
    event_id: str
    kind: str
    subject: str
    """the request or the run that the event is about; empty for neither"""
    stored_at: datetime
    state: State = "pending"
    attempts: int = 0
    first_at: datetime | None = None
    """when it was tried first"""
    due_at: datetime | None = None
    """when it is tried next; None while it waits for an earlier one, and where it is done"""
    done_at: datetime | None = None
    status: int | None = None
    """what the last attempt was answered with"""
    error: str | None = None
    """what went wrong with the last attempt that failed"""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A secret by which a program signs its calls, and the service account that it acts as."""

    id: str
    person: str
    label: str
    created_at: datetime
    created_by: str
    version: int = 1
    rotated_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log without what it holds, with the flow that it is about."""

    sequence: int
    kind: str
    request_id: str | None
    run_id: str | None
    hash: str
    flow: str | None
    about: str | None
    """of what happened to a webhook: its id"""

    @property
    def subject(self) -> str:
        """What it is about; events of one subject are told in order."""
        return self.request_id or self.run_id or ""

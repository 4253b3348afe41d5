"""Requests from outside: opened once for each idempotency key, and told to a URL when they end.

The key, the request and the URL are stored in one transaction: whoever asks again after a crash gets the same request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from handrail.inbox import deciders, moves
from handrail.inbox.ports import InboxTransaction
from handrail.requests.errors import Conflict
from handrail.requests.request import HumanRequest, RequestDraft

CHANNEL = "callback"
"""the channel that calls the URL of a request"""


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key: whose it is, and the hash of what was asked with it."""

    caller: str
    key: str
    digest: str


class OpenedOnce(NamedTuple):
    """A request, and whether it is new or was opened by an earlier call."""

    request: HumanRequest
    new: bool


class OutsideTransaction(InboxTransaction, Protocol):
    """One transaction, as requests from outside see it."""

    def set_callback(self, request_id: str, url: str) -> None:
        """Store whom to call when a request ends."""
        ...

    def callback_of(self, request_id: str) -> str | None:
        """Return whom to call when a request ends."""
        ...

    def set_once(self, caller: str, key: str, digest: str, request_id: str) -> None:
        """Store what a caller's key stands for."""
        ...

    def once(self, caller: str, key: str) -> tuple[str, str] | None:
        """Return what a caller's key stands for: the hash of what was asked, and the request."""
        ...


def open_outside(
    tx: OutsideTransaction,
    draft: RequestDraft,
    *,
    now: datetime,
    request_id: str,
    initiator: str,
    once: Once | None = None,
    callback_url: str | None = None,
) -> OpenedOnce:
    """Open a request, or return the one that was opened with this key. Raises `Conflict` for a key of another one.

    Once people have accounts, raises `InvalidInput`, naming the field, for whoever has none.
    """
    if once is not None and (known := tx.once(once.caller, once.key)) is not None:
        digest, existing = known
        if digest != once.digest:
            raise Conflict(
                f"this idempotency key was used for another request, {existing}: take a new key for a new request",
                about="key",
            )
        return OpenedOnce(moves.find(tx, existing), False)
    deciders.check_outside(tx, draft, initiator)
    request = moves.open_request(tx, draft, now=now, request_id=request_id, initiator=initiator)
    if callback_url is not None:
        tx.set_callback(request.id, callback_url)
    if once is not None:
        tx.set_once(once.caller, once.key, once.digest, request.id)
    return OpenedOnce(request, True)

"""What a request's page says of its channels. Admins and whoever asked see each message, with its recipient and what
went wrong; those who are asked read where it goes as the request itself names it: addresses of others aren't theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handrail.inbox.messages import seen_by
from handrail.inbox.outbox import RESERVED
from handrail.inbox.outside import CHANNEL
from handrail.inbox.ports import Message, MessageFilter
from handrail.inbox.retrying import is_wished_later
from handrail.people.rights import Caller, Right, may
from handrail.requests.request import HumanRequest
from handrail.requests.wording import count, lasting
from handrail.web.pages.words import ago, exact

LOOKED_AT = 500
"""messages of a request, the newest"""
SHOWN = 12
WHAT = {
    "opened": "The request",
    "reminded": "A reminder",
    "commented": "A comment",
    "escalated": "The escalation",
    "reassigned": "The reassignment",
    "claimed": "Who claimed it",
    "released": "Its release",
    "decided": "A vote",
    "changed": "How it stands",
    "ended": "How it ended",
    "answered": "An answer to a mail",
}
WAITS = {"quiet": "for the end of quiet hours,", "digest": "for the digest,"}
LOOKS = {
    "sent": ("is-done", "done", "Sent"),
    "pending": ("is-soon", "clock", "Waits"),
    "failed": ("is-blocked", "alert", "Given up"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """The messages of a request that a reader sees: those that need care first, and how many there are beside."""

    messages: tuple[Message, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A message in words."""

    id: str
    channel: str
    recipient: str
    what: str
    look: str
    icon: str
    state: str
    when: str
    error: str
    may_retry: bool


def read(tx: Any, request: HumanRequest, caller: Caller) -> Told:
    """Return the messages of a request that the reader sees."""
    if not may(caller, Right.OUTBOX) and caller.name != request.initiator:
        return Told()
    found = tx.find_messages(MessageFilter(request_id=request.id), None, LOOKED_AT)
    seen = seen_by(tx, found, caller.name)
    split = {message.id.rpartition(".")[0] for message in seen}  # others stand for these
    care = sorted((each for each in seen if each.id not in split), key=_calm)
    return Told(tuple(care[:SHOWN]), len(care) - len(care[:SHOWN]))


def _calm(message: Message) -> int:
    """Return how little care a message needs."""
    if message.state == "pending":
        return 1 if message.error else 2
    return 0 if message.state == "failed" else 3


def lines(told: Told, caller: Caller, now: datetime) -> list[Line]:
    """Return what is said of each message."""
    can = may(caller, Right.OUTBOX)
    return [_line(message, can, now) for message in told.messages]


def _line(message: Message, can: bool, now: datetime) -> Line:
    look, icon, state = LOOKS[message.state]
    late = message.state == "pending" and message.due_at > now + RESERVED
    return Line(
        message.id,
        message.channel,
        message.to,
        WHAT.get(message.occasion, message.occasion),
        look,
        icon,
        state,
        _when(message, now),
        message.error or "" if message.state != "sent" else "",
        can and not is_wished_later(message) and (late or message.state == "failed"),
    )


def _when(message: Message, now: datetime) -> str:
    tried = f"after {count(message.attempts, 'try', 'tries')}"
    match message.state:
        case "sent":
            return ago(message.due_at, now)
        case "failed":
            return tried
    left = message.due_at - now
    if message.waits and left > timedelta():
        return f"{WAITS[message.waits]} {exact(message.due_at, now)}"
    if not message.attempts:
        return "not tried yet"
    soon = "next one soon" if left <= timedelta() else f"next one in {lasting(left.total_seconds())}"
    return f"{tried}, {soon}"


def through(channels: Sequence[str]) -> list[str]:
    """Return where a request goes, as it says so itself.

    >>> through(["slack:#deploys", "email", "callback"])
    ['slack (#deploys)', 'email']
    """
    parted = [name.partition(":") for name in channels if name != CHANNEL]
    return [f"{channel} ({to})" if to else channel for channel, _, to in parted]

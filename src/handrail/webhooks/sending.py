"""One delivery, sent: what is posted, and what its answer means for it, its subject and its whole webhook."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from handrail.inbox.outbox import pause
from handrail.outgoing.address import Allowed
from handrail.people.secret import Secret
from handrail.requests.decision import SYSTEM
from handrail.requests.errors import InvalidInput
from handrail.webhooks import desk, signing
from handrail.webhooks.desk import GONE, STOPPED
from handrail.webhooks.event import MEDIA, event
from handrail.webhooks.facts import Delivery, Webhook
from handrail.webhooks.ports import WebhookTransaction

if TYPE_CHECKING:
    from handrail.outgoing.call import Answer, Outgoing

PATIENCE = 15.0
"""seconds for one call with all its redirects"""
RESERVED = timedelta(seconds=30)
"""how long a delivery that one process has taken is not due for others, nor after a crash"""
GIVEN_UP = timedelta(days=2)
"""how long after its first attempt a delivery is tried"""
LONGEST_WAIT = timedelta(days=1)
"""that a receiver can ask for"""
LONGEST_DOWN = 60.0
"""seconds after which a receiver that takes nothing is tried again"""
OVERLOADED = frozenset({429, 502, 503, 504})
"""answers by which a receiver takes nothing at all for now"""


@dataclass(frozen=True, slots=True)
class Taken:
    """It was answered with 2xx."""

    status: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The receiver wants nothing any more, ever."""


@dataclass(frozen=True, slots=True)
class Missed:
    """This delivery wasn't taken; others may be."""

    error: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Down:
    """The receiver takes nothing at all for now; `wait` is for how long, if it said so."""

    error: str
    status: int | None = None
    wait: timedelta | None = None


Result = Taken | Gone | Missed | Down
RESULTS = ("taken", "missed", "down", "gone")
"""what came of a call, in one word"""


def result_of(result: Result) -> str:
    """Return what came of a call, as it is counted.

    >>> result_of(Taken(204)), result_of(Gone())
    ('taken', 'gone')
    """
    return type(result).__name__.lower()


def words_of(result: Result) -> str:
    """Return what came of a call that wasn't taken, as it is kept and logged."""
    return result.error if isinstance(result, Missed | Down) else STOPPED


def calling(allowed: Allowed) -> "Outgoing":
    """Return what makes the calls. Raises `InvalidInput` where packages for it are missing."""
    try:
        from handrail.outgoing.call import Outgoing
    except ModuleNotFoundError as error:
        raise InvalidInput("calling URLs needs further packages: pip install 'handrail[web]'") from error
    return Outgoing(allowed, timeout=PATIENCE)


async def send(
    webhook: Webhook, body: bytes, event_id: str, *, secret: Secret, outgoing: "Outgoing", now: datetime
) -> Result:
    """Post a body that is signed anew, and say what came of it."""
    from handrail.outgoing.call import REDIRECTS, CallFailed

    keys = signing.keys(secret, webhook, now)
    headers = {"content-type": MEDIA, **signing.headers(body, event_id=event_id, keys=keys, now=now)}
    try:
        answer = await outgoing.post(webhook.url, body, headers, redirects=REDIRECTS)
    except CallFailed as error:
        return Missed(str(error), error.status) if error.status else Down(str(error))
    except InvalidInput as error:  # the guard doesn't let it pass, or its name leads nowhere
        return Down(str(error))
    return judged(answer, now)


def judged(answer: "Answer", now: datetime) -> Result:
    """Return what an answer means."""
    status = answer.status
    if 200 <= status < 300:
        return Taken(status)
    if status == GONE:
        return Gone()
    told = f"it was answered with {status}"
    wait = retry_after(answer.headers.get("retry-after", ""), now)
    return Down(told, status, wait) if status in OVERLOADED or wait is not None else Missed(told, status)


def retry_after(text: str, now: datetime) -> timedelta | None:
    """Return how long a header asks to wait, at most a day; None for no such header.

    >>> retry_after("120", datetime(2025, 6, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    if text.isascii() and text.isdigit() and len(text) < 12:
        wait = timedelta(seconds=int(text))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), LONGEST_WAIT)


def body_of(tx: WebhookTransaction, *, webhook: Webhook, sequence: int) -> bytes:
    """Return what is told of a line of the log."""
    (line,) = tx.log(sequence - 1, 1)
    told = event(tx, line, content=webhook.content)
    return json.dumps(told, separators=(",", ":")).encode()


def take(tx: WebhookTransaction, *, webhook_id: str, now: datetime, limit: int) -> list[Delivery]:
    """Take deliveries that are due: nobody else does while they are sent; after a crash they are due again."""
    found = tx.due_deliveries(webhook_id, now, limit)
    taken = [
        replace(each, due_at=now + RESERVED, attempts=each.attempts + 1, first_at=each.first_at or now)
        for each in found
    ]
    for each in taken:
        tx.update_delivery(each)
    return taken


def note(
    tx: WebhookTransaction, *, taken: Delivery, result: Result, downs: int, jitter: float, now: datetime
) -> None:
    """Store what came of a delivery. Nothing, where somebody else has stored more by now."""
    webhook, delivery = tx.webhook(taken.webhook_id), tx.delivery(taken.webhook_id, taken.sequence)
    if webhook is None or delivery is None or delivery.state != "pending":
        return
    if isinstance(result, Taken):
        done = replace(
            delivery, state="delivered", due_at=None, done_at=now, status=result.status, error=None
        )
        _end(tx, done, now)
        return
    if isinstance(result, Gone):
        if webhook.active:
            desk.stop(tx, webhook=webhook, because=STOPPED, actor=SYSTEM, now=now)
        told = f"it was answered with {GONE}"
        tx.update_delivery(replace(delivery, due_at=now, status=GONE, error=told))
        return
    tried = replace(delivery, status=result.status, error=result.error)
    if delivery.first_at is not None and now - delivery.first_at >= GIVEN_UP:
        _end(tx, replace(tried, state="failed", due_at=None, done_at=now), now)
        return
    tx.update_delivery(replace(tried, due_at=now + pause_after(result, delivery.attempts, downs, jitter)))


def pause_after(result: Missed | Down, attempts: int, downs: int, jitter: float) -> timedelta:
    """Return how long to wait after a failed attempt; `jitter` is between 0 and 1."""
    match result:
        case Down(wait=wait):
            return max(wait or timedelta(), pause(downs, jitter, LONGEST_DOWN))
    return pause(attempts, jitter)


def _end(tx: WebhookTransaction, delivery: Delivery, now: datetime) -> None:
    tx.update_delivery(delivery)
    tx.promote(delivery.webhook_id, delivery.subject, now)

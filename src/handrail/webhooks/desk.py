"""How webhooks are looked after: added, changed, tested, removed; their deliveries seen and let go out again.

Every change is a line of the log. A webhook begins at the end of the log: it is told what happens from then on, and so
is one that was switched off and is switched on again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from handrail.outgoing.address import place
from handrail.people.entry import enter
from handrail.people.naming import check_label
from handrail.requests.content import JSON
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, UnknownId
from handrail.requests.identifier import new_id, utc_text
from handrail.webhooks.event import check_kinds
from handrail.webhooks.facts import Delivery, State, Webhook
from handrail.webhooks.ports import WebhookTransaction

MOST = 200
"""deliveries of one page"""
COUNTED = 10_000
"""deliveries that are counted at most"""
LOOKED_AT = 100
"""pending deliveries of a webhook that are looked at for what is wrong"""
ACTIVE_AT_MOST = 100
"""webhooks; each costs a row for every event"""


GONE = 410
STOPPED = f"answered with {GONE}: gone"
"""why a webhook is switched off without anybody's doing"""


class Standing(NamedTuple):
    """A webhook, and how many of its deliveries wait or were given up (at most ten thousand are counted).

    `trouble` is what is wrong with a delivery that waits, None where none was tried in vain.
    """

    webhook: Webhook
    pending: int
    failed: int
    trouble: str | None = None


class Told(NamedTuple):
    """The webhooks that are switched on and how they stand, and how many are off: of those, how many are gone."""

    active: list[Standing]
    off: int
    gone: int

    def states(self) -> dict[str, int]:
        """Return how many webhooks are in each state."""
        return {"active": len(self.active), "off": self.off, "gone": self.gone}


def public(standing: Standing) -> dict[str, Any]:
    """Return a webhook as JSON, with the words of the documentation as keys."""
    webhook = standing.webhook
    return {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "kinds": list(webhook.kinds),
        "flow": webhook.flow,
        "content": webhook.content,
        "active": webhook.active,
        "stopped_because": webhook.stopped_because,
        "pending": standing.pending,
        "failed": standing.failed,
        "trouble": standing.trouble,
        "secret_version": webhook.version,
        "rotated_at": utc_text(webhook.rotated_at) if webhook.rotated_at else None,
        "created_at": utc_text(webhook.created_at),
        "created_by": webhook.created_by,
    }


def public_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as JSON, with the words of the documentation as keys."""
    return {
        "sequence": delivery.sequence,
        "event_id": delivery.event_id,
        "kind": delivery.kind,
        "subject": delivery.subject or None,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "stored_at": utc_text(delivery.stored_at),
        "due_at": utc_text(delivery.due_at) if delivery.due_at else None,
        "done_at": utc_text(delivery.done_at) if delivery.done_at else None,
        "status": delivery.status,
        "error": delivery.error,
    }


def find(tx: WebhookTransaction, *, webhook_id: str) -> Webhook:
    """Return a webhook. Raises `UnknownId`."""
    if (found := tx.webhook(webhook_id)) is None:
        raise UnknownId(f"there is no webhook {webhook_id[:80]!r}; `handrail webhooks list` lists them")
    return found


def stands(tx: WebhookTransaction, *, webhook_id: str) -> Standing:
    """Return a webhook and how it stands. Raises `UnknownId`."""
    return _stands(tx, find(tx, webhook_id=webhook_id))


def listed(tx: WebhookTransaction) -> list[Standing]:
    """Return all webhooks, the oldest first."""
    return [_stands(tx, each) for each in tx.webhooks(active=False)]


def told(tx: WebhookTransaction) -> Told:
    """Return how webhooks stand, for whoever measures: only those that are switched on are looked into."""
    found = tx.webhooks(active=False)
    off = [each.stopped_because for each in found if not each.active]
    gone = off.count(STOPPED)
    return Told([_stands(tx, each) for each in found if each.active], len(off) - gone, gone)


def _stands(tx: WebhookTransaction, webhook: Webhook) -> Standing:
    pending, failed = (tx.count_deliveries(webhook.id, state, COUNTED) for state in ("pending", "failed"))
    trouble = tx.first_trouble(webhook.id, LOOKED_AT) if pending else None
    return Standing(webhook, pending, failed, trouble)


def add(
    tx: WebhookTransaction,
    *,
    url: str,
    actor: Actor,
    now: datetime,
    description: str = "",
    kinds: Iterable[str] = (),
    flow: str | None = None,
    content: bool = False,
) -> Webhook:
    """Add a webhook; whoever calls has looked where the URL leads. Raises `InvalidInput`, `Conflict`."""
    check_room(tx)
    webhook = Webhook(
        new_id("wh", now),
        url,
        _description(description),
        now,
        actor.name,
        cursor=0,
        kinds=check_kinds(kinds),
        flow=flow or None,
        content=content,
    )
    _enter(tx, "webhook_added", webhook, actor, now, host=place(url).host, content=content)
    tx.insert_webhook(webhook := replace(webhook, cursor=tx.end_of_log()))
    return webhook


def check_room(tx: WebhookTransaction) -> None:
    """Raise `Conflict` if there are as many active webhooks as there may be."""
    if len(tx.webhooks(active=True)) >= ACTIVE_AT_MOST:
        raise Conflict(f"there are {ACTIVE_AT_MOST} active webhooks: remove one first", about="state")


def change(
    tx: WebhookTransaction,
    *,
    webhook_id: str,
    actor: Actor,
    now: datetime,
    url: str | None = None,
    description: str | None = None,
    kinds: Iterable[str] | None = None,
    flow: str | None = None,
    content: bool | None = None,
    active: bool | None = None,
) -> Webhook:
    """Change what is given; an empty flow stands for all. What happened while it was switched off isn't told."""
    before = find(tx, webhook_id=webhook_id)
    given: dict[str, Any] = {
        "url": url,
        "description": None if description is None else _description(description),
        "kinds": None if kinds is None else check_kinds(kinds),
        "content": content,
        "active": active,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    if flow is not None:
        changed["flow"] = flow or None
    webhook = replace(before, **changed)
    if webhook == before:
        return before
    if webhook.active and not before.active:
        check_room(tx)
        webhook = replace(webhook, stopped_because=None, cursor=tx.end_of_log())
    elif before.active and not webhook.active:
        webhook = replace(webhook, stopped_because=f"switched off by {actor.name}")
    tx.update_webhook(webhook)
    _enter(tx, "webhook_changed", webhook, actor, now, changed=sorted(changed))
    return webhook


def stop(tx: WebhookTransaction, *, webhook: Webhook, because: str, actor: Actor, now: datetime) -> None:
    """Switch a webhook off for a reason that isn't an admin's."""
    tx.update_webhook(replace(webhook, active=False, stopped_because=because))
    _enter(tx, "webhook_stopped", webhook, actor, now, reason=because)


def rotate(tx: WebhookTransaction, *, webhook_id: str, actor: Actor, now: datetime) -> Webhook:
    """Give a webhook a new secret; for a day calls are signed with the one before as well."""
    before = find(tx, webhook_id=webhook_id)
    webhook = replace(before, version=before.version + 1, rotated_at=now)
    tx.update_webhook(webhook)
    _enter(tx, "webhook_rotated", webhook, actor, now, version=webhook.version)
    return webhook


def remove(tx: WebhookTransaction, *, webhook_id: str, actor: Actor, now: datetime) -> Webhook:
    """Remove a webhook with all that it hasn't been told yet."""
    webhook = find(tx, webhook_id=webhook_id)
    tx.delete_webhook(webhook_id)
    _enter(tx, "webhook_removed", webhook, actor, now, host=place(webhook.url).host)
    return webhook


def test(tx: WebhookTransaction, *, webhook_id: str, actor: Actor, now: datetime) -> Webhook:
    """Let an event go to this webhook alone, whatever it wants to hear of. Raises `Conflict` if it isn't active."""
    webhook = find(tx, webhook_id=webhook_id)
    _check_active(webhook)
    _enter(tx, "webhook_tested", webhook, actor, now)
    return webhook


def _check_active(webhook: Webhook) -> None:
    if not webhook.active:
        raise Conflict(f"webhook {webhook.id} is switched off: switch it on first", about="state")


def deliveries(
    tx: WebhookTransaction,
    *,
    webhook_id: str,
    state: State | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[Delivery], int | None]:
    """Return deliveries, the newest first, and the `before` of the page that follows; None at the end."""
    find(tx, webhook_id=webhook_id)
    found = tx.deliveries(webhook_id, state, before, limit + 1)
    return found[:limit], found[limit - 1].sequence if len(found) > limit else None


def redeliver(
    tx: WebhookTransaction, *, webhook_id: str, sequence: int, actor: Actor, now: datetime
) -> Delivery:
    """Let a delivery go out now, with the same id: one that was given up, was made, or waits for its next try.

    It doesn't wait for others of its subject. Raises `UnknownId`, `Conflict` for a webhook that is switched off, and
    for a delivery that comes after others that are pending.
    """
    webhook = find(tx, webhook_id=webhook_id)
    _check_active(webhook)
    if (found := tx.delivery(webhook_id, sequence)) is None:
        raise UnknownId(f"webhook {webhook_id} has no delivery {sequence}; they are forgotten after 30 days")
    if found.state == "pending" and found.due_at is None:
        told = f"delivery {sequence} waits for an earlier one about {found.subject}: let that one go out"
        raise Conflict(told, about="state")
    if found.state == "pending":
        again = replace(found, due_at=now)
    else:
        again = replace(found, state="pending", attempts=0, first_at=None, due_at=now, done_at=None)
    tx.update_delivery(again)
    _enter(tx, "webhook_redelivered", webhook, actor, now, sequence=sequence)
    return again


def _description(text: str) -> str:
    text = text.strip()
    return check_label(text, "the description of a webhook") if text else ""


def _enter(
    tx: WebhookTransaction, kind: Any, webhook: Webhook, actor: Actor, now: datetime, **data: JSON
) -> None:
    enter(tx, kind, {"webhook": webhook.id, **data}, now=now, actor=actor.name)  # type: ignore[arg-type]
    tx.signal("webhook", webhook.id)

"""Who may call in: a service account gets secrets, by which a program signs its calls. Each is shown once.

A secret ends by being revoked, or with its account; what has ended stays in the list.
"""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from handrail.people import person as people
from handrail.people.entry import enter
from handrail.people.naming import check_label
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, InvalidInput, UnknownId
from handrail.requests.identifier import utc_text
from handrail.webhooks.facts import Inbound
from handrail.webhooks.ports import WebhookTransaction


def public(inbound: Inbound) -> dict[str, Any]:
    """Return an inbound webhook as JSON, with the words of the documentation as keys."""
    moments = {name: getattr(inbound, name) for name in ("created_at", "rotated_at", "used_at", "revoked_at")}
    return {
        "id": inbound.id,
        "person": inbound.person,
        "label": inbound.label,
        "secret_version": inbound.version,
        "created_by": inbound.created_by,
        **{name: utc_text(moment) if moment else None for name, moment in moments.items()},
    }


def add(tx: WebhookTransaction, *, person: str, label: str, actor: Actor, now: datetime) -> Inbound:
    """Let a program act as a service account. Raises `UnknownId`, `InvalidInput` for a person, `Conflict`."""
    owner = people.find(tx, who=person)  # type: ignore[arg-type]
    if not owner.service:
        told = f"{owner.name!r} is a person: only service accounts are called for by programs"
        raise InvalidInput(f"{told}; add one with `handrail users add NAME --service`")
    if not owner.active:
        raise Conflict(f"{owner.name!r} is switched off: switch them on first", about="state")
    label = check_label(label, "the label of an inbound webhook")
    inbound = Inbound(f"in_{secrets.token_hex(8)}", owner.name, label, now, actor.name)
    tx.insert_inbound(inbound)
    _enter(tx, "inbound_added", inbound, actor, now)
    return inbound


def find(tx: WebhookTransaction, *, inbound_id: str) -> Inbound:
    """Return an inbound webhook. Raises `UnknownId`."""
    if (found := tx.inbound(inbound_id)) is None:
        raise UnknownId(f"there is no inbound webhook {inbound_id[:80]!r}")
    return found


def listed(tx: WebhookTransaction) -> list[Inbound]:
    """Return all, the newest first."""
    return tx.inbounds()


def rotate(tx: WebhookTransaction, *, inbound_id: str, actor: Actor, now: datetime) -> Inbound:
    """Give it a new secret; the one before counts for another day. Raises `Conflict` if it was revoked."""
    before = find(tx, inbound_id=inbound_id)
    if before.revoked_at is not None:
        raise Conflict(f"{inbound_id} was revoked: add another one", about="state")
    inbound = replace(before, version=before.version + 1, rotated_at=now)
    tx.update_inbound(inbound)
    _enter(tx, "inbound_rotated", inbound, actor, now)
    return inbound


def revoke(tx: WebhookTransaction, *, inbound_id: str, actor: Actor, now: datetime) -> Inbound:
    """End it at once; one that was revoked stays as it is."""
    before = find(tx, inbound_id=inbound_id)
    if before.revoked_at is not None:
        return before
    tx.update_inbound(inbound := replace(before, revoked_at=now))
    _enter(tx, "inbound_revoked", inbound, actor, now)
    return inbound


def _enter(tx: WebhookTransaction, kind: Any, inbound: Inbound, actor: Actor, now: datetime) -> None:
    data: dict[str, Any] = {"person": inbound.person, "inbound": inbound.id, "label": inbound.label}
    enter(tx, kind, data, now=now, actor=actor.name)  # type: ignore[arg-type]

"""API keys: `hr_<id>_<secret>`, shown once and stored as a hash; what one may do is narrowed by its scopes.

A key ends by its expiry, by being revoked, or with its person; what has ended stays in the list.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from handrail.people import person as people
from handrail.people.entry import enter
from handrail.people.facts import Key, Person, Scope
from handrail.people.naming import check_label
from handrail.people.ports import PeopleTransaction
from handrail.people.proof import digest
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, InvalidInput, UnknownId
from handrail.requests.policy import seconds

TOUCH = 60.0
"""seconds in which using a key again isn't written down"""
PREFIX = "hr"


def parse_scopes(scopes: Iterable[Scope | str]) -> tuple[Scope, ...]:
    """Return scopes by their names, each once and in their order. Raises `InvalidInput`."""
    try:
        wanted = {Scope(scope) for scope in scopes}
    except ValueError:
        raise InvalidInput(f"the scopes of a key are {', '.join(Scope)}") from None
    if not wanted:
        raise InvalidInput(f"a key needs a scope at least: {', '.join(Scope)}")
    return tuple(scope for scope in Scope if scope in wanted)


def written(key: Key, secret: str) -> str:
    """Return a key as its user gets it, once."""
    return f"{PREFIX}_{key.id}_{secret}"


def make(
    tx: PeopleTransaction,
    *,
    person: str,
    label: str,
    scopes: Iterable[Scope | str],
    actor: Actor,
    now: datetime,
    secret: str,
    expires_in: float | None = None,
) -> Key:
    """Make a key for somebody; `secret` comes from `new_secret`, `expires_in` is in seconds, None is never.

    Raises `UnknownId`, `InvalidInput`, or `Conflict` if the person is switched off.
    """
    owner = people.find(tx, who=person)
    if not owner.active:
        raise Conflict(f"{owner.name!r} is switched off: switch them on before making a key", about="state")
    key = Key(
        id=secrets.token_hex(6),
        label=check_label(label, "the label of a key"),
        person=owner.name,
        scopes=parse_scopes(scopes),
        created_at=now,
        created_by=actor.name,
        expires_at=None if expires_in is None else now + timedelta(seconds=seconds(expires_in, "expires_in")),
    )
    tx.insert_key(key, digest(secret))
    data = {"person": owner.name, "key": key.id, "label": key.label, "scopes": list(key.scopes)}
    enter(tx, "key_made", data, now=now, actor=actor.name)
    return key


def find(tx: PeopleTransaction, *, text: str, now: datetime) -> tuple[Key, Person] | None:
    """Return a key and whose it is; None if it is wrong, has ended, or its person was switched off. Only reads."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != PREFIX or not key_id.isascii() or (stored := tx.key(key_id)) is None:
        return None
    key, hashed = stored
    if not hmac.compare_digest(digest(secret), hashed) or not is_valid(key, now):
        return None
    owner = tx.person(key.person)
    return (key, owner) if owner is not None and owner.active else None


def is_valid(key: Key, now: datetime) -> bool:
    """Whether a key has neither expired nor been revoked."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def is_stale(key: Key, now: datetime) -> bool:
    """Whether it is time to write down that a key was used."""
    return key.used_at is None or now - key.used_at >= timedelta(seconds=TOUCH)


def touch(tx: PeopleTransaction, *, id: str, now: datetime) -> None:
    """Write down that a key was used."""
    stored = tx.key(id)
    if stored is not None and is_stale(stored[0], now):
        tx.update_key(replace(stored[0], used_at=now))


def revoke(tx: PeopleTransaction, *, id: str, actor: Actor, now: datetime) -> Key:
    """End a key; one that was revoked stays as it is. Raises `UnknownId`."""
    if (stored := tx.key(id)) is None:
        raise UnknownId(f"there is no key {id!r}; `handrail keys list` lists them")
    key, _ = stored
    if key.revoked_at is not None:
        return key
    tx.update_key(revoked := replace(key, revoked_at=now))
    enter(tx, "key_revoked", {"person": key.person, "key": key.id}, now=now, actor=actor.name)
    return revoked


def listed(tx: PeopleTransaction, *, person: str | None = None) -> list[Key]:
    """Return the keys of a person, or all, the newest first."""
    return tx.keys(person)

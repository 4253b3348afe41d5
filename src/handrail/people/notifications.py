"""What people wish to hear, by which channels and when: each for themselves, and admins for all who have set nothing.

The log says whose notifications were set by whom, not to what.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.inbox.wishes import Wishes, read, written
from handrail.people import person as people
from handrail.people.entry import enter
from handrail.people.facts import Person
from handrail.people.ports import PeopleTransaction
from handrail.requests.decision import Actor
from handrail.requests.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Notifications:
    """What somebody wishes to hear; `own` is False for who has the default, `person` None for the default itself."""

    person: str | None
    wishes: Wishes
    own: bool


def public(known: Notifications) -> dict[str, Any]:
    """Return notifications as JSON, with the words of the documentation as keys."""
    return {"person": known.person, "own": known.own, **written(known.wishes)}


def shown(tx: PeopleTransaction, *, name: str | None) -> Notifications:
    """Return what somebody wishes to hear, or the default. Raises `UnknownId`, `InvalidInput` for a service account."""
    who = _person(tx, name).name if name is not None else None
    own = tx.own_wishes(who)
    if own is not None or who is None:
        return Notifications(who, own or Wishes(), own is not None)
    return Notifications(who, tx.own_wishes(None) or Wishes(), False)


def put(
    tx: PeopleTransaction,
    *,
    name: str | None,
    given: Mapping[str, Any],
    channels: Collection[str] | None,
    actor: Actor,
    now: datetime,
) -> Notifications:
    """Set what somebody wishes to hear, or the default.

    `channels` may be chosen, and those that are chosen already; any for None. Raises `InvalidInput`, naming the fields,
    and `UnknownId`.
    """
    before = shown(tx, name=name)
    if channels is not None:
        channels = {*channels, *(each for chosen in before.wishes.channels.values() for each in chosen)}
    wishes = read(given, channels)
    if not before.own or wishes != before.wishes:
        tx.put_wishes(before.person, wishes, now, actor.name)
        _enter(tx, before.person, actor, now)
    return Notifications(before.person, wishes, True)


def follow(tx: PeopleTransaction, *, name: str, actor: Actor, now: datetime) -> Notifications:
    """Let somebody hear what all do who have no wishes of their own. Raises `UnknownId`."""
    before = shown(tx, name=name)
    if before.own:
        tx.put_wishes(before.person, None, now, actor.name)
        _enter(tx, before.person, actor, now)
    return shown(tx, name=name)


def _person(tx: PeopleTransaction, name: str) -> Person:
    person = people.find(tx, who=name)
    if person.service:
        raise InvalidInput(f"{person.name!r} is a service account: nobody is there to be notified")
    return person


def _enter(tx: PeopleTransaction, person: str | None, actor: Actor, now: datetime) -> None:
    data = {"person": person} if person is not None else {"default": True}
    enter(tx, "notifications_changed", data, now=now, actor=actor.name)

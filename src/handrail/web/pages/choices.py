"""Whom a page offers where somebody is to be named: those who can decide, as far as the reader may know of them."""

from collections.abc import Iterator
from typing import Any

from handrail.people.rights import TABLE, Caller, Right
from handrail.requests.policy import GROUP
from handrail.requests.request import HumanRequest

MOST = 200
"""names in the list"""


def choices(tx: Any, request: HumanRequest, caller: Caller) -> tuple[str, ...]:
    """Return names of people and groups, as they are typed: all for admins, else those around the request and them."""
    if caller.is_admin:
        roles, _ = TABLE[Right.DECIDE]
        people = [person.name for person in tx.people() if person.active and person.role in roles]
        groups = list(tx.groups())
    else:
        groups = sorted({*request.audience.groups, *tx.groups_of(caller.name)})
        able = tx.deciders(dict.fromkeys(_around(tx, request, groups))) or {}
        people = sorted(name for name, standing in able.items() if standing == "able")
    return tuple([*people, *(f"{GROUP}{group}" for group in groups)][:MOST])


def _around(tx: Any, request: HumanRequest, groups: list[str]) -> Iterator[str]:
    yield from request.audience.users
    yield from request.asked or ()
    for rung in request.policy.escalations:
        yield from rung.to.users
    for group in groups:
        yield from tx.members(group)

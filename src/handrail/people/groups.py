"""Groups of people, for audiences such as `group:legal`; one without members is none.

Members are names: also of somebody who reaches the inbox otherwise than by logging in. Whoever is known gets the name
that audiences compare, however it was typed.
"""

from collections.abc import Iterable
from datetime import datetime

from handrail.people.entry import enter
from handrail.people.person import found
from handrail.people.ports import PeopleTransaction
from handrail.requests.decision import Actor
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import GROUP, is_name


def groups(tx: PeopleTransaction) -> dict[str, tuple[str, ...]]:
    """Return every group with its members, both by name."""
    return tx.groups()


def groups_of(tx: PeopleTransaction, *, person: str) -> tuple[str, ...]:
    """Return the groups that somebody belongs to, by name."""
    return tx.groups_of(person)


def _as_known(tx: PeopleTransaction, who: str) -> str:
    """Return what somebody is called in audiences, if there is a person of that name or email."""
    person = found(tx, who=who)
    return person.name if person is not None else who


def set_group(
    tx: PeopleTransaction, *, name: str, people: Iterable[str], actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Make `people` the whole group; nobody removes it. Raises `InvalidInput` for what can't be a name."""
    members = tuple(sorted({_as_known(tx, person) for person in people}))
    for text in (name, *members):
        if not is_name(text) or text.startswith(GROUP):
            raise InvalidInput(
                f"{text!r} is no name of a group or a person: no blanks around it, no characters that nobody "
                f"sees, no {GROUP!r} before it"
            )
    if members != tuple(sorted(tx.members(name))):
        tx.set_members(name, members)
        enter(tx, "group_changed", {"group": name, "people": list(members)}, now=now, actor=actor.name)
    return members

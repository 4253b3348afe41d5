"""Who is asked, and who may act: pure functions of an audience and the members of its groups."""

from collections.abc import Callable, Collection

from handrail.requests.decision import Actor
from handrail.requests.errors import InvalidInput, NotAllowed
from handrail.requests.policy import Audience, First, Fraction, Policy, needed
from handrail.requests.request import HumanRequest

Members = Callable[[str], Collection[str]]
"""Gives the people of a group."""


def people(audience: Audience, members: Members, initiator: str | None) -> tuple[str, ...]:
    """Return the people an audience names, in order and each once: nobody, if all are excluded or groups are empty."""
    barred = {*audience.excluded, *([initiator] if audience.not_initiator and initiator else [])}
    named = [*audience.users, *(person for group in audience.groups for person in sorted(members(group)))]
    return tuple(dict.fromkeys(person for person in named if person not in barred))


def people_asked(audience: Audience, members: Members, initiator: str | None) -> tuple[str, ...] | None:
    """Return the people an audience comes to, in order and each once; None if everybody is asked.

    Raises `InvalidInput` if nobody is left.
    """
    if audience.is_open:
        return None
    asked = people(audience, members, initiator)
    if not asked:
        groups = (
            f" (groups: {', '.join(audience.groups)}; define them with App(groups=...))"
            if audience.groups
            else ""
        )
        raise InvalidInput(f"nobody is left to ask: the audience comes to no person{groups}")
    return asked


def check_reachable(policy: Policy, asked: tuple[str, ...] | None) -> None:
    """Raise `InvalidInput` if more people must approve than are asked."""
    if asked is None or isinstance(policy.quorum, First | Fraction):
        return
    if (count := needed(policy.quorum, len(asked))) > len(asked):
        raise InvalidInput(f"{count} people must approve and only {len(asked)} are asked; widen the audience")


def check_within(policy: Policy, members: Members, initiator: str | None) -> None:
    """Raise `InvalidInput`, naming them, if somebody is to be asked who doesn't belong to `policy.within`."""
    if (limit := policy.within) is None:
        return
    asked = people(policy.audience, members, initiator)
    barred = [name for name in policy.audience.users if name not in asked]
    allowed = asked if limit.is_open else people(limit, members, initiator)
    if strangers := [*barred, *(name for name in asked if name not in allowed)]:
        raise InvalidInput(outside(strangers[0], limit))


def outside(name: str, limit: Audience) -> str:
    """Return what is said about somebody who is to be asked and doesn't belong to the audience."""
    who = (
        ", ".join([*limit.users, *(f"group {group}" for group in limit.groups)])
        or "everybody with exceptions"
    )
    return f"{name!r} is to be asked and is not in the audience ({who}): ask somebody else, or widen the audience"


def may_see(request: HumanRequest, name: str, groups: Collection[str]) -> bool:
    """Whether a person who belongs to these groups reads a request.

    They started it, or they are not excluded and belong to its audience, were asked, or have decided in it.
    """
    audience = request.audience
    if name == request.initiator:
        return True
    if name in audience.excluded:
        return False
    return (
        audience.is_open
        or name in audience.users
        or any(group in groups for group in audience.groups)
        or (request.asked is not None and name in request.asked)
        or any(decision.actor == name for decision in request.decisions)
    )


def check_may_act(request: HumanRequest, actor: Actor, members: Members) -> None:
    """Raise `NotAllowed`, naming the rule, unless `actor` belongs to the audience and is sure enough of identity."""
    audience, name = request.audience, actor.name
    if name in audience.excluded:
        raise NotAllowed(f"{name!r} is excluded from request {request.id}", rule="excluded")
    if audience.not_initiator and name == request.initiator:
        did = "started the run" if request.run_id else "opened it"
        raise NotAllowed(
            f"{name!r} {did} and may not decide request {request.id}; ask somebody else",
            rule="initiator",
        )
    if (
        not audience.is_open
        and name not in audience.users
        and not any(name in members(group) for group in audience.groups)
    ):
        who = [*audience.users, *(f"group {group}" for group in audience.groups)]
        raise NotAllowed(
            f"{name!r} is not in the audience of request {request.id}: it asks {', '.join(who)}",
            rule="audience",
        )
    if (
        request.asked is not None
        and not isinstance(request.policy.quorum, First)
        and name not in request.asked
    ):
        raise NotAllowed(
            f"{name!r} joined after request {request.id} was asked, and its votes are counted among "
            f"{len(request.asked)} people; reassign it to ask anew",
            rule="audience",
        )
    if request.in_line:
        raise NotAllowed(
            f"request {request.id} waits until one of its workers has room; reassign it to give it to somebody now",
            rule="in line",
        )
    if actor.strength < request.policy.require:
        needs = request.policy.require.name.lower()
        raise NotAllowed(
            f"request {request.id} needs an identity by {needs}, not by {actor.strength.name.lower()}",
            rule="strength",
        )


def check_not_claimed(request: HumanRequest, actor: Actor) -> None:
    """Raise `NotAllowed` if somebody else has claimed it."""
    if request.claimed_by not in (None, actor.name):
        raise NotAllowed(
            f"request {request.id} is claimed by {request.claimed_by!r}; they can release it", rule="claimed"
        )

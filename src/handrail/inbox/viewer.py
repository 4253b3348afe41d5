"""Who looks at lists, and what the rules say about a request for them."""

from collections.abc import Collection
from dataclasses import dataclass

from handrail.inbox.filing import keys_of
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import NotAllowed
from handrail.requests.request import HumanRequest
from handrail.requests.routing import Members, check_may_act, check_not_claimed, may_see


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person with their groups; one who sees `everything` needs to belong to no audience."""

    name: str
    groups: tuple[str, ...] = ()
    everything: bool = False
    strength: Strength = Strength.SESSION

    @property
    def keys(self) -> tuple[str, ...]:
        """Under what requests are filed that ask this person."""
        return keys_of(self.name, self.groups)

    def members(self, group: str) -> Collection[str]:
        """Return this person if they belong to a group: all that the rules need to know."""
        return (self.name,) if group in self.groups else ()

    def sees(self, request: HumanRequest) -> bool:
        """Whether they may read it."""
        return self.everything or may_see(request, self.name, self.groups)

    def works_on(self, request: HumanRequest) -> bool:
        """Whether it is theirs to decide now."""
        return is_work(request, Actor(self.name, self.strength), self.members)


def is_work(request: HumanRequest, actor: Actor, members: Members) -> bool:
    """Whether it is this person's to decide now: they are asked, have not decided, and nobody else has claimed it."""
    try:
        check_may_act(request, actor, members)
        check_not_claimed(request, actor)
    except NotAllowed:
        return False
    return all(decision.actor != actor.name for decision in request.decisions)

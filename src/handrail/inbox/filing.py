"""Under what a pending request is filed, so that the work of one person is a few ranges of an index.

A lot is a flow, whom it asks (`*` everybody, `user:NAME`, `group:NAME`, `#` several of these) and a mark: `=` if that
alone says who reads it and whose work it is, `~` if the request has to be looked at. Where several are asked, or
somebody reads it who isn't asked, it lies in further lots beside. An ended request lies in none.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from handrail.requests.content import SEPARATOR
from handrail.requests.decision import Strength
from handrail.requests.moments import to_number
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest

EVERYBODY, SEVERAL = "*", "#"
PLAIN, CAREFUL = "=", "~"
NEVER = 1 << 62
"""the moment of a deadline that there isn't"""
TITLE = 200
"""characters of a title that lists show, and that are searched"""


@dataclass(frozen=True, slots=True)
class Lot:
    """Where pending requests lie: those of one priority, or all of a flow if there are too many lots of it."""

    flow: str | None
    key: str | None
    """whom it asks; None for whomever"""
    careful: bool | None
    """whether its requests have to be looked at; None for some of them"""
    priority: int | None
    aside: bool
    """whether it is a further lot of requests that lie elsewhere, too"""

    @property
    def name(self) -> str:
        """What it is filed under, or how that begins."""
        if self.key is None:
            return f"{self.flow or ''}{SEPARATOR}"
        return _name(self.flow, self.key, bool(self.careful))


class Place(NamedTuple):
    """Where a request stands in a list: its priority, its moment (microseconds since 1970) and id."""

    id: str
    priority: int
    moment: int
    careful: bool = True
    """whether it has to be looked at"""


def keys_of(name: str, groups: Collection[str]) -> tuple[str, ...]:
    """Return under what requests are filed that ask a person.

    >>> keys_of("alice", ["legal"])
    ('*', 'user:alice', 'group:legal')
    """
    return (EVERYBODY, f"user:{name}", *(f"group:{group}" for group in groups))


def lot_of(request: HumanRequest) -> str | None:
    """Return the lot of a request, None if it has ended."""
    if request.ended:
        return None
    key = EVERYBODY
    if not request.audience.is_open:
        keys = _keys(request)
        key = keys[0] if len(keys) == 1 else SEVERAL
    return _name(request.flow, key, not _is_plain(request))


def lots_aside(request: HumanRequest) -> list[str]:
    """Return the further lots of a request."""
    audience = request.audience
    if audience.is_open or request.ended:
        return []
    keys = _keys(request)
    careful = not _is_plain(request)
    found = [_name(request.flow, key, careful) for key in keys] if len(keys) > 1 else []
    readers = [request.initiator, *(decision.actor for decision in request.decisions)]
    others = dict.fromkeys(name for name in readers if name and name not in audience.users)
    return found + [_name(request.flow, f"user:{name}", True) for name in others]


def place_of(request: HumanRequest) -> Place:
    """Return where a pending request stands, or stood before it ended."""
    moment = NEVER if (due := request.due) is None else to_number(due)
    return Place(request.id, request.draft.priority, moment)


def parse_lot(name: str, priority: int, aside: bool) -> Lot:
    """Return the lot of this name."""
    flow, key, mark = name.rsplit(SEPARATOR, 2)
    return Lot(flow or None, key, mark == CAREFUL, priority, aside)


def _name(flow: str | None, key: str, careful: bool) -> str:
    return f"{flow or ''}{SEPARATOR}{key}{SEPARATOR}{CAREFUL if careful else PLAIN}"


def _keys(request: HumanRequest) -> list[str]:
    audience = request.audience
    return [
        *(f"user:{name}" for name in audience.users),
        *(f"group:{group}" for group in audience.groups),
    ]


def _is_plain(request: HumanRequest) -> bool:
    """Whether the audience alone says who reads a request and whose work it is."""
    audience, policy = request.audience, request.policy
    return (
        request.claimed_by is None
        and not request.decisions
        and not request.in_line
        and not audience.excluded
        and not audience.not_initiator
        and policy.require is Strength.ASSERTED
        and (
            request.asked is None
            or isinstance(policy.quorum, First)
            or (not audience.groups and set(audience.users) <= set(request.asked))
        )
    )

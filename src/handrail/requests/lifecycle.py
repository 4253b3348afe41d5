"""Everything that changes the state of a request lives here: the moves, the table, and `apply`.

A move is a fact that has happened; the event log keeps them, and applying them in order rebuilds any request.
A state with an empty row is final. Asking for a move the table doesn't have is a `Conflict`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from handrail.requests.decision import Decision
from handrail.requests.errors import Conflict, IllegalMove
from handrail.requests.facts import changed
from handrail.requests.outcome import Outcome
from handrail.requests.policy import Audience
from handrail.requests.request import HumanRequest, Status


@dataclass(frozen=True)
class Opened:
    request: HumanRequest
    kind: Literal["opened"] = "opened"


@dataclass(frozen=True)
class Claimed:
    by: str
    kind: Literal["claimed"] = "claimed"


@dataclass(frozen=True)
class Released:
    by: str
    kind: Literal["released"] = "released"


@dataclass(frozen=True)
class Decided:
    decision: Decision
    kind: Literal["decided"] = "decided"


@dataclass(frozen=True)
class Resolved:
    outcome: Outcome
    superseded_by: str | None = None
    kind: Literal["resolved"] = "resolved"


@dataclass(frozen=True)
class Expired:
    kind: Literal["expired"] = "expired"


@dataclass(frozen=True)
class Withdrawn:
    by: str
    reason: str | None = None
    superseded_by: str | None = None
    kind: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True)
class Reassigned:
    by: str
    audience: Audience
    asked: tuple[str, ...] | None
    comment: str | None = None
    kind: Literal["reassigned"] = "reassigned"


@dataclass(frozen=True)
class Assigned:
    by: str
    worker: str
    kind: Literal["assigned"] = "assigned"


@dataclass(frozen=True)
class Escalated:
    by: str
    audience: Audience
    asked: tuple[str, ...] | None
    rung: int
    """rungs of the ladder that have been taken, this one included"""
    deadline: datetime | None
    kind: Literal["escalated"] = "escalated"


@dataclass(frozen=True)
class Reminded:
    by: str
    passed: int
    """planned reminders that are done with; several that fell due together are sent as one"""
    kind: Literal["reminded"] = "reminded"


@dataclass(frozen=True)
class Commented:
    by: str
    text: str
    kind: Literal["commented"] = "commented"


Move = (
    Opened
    | Claimed
    | Released
    | Decided
    | Resolved
    | Expired
    | Withdrawn
    | Reassigned
    | Assigned
    | Escalated
    | Reminded
    | Commented
)

OPEN, CLAIMED = Status.OPEN, Status.CLAIMED

TABLE: dict[Status, dict[type, Status]] = {
    OPEN: {
        Claimed: CLAIMED,
        Decided: OPEN,
        Resolved: Status.RESOLVED,
        Expired: Status.EXPIRED,
        Withdrawn: Status.WITHDRAWN,
        Reassigned: OPEN,
        Assigned: OPEN,
        Escalated: OPEN,
        Reminded: OPEN,
        Commented: OPEN,
    },
    CLAIMED: {
        Released: OPEN,
        Decided: CLAIMED,
        Resolved: Status.RESOLVED,
        Expired: Status.EXPIRED,
        Withdrawn: Status.WITHDRAWN,
        Reassigned: OPEN,
        Escalated: OPEN,
        Reminded: CLAIMED,
        Commented: CLAIMED,
    },
    Status.RESOLVED: {},
    Status.EXPIRED: {},
    Status.WITHDRAWN: {},
}


@dataclass(frozen=True)
class Event:
    """A move of one request, when it happened and by whom, as the log keeps it."""

    request_id: str
    at: datetime
    actor: str
    move: Move


def target(request: HumanRequest, move: type) -> Status:
    """Return the state a move leads to. Raises what `refusal` says where there is none."""
    if (status := TABLE[request.status].get(move)) is None:
        raise refusal(request, move)
    return status


def refusal(request: HumanRequest, move: type) -> Conflict:
    """Return why a move isn't possible: a `Conflict` naming the winner if it has ended, else `IllegalMove`."""
    if request.superseded_by:
        return Conflict(
            f"request {request.id} was replaced by {request.superseded_by}; decide on that one",
            winner=request.winner,
        )
    if request.ended:
        by = f" by {request.winner}" if request.winner else ""
        verb = f" ({request.outcome.verb})" if request.outcome else ""
        return Conflict(f"request {request.id} is already {request.status}{verb}{by}", winner=request.winner)
    held = f" by {request.claimed_by!r}, who can release it" if request.claimed_by else ""
    return IllegalMove(
        f"request {request.id} is {request.status}{held}: it can't be {move.__name__.lower()}",
        winner=request.claimed_by,
    )


def apply(request: HumanRequest | None, event: Event) -> HumanRequest:
    """Return the request as it is after `event`. Nothing else makes a new version of a request."""
    if isinstance(event.move, Opened) and request is None:
        return event.move.request
    if request is None:
        raise IllegalMove(f"the log of request {event.request_id} doesn't begin with its opening")
    status = target(request, type(event.move))
    moved = changed(request, status=status, version=request.version + 1, **_change(request, event))
    due_at = next_due(moved)
    return moved if due_at == moved.due_at else changed(moved, due_at=due_at)


def _change(request: HumanRequest, event: Event) -> dict[str, Any]:
    """Return what a move changes."""
    match event.move:
        case Claimed(by):
            return dict(claimed_by=by)
        case Released():
            return dict(claimed_by=None)
        case Decided(decision):
            others = tuple(other for other in request.decisions if other.actor != decision.actor)
            return dict(decisions=(*others, decision))
        case Resolved(outcome, superseded_by):
            return dict(
                outcome=outcome,
                superseded_by=superseded_by,
                ended_at=event.at,
                ended_by=event.actor,
                claimed_by=None,
                in_line=False,
            )
        case Expired():
            return dict(ended_at=event.at, ended_by=event.actor, claimed_by=None, in_line=False)
        case Withdrawn(_, _, superseded_by):
            return dict(
                superseded_by=superseded_by,
                ended_at=event.at,
                ended_by=event.actor,
                claimed_by=None,
                in_line=False,
            )
        case Reassigned(_, audience, asked):
            worker = _only_one(audience) if request.draft.pool else None
            return dict(audience=audience, asked=asked, claimed_by=None, worker=worker, in_line=False)
        case Assigned(_, worker):
            audience = replace(request.audience, users=(worker,), groups=())
            return dict(audience=audience, asked=(worker,), worker=worker, in_line=False)
        case Escalated(_, audience, asked, rung, deadline):
            return dict(
                audience=audience,
                asked=asked,
                escalated=rung,
                deadline=deadline,
                claimed_by=None,
                in_line=False,
            )
        case Reminded(_, passed):
            return dict(reminded=passed)
    return {}


def _only_one(audience: Audience) -> str | None:
    return audience.users[0] if len(audience.users) == 1 and not audience.groups else None


def next_due(request: HumanRequest) -> datetime | None:
    """Return when the clock has to move this request next, if ever."""
    if request.ended:
        return None
    policy = request.policy
    if not policy.reminders and not policy.escalations:
        return request.deadline
    moments = [
        request.opened_at + timedelta(seconds=after) for after in policy.reminders[request.reminded :][:1]
    ]
    moments += [
        request.opened_at + timedelta(seconds=rung.after)
        for rung in policy.escalations[request.escalated :][:1]
    ]
    if request.deadline:
        moments.append(request.deadline)
    return min(moments, default=None)

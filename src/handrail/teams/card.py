"""A task on the board: what it is, how it stands, what it has used; and what each event makes of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from functools import reduce

from handrail.requests.content import JSON
from handrail.requests.facts import changed
from handrail.teams.event import (
    FeedbackGiven,
    FeedbackProcessed,
    Spent,
    TaskMoved,
    TeamEvent,
    Unblocked,
    ValidationAsked,
)
from handrail.teams.plan import Planned
from handrail.teams.status import FeedbackStatus, TaskStatus, check_task

EXACT = Context(prec=10_000)
"""in which costs are added: that of a thread may round, to other digits than that of the next"""


def total(costs: Iterable[Decimal]) -> Decimal:
    """Return the sum of costs, exactly."""
    return reduce(EXACT.add, costs, Decimal(0))


@dataclass(frozen=True)
class Usage:
    """What the models have used for a task or a team; `cost` in dollars, exact, of those calls whose price is known."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    """calls whose price nobody knows"""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            EXACT.add(self.cost, other.cost),
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True)
class Feedback:
    """What a person wants to be different. `timestamp` is when it was given or worked in (UTC)."""

    content: str
    status: FeedbackStatus
    timestamp: datetime
    number: int = 0
    given_by: str = ""
    given_at: datetime | None = None


@dataclass(frozen=True)
class Card:
    """A task as it stands."""

    planned: Planned
    place: int
    """from 0, in the order of the team"""
    moved_at: datetime
    """since when it has this status"""
    status: TaskStatus = TaskStatus.TODO
    round: int = 0
    """how often an agent has taken it up"""
    since: int = 1
    """the round in which the present conversation with the model has begun"""
    run: str | None = None
    """the child run of the last round"""
    request: str | None = None
    """what has asked people last to validate it"""
    reason: str | None = None
    """why it came to this status"""
    result: JSON = None
    feedback: int = 0
    """how much feedback it has had"""
    processed: int = 0
    """up to which number it is worked in"""
    usage: Usage = field(default_factory=Usage)
    counted: int = 0
    """calls of the model in this round that the usage holds already"""
    ready: bool = False
    """whether the obstacle of a BLOCKED task is removed: it goes on as soon as there is room"""

    @property
    def id(self) -> str:
        """What it is known by in its team."""
        return self.planned.id

    @property
    def pending(self) -> bool:
        """Whether there is feedback that isn't worked in."""
        return self.processed < self.feedback


def after(card: Card, event: TeamEvent) -> Card:
    """Return a card as an event leaves it. Raises `IllegalMove` for what the table doesn't have."""
    match event.fact:
        case TaskMoved() as moved:
            check_task(card.id, card.status, moved.to)
            begins, same = moved.to is TaskStatus.TODO, moved.round == card.round
            card = changed(
                card,
                status=moved.to,
                moved_at=event.at,
                round=moved.round,
                since=moved.round + 1 if begins else card.since,
                run=moved.run or card.run,
                reason=event.reason,
                counted=card.counted if same else 0,
                ready=False,
            )
            return changed(card, result=moved.result) if moved.has_result or begins else card
        case FeedbackGiven(feedback=number):
            return changed(card, feedback=number)
        case FeedbackProcessed(upto=number):
            return changed(card, processed=number)
        case Spent() as spent:
            return changed(card, usage=card.usage + used(spent), counted=card.counted + spent.calls)
        case ValidationAsked(request=request):
            return changed(card, request=request)
        case Unblocked():
            return changed(card, ready=True)
    return card


def used(spent: Spent) -> Usage:
    """Return what an event adds to the usage."""
    price = Decimal(0) if spent.cost is None else Decimal(spent.cost)
    unpriced = spent.calls if spent.cost is None else 0
    return Usage(spent.calls, spent.input_tokens, spent.output_tokens, price, unpriced)

"""What happens to a team: facts with time, actor and reason. Applied in order they rebuild its board."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

from handrail.inbox.ports import LogEntry
from handrail.requests.content import JSON, decode, encode
from handrail.requests.identifier import parse_time
from handrail.teams.plan import Planned
from handrail.teams.status import TaskStatus, WorkflowStatus


@dataclass(frozen=True)
class Fact:
    """Something that has happened."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Begun(Fact):
    """A team has begun to work: what it is called, what it was given, and its tasks in order."""

    kind = "team_begun"
    team: str
    inputs: dict[str, Any]
    tasks: tuple[Planned, ...]


@dataclass(frozen=True)
class WorkflowMoved(Fact):
    """The work as a whole has come to another state; `error` says what broke."""

    kind = "team_moved"
    to: WorkflowStatus
    error: str | None = None


@dataclass(frozen=True)
class OfTask(Fact):
    """Something that has happened to one task."""

    task: str


@dataclass(frozen=True)
class TaskMoved(OfTask):
    """A task has come to another state; `run` is by which its agent works on it, `result` counts if `has_result`."""

    kind = "task_moved"
    to: TaskStatus
    round: int
    run: str | None = None
    has_result: bool = False
    result: JSON = None


@dataclass(frozen=True)
class ValidationAsked(OfTask):
    """People are asked whether the result is good."""

    kind = "task_validation_asked"
    request: str


@dataclass(frozen=True)
class Unblocked(OfTask):
    """Somebody says that the obstacle is removed."""

    kind = "task_unblocked"


@dataclass(frozen=True)
class FeedbackGiven(OfTask):
    """Somebody has said what is to be different; `feedback` is its number on this task, from 1."""

    kind = "task_feedback_given"
    feedback: int
    content: str


@dataclass(frozen=True)
class FeedbackProcessed(OfTask):
    """An agent has worked feedback in, up to and with the number `upto`."""

    kind = "task_feedback_processed"
    upto: int


@dataclass(frozen=True)
class Spent(OfTask):
    """What calls of a model have used; `cost` in dollars as decimal text, None if nobody knows the price."""

    kind = "task_spent"
    calls: int
    input_tokens: int
    output_tokens: int
    cost: str | None = None


KINDS: dict[str, type[Fact]] = {
    each.kind: each
    for each in (
        Begun,
        WorkflowMoved,
        TaskMoved,
        ValidationAsked,
        Unblocked,
        FeedbackGiven,
        FeedbackProcessed,
        Spent,
    )
}


@dataclass(frozen=True)
class TeamEvent:
    """One line of a team's history."""

    sequence: int
    at: datetime
    actor: str
    fact: Fact
    reason: str | None = None


def write(fact: Fact, reason: str | None) -> str:
    """Return a fact as the log keeps it."""
    data = {name: value for name, value in asdict(fact).items() if value is not None}
    return encode(data | ({"reason": reason} if reason else {}), "what happened", lambda: 1 << 30)


def read(line: LogEntry) -> TeamEvent | None:
    """Return the event that a line of the log holds, or None for one that is about the run and not about the board."""
    if (kind := KINDS.get(line.kind)) is None:
        return None
    data = decode(line.data)
    reason = data.pop("reason", None)
    return TeamEvent(line.sequence, parse_time(line.at), line.actor, _fact(kind, data), reason)


def _fact(kind: type[Fact], data: dict[str, Any]) -> Fact:
    if kind is Begun:
        data = data | {"tasks": tuple(Planned.read(each) for each in data["tasks"])}
    elif kind is WorkflowMoved:
        data = data | {"to": WorkflowStatus(data["to"])}
    elif kind is TaskMoved:
        data = data | {"to": TaskStatus(data["to"])}
    return kind(**data)

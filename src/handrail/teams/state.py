"""A team as its users see it: tasks with their feedback, the status of the work, what it has used."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handrail.requests.content import JSON, isolated
from handrail.requests.errors import InvalidInput
from handrail.teams.board import Board
from handrail.teams.card import Card, Feedback, Usage
from handrail.teams.plan import result_task, shown
from handrail.teams.status import TaskStatus, WorkflowStatus

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskState:
    """A task of a run of a team, as it stands."""

    id: str
    title: str
    description: str
    agent: str
    status: TaskStatus
    result: JSON
    reason: str | None
    """why it came to its status: the obstacle of a BLOCKED one"""
    round: int
    """how often its agent has taken it up"""
    feedback_history: tuple[Feedback, ...]
    usage: Usage
    expected_output: str | None
    external_validation_required: bool
    dependencies: tuple[str, ...]
    is_deliverable: bool
    allow_parallel_execution: bool
    moved_at: datetime | None
    """since when it has its status; None before the work begins"""
    request_id: str | None
    """what asks people, or has asked them last, to validate it"""


@dataclass(frozen=True)
class TeamState:
    """What selectors of `Team.subscribe` receive."""

    tasks: tuple[TaskState, ...]
    team_workflow_status: WorkflowStatus


class TeamResult(dict[str, Any]):
    """What `Team.start` comes to: `status`, `result`, `waiting_on` and `run_id`, as keys and as attributes.

    `waiting_on` says for each task that needs a person which it is (`task`, `title`, `status`), why (`reason`) and by
    which request, if there is one (`request_id`).
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def task_state(card: Card, feedback: Sequence[Feedback], board: Board) -> TaskState:
    """Return a task as its users see it."""
    planned = card.planned
    return TaskState(
        id=card.id,
        title=planned.title,
        description=shown(planned.description, board.inputs),
        agent=planned.agent,
        status=card.status,
        result=isolated(card.result),
        reason=card.reason,
        round=card.round,
        feedback_history=tuple(feedback),
        usage=card.usage,
        expected_output=shown(planned.expected_output or "", board.inputs) or None,
        external_validation_required=planned.validated,
        dependencies=planned.dependencies,
        is_deliverable=planned.deliverable,
        allow_parallel_execution=planned.parallel,
        moved_at=card.moved_at if board.begun_at else None,
        request_id=card.request,
    )


def tasks_of(board: Board) -> tuple[TaskState, ...]:
    """Return all tasks in order."""
    return tuple(task_state(card, board.feedback_on(card.id), board) for card in board.cards.values())


def team_result(board: Board) -> JSON:
    """Return the result of the task that the team's is; None until the work is FINISHED."""
    if board.status is not WorkflowStatus.FINISHED:
        return None
    return isolated(board.cards[result_task(card.planned for card in board.cards.values())].result)


def stats_of(board: Board, now: datetime | None) -> dict[str, Any]:
    """Return what `Team.get_workflow_stats` shows; `duration` in seconds, `cost` in dollars (exact)."""
    counts = {str(status): len(board.in_status(status)) for status in TaskStatus}
    over = board.status in (WorkflowStatus.FINISHED, WorkflowStatus.STOPPED)
    ended = board.moved_at if over else None
    usage = board.usage
    return {
        "status": board.status,
        "started_at": board.begun_at,
        "ended_at": ended,
        "duration": _seconds(board.begun_at, ended or now),
        "tasks": len(board.cards),
        "tasks_by_status": {status: count for status, count in counts.items() if count},
        "agents": len({card.planned.agent for card in board.cards.values()}),
        "rounds": sum(card.round for card in board.cards.values()),
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost": usage.cost,
        "unpriced_calls": usage.unpriced,
    }


def _seconds(begun: datetime | None, ended: datetime | None) -> float:
    return (ended - begun).total_seconds() if begun and ended else 0.0


@dataclass(eq=False)
class Listener:
    """Somebody who wants to be told, until they end it; also what was about to be told then isn't."""

    tell: Callable[[Any], Any]
    ended: bool = False

    def __post_init__(self) -> None:
        _check_callable("callback", self.tell)

    def __call__(self, value: Any) -> Any:
        return None if self.ended else self.tell(value)

    def end(self) -> None:
        """Be told no more."""
        self.ended = True


@dataclass(eq=False)
class Subscription(Listener):
    """Somebody who wants to know when what they selected changes."""

    select: Callable[[TeamState], Any] = field(kw_only=True)
    known: Any = field(kw_only=True)

    @classmethod
    def since(
        cls, state: TeamState, select: Callable[[TeamState], Any], tell: Callable[[Any], Any]
    ) -> "Subscription":
        """Return who is told of what differs from this state on. Raises `InvalidInput` for what can't be called."""
        _check_callable("selector", select)
        return cls(tell, select=select, known=select(state))

    def changed(self, state: TeamState) -> bool:
        """Whether what they selected is different now; a selector that fails is as if nothing had changed."""
        try:
            value = self.select(state)
        except Exception:
            logger.exception("a selector of a team failed")
            return False
        if value == self.known:
            return False
        self.known = value
        return True


def _check_callable(what: str, given: object) -> None:
    if not callable(given):
        raise InvalidInput(f"the {what} {given!r:.80} can't be called: give a function, without calling it")

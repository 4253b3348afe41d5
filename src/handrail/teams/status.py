"""The states of tasks and workflows, and the two tables of their moves. What isn't in a table is an `IllegalMove`.

The tables are the specification: `docs/reference/board.md` is made from them. A state with an empty row is final.
"""

from collections.abc import Iterable
from enum import StrEnum

from handrail.requests.errors import IllegalMove


class TaskStatus(StrEnum):
    """The states of a task."""

    TODO = "TODO"
    """waits for its turn"""
    DOING = "DOING"
    """its agent works on it"""
    BLOCKED = "BLOCKED"
    """an obstacle keeps its agent from going on"""
    REVISE = "REVISE"
    """its agent is to work feedback in"""
    AWAITING_VALIDATION = "AWAITING_VALIDATION"
    """done, and a person is asked whether it is good"""
    VALIDATED = "VALIDATED"
    """a person has approved it"""
    DONE = "DONE"
    PAUSED = "PAUSED"
    """was being worked on when the team was paused"""
    RESUMED = "RESUMED"
    """is about to be worked on again"""
    ABORTED = "ABORTED"
    """the team was stopped before it was done"""


class WorkflowStatus(StrEnum):
    """The states of a team's work as a whole."""

    INITIAL = "INITIAL"
    RUNNING = "RUNNING"
    BLOCKED = "BLOCKED"
    """nothing can move without a person"""
    FINISHED = "FINISHED"
    """every task is done"""
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    ERRORED = "ERRORED"
    """something broke that is no obstacle of a task: look at the error, mend it, resume"""


class FeedbackStatus(StrEnum):
    """The states of feedback."""

    PENDING = "PENDING"
    """its agent hasn't worked it in yet"""
    PROCESSED = "PROCESSED"


_T, _W = TaskStatus, WorkflowStatus

TASK_MOVES: dict[TaskStatus, dict[TaskStatus, str]] = {
    _T.TODO: {
        _T.DOING: "an agent picks it up",
        _T.ABORTED: "the team is stopped",
    },
    _T.DOING: {
        _T.BLOCKED: "an obstacle",
        _T.AWAITING_VALIDATION: "done, with external validation required",
        _T.DONE: "done, without external validation",
        _T.TODO: "feedback on a task that it depends on",
        _T.PAUSED: "the team is paused",
        _T.ABORTED: "the team is stopped",
    },
    _T.BLOCKED: {
        _T.DOING: "the obstacle is removed",
        _T.REVISE: "feedback",
        _T.TODO: "feedback on a task that it depends on",
        _T.ABORTED: "the team is stopped",
    },
    _T.REVISE: {
        _T.DOING: "the agent takes the feedback up",
        _T.TODO: "feedback on a task that it depends on",
        _T.ABORTED: "the team is stopped",
    },
    _T.AWAITING_VALIDATION: {
        _T.VALIDATED: "approved",
        _T.REVISE: "feedback",
        _T.TODO: "feedback on a task that it depends on",
        _T.ABORTED: "the team is stopped",
    },
    _T.VALIDATED: {
        _T.DONE: "at once",
    },
    _T.DONE: {
        _T.REVISE: "feedback",
        _T.TODO: "feedback on a task that it depends on",
    },
    _T.PAUSED: {
        _T.RESUMED: "the team is resumed",
        _T.TODO: "feedback on a task that it depends on",
        _T.ABORTED: "the team is stopped",
    },
    _T.RESUMED: {
        _T.DOING: "at once",
    },
    _T.ABORTED: {},
}
"""task: where it may go from each state, and why"""

WORKFLOW_MOVES: dict[WorkflowStatus, dict[WorkflowStatus, str]] = {
    _W.INITIAL: {
        _W.RUNNING: "started",
    },
    _W.RUNNING: {
        _W.BLOCKED: "nothing can move without a person",
        _W.FINISHED: "every task is done",
        _W.PAUSED: "paused",
        _W.STOPPING: "stopped",
        _W.ERRORED: "something broke",
    },
    _W.BLOCKED: {
        _W.RUNNING: "a person has moved something",
        _W.PAUSED: "paused",
        _W.STOPPING: "stopped",
        _W.ERRORED: "something broke",
    },
    _W.FINISHED: {
        _W.RUNNING: "feedback on a task that was done",
    },
    _W.PAUSED: {
        _W.RESUMED: "resumed",
        _W.STOPPING: "stopped",
    },
    _W.RESUMED: {
        _W.RUNNING: "at once",
    },
    _W.STOPPING: {
        _W.STOPPED: "no agent works any more",
    },
    _W.STOPPED: {},
    _W.ERRORED: {
        _W.RESUMED: "resumed",
        _W.STOPPING: "stopped",
    },
}
"""workflow: where it may go from each state, and why"""

AT_WORK = frozenset({_W.RUNNING, _W.BLOCKED})
"""In these a team takes tasks up by itself."""
TAKES_FEEDBACK = frozenset({_T.AWAITING_VALIDATION, _T.BLOCKED, _T.DONE})
"""In these feedback sends a task to REVISE; in the others it stays PENDING until the next call of the model."""


def check_task(task: str, before: TaskStatus, after: TaskStatus) -> None:
    """Raise `IllegalMove` if the table has no such move of a task."""
    if after not in TASK_MOVES[before]:
        raise IllegalMove(
            f"task {task!r} is {before} and can't become {after}; {_ways(TASK_MOVES[before])}", winner=None
        )


def check_workflow(before: WorkflowStatus, after: WorkflowStatus) -> None:
    """Raise `IllegalMove` if the table has no such move of a workflow."""
    if after not in WORKFLOW_MOVES[before]:
        raise IllegalMove(
            f"the workflow is {before} and can't become {after}; {_ways(WORKFLOW_MOVES[before])}", winner=None
        )


def _ways(moves: Iterable[str]) -> str:
    ways = ", ".join(moves)
    return f"from here it goes to {ways}" if ways else "that is final"

"""A board as its events make it: nothing else is needed to rebuild it, and no other code applies them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from handrail.inbox.ports import LogEntry
from handrail.requests.facts import changed
from handrail.teams.card import Card, Feedback, Usage, after
from handrail.teams.event import (
    Begun,
    FeedbackGiven,
    FeedbackProcessed,
    OfTask,
    TeamEvent,
    WorkflowMoved,
    read,
)
from handrail.teams.plan import Planned
from handrail.teams.status import FeedbackStatus, TaskStatus, WorkflowStatus, check_workflow


class Board:
    """The tasks of one run of a team, as they stand after the events that were applied.

    It is changed by `apply` alone; cards are facts, whoever has taken one keeps it as it was.
    """

    def __init__(self) -> None:
        self.team = ""
        self.inputs: dict[str, Any] = {}
        self.status = WorkflowStatus.INITIAL
        self.error: str | None = None
        self.sequence = 0
        """the last event that was applied"""
        self.begun_at: datetime | None = None
        self.moved_at: datetime | None = None
        self.cards: dict[str, Card] = {}
        self._feedback: dict[str, list[Feedback]] = {}

    @classmethod
    def rebuilt(cls, lines: Iterable[LogEntry]) -> "Board":
        """Return the board that the log of a run makes."""
        board = cls()
        for line in lines:
            if (event := read(line)) is not None:
                board.apply(event)
        return board

    @classmethod
    def planned(cls, team: str, tasks: Iterable[Planned], inputs: dict[str, Any]) -> "Board":
        """Return a board before its work has begun."""
        board = cls()
        board.team, board.inputs, never = team, inputs, datetime.fromtimestamp(0, UTC)
        board.cards = {task.id: Card(task, place, never) for place, task in enumerate(tasks)}
        return board

    def apply(self, event: TeamEvent) -> None:
        """Apply the next event. Raises `IllegalMove` for what the tables don't have."""
        match event.fact:
            case Begun(team=team, inputs=inputs, tasks=tasks):
                self.team, self.inputs, self.begun_at = team, inputs, event.at
                self.cards = {task.id: Card(task, place, event.at) for place, task in enumerate(tasks)}
            case WorkflowMoved(to=to, error=error):
                check_workflow(self.status, to)
                self.status, self.error, self.moved_at = to, error, event.at
            case FeedbackGiven(task=task, feedback=number, content=content):
                given = Feedback(content, FeedbackStatus.PENDING, event.at, number, event.actor, event.at)
                self._feedback.setdefault(task, []).append(given)
            case FeedbackProcessed(task=task, upto=upto):
                self._process(task, upto, event.at)
        if isinstance(event.fact, OfTask):
            self.cards[event.fact.task] = after(self.cards[event.fact.task], event)
        self.sequence = event.sequence

    def _process(self, task: str, upto: int, at: datetime) -> None:
        given = self._feedback[task]
        for place in range(self.cards[task].processed, upto):
            given[place] = changed(given[place], status=FeedbackStatus.PROCESSED, timestamp=at)

    def feedback_on(self, task: str) -> tuple[Feedback, ...]:
        """Return the feedback on a task, in order."""
        return tuple(self._feedback.get(task, ()))

    @property
    def usage(self) -> Usage:
        """What all tasks have used together."""
        return sum((card.usage for card in self.cards.values()), Usage())

    def in_status(self, status: TaskStatus) -> list[Card]:
        """Return the tasks of one status, in order."""
        return [card for card in self.cards.values() if card.status is status]

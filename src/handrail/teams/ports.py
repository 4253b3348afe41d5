"""What teams need of a store: boards as rows, so that a change reads what it concerns and not the whole past."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from handrail.inbox.ports import LogEntry
from handrail.runs.ports import RunTransaction
from handrail.teams.card import Card, Feedback, Usage
from handrail.teams.status import TaskStatus, WorkflowStatus


@dataclass(frozen=True)
class StoredTeam:
    """One run of a team, as the store keeps it."""

    run_id: str
    name: str
    status: WorkflowStatus
    inputs: dict[str, Any]
    begun_at: datetime
    moved_at: datetime
    error: str | None = None
    version: int = 1
    """grows with each change of the team or of one of its cards"""
    result_task: str = ""
    """the task whose result is the team's"""


@dataclass(frozen=True)
class Outline:
    """A card as a board shows it: without texts and results, however large they are."""

    run_id: str
    team: str
    card: Card
    waits: bool = False
    """whether the run of its agent waits for people"""


class TeamTransaction(RunTransaction, Protocol):
    """One transaction, as teams see it."""

    def insert_team(self, team: StoredTeam) -> None: ...
    def team(self, run_id: str) -> StoredTeam | None: ...
    def update_team(self, team: StoredTeam) -> bool:
        """Store a team whose version was one less; False if somebody was faster."""
        ...

    def teams(
        self,
        statuses: Collection[WorkflowStatus],
        name: str | None,
        before: tuple[datetime, str] | None,
        limit: int,
    ) -> list[StoredTeam]:
        """Return teams, those that began last first, of those that began before a moment and an id."""
        ...

    def insert_cards(self, run_id: str, cards: Collection[Card]) -> None: ...
    def card(self, run_id: str, task: str) -> Card | None: ...
    def cards(self, run_id: str, statuses: Collection[TaskStatus] = (), limit: int = -1) -> list[Card]:
        """Return the cards of a team (of some statuses), in order."""
        ...

    def outlines_of_cards(self, run_id: str) -> list[Card]:
        """Return all cards of a team in order, without descriptions, schemas and results."""
        ...

    def update_card(self, run_id: str, card: Card, *, result: bool = False) -> None:
        """Store how a card stands; its result only if that has changed."""
        ...

    def any_open(self, run_id: str) -> bool:
        """Whether there is a card that isn't done."""
        ...

    def decided_cards(self, run_id: str) -> list[Card]:
        """Return the cards that await validation and whose request has ended."""
        ...

    def next_cards(self, run_id: str, limit: int) -> list[Card]:
        """Return the cards that an agent may take up now, in order: REVISE, and TODO whose turn it is."""
        ...

    def dependants(self, run_id: str, task: str) -> list[Card]:
        """Return the cards that depend on one, directly or not, without those that are TODO."""
        ...

    def task_counts(self, run_id: str) -> dict[TaskStatus, int]: ...
    def usage_of_team(self, run_id: str) -> Usage: ...
    def insert_feedback(self, run_id: str, task: str, feedback: Feedback) -> None: ...
    def process_feedback(self, run_id: str, task: str, after: int, upto: int, at: datetime) -> None:
        """Mark feedback as worked in: the numbers beyond `after`, up to and with `upto`."""
        ...

    def feedback(self, run_id: str, task: str, after: int = 0, limit: int = -1) -> list[Feedback]:
        """Return the feedback on a task with a number beyond `after`, in order."""
        ...

    def team_log(self, run_id: str, after: int, limit: int) -> list[LogEntry]:
        """Return the lines of the log about a team's run itself beyond a sequence, in order."""
        ...

    def latest_team_log(self, run_id: str, before: int | None, limit: int) -> list[LogEntry]:
        """Return the lines about a team's run itself before a sequence, the newest first."""
        ...

    def latest_task_log(
        self, run_id: str, task: str, before: int | None, limit: int, looked_at: int
    ) -> tuple[list[LogEntry], int | None]:
        """Return the lines about one task before a sequence, the newest first, of the `looked_at` latest of the team.

        With them the sequence before which to go on; None at the end.
        """
        ...

    def unmet(self, run_id: str) -> list[tuple[str, str]]:
        """Return what TODO cards depend on and isn't DONE: pairs of a task and one that it needs, in order."""
        ...

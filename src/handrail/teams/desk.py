"""One board in one transaction: every change of it goes through here, as an event and as rows, under one version."""

from datetime import datetime
from typing import Any

from handrail.inbox.moves import LostRace
from handrail.requests.errors import UnknownId
from handrail.requests.facts import changed
from handrail.runs.run import StoredRun
from handrail.teams.card import Card, Feedback, after
from handrail.teams.event import (
    Begun,
    Fact,
    FeedbackGiven,
    FeedbackProcessed,
    OfTask,
    TaskMoved,
    TeamEvent,
    WorkflowMoved,
    write,
)
from handrail.teams.plan import Planned, result_task
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.status import WORKFLOW_MOVES, FeedbackStatus, TaskStatus, WorkflowStatus, check_workflow

SIGNATURE = ("Team",)
"""by which runs of teams are known before they have a board"""


class Desk:
    """A board that is being changed.

    `actor` is who changes it. `close` has to be called in the end: it stores that the board has changed.
    """

    def __init__(self, tx: TeamTransaction, team: StoredTeam, now: datetime, actor: str) -> None:
        self.tx = tx
        self.team = team
        self.now = now
        self.actor = actor
        self._run: StoredRun | None = None
        self._since = team.version
        self._changed = False

    @classmethod
    def opened(cls, tx: TeamTransaction, run_id: str, now: datetime, actor: str) -> "Desk":
        """Return the board of a run. Raises `UnknownId`."""
        return cls(tx, find(tx, run_id=run_id), now, actor)

    @property
    def run_id(self) -> str:
        """The run of the team."""
        return self.team.run_id

    @property
    def run(self) -> StoredRun:
        """The run of the team, as it was when it was first looked at."""
        if self._run is None:
            run = self.tx.run(self.run_id)
            if run is None:
                raise UnknownId(f"there is no run {self.run_id!r} in this store")
            self._run = run
        return self._run

    def card(self, task: str) -> Card:
        """Return a card. Raises `UnknownId`."""
        return find_card(self.tx, run_id=self.run_id, task=task)

    def tell(self, card: Card, fact: OfTask, reason: str | None = None, *, actor: str | None = None) -> Card:
        """Let something happen to a task; returns its card afterwards. Raises `IllegalMove`."""
        moved = after(card, self._event(fact, reason, actor))
        self._log(fact, reason, actor)
        result = isinstance(fact, TaskMoved) and (fact.has_result or fact.to is TaskStatus.TODO)
        self.tx.update_card(self.run_id, moved, result=result)
        match fact:
            case FeedbackGiven(feedback=number, content=content):
                by = actor or self.actor
                given = Feedback(content, FeedbackStatus.PENDING, self.now, number, by, self.now)
                self.tx.insert_feedback(self.run_id, card.id, given)
            case FeedbackProcessed(upto=upto):
                self.tx.process_feedback(self.run_id, card.id, card.processed, upto, self.now)
        return moved

    def move(self, card: Card, to: TaskStatus, reason: str | None = None, **more: Any) -> Card:
        """Bring a task to another state, in the round it is in unless `round` says otherwise."""
        fact = TaskMoved(card.id, to, **{"round": card.round, **more})
        return self.tell(card, fact, reason)

    def workflow(self, to: WorkflowStatus, reason: str | None = None, *, error: str | None = None) -> None:
        """Bring the work as a whole to another state, for the table's reason without one. Raises `IllegalMove`."""
        check_workflow(self.team.status, to)
        self._log(WorkflowMoved(to, error), reason or WORKFLOW_MOVES[self.team.status][to], None)
        self.team = changed(self.team, status=to, error=error, moved_at=self.now)

    def _event(self, fact: Fact, reason: str | None, actor: str | None) -> TeamEvent:
        return TeamEvent(0, self.now, actor or self.actor, fact, reason)

    def _log(self, fact: Fact, reason: str | None, actor: str | None) -> None:
        self.tx.append_event(
            fact.kind, write(fact, reason), at=self.now, actor=actor or self.actor, run_id=self.run_id
        )
        self._changed = True

    def close(self) -> StoredTeam:
        """Store that the board has changed, if it has. Raises `LostRace` if somebody else has changed it meanwhile."""
        if self._changed:
            self.team = changed(self.team, version=self._since + 1)
            if not self.tx.update_team(self.team):
                raise LostRace(self.run_id)
            self._since, self._changed = self.team.version, False
            self.tx.signal("team", self.run_id)
        return self.team


def begin(
    tx: TeamTransaction,
    *,
    run_id: str,
    name: str,
    tasks: tuple[Planned, ...],
    inputs: dict[str, Any],
    now: datetime,
    actor: str,
) -> Desk:
    """Lay out the board of a run that has none."""
    of_team = result_task(tasks)
    team = StoredTeam(run_id, name, WorkflowStatus.INITIAL, inputs, now, now, result_task=of_team)
    tx.insert_team(team)
    tx.insert_cards(run_id, [Card(task, place, now) for place, task in enumerate(tasks)])
    begun = Begun(name, inputs, tasks)
    tx.append_event(Begun.kind, write(begun, None), at=now, actor=actor, run_id=run_id)
    desk = Desk(tx, team, now, actor)
    desk.workflow(WorkflowStatus.RUNNING, "started")
    return desk


def find(tx: TeamTransaction, *, run_id: str) -> StoredTeam:
    """Return a team's run or raise `UnknownId`."""
    if (team := tx.team(run_id)) is None:
        if is_to_come(tx, run_id=run_id):
            raise UnknownId(
                f"run {run_id!r} has no board yet: it is laid out as soon as a worker that knows its team works on it"
            )
        raise UnknownId(f"there is no board of a run {run_id!r} in this store; `handrail board` lists them")
    return team


def is_to_come(tx: TeamTransaction, *, run_id: str) -> bool:
    """Whether a run is a team's and nobody has begun to work on it."""
    run = tx.run(run_id)
    of_team = run is not None and run.signature == SIGNATURE and run.parent is None
    return of_team and run is not None and not run.settled and tx.team(run_id) is None


def find_card(tx: TeamTransaction, *, run_id: str, task: str) -> Card:
    """Return a task of a team or raise `UnknownId`."""
    if (card := tx.card(run_id, task)) is None:
        raise UnknownId(
            f"there is no task {task!r} on the board of {run_id!r}: look at the board for the ids of its tasks"
        )
    return card

"""The runs of teams that one person may see, those that began last first, each with how far it is.

A page looks at a bounded number of teams: it may be short, and even empty, while it names what is next.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from handrail.inbox import cursor
from handrail.inbox.viewer import Viewer
from handrail.runs.listing import LOOKED_AT, sees_run
from handrail.runs.run import RunStatus
from handrail.teams.card import Usage
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.status import TaskStatus, WorkflowStatus

ACTIVE = (
    WorkflowStatus.RUNNING,
    WorkflowStatus.BLOCKED,
    WorkflowStatus.PAUSED,
    WorkflowStatus.RESUMED,
    WorkflowStatus.STOPPING,
    WorkflowStatus.ERRORED,
)
"""In these there is still something to do."""
KIND = "teams"


@dataclass(frozen=True, slots=True)
class Summary:
    """A run of a team as a list shows it."""

    team: StoredTeam
    counts: Mapping[TaskStatus, int]
    usage: Usage
    waits: int = 0
    """tasks that wait for people: for validation, an obstacle, or what an agent may do"""

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many of them are done."""
        return self.counts.get(TaskStatus.DONE, 0)


@dataclass(frozen=True, slots=True)
class TeamPage:
    """Teams, and the cursor of what follows them; None at the end."""

    teams: tuple[Summary, ...]
    next: str | None


def page_of(
    tx: TeamTransaction,
    *,
    viewer: Viewer,
    statuses: Collection[WorkflowStatus] = (),
    name: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> TeamPage:
    """Return the teams behind the cursor `after`. Raises `InvalidInput` for one that isn't of this list."""
    before = cursor.read_moment(after, KIND)
    found: list[Summary] = []
    looked = 0
    while looked < LOOKED_AT:
        batch = tx.teams(statuses, name, before, limit + 1)
        for team in batch:
            if len(found) == limit:
                return TeamPage(tuple(found), cursor.write_moment(before, KIND))
            looked += 1
            before = team.begun_at, team.run_id
            if sees_team(tx, viewer, team):
                found.append(summary(tx, team=team))
        if len(batch) <= limit:
            return TeamPage(tuple(found), None)
    return TeamPage(tuple(found), cursor.write_moment(before, KIND))


def sees_team(tx: TeamTransaction, viewer: Viewer, team: StoredTeam) -> bool:
    """Whether a person may see a team: as with any run, they started it or are asked by it."""
    if viewer.everything:
        return True
    run = tx.run(team.run_id)
    return run is not None and sees_run(tx, viewer, run)


def summary(tx: TeamTransaction, *, team: StoredTeam) -> Summary:
    """Return how far a team is."""
    counts = tx.task_counts(team.run_id)
    waits = 0
    if team.status in ACTIVE:
        waits = sum(counts.get(each, 0) for each in (TaskStatus.AWAITING_VALIDATION, TaskStatus.BLOCKED))
        waits += _asking(tx, team.run_id) if counts.get(TaskStatus.DOING) else 0
    return Summary(team, counts, tx.usage_of_team(team.run_id), waits)


def _asking(tx: TeamTransaction, run_id: str) -> int:
    """Return how many agents wait for people with what they do."""
    runs = [card.run for card in tx.cards(run_id, (TaskStatus.DOING,)) if card.run]
    return sum(asks and status is RunStatus.WAITING for _, status, asks in tx.standing(runs))

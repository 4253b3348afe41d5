"""What each round of a task came to, read from the child runs that did it."""

from dataclasses import dataclass
from datetime import datetime

from handrail.requests.content import JSON
from handrail.runs.run import RunStatus, StoredRun
from handrail.teams.card import Card
from handrail.teams.ports import TeamTransaction
from handrail.teams.round import RoundEnd, round_id


@dataclass(frozen=True, slots=True)
class Round:
    """One time that an agent has taken a task up, and what that came to."""

    number: int
    run_id: str
    status: RunStatus
    began_at: datetime
    ended_at: datetime | None = None
    blocked: str | None = None
    error: str | None = None
    """why its run came to no end of its own"""
    has_result: bool = False
    result: JSON = None
    calls: int = 0


def rounds_of(tx: TeamTransaction, *, run_id: str, card: Card, most: int) -> list[Round]:
    """Return the latest rounds of a task, at most so many, in order."""
    numbers = range(max(1, card.round - most + 1), card.round + 1)
    runs = [(number, tx.run(round_id(run_id, card.id, number))) for number in numbers]
    # A number whose id was taken by a run of somebody else was left out.
    return [_round(number, run) for number, run in runs if run is not None and run.parent == run_id]


def _round(number: int, run: StoredRun) -> Round:
    ended_at = run.updated_at if run.settled else None
    if run.status is not RunStatus.FINISHED or run.result is None:
        error = (run.error or {}).get("message") or (f"it is {run.status}" if run.settled else None)
        return Round(number, run.id, run.status, run.created_at, ended_at, error=error)
    end = RoundEnd.read(run.result)
    return Round(
        number,
        run.id,
        run.status,
        run.created_at,
        ended_at,
        end.blocked,
        has_result=end.blocked is None,
        result=end.result,
        calls=len(end.usage),
    )

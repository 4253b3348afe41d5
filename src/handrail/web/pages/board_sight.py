"""A board as it is read for one reader: what they ask for, what is there, and what they may do.

A run that somebody may not read doesn't exist for them; whoever reads a team's run reads its board.
"""

from dataclasses import dataclass, field
from typing import Any

from handrail.inbox.viewer import Viewer
from handrail.people import access
from handrail.people.rights import Caller, Right, may_for_run
from handrail.requests.errors import UnknownId
from handrail.runs.run import StoredRun
from handrail.teams import desk
from handrail.teams.flow import TeamFlow
from handrail.teams.inspection import Inspection, inspect
from handrail.teams.overview import Overview, before_it_begins, overview
from handrail.web import acts
from handrail.web.face import Face


@dataclass(frozen=True)
class Asked:
    """What of a board somebody wants to see: a card, one of its results, a part of its log."""

    task: str = ""
    revision: int | None = None
    show: str = ""
    before: int | None = None
    start: bool = False


@dataclass(frozen=True)
class Sight:
    """A board as it was read for one reader."""

    run: StoredRun
    board: Overview
    viewer: Viewer
    opened: Inspection | None = None
    rights: frozenset[Right] = field(default_factory=frozenset)


def read(tx: Any, *, face: Face, caller: Caller, run_id: str, task: str, before: int | None) -> Sight:
    """Return a board for a reader, with a card opened if one is named. Raises `UnknownId`."""
    run = acts.readable_run(tx, caller=caller, run_id=run_id)
    board = _board(tx, face, run)
    opened = inspect(tx, board=board, task=task, before=before) if task else None
    rights = frozenset(
        right
        for right in (Right.STEER, Right.FEEDBACK)
        if may_for_run(caller, right, run.initiator, asked=True)
    )
    return Sight(run, board, access.viewer_of(tx, caller), opened, rights)


def _board(tx: Any, face: Face, run: StoredRun) -> Overview:
    if (team := tx.team(run.id)) is not None:
        return overview(tx, team=team)
    flow = face.flows.get(run.flow or "")
    if isinstance(flow, TeamFlow) and run.parent is None and not run.settled:
        return before_it_begins(run, flow.team, flow.tasks)
    desk.find(tx, run_id=run.id)
    raise UnknownId(f"there is no board of the run {run.id!r}")

"""One board: how the work stands, its columns, and beside them the card that is open."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handrail.people.rights import Caller, Right, may
from handrail.teams.status import WORKFLOW_MOVES, WorkflowStatus
from handrail.web.auth.door import face_of
from handrail.web.pages import boards, card, team_start
from handrail.web.pages.address import of_board
from handrail.web.pages.board_sight import Asked, Sight, read
from handrail.web.pages.board_status import WORKFLOWS
from handrail.web.pages.columns import columns
from handrail.web.pages.figures import asks, brief, facts
from handrail.web.pages.shown import Problem
from handrail.web.pages.visit import show, typed_into, visitor

router = APIRouter()


@router.get("/boards/{run_id:path}")
async def show_board(
    request: Request,
    run_id: str,
    task: Annotated[str, Query(max_length=100)] = "",
    revision: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    show: Annotated[str, Query(max_length=20)] = "",
    before: Annotated[int | None, Query(ge=0, le=1 << 60)] = None,
    start: Annotated[bool, Query()] = False,
) -> Response:
    """Show one board."""
    caller = await visitor(request)
    return await page(request, caller, run_id, Asked(task, revision, show, before, start))


@router.get("/board/{act}")
async def back(request: Request, act: str) -> Response:
    """Lead to the boards: a form's own address can't be opened, but it is what a browser shows after a problem."""
    await visitor(request)
    return RedirectResponse("/boards", 303)


async def page(
    request: Request,
    caller: Caller,
    run_id: str,
    asked: Asked,
    status: int = 200,
    *,
    problem: Problem | None = None,
    typed: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Return the page of a board; `typed` is what somebody has written already, `problem` what is in the way."""
    face = face_of(request)
    sight: Sight = await face.store.read(
        read, face=face, caller=caller, run_id=run_id, task=asked.task, before=asked.before
    )
    now, board = face.clock.now(), sight.board
    flow = team_start.known_teams(face).get(sight.run.flow or "")
    may_start = flow is not None and may(caller, Right.START)
    return await show(
        request,
        "board.html",
        status,
        **{
            **await boards.around(request, sight.viewer),
            "run": sight.run,
            "board": board,
            "team": board.team,
            "told": WORKFLOWS[board.team.status],
            "columns": columns([board], sight.viewer, now, decides=may(caller, Right.DECIDE)),
            "open_task": asked.task,
            "asks": asks(board),
            "brief": brief(board.team.inputs),
            "facts": facts(board, now),
            "moves": moves(sight),
            "why_not": "" if Right.STEER in sight.rights else _why_not(caller),
            "form": team_start.form(flow, board.team.inputs) if flow is not None and may_start else None,
            "starting": asked.start,
            "problem": problem,
            "typed": typed_into(**(typed or {})),
            "live": True,
            "opened": card.values(sight, caller, asked, now, face) if sight.opened else None,
            **values,
        },
    )


def moves(sight: Sight) -> frozenset[str]:
    """Return what the reader may do with the work as a whole, as it stands."""
    if Right.STEER not in sight.rights:
        return frozenset()
    ways = WORKFLOW_MOVES[sight.board.team.status]
    possible = {
        "pause": WorkflowStatus.PAUSED,
        "resume": WorkflowStatus.RESUMED,
        "stop": WorkflowStatus.STOPPING,
    }
    return frozenset(act for act, to in possible.items() if to in ways)


def _why_not(caller: Caller) -> str:
    if not may(caller, Right.STEER):
        return f"You are here to look: a {caller.role} doesn’t steer teams."
    return "Whoever started this run, and admins, can pause and stop it."


def here(run_id: str, asked: Asked) -> str:
    """Return where a reader is."""
    return of_board(run_id) if not asked.task else card.address(run_id, asked.task)

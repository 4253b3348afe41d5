"""All teams: the list of their runs, and one board over those that are at work."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from handrail.inbox.viewer import Viewer
from handrail.people.access import viewer_of
from handrail.people.rights import Caller, Right, may
from handrail.teams import listing
from handrail.teams.listing import ACTIVE, TeamPage
from handrail.teams.overview import Overview, overview
from handrail.web.auth.door import face_of
from handrail.web.pages import team_start
from handrail.web.pages.address import queried
from handrail.web.pages.board_status import SEGMENTS, WORKFLOWS
from handrail.web.pages.columns import columns, cost
from handrail.web.pages.visit import show, visitor

router = APIRouter()
PAGE = 50
ALL_CARDS = 1000
"""cards of the board over all teams"""
COUNTED = 100
"""teams at work that are looked at for the counts beside their names"""


@router.get("/boards")
async def list_boards(
    request: Request,
    status: Annotated[str, Query()] = "",
    team: Annotated[str, Query(max_length=200)] = "",
    view: Annotated[str, Query()] = "",
    start: Annotated[bool, Query()] = False,
    before: Annotated[str | None, Query()] = None,
) -> Response:
    """Show the runs of teams that the visitor may read, those that began last first; or the cards of those at work."""
    caller = await visitor(request)
    segment = status if status in SEGMENTS else ""
    query = {"view": "cards" if view == "cards" else "", "status": segment, "team": team}
    return await page(request, caller, query, before=before, start=start)


async def page(
    request: Request,
    caller: Caller,
    query: dict[str, str],
    status: int = 200,
    *,
    before: str | None = None,
    start: bool = False,
    **values: Any,
) -> Response:
    """Return the page of all teams."""
    face = face_of(request)
    viewer = await face.store.read(viewer_of, caller=caller)
    name = query["team"] or None
    shown: dict[str, Any] = {"teams": (), "columns": None, "older": None, "left_out": 0}
    if query["view"]:
        found, left_out = await face.store.read(_at_work, viewer=viewer, name=name)
        decides = may(caller, Right.DECIDE)
        told = columns(found, viewer, face.clock.now(), decides=decides, labelled=True)
        shown |= {"columns": told, "left_out": left_out, "running": len(found)}
    else:
        listed: TeamPage = await face.store.read(
            listing.page_of,
            viewer=viewer,
            statuses=SEGMENTS[query["status"]],
            name=name,
            after=before,
            limit=PAGE,
        )
        older = listed.next and queried("/boards", query, before=listed.next)
        shown |= {"teams": listed.teams, "older": older}
    known = team_start.known_teams(face)
    startable = known.get(query["team"]) if may(caller, Right.START) else None
    return await show(
        request,
        "boards.html",
        status,
        **{
            **shown,
            **(await around(request, viewer)),
            "query": query,
            "segments": list(SEGMENTS),
            "workflows": WORKFLOWS,
            "cost": cost,
            "later": before is not None,
            "known": sorted(known),
            "may_start": may(caller, Right.START),
            "form": team_start.form(startable, startable.inputs) if startable else None,
            "starting": start,
            "problem": None,
            "live": True,
            **values,
        },
    )


async def around(request: Request, viewer: Viewer) -> dict[str, Any]:
    """Return what every page of boards shows beside them: the teams, and how many of each are at work."""
    face = face_of(request)
    found: TeamPage = await face.store.read(listing.page_of, viewer=viewer, statuses=ACTIVE, limit=COUNTED)
    names = sorted({*team_start.known_teams(face), *(each.team.name for each in found.teams)})
    at_work = {name: sum(each.team.name == name for each in found.teams) for name in names}
    return {"team_names": at_work}


def _at_work(tx: Any, *, viewer: Viewer, name: str | None) -> tuple[list[Overview], int]:
    """Return the boards of teams at work, as far as there is room, and how many are left out."""
    found: list[Overview] = []
    listed = listing.page_of(tx, viewer=viewer, statuses=ACTIVE, name=name, limit=COUNTED)
    room = ALL_CARDS
    for each in listed.teams:
        if (room := room - each.tasks) < 0 and found:
            break
        found.append(overview(tx, team=each.team))
    return found, len(listed.teams) - len(found)

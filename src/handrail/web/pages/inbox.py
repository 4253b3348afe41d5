"""The inbox: the list, and one request beside it."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from handrail.inbox import counting, listing
from handrail.inbox.listing import Neighbours
from handrail.inbox.viewer import Viewer
from handrail.people.rights import Caller, Right, may
from handrail.requests.errors import UnknownId
from handrail.requests.wording import count
from handrail.web.auth.door import face_of, token_of
from handrail.web.pages import conflict, sheet, shown
from handrail.web.pages.kept import kept
from handrail.web.pages.listed import PAGE, Listed, listed, query
from handrail.web.pages.listed import Query as Asked
from handrail.web.pages.render import render
from handrail.web.pages.shown import Typed
from handrail.web.pages.visit import visitor
from handrail.web.pages.waiting import teams_waiting

router = APIRouter()
MOVES = frozenset(
    {"decide", "claim", "release", "comment", "remind", "escalate", "reassign", "retry", "withdraw"}
)


async def signed_in(request: Request) -> Caller:
    """Return whose page this is: somebody with a session, for a key may be narrower than its person."""
    return await visitor(request)


Known = Annotated[Caller, Depends(signed_in)]


def asked_for(
    view: str = "mine",
    sort: str = "due",
    flow: str = "",
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=2000)] = "",
) -> Asked:
    """Return which list an address asks for."""
    return query(view, sort, flow, q, after)


At = Annotated[Asked, Depends(asked_for)]


async def read_list(request: Request, caller: Caller, at: Asked, *, near: bool = True) -> Listed:
    """Return the list that is asked for; with `near` it can tell what lies beside its requests."""
    store, now = face_of(request).store, face_of(request).clock.now()
    viewer = await viewer_of(request, caller)
    page = await listing.page(store, viewer, at.listing, now=now, after=at.after, limit=PAGE, near=near)
    return listed(at, page, await counting.counts(store, viewer, now=now), now)


async def beside(
    request: Request, caller: Caller, at: Asked, request_id: str, found: Listed | None = None
) -> Neighbours:
    """Return what lies beside a request in the list; `found` is that, where it was read already."""
    store, now = face_of(request).store, face_of(request).clock.now()
    viewer = await viewer_of(request, caller)
    page = found.page if found is not None else None
    return await listing.neighbours(store, viewer, at.listing, request_id, now=now, page=page)


async def viewer_of(request: Request, caller: Caller) -> Viewer:
    """Return who looks, with their groups."""
    groups = await face_of(request).people.groups_of(caller.name)
    return Viewer(caller.name, tuple(groups), caller.is_admin)


@router.get("/inbox")
async def inbox(request: Request, caller: Known, at: At, part: str = "") -> Response:
    """Show the list; on a wide screen with its first request."""
    found = await read_list(request, caller, at, near=part != "list" and not at.after)
    if part == "list":
        return await render(request, "inbox_part.html", **_around(found, caller), sheet=None, picked=())
    if found.items and not at.after:
        try:
            return await open_page(request, caller, at, found.items[0].id, at_list=True, found=found)
        except UnknownId:  # it has gone between the two reads
            pass
    return await render(
        request,
        "inbox.html",
        **_around(found, caller),
        teams_waiting=await teams_waiting(request, caller),
        sheet=None,
        picked=(),
        at_list=True,
        live=True,
    )


def _around(found: Listed, caller: Caller) -> dict[str, Any]:
    """Return what every page with a list shows of it."""
    counts = found.counts
    unclaimed, opened = counts.unclaimed, counts.open
    flows = [(name, number) for name, number in counts.flows.items() if name]
    elsewhere = (
        f"{count(opened.number, 'request is', 'requests are')} open, {unclaimed} of them unclaimed."
        if opened.number
        else ""
    )
    return {
        "listed": found,
        "counts": counts,
        "flows": sorted(flows, key=lambda each: (-each[1].number, each[0])),
        "heading": found.query.flow or found.word,
        "waiting": str(counts.mine) if counts.mine.number else "",
        "elsewhere": elsewhere,
        "picks": may(caller, Right.DECIDE),
        "form": None,
    }


@router.get("/requests/{request_id}")
async def one(
    request: Request,
    caller: Known,
    at: At,
    request_id: str,
    edit: bool = False,
    whole: bool = False,
    show: str = "changes",
    ask: str = "",
) -> Response:
    """Show one request, with the list beside it."""
    return await open_page(request, caller, at, request_id, edit=edit, whole=whole, show=show, ask=ask)


async def open_page(
    request: Request,
    caller: Caller,
    at: Asked,
    request_id: str,
    *,
    status: int = 200,
    edit: bool = False,
    whole: bool = False,
    show: str = "changes",
    ask: str = "",
    typed: Typed | None = None,
    problem: shown.Problem | None = None,
    at_list: bool = False,
    found: Listed | None = None,
) -> Response:
    """Return the page of one request; `typed` is what somebody has written already, `problem` what is in the way.

    `found` is the list beside it, where that was read already.
    """
    face = face_of(request)
    now = face.clock.now()
    found = found or await read_list(request, caller, at)
    read = await face.store.read(sheet.read, request_id=request_id, caller=caller, ask=ask)
    values = shown.values(
        read,
        caller,
        found,
        now,
        flows=face.flows,
        form_token=token_of(request),
        typed=typed or Typed(),
        edit=edit,
        whole=whole,
        show=show,
        ask=ask,
    )
    return await render(
        request,
        "inbox.html",
        status,
        **{**_around(found, caller), **values},
        sheet=read,
        place=await beside(request, caller, at, request_id, found),
        teams_waiting=await teams_waiting(request, caller),
        problem=problem,
        kept=kept(typed, values) if problem and typed else (),
        picked=(),
        at_list=at_list,
        live=True,
    )


@router.get("/requests/{request_id}/state")
async def state(request: Request, caller: Known, request_id: str) -> Response:
    """Return how a request stands, for the script of a page that is being read."""
    read = await face_of(request).store.read(sheet.visible, request_id=request_id, caller=caller)
    newer = await face_of(request).store.read(sheet.newest, request=read, caller=caller)
    settled, words = conflict.settled(read, face_of(request).clock.now())
    return JSONResponse(
        {
            "version": read.version,
            "status": read.status.value,
            "claimed_by": read.claimed_by if read.claimed_by != caller.name else None,
            "settled": settled,
            "words": words,
            "yours": read.outcome is not None and caller.name in read.outcome.by,
            "newer": newer.id if newer.id != read.id else None,
            "newer_revision": newer.revision,
        }
    )


@router.get("/requests/{request_id}/{move}")
async def back(request: Request, caller: Known, request_id: str, move: str) -> Response:
    """Lead to the request: a form's own address can't be opened, but it is what a browser shows after a problem."""
    if move not in MOVES:
        raise UnknownId("there is nothing at this address")
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/requests/{quote(request_id, safe='')}{query}", 303)

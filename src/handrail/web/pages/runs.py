"""Runs: their list, and one as a timeline; cancel, retry, migrate. A run that somebody may not read is a 404."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from handrail.flows.node import Chain
from handrail.inbox.audit import MOST, page_of
from handrail.inbox.moves import PENDING
from handrail.inbox.ports import Filter, LogEntry, LogFilter
from handrail.inbox.viewer import Viewer
from handrail.people import access
from handrail.people.access import viewer_of
from handrail.people.rights import Caller, Right, check_run, may_for_run
from handrail.requests.errors import Conflict, InvalidInput
from handrail.requests.request import HumanRequest
from handrail.runs import listing
from handrail.runs.journal import State
from handrail.runs.migration import parse_mapping
from handrail.runs.ports import RunFilter
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.timeline import Post, Timeline, read_timeline
from handrail.web import acts
from handrail.web.auth.door import face_of
from handrail.web.face import Face
from handrail.web.pages import deeds
from handrail.web.pages.address import of_board, of_run, of_task, queried
from handrail.web.pages.status import SEGMENTS, STATUSES, Told, post_status
from handrail.web.pages.visit import go, posted, show, text_of, typed_into, visitor

router = APIRouter()
PAGE = 50
WAITS_LOOKED_AT = 20
MOVES = frozenset({"escalated", "reassigned", "reminded"})
"""what happened to a run's requests that its log tells, too; what they came to stands in the timeline"""
REQUESTS_LOOKED_AT = 50
Given = tuple[str, int] | None
Row = tuple[Post, Told, Given, float | None]
"""a post, how it stands, what it was given, and how many seconds it waited for people"""
"""the name and the place of the step whose result a step was given"""
WAITS = Told("clock", "Waits", "awaiting")
UNDONE = Told("todo", "Not finished", "ended")


@router.get("/runs")
async def list_runs(
    request: Request,
    status: Annotated[str, Query()] = "",
    flow: Annotated[str, Query()] = "",
    text: Annotated[str, Query(max_length=200)] = "",
    mine: Annotated[str, Query()] = "",
    before: Annotated[str | None, Query()] = None,
) -> Response:
    """Show the runs that the visitor may read, the newest first."""
    caller, face = await visitor(request), face_of(request)
    segment = status if status in SEGMENTS else ""
    which = RunFilter(SEGMENTS[segment], flow or None, text.strip() or None, caller.name if mine else None)
    viewer = await face.store.read(access.viewer_of, caller)
    page = await listing.page(face.store, viewer, which, after=before, limit=PAGE)
    waiting = tuple(run.id for run in page.runs if run.status is RunStatus.WAITING)
    waits_for = await face.store.read(_waits_for, viewer=viewer, run_ids=waiting)
    query = {"status": segment, "flow": flow, "text": text.strip(), "mine": "on" if mine else ""}
    return await show(
        request,
        "runs.html",
        runs=page.runs,
        waits_for=waits_for,
        statuses=STATUSES,
        segments=list(SEGMENTS),
        query=query,
        flows=sorted({*face.flows, *([flow] if flow else [])}),
        filtered=any(query.values()),
        later=before is not None,
        older=page.next and queried("/runs", query, before=page.next),
    )


def _waits_for(tx: Any, *, viewer: Viewer, run_ids: tuple[str, ...]) -> dict[str, HumanRequest]:
    """Return an open request that each run waits for, and that the viewer may read."""
    found: dict[str, HumanRequest] = {}
    for run_id in run_ids:
        for request in tx.requests(Filter(PENDING, awaited_by=(run_id,), limit=WAITS_LOOKED_AT)):
            if viewer.sees(request):
                found.setdefault(run_id, request)
    return found


async def _readable(face: Face, caller: Caller, run_id: str) -> StoredRun:
    """Return a run. Raises `UnknownId`, in the same words, for one that there isn't and one that isn't theirs."""
    return await face.store.read(acts.readable_run, caller=caller, run_id=run_id)


@router.get("/runs/{run_id:path}")
async def show_run(request: Request, run_id: str) -> Response:
    """Show one run."""
    caller = await visitor(request)
    return await _run(request, caller, run_id)


async def _run(request: Request, caller: Caller, run_id: str, status: int = 200, **values: Any) -> Response:
    face = face_of(request)
    await _readable(face, caller, run_id)
    found = await face.store.read(_timeline, caller=caller, run_id=run_id)
    run = found.run
    rounds = await face.store.read(_rounds, run=run)
    acts = {act: may_for_run(caller, right, run.initiator) for act, right in ACTS.items()}
    blank: dict[str, Any] = {"problems": {}, "typed": typed_into()}
    return await show(
        request,
        "run.html",
        status,
        run=run,
        told=STATUSES[run.status],
        posts=_told(face, found, face.clock.now()),
        titles={post.request.id: post.request.draft.title for post in found.posts if post.request},
        timeline=found,
        log=[deeds.told(line) for line in found.log],
        alone=run.home is not None or run.queue != run.flow,
        acts=acts,
        difference=(run.error or {}).get("difference"),
        board=rounds[0],
        rounds=rounds[1],
        statuses=STATUSES,
        **{**blank, **values},
    )


def _timeline(tx: Any, *, caller: Caller, run_id: str) -> Timeline:
    """Return the timeline of a run; of what asks only others it has the step, and nothing of the request."""
    found, viewer = read_timeline(tx, run_id=run_id), viewer_of(tx, caller)
    posts = tuple(
        post if post.request is None or viewer.sees(post.request) else replace(post, request=None)
        for post in found.posts
    )
    return replace(found, posts=posts, log=tuple(sorted((*found.log, *_moves(tx, posts)), key=_sequence)))


def _rounds(tx: Any, *, run: StoredRun) -> tuple[str | None, list[StoredRun]]:
    """Return where a run lies on a board, if it is a team's or one of its rounds; and a team's rounds, latest first."""
    if run.parent is not None and tx.team(run.parent) is not None:
        task = run.input.get("task")
        return (of_task(run.parent, task) if isinstance(task, str) else of_board(run.parent)), []
    if tx.team(run.id) is None:
        return None, []
    return of_board(run.id), tx.newest_runs(RunFilter(parent=run.id), None, PAGE)


def _moves(tx: Any, posts: Sequence[Post]) -> list[LogEntry]:
    """Return the lines of the log about requests of these posts that say who moved them."""
    ids = dict.fromkeys(post.request.id for post in posts if post.request is not None)
    return [
        line
        for request_id in list(ids)[:REQUESTS_LOOKED_AT]
        for line in page_of(
            tx, which=LogFilter(request_id=request_id), after=0, limit=MOST, ascending=True
        ).lines
        if line.kind in MOVES
    ]


def _sequence(line: LogEntry) -> int:
    return line.sequence


def _told(face: Face, found: Timeline, now: datetime) -> list[Row]:
    """Return posts with their status, and with the one whose result each was given, as far as a chain tells that."""
    chained = type(face.flows.get(found.run.flow or "")) is Chain
    told: list[Row] = []
    last: Given = None
    for place, post in enumerate(found.posts, 1):
        inner = _inside(found.posts[place:], post.depth)
        repeats = post.kind == "branch" and inner  # its result is that of the last step in it
        shown = replace(post, has_result=False) if repeats else post
        source = last if chained and not post.depth else None
        told.append((shown, _status(post, inner, found.run), source, _waited(post, inner, now)))
        if not post.depth:
            last = (post.name if not post.name.isdigit() else post.kind, place)
    return told


def _waited(post: Post, inner: Sequence[Post], now: datetime) -> float | None:
    """Return how many seconds people took for what a step asked, from its first question to its last answer."""
    asked = [each.request for each in inner if each.request is not None]
    if post.request is not None or post.kind in ("branch", "gather") or not asked:
        return None
    until = max(request.ended_at or now for request in asked)
    return (until - min(request.opened_at for request in asked)).total_seconds()


def _inside(following: Sequence[Post], depth: int) -> list[Post]:
    return list(takewhile(lambda post: post.depth > depth, following))


def _status(post: Post, inner: Sequence[Post], run: StoredRun) -> Told:
    """Return how a step stands: what isn't over waits for what waits in it, while the run isn't over."""
    if post.state not in (State.OPEN, State.BEGUN):
        return post_status(post)
    if run.settled:
        return UNDONE
    return WAITS if any(each.state is State.WAITING for each in inner) else post_status(post)


ACTS = {"cancel": Right.CANCEL, "retry": Right.RETRY, "migrate": Right.MIGRATE}


async def _acting(request: Request, act: str) -> tuple[Caller, FormData, str]:
    """Return who may act on which run. Raises what stands in the way."""
    caller, form = await posted(request)
    run = await _readable(face_of(request), caller, text_of(form, "run"))
    check_run(caller, ACTS[act], run.initiator)
    return caller, form, run.id


@router.post("/run/cancel")
async def cancel(request: Request) -> Response:
    """Cancel a run, and withdraw what it asked."""
    caller, _, run_id = await _acting(request, "cancel")
    try:
        await face_of(request).runs.cancel(run_id, actor=caller.name)
    except Conflict as error:
        return await _run(request, caller, run_id, 409, notice=_blocked(error))
    return go(request, of_run(run_id), "The run was cancelled. What it asked was withdrawn.")


@router.post("/run/retry")
async def retry(request: Request) -> Response:
    """Let a run go on at the step that failed."""
    caller, _, run_id = await _acting(request, "retry")
    try:
        await face_of(request).runs.retry(run_id, actor=caller.name)
    except Conflict as error:
        return await _run(request, caller, run_id, 409, notice=_blocked(error))
    return go(request, of_run(run_id), "The run goes on as soon as a worker that knows its flow takes it.")


@router.post("/run/migrate")
async def migrate(request: Request) -> Response:
    """Map old names of a run's steps to new ones, and let it go on."""
    caller, form, run_id = await _acting(request, "migrate")
    face = face_of(request)
    chosen, own = text_of(form, "mapping"), text_of(form, "own")
    texts = [line.strip() for line in (own if chosen in ("", "own") else chosen).splitlines() if line.strip()]
    try:
        if not texts:
            raise InvalidInput("choose a mapping, or write one: OLD=NEW")
        await face.migrate(run_id, parse_mapping(texts), actor=caller.name)
    except InvalidInput as error:
        return await _run(
            request,
            caller,
            run_id,
            422,
            problems={"mapping": str(error)},
            typed={"mapping": chosen, "own": own},
        )
    except Conflict as error:
        return await _run(request, caller, run_id, 409, notice=_blocked(error))
    return go(
        request, of_run(run_id), f"Mapped {', '.join(texts)}. The next execution shows whether that was all."
    )


def _blocked(error: Conflict) -> dict[str, str]:
    return {"text": f"{error}. Nothing was changed.", "status": "blocked"}

"""Requests over HTTP: list, open, look, decide, and every other move. Who acts comes from the key or the session."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import asdict
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.inbox import listing, moves, views
from handrail.inbox.listing import Listing, View
from handrail.inbox.outbox import channel_name
from handrail.inbox.outside import CHANNEL, Once, open_outside
from handrail.inbox.ports import Order
from handrail.people import access
from handrail.people.rights import Caller, Right
from handrail.requests.errors import FieldProblem, HandrailError, InvalidDecision, InvalidInput
from handrail.requests.identifier import new_id, utc_text
from handrail.requests.record import public
from handrail.requests.request import HumanRequest, Status
from handrail.web import acts
from handrail.web.api import answers, links
from handrail.web.api.bodies import (
    BatchBody,
    BatchItem,
    CommentBody,
    DecisionBody,
    OpenBody,
    ReassignBody,
    WithdrawBody,
    audience_from,
)
from handrail.web.api.responses import reading, writing
from handrail.web.api.route import (
    Claims,
    Comments,
    Decides,
    Escalates,
    Opens,
    ReadsRequests,
    Reassigns,
    Reminds,
    StrictRoute,
    Withdraws,
)
from handrail.web.auth.door import face_of
from handrail.web.face import Face
from handrail.web.failure import as_problem, failure

router = APIRouter(prefix="/api/v1/requests", tags=["requests"], route_class=StrictRoute)

StatusName = Literal["open", "claimed", "resolved", "expired", "withdrawn"]
RequestId = Annotated[str, Path(description="the id of a request", examples=["req_1"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]*$",
        description="yours to choose: the same key and body mean the same thing, however often they are sent",
        examples=["7b0c3a52"],
    ),
]


def told(request: HumanRequest, caller: Caller, status: int = 200) -> JSONResponse:
    """Return a request as an answer."""
    return JSONResponse(public(request, caller.name), status)


@router.get("", summary="List requests", responses=reading(answers.RequestPage), operation_id="list_requests")
async def list_requests(
    request: Request,
    caller: ReadsRequests,
    view: Annotated[
        View | None,
        Query(description="which of those you may read; by default `open`, or what `status` needs"),
    ] = None,
    status: Annotated[
        list[StatusName] | None, Query(description="only these; again for each", max_length=5)
    ] = None,
    sort: Annotated[
        Order, Query(description="of open ones; what has ended comes with the latest first")
    ] = "due",
    flow: Annotated[str | None, Query(max_length=200, description="only of this flow")] = None,
    text: Annotated[
        str | None, Query(max_length=200, description="in the title, the flow or the run's id")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=listing.MOST)] = 50,
) -> Response:
    """List what you may read, in pages."""
    face = face_of(request)
    viewer = await face.store.read(access.viewer_of, caller)
    statuses = frozenset(Status(name.upper()) for name in status or ())
    page = await listing.page(
        face.store,
        viewer,
        Listing(view or listing.view_of(statuses), sort, flow, text, statuses),
        now=face.clock.now(),
        after=cursor,
        limit=limit,
    )
    return JSONResponse({"items": [_row(row) for row in page.rows], "next": page.next})


def _row(row: listing.Row) -> dict[str, Any]:
    found = asdict(row)
    found["due_at"] = found.pop("deadline")
    for name in ("due_at", "opened_at", "ended_at"):
        found[name] = found[name] and utc_text(found[name])
    return found


@router.post(
    "",
    status_code=201,
    summary="Ask people something",
    responses={
        **writing(answers.Request, 409, done=201, links=links.of_request()),
        200: {"model": answers.Request, "description": "It was opened by an earlier call with this key."},
    },
    operation_id="open_request",
)
async def open_request(
    request: Request, caller: Opens, body: OpenBody, idempotency_key: IdempotencyKey = None
) -> Response:
    """Open a request from outside, without a run; `callback_url` is called once it has ended."""
    face = face_of(request)
    channels = tuple(dict.fromkeys(body.channels))
    _check_channels(face, channels)
    if body.callback_url is not None:
        await face.outgoing.check(body.callback_url)
        channels = tuple(dict.fromkeys((*channels, CHANNEL)))
    has_schema = body.response_schema is not None or body.proposal_schema is not None
    # A schema may take long to check: then others go on meanwhile.
    draft = await asyncio.to_thread(body.built, channels) if has_schema else body.built(channels)
    once = None
    if idempotency_key is not None:
        once = Once(caller.name, idempotency_key, _digest(await request.json()))
    now = face.clock.now()
    opened, new = await face.store.do(
        open_outside,
        draft,
        now=now,
        request_id=new_id("req", now),
        initiator=caller.name,
        once=once,
        callback_url=body.callback_url,
    )
    answer = told(opened, caller, 201 if new else 200)
    answer.headers["location"] = f"/api/v1/requests/{opened.id}"
    return answer


def _check_channels(face: Face, channels: Collection[str]) -> None:
    """Raise `InvalidInput` for a channel that the app doesn't have: nobody would ever be told through it."""
    known = face.channels
    if known is not None and (unknown := [name for name in channels if channel_name(name) not in known]):
        told = (
            f"must be among {', '.join(sorted(known))}"
            if known
            else "must be empty: this app has no channels"
        )
        raise InvalidInput(
            f"there is no channel {unknown[0][:80]!r} here: it {told}",
            fields=[FieldProblem("channels", told)],
        )


def _digest(body: Any) -> str:
    """Return the hash of a body, whatever the order of its keys."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@router.post(
    "/batch-decisions",
    summary="Decide on many requests",
    responses=writing(answers.BatchResults),
    operation_id="decide_many",
)
async def decide_many(request: Request, caller: Decides, body: BatchBody) -> Response:
    """Decide on each request by itself, in a transaction of its own: some may succeed while others fail."""
    face = face_of(request)
    results = await asyncio.gather(*(_decided(request, face, caller, item) for item in body.decisions))
    return JSONResponse({"results": results})


async def _decided(request: Request, face: Face, caller: Caller, item: BatchItem) -> dict[str, Any]:
    try:
        found = await _decide(face, caller, item.request_id, item)
    except HandrailError as error:
        what = failure(error, caller.name)
        path, reference = f"/api/v1/requests/{item.request_id}/decisions", request.state.reference
        problem = as_problem(what, instance=path, reference=reference)
        return {"request_id": item.request_id, "status": what.status, "problem": problem}
    return {"request_id": item.request_id, "status": 200, "request": public(found, caller.name)}


async def _decide(face: Face, caller: Caller, request_id: str, body: DecisionBody) -> HumanRequest:
    try:
        return await acts.decide(
            face,
            caller,
            request_id,
            body.verb,
            payload=body.payload,
            comment=body.comment,
            seen_hash=body.content_hash,
        )
    except InvalidDecision as error:
        fields = [FieldProblem(_place(field.path, body.payload), field.message) for field in error.fields]
        raise InvalidDecision(str(error), fields=fields) from None


def _place(path: str, payload: Any) -> str:
    """Return where in the body a problem lies: the inbox says where in the payload, or names a field of the body."""
    first = path.partition(".")[0]
    in_payload = isinstance(payload, dict) and first in payload
    if first in ("verb", "comment", "payload") and not in_payload:
        return path
    return f"payload.{path}".rstrip(".")


@router.get(
    "/{request_id}",
    summary="Look at a request",
    responses=reading(answers.RequestDetail, 404),
    operation_id="show_request",
)
async def show_request(request: Request, caller: ReadsRequests, request_id: RequestId) -> Response:
    """Return a request with its comments and its log, and what the revision before it proposed."""
    face = face_of(request)
    await face.store.read(access.readable, caller=caller, request_id=request_id)
    return JSONResponse(await views.detail(face.store, request_id, viewer=caller.name))


@router.post(
    "/{request_id}/decisions",
    summary="Decide",
    responses=writing(answers.Request, 404, 409, links=links.of_request()),
    operation_id="decide",
)
async def decide(request: Request, caller: Decides, request_id: RequestId, body: DecisionBody) -> Response:
    """Add your decision; the policy says whether that is the outcome. Send the `content_hash` of what was shown."""
    return told(await _decide(face_of(request), caller, request_id, body), caller)


@router.post(
    "/{request_id}/claim",
    summary="Claim",
    responses=writing(answers.Request, 404, 409),
    operation_id="claim",
)
async def claim(request: Request, caller: Claims, request_id: RequestId) -> Response:
    """Reserve a request for yourself, where one decision is the outcome."""
    return await _moved(request, caller, Right.CLAIM, moves.claim, request_id)


@router.post(
    "/{request_id}/release",
    summary="Release",
    responses=writing(answers.Request, 404, 409),
    operation_id="release",
)
async def release(request: Request, caller: Claims, request_id: RequestId) -> Response:
    """Give back a request that you have claimed."""
    return await _moved(request, caller, Right.CLAIM, moves.release, request_id)


@router.post(
    "/{request_id}/escalate",
    summary="Escalate",
    responses=writing(answers.Request, 404, 409),
    operation_id="escalate",
)
async def escalate(request: Request, caller: Escalates, request_id: RequestId) -> Response:
    """Take the next rung of the ladder now."""
    return await _moved(request, caller, Right.ESCALATE, moves.escalate, request_id)


@router.post(
    "/{request_id}/remind",
    summary="Remind",
    responses=writing(answers.Request, 404, 409),
    operation_id="remind",
)
async def remind(request: Request, caller: Reminds, request_id: RequestId) -> Response:
    """Remind the people asked now."""
    return await _moved(request, caller, Right.REMIND, moves.remind, request_id)


@router.post(
    "/{request_id}/withdraw",
    summary="Withdraw",
    responses=writing(answers.Request, 404, 409),
    operation_id="withdraw",
)
async def withdraw(
    request: Request, caller: Withdraws, request_id: RequestId, body: WithdrawBody | None = None
) -> Response:
    """Take a request back; nobody can decide it any more."""
    reason = body.reason if body is not None else None
    return await _moved(request, caller, Right.WITHDRAW, moves.withdraw, request_id, reason=reason)


@router.post(
    "/{request_id}/reassign",
    summary="Reassign",
    responses=writing(answers.Request, 404, 409),
    operation_id="reassign",
)
async def reassign(
    request: Request, caller: Reassigns, request_id: RequestId, body: ReassignBody
) -> Response:
    """Ask other people instead; who was excluded stays excluded."""
    to = audience_from(body.to)
    return await _moved(
        request, caller, Right.REASSIGN, moves.reassign, request_id, to=to, reason=body.reason
    )


@router.post(
    "/{request_id}/comments",
    summary="Comment",
    responses=writing(answers.Request, 404, 409),
    operation_id="comment",
)
async def comment(request: Request, caller: Comments, request_id: RequestId, body: CommentBody) -> Response:
    """Say something about an open request."""
    return await _moved(request, caller, Right.COMMENT, moves.comment, request_id, text=body.text)


async def _moved(
    request: Request, caller: Caller, right: Right, unit: Any, request_id: str, **arguments: Any
) -> JSONResponse:
    return told(await acts.move(face_of(request), caller, right, unit, request_id, **arguments), caller)

"""Runs over HTTP: start, list, look, cancel, retry, migrate."""

from dataclasses import asdict
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.people import access, rights
from handrail.people.rights import Caller, Right
from handrail.requests.content import SEPARATOR
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.record import public as public_request
from handrail.runs import listing
from handrail.runs.history import read_history
from handrail.runs.migration import parse_mapping
from handrail.runs.ports import RunFilter
from handrail.runs.run import RunStatus, StoredRun, public
from handrail.runs.runs import check_run_id
from handrail.web import acts
from handrail.web.api import answers, links
from handrail.web.api.bodies import MigrateBody, StartBody
from handrail.web.api.requests import IdempotencyKey
from handrail.web.api.responses import reading, writing
from handrail.web.api.route import Cancels, Migrates, ReadsRuns, Retries, Starts, StrictRoute
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1/runs", tags=["runs"], route_class=StrictRoute)

RunId = Annotated[str, Path(description="the id of a run", examples=["post-1"])]


@router.post(
    "",
    status_code=201,
    summary="Start a run",
    responses={
        **writing(answers.Run, 409, done=201, links=links.of_run()),
        200: {"model": answers.Run, "description": "It was started by an earlier call."},
    },
    operation_id="start_run",
)
async def start_run(
    request: Request, caller: Starts, body: StartBody, idempotency_key: IdempotencyKey = None
) -> Response:
    """Store a run for the workers. The same `run_id`, or `Idempotency-Key`, and input mean the same run."""
    face = face_of(request)
    if body.flow not in face.flows:
        raise InvalidInput(
            f"there is no flow {body.flow[:80]!r} here; GET /api/v1/flows lists them",
            fields=[FieldProblem("flow", "is not known here")],
        )
    run_id = _run_id(caller, body, idempotency_key)
    existing = run_id is not None and await face.store.read(_exists, run_id=run_id)
    run = await face.start(body.flow, body.input, run_id, initiator=caller.name)
    if existing or run.initiator != caller.name:
        # Whoever guesses the id of somebody's run learns that it is taken, and nothing more.
        run = await face.store.read(acts.own_run, caller=caller, run_id=run.id)
    headers = {"location": f"/api/v1/runs/{quote(run.id, safe='')}"}
    return JSONResponse(public(run), 200 if existing else 201, headers)


def _exists(tx: Any, *, run_id: str) -> bool:
    return tx.run(run_id) is not None


def _run_id(caller: Caller, body: StartBody, key: str | None) -> str | None:
    """Return the run's id: given, or made of caller and key so that it is the same again."""
    if key is None:
        return None if body.run_id is None else check_run_id(body.run_id)
    if body.run_id is not None:
        raise InvalidInput("send run_id or Idempotency-Key, not both: each makes the run the same again")
    return f"key-{sha256(SEPARATOR.join([caller.name, key]).encode()).hexdigest()[:32]}"


@router.get("", summary="List runs", responses=reading(answers.RunPage), operation_id="list_runs")
async def list_runs(
    request: Request,
    caller: ReadsRuns,
    status: Annotated[RunStatus | None, Query(description="only these")] = None,
    flow: Annotated[str | None, Query(max_length=200, description="only of this flow")] = None,
    text: Annotated[str | None, Query(max_length=200, description="in the id")] = None,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=listing.MOST)] = 50,
) -> Response:
    """List the runs that you have started, or that ask or asked you, the newest first."""
    store = face_of(request).store
    viewer = await store.read(access.viewer_of, caller)
    which = RunFilter((status,) if status else (), flow, text)
    page = await listing.page(store, viewer, which, after=cursor, limit=limit)
    return JSONResponse({"items": [_row(run) for run in page.runs], "next": page.next})


def _row(run: StoredRun) -> dict[str, Any]:
    return {name: value for name, value in public(run).items() if name in answers.RunRow.model_fields}


@router.post(
    "/{run_id:path}/cancel",
    summary="Cancel",
    responses=writing(answers.Run, 404, 409),
    operation_id="cancel_run",
)
async def cancel_run(request: Request, caller: Cancels, run_id: RunId) -> Response:
    """Cancel a run and withdraw its requests."""
    await _check(request, caller, Right.CANCEL, run_id)
    return _told(await face_of(request).runs.cancel(run_id, actor=caller.name))


@router.post(
    "/{run_id:path}/retry",
    summary="Retry",
    responses=writing(answers.Run, 404, 409),
    operation_id="retry_run",
)
async def retry_run(request: Request, caller: Retries, run_id: RunId) -> Response:
    """Let a FAILED run go on at the step that failed, or one that NEEDS_ATTENTION try its flow again."""
    await _check(request, caller, Right.RETRY, run_id)
    return _told(await face_of(request).runs.retry(run_id, actor=caller.name))


@router.post(
    "/{run_id:path}/migrate",
    summary="Migrate",
    responses=writing(answers.Run, 404, 409),
    operation_id="migrate_run",
)
async def migrate_run(request: Request, caller: Migrates, run_id: RunId, body: MigrateBody) -> Response:
    """Bring a run to a changed flow by mapping old names of its steps to new ones."""
    await _check(request, caller, Right.MIGRATE, run_id)
    mapping = parse_mapping(body.map)
    return _told(await face_of(request).migrate(run_id, mapping, actor=caller.name))


@router.get(
    "/{run_id:path}",
    summary="Look at a run",
    responses=reading(answers.RunDetail, 404),
    operation_id="show_run",
)
async def show_run(request: Request, caller: ReadsRuns, run_id: RunId) -> Response:
    """Return a run with its steps, and those of its requests that you may read."""
    store = face_of(request).store
    run = await store.read(acts.readable_run, caller=caller, run_id=run_id)
    found = await store.read(read_history, run_id=run.id)
    viewer = await store.read(access.viewer_of, caller)
    readable = [
        each for each in found.requests if rights.may(caller, Right.READ_REQUESTS) and viewer.sees(each)
    ]
    return JSONResponse(
        {
            **public(run),
            "steps": found.steps,
            "requests": [public_request(each, caller.name) for each in readable],
            "migrate": [asdict(suggestion) for suggestion in found.suggestions],
        }
    )


async def _check(request: Request, caller: Caller, right: Right, run_id: str) -> None:
    """Raise `UnknownId` or `NotAllowed` unless the caller may do that with a run: its initiator never changes."""
    await face_of(request).store.read(acts.readable_run, caller=caller, run_id=run_id, right=right)


def _told(run: StoredRun) -> JSONResponse:
    return JSONResponse(public(run))

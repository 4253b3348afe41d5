"""Boards of teams over HTTP: look at them, validate, give feedback, unblock, pause, resume, stop.

A team is started as any flow is. Run ids may have slashes: what stands behind one in an address goes before it.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.inbox import cursor
from handrail.inbox.filing import Place
from handrail.people import access
from handrail.people.rights import Caller, Right
from handrail.runs import listing
from handrail.teams import moves, record
from handrail.teams.ports import TeamTransaction
from handrail.teams.status import TaskStatus, WorkflowStatus
from handrail.web import acts
from handrail.web.api import board_answers as answers
from handrail.web.api import links
from handrail.web.api.bodies import FeedbackBody, UnblockBody, ValidationBody
from handrail.web.api.responses import reading, writing
from handrail.web.api.route import Decides, GivesFeedback, ReadsRuns, Steers, StrictRoute
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1/boards", tags=["boards"], route_class=StrictRoute)

LOG = "board log"
MOST_EVENTS = 200

RunId = Annotated[str, Path(description="the id of a run of a team", examples=["spec-1"])]
TaskId = Annotated[str, Path(description="the id of a task", examples=["task1"])]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]


@router.get("", summary="List boards", responses=reading(answers.BoardPage), operation_id="list_boards")
async def list_boards(
    request: Request,
    caller: ReadsRuns,
    team: Annotated[str | None, Query(max_length=200, description="only of this team")] = None,
    status: Annotated[WorkflowStatus | None, Query(description="only these")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=listing.MOST)] = 50,
) -> Response:
    """List the runs of teams that you have started, or that ask or asked you, the newest first."""
    store = face_of(request).store
    viewer = await store.read(access.viewer_of, caller)
    statuses = (status,) if status else ()
    return JSONResponse(
        await store.read(record.page, viewer=viewer, statuses=statuses, team=team, after=cursor, limit=limit)
    )


@router.get(
    "/{run_id:path}/tasks/{task_id}",
    summary="Look at a task",
    responses=reading(answers.TaskDetail, 404),
    operation_id="show_task",
)
async def show_task(request: Request, caller: ReadsRuns, run_id: RunId, task_id: TaskId) -> Response:
    """Return a task with its result, its feedback, and what each round of its agent came to."""
    return JSONResponse(await _read(request, caller, record.task, run_id, task=task_id))


@router.get(
    "/{run_id:path}/tasks",
    summary="List tasks",
    responses=reading(answers.Tasks, 404),
    operation_id="list_tasks",
)
async def list_tasks(
    request: Request,
    caller: ReadsRuns,
    run_id: RunId,
    status: Annotated[TaskStatus | None, Query(description="only these")] = None,
) -> Response:
    """List the tasks of a board, in order."""
    return JSONResponse({"items": await _read(request, caller, record.tasks, run_id, status=status)})


@router.get(
    "/{run_id:path}/log",
    summary="Read a board's log",
    responses=reading(answers.BoardLog, 404),
    operation_id="show_board_log",
)
async def show_log(
    request: Request,
    caller: ReadsRuns,
    run_id: RunId,
    task: Annotated[str | None, Query(max_length=80, description="only of this task")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 50,
) -> Response:
    """Return what has happened on a board, in order: from these events alone it can be rebuilt."""
    after = 0 if cursor is None else _sequence(cursor, run_id)
    found, last = await _read(request, caller, record.log, run_id, task=task, after=after, limit=limit)
    return JSONResponse({"items": found, "next": _cursor(last, run_id)})


def _sequence(text: str, run_id: str) -> int:
    place = cursor.read(text, LOG)
    if place.id != run_id:
        raise cursor.refused()
    return place.moment


def _cursor(last: int | None, run_id: str) -> str | None:
    return None if last is None else cursor.write(Place(run_id, 0, last), LOG)


@router.get(
    "/{run_id:path}",
    summary="Look at a board",
    responses=reading(answers.Board, 404),
    operation_id="show_board",
)
async def show_board(request: Request, caller: ReadsRuns, run_id: RunId) -> Response:
    """Return a run of a team with its tasks, what it has used, and whom it waits for."""
    return JSONResponse(await _read(request, caller, record.board, run_id))


@router.post(
    "/{run_id:path}/tasks/{task_id}/feedback",
    summary="Give feedback on a task",
    responses=writing(answers.TaskDetail, 404, 409, links=links.of_task()),
    operation_id="give_feedback",
)
async def give_feedback(
    request: Request, caller: GivesFeedback, run_id: RunId, task_id: TaskId, body: FeedbackBody
) -> Response:
    """Say what is to be different, at any point. What depends on the result is done again."""
    act, right = moves.give_feedback, Right.FEEDBACK
    return await _task(request, caller, right, act, run_id, task_id, content=body.content, round=body.round)


@router.post(
    "/{run_id:path}/tasks/{task_id}/validation",
    summary="Validate a task",
    responses=writing(answers.TaskDetail, 404, 409, links=links.of_task()),
    operation_id="validate_task",
)
async def validate_task(
    request: Request, caller: Decides, run_id: RunId, task_id: TaskId, body: ValidationBody | None = None
) -> Response:
    """Approve the result of a task that awaits validation. Send the `round` of what was shown."""
    body, act = body or ValidationBody(), moves.validate
    return await _task(
        request, caller, Right.DECIDE, act, run_id, task_id, round=body.round, comment=body.comment
    )


@router.post(
    "/{run_id:path}/tasks/{task_id}/unblock",
    summary="Unblock a task",
    responses=writing(answers.TaskDetail, 404, 409, links=links.of_task()),
    operation_id="unblock_task",
)
async def unblock_task(
    request: Request, caller: GivesFeedback, run_id: RunId, task_id: TaskId, body: UnblockBody | None = None
) -> Response:
    """Say that the obstacle of a BLOCKED task is removed."""
    note = body.note if body is not None else None
    return await _task(request, caller, Right.FEEDBACK, moves.unblock, run_id, task_id, note=note)


async def _task(
    request: Request,
    caller: Caller,
    right: Right,
    unit: Callable[..., Any],
    run_id: str,
    task_id: str,
    **arguments: Any,
) -> JSONResponse:
    face = face_of(request)
    await acts.steer(face, caller, right, unit, run_id, task=task_id, **arguments)
    return JSONResponse(await face.store.read(record.task, run_id=run_id, task=task_id))


@router.post(
    "/{run_id:path}/pause",
    summary="Pause a team",
    responses=writing(answers.Board, 404, 409, links=links.of_board()),
    operation_id="pause_team",
)
async def pause_team(request: Request, caller: Steers, run_id: RunId) -> Response:
    """Let agents end the call they are in, and begin no other."""
    return await _board(request, caller, moves.pause, run_id)


@router.post(
    "/{run_id:path}/resume",
    summary="Resume a team",
    responses=writing(answers.Board, 404, 409, links=links.of_board()),
    operation_id="resume_team",
)
async def resume_team(request: Request, caller: Steers, run_id: RunId) -> Response:
    """Let a team that was paused, or has met an error, go on."""
    return await _board(request, caller, moves.resume, run_id)


@router.post(
    "/{run_id:path}/stop",
    summary="Stop a team",
    responses=writing(answers.Board, 404, 409, links=links.of_board()),
    operation_id="stop_team",
)
async def stop_team(request: Request, caller: Steers, run_id: RunId) -> Response:
    """End the work for good: no agent works any more, and nobody is asked."""
    return await _board(request, caller, moves.stop, run_id)


async def _board(request: Request, caller: Caller, unit: Callable[..., Any], run_id: str) -> JSONResponse:
    face = face_of(request)
    await acts.steer(face, caller, Right.STEER, unit, run_id)
    return JSONResponse(await face.store.read(record.board, run_id=run_id))


async def _read(
    request: Request, caller: Caller, unit: Callable[..., Any], run_id: str, **arguments: Any
) -> Any:
    """Return what a unit reads of a board, if the caller reads its run; both at one moment."""
    return await face_of(request).store.read(
        _readable, look=unit, caller=caller, run_id=run_id, arguments=arguments
    )


def _readable(
    tx: TeamTransaction, *, look: Callable[..., Any], caller: Caller, run_id: str, arguments: dict[str, Any]
) -> Any:
    acts.readable_run(tx, caller=caller, run_id=run_id)
    return look(tx, run_id=run_id, **arguments)

"""What happens, as it happens: the tail of the log as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from handrail.web.api.responses import problems
from handrail.web.api.route import ReadsRequests, StrictRoute
from handrail.web.sight import wanted
from handrail.web.stream import follow, position

router = APIRouter(prefix="/api/v1", tags=["events"], route_class=StrictRoute)

EXAMPLE = """retry: 2000
id: 41

id: 42
event: decided
data: {"request_id": "req_0198c1", "run_id": "post-1", "kind": "decided", "at": "2025-06-01T12:00:00Z"}

"""


@router.get(
    "/events",
    summary="Follow what happens",
    operation_id="follow_events",
    response_class=Response,
    responses={
        200: {
            "description": "Events without end. Each carries ids only: read the request, run or `board` for more.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **problems(429),
    },
)
async def events(
    request: Request,
    caller: ReadsRequests,
    kinds: Annotated[
        list[str] | None,
        Query(description="Only these, e.g. `opened`, `decided`, `run_failed`, `task_moved`"),
    ] = None,
    flow: Annotated[str | None, Query(description="Only of this flow")] = None,
    run_id: Annotated[str | None, Query(description="Only of this run and its requests")] = None,
    request_id: Annotated[str | None, Query(description="Only of this request")] = None,
    after: Annotated[str | None, Query(description="Begin behind this id, `0` for all there was")] = None,
    last_event_id: Annotated[str | None, Header(description="Goes before `after`")] = None,
) -> Response:
    """Follow what happens to requests and runs that you may read, from now on or behind an id.

    Events are those of the log, in order, each once. An id that this log hasn't reached begins now, with
    `event: reset`.
    """
    # One value with commas means the same as several.
    named = [kind for each in kinds or () for kind in each.split(",") if kind]
    which = wanted(named, flow, run_id, request_id)
    return await follow(request, caller, which, position(last_event_id, after))

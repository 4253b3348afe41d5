"""What pages listen to: what happens to what their reader sees, and hints that counts and lists have changed."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from handrail.web.auth.door import caller_of
from handrail.web.sight import EVERYTHING
from handrail.web.stream import follow, position

router = APIRouter()


@router.get("/live")
async def live(
    request: Request,
    after: Annotated[str | None, Query()] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow what happens. A stranger gets 401 and no page to sign in: a script reads this, which stops then."""
    caller = await caller_of(request)
    if caller is None or caller.session is None:
        return Response(status_code=401)
    return await follow(request, caller, EVERYTHING, position(last_event_id, after), hints=True)


@router.get("/live/alive")
async def alive(request: Request) -> Response:
    """Say whether the session goes on (204) or has ended (401): a stream that broke off can't tell."""
    caller = await caller_of(request)
    return Response(status_code=401 if caller is None or caller.session is None else 204)

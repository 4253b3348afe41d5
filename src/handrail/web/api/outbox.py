"""The outbox over HTTP, for admins: what is told through channels, and trying it again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handrail.inbox import messages, retrying
from handrail.inbox.ports import MessageFilter
from handrail.web.api import answers, links
from handrail.web.api.responses import reading, writing
from handrail.web.api.route import LooksAfterMessages, StrictRoute
from handrail.web.auth.door import face_of

router = APIRouter(prefix="/api/v1/outbox", tags=["outbox"], route_class=StrictRoute)

MessageId = Annotated[str, Path(max_length=200, description="the id of a message", examples=["msg_1"])]


@router.get("", summary="List messages", responses=reading(answers.MessagePage), operation_id="list_messages")
async def list_messages(
    request: Request,
    caller: LooksAfterMessages,
    state: Annotated[Literal["pending", "failed"] | None, Query(description="only these")] = None,
    channel: Annotated[str | None, Query(max_length=200, description="only of this channel")] = None,
    request_id: Annotated[str | None, Query(max_length=200, description="only about this request")] = None,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=messages.MOST)] = 50,
) -> Response:
    """List what is told through channels, the newest first, in pages. What a comment says isn't told."""
    which = MessageFilter(state, channel, request_id)
    store = face_of(request).store
    page = await messages.page(store, which, viewer=caller.name, after=cursor, limit=limit)
    return JSONResponse({"items": [messages.public(each) for each in page.messages], "next": page.next})


@router.post(
    "/{message_id}/retry",
    summary="Try a message again",
    responses=writing(answers.Message, 404, 409, links=links.of_message()),
    operation_id="retry_message",
)
async def retry_message(request: Request, caller: LooksAfterMessages, message_id: MessageId) -> Response:
    """Let a message be tried now that was given up, or waits long for its next try.

    What is due within two minutes anyway stays as it is: it may be on its way.
    """
    face = face_of(request)
    again = await face.store.do(
        retrying.retry, message_id=message_id, actor=caller.actor, now=face.clock.now()
    )
    return JSONResponse(messages.public(again))

"""Server-sent events: how what has happened is written, and a response that ends with its reader, or with the server.

retry: 2000         how soon to come back, in milliseconds
id: 41              where the stream stands, also where there was nothing to tell

id: 42              the sequence in the log: send it back as `Last-Event-ID` to go on behind it
event: decided
data: {"request_id": ..., "run_id": ..., "kind": "decided", "at": ...}

What happens on a board of a team has `board` beside that: where the board is.
"""

import asyncio
import json
from contextlib import suppress
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from handrail.inbox.happening import Happening
from handrail.people.rights import Caller
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.identifier import parse_time, utc_text
from handrail.web.auth.credential import Credential
from handrail.web.auth.door import cookie_name, face_of
from handrail.web.live import Subscription, Tail
from handrail.web.sight import BOARD, Wanted

RETRY = 2000
HEARTBEAT = 15.0
"""seconds of silence until a comment is sent: what stands between us and a reader closes what is silent"""
HINTS = 1.0
"""seconds between two hints"""
LAST_WORDS = 1.0
"""seconds that the end of a stream may take"""
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


def position(header: str | None, after: str | None) -> int | None:
    """Return behind which sequence a reader goes on: their `Last-Event-ID`, else `after`; None for from now on.

    Raises `InvalidInput` for what is no sequence.

    >>> position("42", "7"), position(None, None)
    (42, None)
    """
    given = header if header else after
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        name = "Last-Event-ID" if header else "after"
        raise InvalidInput(
            f"{name} is no place in the log: send the id of an event, or nothing to begin now",
            fields=[FieldProblem(name, "must be the id of an event, a whole number")],
        )
    return int(given)


def written(one: Happening) -> str:
    """Return something that has happened as an event: ids, and no content."""
    at = utc_text(parse_time(one.at))
    data = {"request_id": one.request_id, "run_id": one.run_id, "kind": one.kind, "at": at}
    if one.kind in BOARD:
        data["board"] = f"/api/v1/boards/{quote(one.run_id or '')}"
    return f"id: {one.sequence}\nevent: {one.kind}\ndata: {json.dumps(data)}\n\n"


def credential_of(request: Request) -> Credential:
    """Return what the caller was found by; a key goes before a session, as at the door."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Credential("key", text.strip())
    return Credential("session", request.cookies.get(cookie_name(face_of(request)), ""))


async def follow(
    request: Request, caller: Caller, which: Wanted, after: int | None, *, hints: bool = False
) -> "EventStream":
    """Begin a stream for a caller. Raises `Throttled` for one who has too many."""
    tail = face_of(request).tail
    begun = await tail.subscribe(caller, credential_of(request), which, after)
    return EventStream(tail, begun, hints=hints)


class EventStream(Response):
    """Sends a subscription's events until the reader leaves or it ends.

    With `hints` it says, at most once a second, that counts and lists may have changed: `event: counts`.
    """

    def __init__(self, tail: Tail, subscription: Subscription, *, hints: bool = False) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(HEADERS)
        self._tail = tail
        self._subscription = subscription
        self._hints = hints
        self._due: float | None = None
        self._hinted = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        others = [asyncio.create_task(_left(receive)), asyncio.create_task(self._subscription.over.wait())]
        try:
            await asyncio.wait([sending, *others], return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():  # it may hang in a connection that takes nothing any more
                await asyncio.wait([sending], timeout=LAST_WORDS if self._subscription.ended else 0)
        finally:
            self._tail.unsubscribe(self._subscription)
            for task in (sending, *others):
                task.cancel()
            await asyncio.wait([sending, *others])
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await self._say(send, self._greeting())
        while not self._subscription.ended:
            found = await self._subscription.next(self._patience())
            await self._say(send, self._written(found))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _say(self, send: Send, text: str) -> None:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    def _greeting(self) -> str:
        where = self._subscription.position
        reset = f"event: reset\ndata: {json.dumps({'last': where})}\n\n" if self._subscription.reset else ""
        return f"retry: {RETRY}\nid: {where}\n\n{reset}"

    def _patience(self) -> float:
        """Return how many seconds may pass until something is said."""
        if self._due is None:
            return HEARTBEAT
        return max(0.0, self._due - asyncio.get_running_loop().time())

    def _written(self, found: list[Happening]) -> str:
        text = "".join(map(written, found))
        if self._hints and (found or self._subscription.fewer) and self._due is None:
            self._due = self._hinted + HINTS
        self._subscription.fewer = False
        moment = asyncio.get_running_loop().time()
        if self._due is not None and self._due <= moment:
            self._due, self._hinted = None, moment
            text += "event: counts\ndata: {}\n\n"
        # An id without data moves a reader on through what isn't for them.
        return text or f":\nid: {self._subscription.position}\n\n"


async def _left(receive: Receive) -> None:
    """Return once the reader has left."""
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass

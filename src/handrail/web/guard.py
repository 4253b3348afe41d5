"""Before any route: the host is ours, the body is not too large. After it: the headers of a strict page."""

import asyncio
import itertools
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handrail.web.failure import Refused

MOST = 5 * 1024 * 1024
"""bytes of a posted form: 1 MiB of text takes up to three times that as forms are written, beside other fields"""
MOST_JSON = 1024 * 1024
"""bytes of a body of the API, and of what calls a channel"""
PROGRAMS = ("/api/", "/channels/")

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


_RUN = secrets.token_hex(2)
_count = itertools.count(1)
"""of what was answered: with `_RUN` a reference for the log, which needs no randomness for each"""


class Guard:
    """The outermost layer of the server. It raises `Refused` inside `app`, which tells it as any other error."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], secure: bool) -> None:
        self._app = app
        self._hosts = hosts
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        scope["state"]["reference"] = f"{_RUN}{next(_count) & 0xFFFFFF:06x}"
        headers = Headers(scope=scope)
        scope["state"]["refused"] = self._refusal(scope, headers)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(scope, MutableHeaders(scope=message))
            await send(message)

        most = MOST_JSON if scope["path"].startswith(PROGRAMS) else MOST
        if scope["method"] == "HEAD":
            await _head(self._app, scope, receive, sending)
        else:
            await self._app(scope, _bounded(receive, most), sending)

    def _refusal(self, scope: Scope, headers: Headers) -> Refused | None:
        """Say why a request is not answered at all: a host that isn't ours is how foreign pages reach loopback."""
        host = _host(f"//{headers.get('host', '')}")
        if host not in self._hosts:
            return Refused(
                f"this server does not answer to the host {host!r:.80}; open it by its own address",
                status=421,
            )
        origin = headers.get("origin")
        if scope["method"] in ("GET", "HEAD", "OPTIONS") or origin is None:
            return None
        if _host(origin) not in self._hosts or urlsplit(origin).netloc != headers["host"]:
            return Refused(
                "this came from another site's page; send it from Handrail's own pages",
                status=403,
                rule="origin",
            )
        return None

    def _add_headers(self, scope: Scope, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("cache-control", "no-store")
        headers["x-request-id"] = scope["state"]["reference"]
        if self._secure:
            headers["strict-transport-security"] = "max-age=31536000"


async def _head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as GET is answered, without the body: what it leads to is told whichever method asks."""
    over = asyncio.Event()

    async def receiving() -> Message:
        asked = asyncio.ensure_future(receive())
        ended = asyncio.create_task(over.wait())
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if over.is_set():  # a stream would go on for ever
            asked.cancel()
            return {"type": "http.disconnect"}
        return await asked

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
        elif not over.is_set():
            over.set()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    await app({**scope, "method": "GET"}, receiving, sending)


def _host(address: str) -> str:
    """Return the host of an address; nothing, where there is none that can be read."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _bounded(receive: Receive, most: int) -> Receive:
    """Return `receive`, raising `Refused` once more than `most` bytes of the body came."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise Refused(f"the body is over {most:,} bytes; send less, or a reference to it", status=413)
        return message

    return receiving

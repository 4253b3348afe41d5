"""The Web API over HTTP: reads a call, checks token and scope, lets its method answer, and fails on demand."""

import asyncio
import json
from typing import Any

from aiohttp import web

from tests.support.slack import method_chat, method_conversations, method_users, method_views
from tests.support.slack.calls import Call
from tests.support.slack.faults import Fault
from tests.support.slack.methods import METHODS, Method, needs
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State

__all__ = ["METHODS", "WebApi", "method_chat", "method_conversations", "method_users", "method_views"]


class WebApi:
    """Answers `/api/<method>`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        state, name = self._state, request.match_info["method"]
        call = Call(name, await _arguments(request, METHODS.get(name)), state.clock.now())
        state.calls.append(call)
        state.changes.notify()
        fault = state.faults.next(name)
        if fault.done:
            self._do(request, call, fault)
        await _held(state, fault)
        if not fault.done and not fault.drop:
            self._do(request, call, fault)
        if fault.drop:
            call.status = None
            return _dropped(request)
        return web.json_response(call.answer, status=call.status or 200, headers=call.headers)

    def _do(self, request: web.Request, call: Call, fault: Fault) -> None:
        try:
            if fault.refuse:
                raise fault.refuse
            self._authorize(_token(request, call), METHODS.get(call.method))
            call.answer = {"ok": True, **METHODS[call.method].handler(self._state, call)}
            call.status = 200
        except Refused as refused:
            call.answer, call.status, call.headers = refused.body(), refused.status, refused.headers
        self._state.changes.notify()

    def _authorize(self, token: str | None, method: Method | None) -> None:
        app = self._state.app
        if method is None:
            raise Refused("unknown_method")
        if not token:
            raise Refused("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise Refused("invalid_auth")
        if app.revoked:
            raise Refused("token_revoked")
        if token != (app.bot_token if method.token == "bot" else app.app_token):
            raise Refused("not_allowed_token_type")
        if method.scope:
            needs(self._state, method.scope)


async def _held(state: State, fault: Fault) -> None:
    if fault.hold:
        fault.hold.reached = True
        state.changes.notify()
        await fault.hold.wait()
    if fault.delay:
        await asyncio.sleep(fault.delay)


def _dropped(request: web.Request) -> web.Response:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _arguments(request: web.Request, method: Method | None) -> dict[str, Any]:
    """Read what was sent, in the URL, as a form or as JSON where the method reads it."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            return found
        return {**found, **body} if method and method.json and isinstance(body, dict) else found
    return {**found, **dict(await request.post())}


def _token(request: web.Request, call: Call) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else call.get("token")

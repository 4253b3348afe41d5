"""Delivery by Socket Mode: real websockets, `hello`, envelopes, and acknowledgements by their ids."""

import asyncio
import json
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.support.slack.delivery import Delivery
from tests.support.slack.state import State

CONNECTIONS = 10


@dataclass(eq=False)
class Connection:
    """One websocket and what it hasn't acknowledged."""

    socket: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    sent: dict[str, tuple[Delivery, float]] = field(default_factory=dict)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class BySocket:
    """The websockets that apps have opened; each envelope goes to the next of them in turn."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._turn: deque[Connection] = deque()
        self.accepted = 0
        """how many were ever greeted"""
        self.unknown: list[Any] = []
        """what came that acknowledges nothing"""

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._turn)

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Speak with one websocket until it is closed."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._state.tickets:
            return web.Response(status=401)
        self._state.tickets.discard(ticket)
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        if self.count >= CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = Connection(socket)
        self._turn.append(connection)
        try:
            await socket.send_json(self._hello())
            self.accepted += 1
            self._state.changes.notify()
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledged(connection, message.data)
        finally:
            self._forget(connection)
        return socket

    def _hello(self) -> dict[str, Any]:
        debug = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060}
        connection = {"app_id": self._state.app.id}
        return {
            "type": "hello",
            "num_connections": self.count,
            "debug_info": debug,
            "connection_info": connection,
        }

    def _acknowledged(self, connection: Connection, data: str) -> None:
        try:
            told = json.loads(data)
            delivery, started = connection.sent[told["envelope_id"]]
        except (ValueError, KeyError, TypeError):
            self.unknown.append(data)
            return
        if delivery.seconds is None:
            delivery.seconds = time.monotonic() - started
        waiting = connection.waiting.get(told["envelope_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(told.get("payload"))
        self._state.changes.notify()

    def _forget(self, connection: Connection) -> None:
        if connection in self._turn:
            self._turn.remove(connection)
        for waiting in connection.waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError())
        connection.gone.set()
        self._state.changes.notify()

    async def send(self, delivery: Delivery, patience: float) -> None:
        """Send it to one of them and wait for the acknowledgement."""
        delivery.via = "socket"
        open_ones = [connection for connection in self._turn if not connection.socket.closed]
        if not open_ones:
            delivery.failure = "connection_failed"
            return
        connection = open_ones[0]
        self._turn.rotate(-1)
        envelope = self._envelope(delivery)
        name = envelope["envelope_id"]
        connection.sent[name] = delivery, time.monotonic()
        connection.waiting[name] = asyncio.get_running_loop().create_future()
        try:
            await connection.socket.send_json(envelope)
            delivery.body = await asyncio.wait_for(connection.waiting[name], patience)
            delivery.status, delivery.failure = 200, None
        except TimeoutError:
            delivery.late, delivery.failure = True, "http_timeout"
        except ConnectionError:
            delivery.failure = "connection_failed"
        finally:
            del connection.waiting[name]

    def _envelope(self, delivery: Delivery) -> dict[str, Any]:
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.retry, "retry_reason": delivery.reason or ""}
        return envelope

    async def disconnect(self, reason: str, patience: float) -> None:
        """Ask all to connect anew; but for a `warning` they get nothing any more, and are broken off if they stay."""
        asked = list(self._turn)
        for connection in asked:
            if reason != "warning":
                self._turn.remove(connection)
            await connection.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
            )
        for connection in asked if reason != "warning" else []:
            try:
                await asyncio.wait_for(connection.gone.wait(), patience)
            except TimeoutError:
                await connection.socket.close(code=WSCloseCode.OK)

    async def close(self) -> None:
        """Break all connections off."""
        for connection in list(self._turn):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

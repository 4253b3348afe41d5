"""A program that receives webhooks: a real HTTP server, which checks what it is sent by the specifications alone.

Standard Webhooks 1.0 and CloudEvents 1.0 are written down here anew, from their texts; nothing of ours is imported.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")


def verified(secret: str, headers: dict[str, str], body: bytes, now: float, tolerance: float = 300) -> Any:
    """Return what a call says if its signature is good, as the specification of Standard Webhooks says."""
    identifier, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    assert abs(now - int(timestamp)) <= tolerance, "the call is too old, or from the future"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b".".join((identifier.encode(), timestamp.encode(), body))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    for signature in headers["webhook-signature"].split(" "):
        version, _, given = signature.partition(",")
        if version == "v1" and hmac.compare_digest(given, expected):
            return json.loads(body)
    raise AssertionError("no signature matches")


def check_cloud_event(event: dict[str, Any]) -> None:
    """Assert what the JSON schema of CloudEvents 1.0 and its text demand of an event in structured mode."""
    for name in ("id", "source", "specversion", "type"):
        assert isinstance(event[name], str), name
        assert event[name], name
    assert event["specversion"] == "1.0"
    assert URI.fullmatch(event["source"])
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9_]+)+", event["type"])
    assert event["datacontenttype"] == "application/json"
    assert RFC_3339.fullmatch(event["time"])
    assert "subject" not in event or event["subject"]
    for name, value in event.items():
        assert ATTRIBUTE.fullmatch(name), name
        if name != "data":
            assert isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < 2**31), name


@dataclass
class Got:
    """One call."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Got], tuple[int, dict[str, str]]]


def fine(got: Got) -> tuple[int, dict[str, str]]:
    return 204, {}


@dataclass
class Receiver:
    """Keeps what it is sent, in order, and answers as it is told."""

    answer: Answer = fine
    calls: list[Got] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0
    hold: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def kinds(self) -> list[str]:
        return [got.event["data"]["kind"] for got in self.calls]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            pairs = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            got = Got(headers, await reader.readexactly(int(headers["content-length"])))
            if self.hold is not None:
                await self.hold.wait()
            self.calls.append(got)
            status, more = self.answer(got)
            lines = [f"HTTP/1.1 {status} Told", "content-length: 0", *(f"{k}: {v}" for k, v in more.items())]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()


@asynccontextmanager
async def receiving(answer: Answer = fine) -> AsyncIterator[Receiver]:
    """Receive on a port of loopback."""
    receiver = Receiver(answer)
    listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = listening.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        listening.close()


@dataclass
class Proxy:
    """A TCP proxy before a receiver that has faults: `fault` says what happens to the next connections.

    `refused`: nobody listens (a reset at once); `before`: reset before anything was passed on; `after`: the receiver
    has got and answered it, and its answer is lost; `half`: half an answer arrives; `silent`: nothing ever arrives.
    """

    target: int
    fault: str = ""
    port: int = 0
    faults: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.fault
        self.faults += bool(fault)
        try:
            if fault == "refused":
                return
            sent = await _whole(reader)
            if fault == "before":
                return
            if fault == "silent":
                await reader.read()
                return
            inner_reader, inner = await asyncio.open_connection("127.0.0.1", self.target)
            inner.write(sent)
            answer = await inner_reader.read()
            inner.close()
            if fault != "after":
                writer.write(answer[: len(answer) // 2] if fault == "half" else answer)
                await writer.drain()
                writer.close()
        except ConnectionError:
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()


async def _whole(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """Stand before a receiver."""
    proxy = Proxy(target)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()

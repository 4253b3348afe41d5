"""A served inbox with people in it, and a reader of its event streams."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from handrail import App
from handrail.people.facts import Kind
from handrail.people.people import People
from handrail.people.secret import Secret
from handrail.requests.decision import SYSTEM
from handrail.requests.request import HumanRequest
from handrail.web.face import Face
from handrail.web.server import create
from tests.support.requests_desk import draft
from tests.support.waiting import until


@dataclass
class Served:
    """A server in this event loop."""

    app: App
    face: Face
    server: uvicorn.Server
    serving: "asyncio.Task[None]"

    async def stop(self) -> None:
        """Stop as a server does: streams first, for it waits for them."""
        await self.face.close()
        self.server.should_exit = True
        await self.serving

    async def person(self, name: str, role: str = "reviewer") -> None:
        await self.face.people.add(name, actor=SYSTEM, role=role)

    async def key(self, name: str, *scopes: str) -> dict[str, str]:
        """Return the headers of somebody with a key."""
        scopes = scopes or ("requests:read", "runs:read")
        _, text = await self.face.people.make_key(name, "test", scopes, actor=SYSTEM)
        return {"authorization": f"Bearer {text}"}

    async def session(self, name: str) -> dict[str, str]:
        """Return the headers of somebody who has logged in."""
        token = await self.face.people.make_link(Kind.LOGIN, name, actor=SYSTEM)
        begun = await self.face.people.log_in_by_link(token)
        return {"cookie": f"handrail={begun.secret}"}

    async def open(self, proposal: dict[str, Any] | None = None, **options: Any) -> HumanRequest:
        initiator = options.pop("initiator", None)
        return await self.app.inbox.open(draft(proposal, **options), initiator=initiator)


def face_of(app: App, url: str) -> Face:
    """Return the face of an open app."""

    async def nothing(*_: Any, **__: Any) -> Any:
        raise NotImplementedError

    people = People(app.store, app.clock, Secret(app.store.path))
    return Face(app.store, app.clock, app.flows, nothing, nothing, people, url)


@asynccontextmanager
async def served(store: str | Path = "memory://", **options: Any) -> AsyncIterator[Served]:
    """Serve the inbox of a store on a free port of loopback."""
    app = App(store=str(store), **options)
    async with app.connect():
        face = face_of(app, "http://127.0.0.1")
        config = uvicorn.Config(create(face), host="127.0.0.1", port=0, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started or serving.done())
        port = server.servers[0].sockets[0].getsockname()[1]
        object.__setattr__(face, "url", f"http://127.0.0.1:{port}")
        opened = Served(app, face, server, serving)
        try:
            yield opened
        finally:
            await opened.stop()


@dataclass
class Told:
    """An event as a browser would have it."""

    id: str
    name: str
    data: dict[str, Any]


@dataclass
class Reader:
    """Reads a stream as `EventSource` does, as long as the server sends."""

    url: str
    headers: Mapping[str, str]
    status: int = 0
    answered: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    retry: str = ""
    last: str = ""
    """the last id, also of blocks without data"""
    comments: int = 0
    ended: bool = False
    told: list[Told] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return [each.name for each in self.told]

    @property
    def requests(self) -> list[str]:
        return [each.data["request_id"] for each in self.told if "request_id" in each.data]

    async def run(self) -> None:
        # Not a single second of its patience is ours: the server decides when a stream ends.
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("GET", self.url, headers=dict(self.headers)) as response,
        ):
            self.answered = response.headers
            if response.status_code != 200:
                self.body = (await response.aread()).decode()
            self.status = response.status_code
            name, data = "", ""
            with suppress(httpx.RemoteProtocolError):
                async for line in response.aiter_lines() if response.status_code == 200 else _nothing():
                    field_name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    match field_name:
                        case "id":
                            self.last = value
                        case "event":
                            name = value
                        case "data":
                            data += value
                        case "retry":
                            self.retry = value
                        case "" if line:
                            self.comments += 1
                        case "":
                            if data:
                                self.told.append(Told(self.last, name, json.loads(data)))
                            name, data = "", ""
        self.ended = True


async def _nothing() -> AsyncIterator[str]:
    for line in ():
        yield line


@asynccontextmanager
async def reading(
    opened: Served, path: str, headers: Mapping[str, str], **more: str
) -> AsyncIterator[Reader]:
    """Read a stream until the block ends; it has begun when the block begins."""
    reader = Reader(opened.face.link(path), {**headers, **more})
    task = asyncio.create_task(reader.run())
    try:
        await until(lambda: task.done() or reader.last or reader.status not in (0, 200))
        if task.done():
            await task
        yield reader
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""A server in this process, without a socket, and people who reach it with keys of their own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.types import ASGIApp

from handrail import App, FunctionNode, HumanApprovalNode
from handrail.inbox.channel import Channel
from handrail.people.people import People
from handrail.people.secret import Secret
from handrail.requests.decision import SYSTEM
from handrail.runs.run import StoredRun
from handrail.testing.clock import TurnableClock
from handrail.web.face import Face
from handrail.web.server import create

URL = "http://127.0.0.1:8000"
EVERYTHING = ("requests:read", "requests:write", "decide", "runs:read", "runs:write", "admin")
PEOPLE = {"alice": "reviewer", "bob": "reviewer", "carol": "viewer", "root": "admin"}


class ToPeople(Channel):
    """A channel by which people may wish to be notified."""

    reaches_people = True


@dataclass
class Desk:
    """A server, the app behind it, and clients by name."""

    app: App
    asgi: ASGIApp
    people: People
    keys: dict[str, str]

    def client(self, name: str | None = None, **headers: str) -> httpx.AsyncClient:
        """Return a client with somebody's key, or a stranger's."""
        if name is not None:
            headers["authorization"] = f"Bearer {self.keys[name]}"
        transport = httpx.ASGITransport(self.asgi, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)

    async def call(self, who: str | None, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call an operation of the API as somebody."""
        async with self.client(who) as client:
            return await client.request(method, f"/api/v1{path}", **arguments)

    async def open(self, who: str = "alice", **body: Any) -> dict[str, Any]:
        """Open a request."""
        draft = {"title": "Publish?", "proposal": {"content": "bees"}, **body}
        answer = await self.call(who, "POST", "/requests", json=draft)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def key(self, who: str, scopes: Sequence[str]) -> str:
        """Return another key of somebody."""
        _, text = await self.people.make_key(who, "narrow", scopes, actor=SYSTEM)
        return text


def face_of(app: App, people: People, url: str = URL) -> Face:
    """Return what a server of an app shows."""

    async def start(name: str, data: dict[str, Any], run_id: str | None, *, initiator: str) -> StoredRun:
        run = await app.start(name, data, run_id, initiator=initiator)
        return await app.runs.get(run.id)

    return Face(
        store=app.store,
        clock=app.clock,
        flows=app.flows,
        start=start,
        migrate=app.migrate,
        people=people,
        url=url,
        groups=frozenset(app.groups),
        channels={"mail": Channel(), "pager": Channel(), "slack": ToPeople(), "email": ToPeople()},
    )


@asynccontextmanager
async def desk_on(store: str, url: str = URL, names: Sequence[str] = ()) -> AsyncIterator[Desk]:
    """Serve an app on a store; `names` are reviewers beside those there are always."""
    app = App(store=store, clock=TurnableClock(), groups={"legal": ["bob"]})
    app.flow("publish", FunctionNode(lambda data: data, name="write") | HumanApprovalNode(name="ask"))
    app.flow("fail", FunctionNode(fail, name="fail"))
    async with app:
        people = People(app.store, app.clock, Secret(None))
        keys = {}
        for name, role in {**PEOPLE, **dict.fromkeys(names, "reviewer")}.items():
            await people.add(name, actor=SYSTEM, role=role)
            _, keys[name] = await people.make_key(name, "test", EVERYTHING, actor=SYSTEM)
        yield Desk(app, create(face_of(app, people, url)), people, keys)


def fail(data: dict[str, Any]) -> dict[str, Any]:
    """Fail, as a step does that can't go on."""
    raise ValueError("no")

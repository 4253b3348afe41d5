"""Visits to the pages of an app on a store in memory, as people who have signed in."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.types import ASGIApp

from handrail import App, FunctionNode, HumanApprovalNode, LLMNode
from handrail.people.facts import Kind, Role
from handrail.people.people import People
from handrail.people.secret import Secret
from handrail.requests.decision import Actor, Strength
from handrail.runs.run import RunStatus, StoredRun
from handrail.stores.memory import MemoryStore
from handrail.testing.clock import TurnableClock
from handrail.web.face import Face
from handrail.web.server import create

ROOT = Actor("root", Strength.ASSERTED, "terminal")
URL = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"


class Visitor:
    """A browser with a session: it follows no redirect by itself, and sends the token of the page it has seen."""

    def __init__(self, server: ASGIApp, name: str) -> None:
        self.name = name
        transport = httpx.ASGITransport(app=server, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=URL)
        self.token = ""

    async def see(self, path: str, expected: int = 200, **query: Any) -> str:
        """Open a page."""
        address = f"{path}?{urlencode(query)}" if query else path
        answer = await self.http.get(address)
        assert answer.status_code == expected, f"{path}: {answer.status_code} {answer.text[:2000]}"
        if found := re.search(
            r'name="form_token" value="([0-9a-f]+)"|data-form-token="([0-9a-f]+)"', answer.text
        ):
            self.token = found[1] or found[2]
        return answer.text

    async def post(self, path: str, expected: int = 303, **fields: Any) -> httpx.Response:
        """Post a form."""
        if not self.token:
            await self.see("/settings/me")
        answer = await self.http.post(path, data={"form_token": self.token, **fields})
        assert answer.status_code == expected, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return answer

    async def act(self, path: str, **fields: Any) -> str:
        """Post a form and return the page it leads to, as text."""
        answer = await self.post(path, 303, **fields)
        return text(await self.see(answer.headers["location"]))

    async def enter(self, token: str) -> None:
        """Sign in by a one-time link."""
        await self.see(f"/login/link/{token}")
        await self.post(f"/login/link/{token}")
        self.token = ""


def text(page: str) -> str:
    """Return what can be read on a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@dataclass
class Place:
    """An app, its people, and its server."""

    app: App
    people: People
    server: ASGIApp
    clock: TurnableClock
    visitors: list[Visitor]

    async def visitor(self, name: str | None, role: Role = Role.REVIEWER, **given: Any) -> Visitor:
        """Return a browser; with a name that of somebody who is added if there is nobody like that."""
        browser = Visitor(self.server, name or "stranger")
        self.visitors.append(browser)
        if name is not None:
            if name not in {person.name for person in await self.people.everybody()}:
                await self.people.add(name, actor=ROOT, role=role, **given)
            await browser.enter(await self.people.make_link(Kind.LOGIN, name, actor=ROOT))
        return browser

    async def run(self, flow: str, data: dict[str, Any], run_id: str, initiator: str = "alice") -> StoredRun:
        """Start a run, and return it once nothing happens any more without a person."""
        await self.app.start(flow, data, run_id, initiator=initiator)
        async with asyncio.timeout(20):
            while True:
                run = await self.app.runs.get(run_id)
                if run.settled or run.status is RunStatus.WAITING:
                    return run
                await asyncio.sleep(0.005)


def write(messages: list[dict[str, str]]) -> str:
    """Stand in for a model."""
    return f"# {messages[-1]['content']}\n\nA text about it."


FAILS = {"now": True}


def publish(data: dict[str, Any]) -> dict[str, Any]:
    """Fail as long as the test wants it to."""
    if FAILS["now"]:
        raise ValueError("the server said <no>")
    return {**data, "published": True}


def flows(app: App) -> None:
    """Give the app its flows."""
    app.flow(
        "write", LLMNode(write, name="draft") | FunctionNode(lambda x: {"words": len(x["content"]), **x})
    )
    app.flow(
        "approve",
        LLMNode(write, name="draft")
        | HumanApprovalNode(name="review", title="Publish the post?", audience="bob"),
    )
    app.flow(
        "publish",
        FunctionNode(lambda x: {**x, "ready": True}, name="prepare")
        | FunctionNode(publish, name="publish", retries=0),
    )


@asynccontextmanager
async def place(**given: Any) -> AsyncIterator[Place]:
    """An app that works, its server, and nobody in it."""
    clock = TurnableClock()
    app = App(store=MemoryStore(), clock=clock, **given)
    flows(app)
    FAILS["now"] = True
    async with app:
        people = People(app.store, clock, Secret(None))

        async def start(name: str, data: dict[str, Any], run_id: str | None, *, initiator: str) -> StoredRun:
            return await app.runs.get((await app.start(name, data, run_id, initiator=initiator)).id)

        face = Face(
            app.store,
            clock,
            app.flows,
            start,
            app.migrate,
            people,
            URL,
            frozenset(given.get("groups", ())),
            outgoing=app.outgoing(),
        )
        made = Place(app, people, create(face), clock, [])
        try:
            yield made
        finally:
            for visitor in made.visitors:
                await visitor.http.aclose()

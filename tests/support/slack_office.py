"""An office: the local Slack with people and rooms, an app that carries requests there, and its server for HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from handrail import Actor, App
from handrail.channels.slack import Slack
from handrail.inbox.ports import Message as Told
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.web.serving import Serving
from tests.support.slack import Channel, Delivery, Message, SlackServer, User

ROOT = Actor("root")
VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
BUTTON = {verb: f"handrail:{verb}" for verb in Verb}
Way = Literal["http", "socket"]


@dataclass
class Office:
    """One app and one Slack, with alice, bob and carol, who have accounts, and dave, who has none."""

    app: App
    slack: SlackServer
    deploys: Channel
    people: dict[str, User]

    @property
    def alice(self) -> User:
        return self.people["alice"]

    @property
    def bob(self) -> User:
        return self.people["bob"]

    @property
    def carol(self) -> User:
        return self.people["carol"]

    @property
    def dave(self) -> User:
        return self.people["dave"]

    async def open(
        self, *channels: str, proposal: Any = None, verbs: tuple[Verb, ...] = VERBS, **options: Any
    ) -> HumanRequest:
        """Ask something, in #deploys unless told otherwise."""
        parts = ("title", "response_schema", "previous", "context")
        own = {name: options.pop(name) for name in parts if name in options}
        title = own.pop("title", "Deploy 4.2?")
        draft = RequestDraft(
            "approval",
            title,
            proposal or {"content": "version 4.2"},
            verbs,
            policy(**options),
            channels=channels or ("slack:#deploys",),
            **own,
        )
        return await self.app.inbox.open(draft)

    async def now(self, request: HumanRequest) -> HumanRequest:
        """Return a request as it is now."""
        return await self.app.store.read(lambda tx: tx.request(request.id))

    async def messages(self, request: HumanRequest) -> list[Told]:
        """Return the outbox of a request, the oldest first."""
        return (await self.app.store.read(lambda tx: tx.messages(request.id, 1000)))[::-1]

    def posted(self, room: Channel | None = None) -> list[Message]:
        """Return what stands in a room, without threads."""
        return [
            each for each in self.slack.messages(room or self.deploys) if each.thread_ts in (None, each.ts)
        ]

    async def message(self, room: Channel | None = None, number: int = 0) -> Message:
        """Return a message of a room once it is there."""
        return (
            await self.slack.until(lambda: self.posted(room)[number : number + 1])
            and self.posted(room)[number]
        )

    async def shows(self, message: Message, words: str) -> None:
        """Wait until a message says something."""
        await self.slack.until(lambda: words in text_of(message))

    async def decided(self, request: HumanRequest) -> HumanRequest:
        """Return a request once it has ended."""
        await self.until(lambda tx: tx.request(request.id).ended)
        return await self.now(request)

    async def settled(self, request: HumanRequest, *states: str) -> list[Told]:
        """Return the outbox of a request once all of it is delivered (or is in one of these states)."""
        wanted = states or ("sent",)
        await self.until(lambda tx: all(each.state in wanted for each in tx.messages(request.id, 1000)))
        return await self.messages(request)

    async def until(self, unit: Callable[[Any], bool], limit: float = 30.0) -> None:
        """Wait until something is true of the store; not every change of it rings a bell."""
        async with asyncio.timeout(limit):
            while not await self.app.store.read(unit):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def furnish(slack: SlackServer) -> tuple[dict[str, User], Channel]:
    """Let there be people in Slack, and a room with all of them."""
    people = {
        name: slack.user(f"U0{name.upper()}", name, email=f"{name}@example.com")
        for name in ("alice", "bob", "carol", "dave")
    }
    return people, slack.channel("C0DEPLOYS", "deploys", [*people.values()])


async def add_people(app: App) -> None:
    """Give alice, bob and carol accounts."""
    if await app.people.is_empty():
        for name in ("alice", "bob", "carol"):
            await app.people.add(name, actor=ROOT, email=f"{name}@example.com")


def text_of(message: Any) -> str:
    """Return everything that a message or a modal says."""
    found: list[str] = []

    def look(part: Any) -> None:
        match part:
            case dict():
                for name, value in part.items():
                    if name in ("text", "url") and isinstance(value, str):
                        found.append(value)
                    else:
                        look(value)
            case list():
                for each in part:
                    look(each)

    look(message if isinstance(message, dict) else message.blocks)
    return "\n".join(found)


@asynccontextmanager
async def office(
    store: str = "memory://",
    *,
    way: Way = "socket",
    slack: SlackServer | None = None,
    connected: bool = True,
    **options: Any,
) -> AsyncIterator[Office]:
    """Open an office; `way` is how Slack reaches the app, and `connected` whether it does when this begins."""
    async with AsyncExitStack() as stack:
        server = slack or await stack.enter_async_context(SlackServer())
        people, deploys = furnish(server)
        channel = Slack(
            server.bot_token,
            app_token=server.app_token if way == "socket" else None,
            signing_secret=server.signing_secret if way == "http" else None,
            api_url=server.api_url,
        )
        channels = {"slack": channel, **options.pop("channels", {})}
        app = App(store=store, channels=channels, **options)
        await stack.enter_async_context(app)
        await add_people(app)
        if way == "http":
            serving = await stack.enter_async_context(Serving("127.0.0.1", 0))
            await serving.begin(app.face(serving.url))
            server.app_url = f"{serving.url}/channels/slack"
        elif connected:
            await server.until(lambda: server.connections)
        yield Office(app, server, deploys, people)


__all__ = ["BUTTON", "ROOT", "Delivery", "Office", "Way", "add_people", "furnish", "office", "text_of"]

"""An office: the local Slack with people and rooms, an app that carries requests there, and its server for HTTP."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import aiohttp
from slack_sdk.signature import SignatureVerifier

from handrail import Actor, App, Run, SlackApprovalNode
from handrail.channels.slack import Slack
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.inbox.ports import Filter
from handrail.inbox.ports import Message as Told
from handrail.requests.decision import Strength, Verb
from handrail.requests.policy import Audience, policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.testing.clock import TurnableClock
from handrail.web.serving import Serving
from tests.support.slack import Channel, Delivery, Message, SlackServer, User

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "slack.md"
MANIFEST = HOW_TO.read_text().partition("```yaml\n")[2].partition("```")[0]
SCOPES = frozenset(
    re.findall(r"^      - ([\w:.]+)", MANIFEST.partition("scopes:")[2].partition("settings:")[0], re.M)
)
"""those of the manifest, and no others: everything must work with them"""
ROOT = Actor("root")
VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
BUTTON = {verb: f"handrail:{verb}" for verb in Verb}
Way = Literal["http", "socket"]
WAYS = ["socket", "http"]


@dataclass
class Office:
    """One app and one Slack, with alice, bob and carol, who have accounts, and dave, who has none."""

    app: App
    slack: SlackServer
    deploys: Channel
    people: dict[str, User]
    clock: TurnableClock = field(default_factory=TurnableClock)
    """the app's, if it was asked for"""

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
        parts = ("title", "response_schema", "previous", "context", "pool")
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

    async def ask_in_a_run(self, initiator: str = "carol", **options: Any) -> Run:
        """Start a run that asks in #deploys."""
        node = SlackApprovalNode(channel="#deploys", title="Deploy 4.2?", **options)
        self.app.flow("deploy", node)
        return await self.app.start("deploy", {"content": "version 4.2"}, initiator=initiator)

    async def only(self) -> HumanRequest:
        """Return the only request that is open."""
        await self.until(lambda tx: bool(tx.requests(Filter(PENDING))))
        (found,) = await self.all_open()
        return found

    async def all_open(self) -> list[HumanRequest]:
        """Return the requests that are open."""
        return await views.requests(self.app.store, PENDING)

    async def comments(self, request: HumanRequest) -> list[tuple[str, str]]:
        """Return who said what about a request."""
        found = await views.detail(self.app.store, request.id)
        return [(each["by"], each["text"]) for each in found["comments"]]

    async def post(self, session: aiohttp.ClientSession, body: str) -> int:
        """Post a body that Slack has signed; returns the status of the answer."""
        at = str(int(time.time()))
        signed = SignatureVerifier(self.slack.signing_secret).generate_signature(timestamp=at, body=body)
        headers = {"x-slack-request-timestamp": at, "x-slack-signature": str(signed)}
        headers["content-type"] = (
            "application/json" if body[:1] in "[{n1" else "application/x-www-form-urlencoded"
        )
        async with session.post(self.slack.app_url or "", data=body.encode(), headers=headers) as answer:
            return answer.status

    def session(self, name: str) -> Actor:
        """Return somebody who has signed in to the web inbox."""
        return Actor(name, Strength.SESSION, "web")

    def repeat(self, message: Message) -> Message:
        """Let a message stand there once more, as after a crash between send and record; the app doesn't know."""
        again = replace(message, ts=self.slack.state.messages.mint(), thread_ts=None, versions=[])
        return self.slack.state.messages.add(again)

    async def word(self, user: User, words: str, number: int = 0) -> Message:
        """Return what only this person was told, once it says something."""
        await self.slack.until(
            lambda: words in "".join(text_of(each) for each in self.slack.ephemerals(user)[number:])
        )
        return self.slack.ephemerals(user)[number]

    async def modal(self, user: User, message: Message, verb: str) -> dict[str, Any]:
        """Press a button and return the modal that opens."""
        await self.slack.click(user, message, BUTTON[Verb(verb)])
        await self.slack.until(lambda: self.slack.open_view(user))
        found = self.slack.open_view(user)
        assert found is not None
        return found

    async def opened(self, **options: Any) -> Message:
        """Ask something in #deploys and return its message."""
        await self.open(**options)
        return await self.message()

    async def sees(self, user: User, words: str) -> None:
        """Wait until the modal that somebody has open says something."""
        await self.slack.until(lambda: words in text_of(self.slack.open_view(user) or {}))

    def audience(self, *names: str) -> Audience:
        """Return people who are to be asked."""
        return Audience(names)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the database from being written, as another process may for a while."""
        with closing(sqlite3.connect(self.app.store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

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
        try:
            await self.slack.until(lambda: words in text_of(message))
        except TimeoutError:
            raise AssertionError(f"{words!r} is not in {text_of(message)!r}") from None

    async def decided(self, request: HumanRequest) -> HumanRequest:
        """Return a request once it has ended."""
        await self.until(lambda tx: tx.request(request.id).ended)
        return await self.now(request)

    async def settled(self, request: HumanRequest, *states: str) -> list[Told]:
        """Return the outbox of a request once all of it is delivered (or is in one of these states)."""
        wanted = states or ("sent",)
        await self.until(lambda tx: all(each.state in wanted for each in tx.messages(request.id, 1000)))
        return await self.messages(request)

    async def until(self, unit: Callable[[Any], bool], limit: float = 60.0) -> None:
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


def decisions(request: HumanRequest) -> list[tuple[str, str]]:
    """Return who decided what."""
    return [(each.actor, str(each.verb)) for each in request.decisions]


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

    look(message if isinstance(message, dict) else message.blocks or {"text": message.text})
    return "\n".join(found)


@asynccontextmanager
async def office(
    store: str = "memory://",
    *,
    way: Way = "socket",
    slack: SlackServer | None = None,
    connected: bool = True,
    clock: bool | TurnableClock = False,
    **options: Any,
) -> AsyncIterator[Office]:
    """Open an office; `way` is how Slack reaches the app, `connected` whether it does when this begins.

    `clock` says whether the test turns the app's.
    """
    turned = clock if isinstance(clock, TurnableClock) else TurnableClock(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        server = slack or await stack.enter_async_context(SlackServer(scopes=SCOPES))
        people, deploys = furnish(server)
        channel = Slack(
            server.bot_token,
            app_token=server.app_token if way == "socket" else None,
            signing_secret=server.signing_secret if way == "http" else None,
            api_url=server.api_url,
        )
        channels = {"slack": channel, **options.pop("channels", {})}
        app = App(store=store, channels=channels, **({"clock": turned} if clock else {}), **options)
        await stack.enter_async_context(app)
        await add_people(app)
        if way == "http":
            serving = await stack.enter_async_context(Serving("127.0.0.1", 0))
            await serving.begin(app.face(serving.url))
            server.app_url = f"{serving.url}/channels/slack"
        elif connected:
            await server.until(lambda: server.connections)
        yield Office(app, server, deploys, people, turned)


__all__ = [
    "BUTTON",
    "MANIFEST",
    "ROOT",
    "SCOPES",
    "WAYS",
    "Delivery",
    "Office",
    "Way",
    "add_people",
    "decisions",
    "furnish",
    "office",
    "text_of",
]

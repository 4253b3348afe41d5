"""An office that is asked by email: an app, the people who have accounts, and short ways to ask and to answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handrail import Actor, App
from handrail.channels.email import Email
from handrail.inbox.ports import Message
from handrail.requests.decision import Verb
from handrail.requests.lifecycle import Event
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from tests.support.mail_replies import US, hand_over, reply
from tests.support.mail_server import MailServer, Received, mail_server

ROOT = Actor("root")
VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
PEOPLE = ("alice", "bob", "carol")
ALICE, BOB, CAROL = (f"{name}@example.com" for name in PEOPLE)


@dataclass
class Office:
    """One app with alice, bob and carol; mallory is nobody here."""

    app: App
    channel: Email

    async def open(
        self,
        *channels: str,
        proposal: Any = None,
        verbs: tuple[Verb, ...] = VERBS,
        title: str = "Deploy 4.2?",
        previous: str | None = None,
        context: dict[str, Any] | None = None,
        **options: Any,
    ) -> HumanRequest:
        """Ask something: alice, unless told otherwise."""
        draft = RequestDraft(
            "approval",
            title,
            proposal or {"content": "version 4.2"},
            verbs,
            policy(**options),
            channels=channels or ("email:@alice",),
            previous=previous,
            context=context or {},
        )
        return await self.app.inbox.open(draft)

    async def now(self, request: HumanRequest) -> HumanRequest:
        """Return a request as it is now."""
        return await self.app.store.read(lambda tx: tx.request(request.id))

    async def events(self, request: HumanRequest) -> list[Event]:
        """Return all that has happened to a request."""
        return await self.app.store.read(lambda tx: tx.events(request.id))

    async def messages(self, request: HumanRequest) -> list[Message]:
        """Return the outbox of a request, the oldest first."""
        return (await self.app.store.read(lambda tx: tx.messages(request.id, 1000)))[::-1]

    async def settled(self, request: HumanRequest) -> list[Message]:
        """Return the outbox of a request once all of it is delivered."""
        await self.until(lambda tx: all(each.state == "sent" for each in tx.messages(request.id, 1000)))
        return await self.messages(request)

    async def decided(self, request: HumanRequest) -> HumanRequest:
        """Return a request once it has ended."""
        await self.until(lambda tx: tx.request(request.id).ended)
        return await self.now(request)

    async def until(self, unit: Callable[[Any], bool], limit: float = 60.0) -> None:
        """Wait until something is true of the store; not every change of it rings a bell."""
        async with asyncio.timeout(limit):
            while not await self.app.store.read(unit):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def until(found: Callable[[], Any], limit: float = 60.0) -> Any:
    """Return what is found, once there is something."""
    async with asyncio.timeout(limit):
        while not (there := found()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return there


@asynccontextmanager
async def office(
    channel: Email, *, store: str = "memory://", emails: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[Office]:
    """Open an office whose app works; settings are those of the app."""
    app = App(store=store, channels={"email": channel}, **settings)
    async with app.connect():
        if await app.people.is_empty():
            for name in PEOPLE:
                address = (emails or {}).get(name, f"{name}@example.com")
                await app.people.add(name, actor=ROOT, email=address)
        if store == "memory://":
            async with _working(app):
                yield Office(app, channel)
            return
    async with app:
        yield Office(app, channel)


@asynccontextmanager
async def _working(app: App) -> AsyncIterator[None]:
    """Receive and deliver on a store that lives as long as it is open."""
    from handrail.inbox.outbox import Outbox

    outbox = Outbox(app.store, app.channels, app.clock, app.link)
    async with app.channels["email"].serve(app.door("email")):
        task = asyncio.create_task(_delivering(outbox))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})


async def _delivering(outbox: Any) -> None:
    while True:
        await outbox.deliver_due()
        await asyncio.sleep(0.02)


@dataclass
class Mail:
    """An office beside a mail server of which each command can be watched; answers are handed over by LMTP."""

    office: Office
    server: MailServer
    socket: str

    async def first(self, address: str = ALICE, number: int = 0) -> Received:
        """Return a mail of somebody once it is there."""
        await until(lambda: self.server.to(address)[number:])
        return self.server.to(address)[number]

    async def send(self, to: Received | str, sender: str, text: str, **more: Any) -> bytes:
        """Send an answer; returns it as it was handed over."""
        raw = reply(to, sender, text, **more)
        assert (await hand_over(raw, self.socket))[0] == 250
        return raw

    async def again(self, raw: bytes) -> None:
        """Hand over what was handed over before."""
        assert (await hand_over(raw, self.socket))[0] == 250


@asynccontextmanager
async def mail_office(
    folder: Path, *, settings: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Mail]:
    """Open an office beside a mail server; options are those of the channel, settings those of the app."""
    where = str(folder / "lmtp.sock")
    async with mail_server() as server:
        given = {"authserv_id": US, "reply_to": "handrail+{token}@example.com", **options}
        channel = Email(server.url, "Handrail <handrail@example.com>", receive=f"lmtp://{where}", **given)
        async with office(channel, **(settings or {})) as at:
            yield Mail(at, server, where)

"""An app with one channel, the people who are asked through it, and short ways to ask, to deliver and to look.

Nothing happens by itself: the clock is turned, and the outbox delivers when it is told to. What people do is received
all the time.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handrail.app import App
from handrail.inbox import outbox, views
from handrail.inbox.clock import sweep
from handrail.inbox.outbox import RESERVED, Outbox
from handrail.inbox.ports import Message
from handrail.requests.decision import Actor, Verb
from handrail.requests.lifecycle import Event
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.testing.clock import TurnableClock
from handrail.testing.other_side import OtherSide, Shown

OPERATOR = Actor("operator")
PEOPLE = ("alice", "bob")
"""who is asked"""
VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)
SETTLED = timedelta(minutes=2)
"""in which everything has been delivered that waited for a channel that was down"""


class PowerCut(BaseException):
    """What a process dies of, where the contract lets it die."""


@dataclass(frozen=True)
class Forgetful:
    """A store whose process dies when it is about to note that something was sent."""

    store: Any

    async def do(self, unit: Any, *args: Any, **kwargs: Any) -> Any:
        """Write, unless it is that."""
        if unit is outbox.note_sent:
            raise PowerCut
        return await self.store.do(unit, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass
class ChannelDesk:
    """One app with one channel, as the contract uses it."""

    app: App
    clock: TurnableClock
    side: OtherSide
    outbox: Outbox
    opened: int = 0

    # -- asking and deciding ------------------------------------------------------------------------------------------

    async def open(
        self,
        proposal: dict[str, Any] | None = None,
        *,
        context: dict[str, Any] | None = None,
        to: Sequence[str] | None = None,
        previous: str | None = None,
        verbs: Sequence[Verb] = VERBS,
        **options: Any,
    ) -> HumanRequest:
        """Ask alice and bob, through both recipients; options are those of a policy. Each has a title of its own."""
        self.opened += 1
        draft = RequestDraft(
            kind="approval",
            title=f"Question no. {self.opened:03} of the contract",
            proposal=proposal or {"content": "hello"},
            verbs=tuple(verbs),
            policy=policy(**{"audience": PEOPLE, **options}),
            context=context or {},
            channels=tuple(f"{self.side.name}:{each}" for each in to or self.side.recipients),
            previous=previous,
        )
        return await self.app.inbox.open(draft)

    async def decide(self, request: HumanRequest, who: str, verb: str, **more: Any) -> HumanRequest:
        """Decide in the inbox, not through the channel."""
        return await self.app.inbox.decide(request.id, verb, actor=Actor(who), **more)

    async def comment(self, request: HumanRequest, who: str, text: str) -> None:
        """Say something in the inbox, not through the channel."""
        await self.app.inbox.comment(request.id, text, actor=Actor(who))

    async def turn(self, seconds: float) -> None:
        """Let time pass: deadlines, reminders and escalations, then what is to be told of them."""
        self.clock.turn(seconds)
        await sweep(self.app.store, self.clock)
        await self.deliver()

    async def deliver(self) -> None:
        """Deliver all that is due, and all that comes of it."""
        while await self.outbox.deliver_due():
            pass

    async def die_while_delivering(self) -> None:
        """Let a process deliver and die before it could note that; its messages are due again afterwards."""
        dying = Outbox(Forgetful(self.app.store), self.outbox.channels, self.clock, self.outbox.link)
        try:
            await dying.deliver_due()
            await dying.deliver_due()  # the first one may only have said whom it is for
        except PowerCut:
            self.clock.turn(RESERVED)
            return
        raise AssertionError("nothing was sent")

    async def settle(self) -> None:
        """Let the time pass in which a channel that was down is tried again."""
        for _ in range(int(SETTLED.total_seconds()) // 10):
            await self.turn(10)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def stored(self, request: HumanRequest) -> HumanRequest:
        """Return a request as it is now."""
        return await views.request(self.app.store, request.id)

    async def events(self, request: HumanRequest) -> list[Event]:
        """Return all that has happened to a request."""
        return await self.app.store.read(_events, request_id=request.id)

    async def messages(self, request: HumanRequest) -> list[Message]:
        """Return the messages of a request, the newest first."""
        return await self.app.store.read(_messages, request_id=request.id)

    async def everything(self, request: HumanRequest) -> list[Shown]:
        """Return all that people see of a request, repetitions included."""
        return [shown for shown in await self.side.shown() if request.draft.title in shown.text]

    async def shown(self, request: HumanRequest) -> list[Shown]:
        """Return what counts of it: all, of a channel that doesn't follow the last one before each recipient."""
        found = await self.everything(request)
        return found if self.side.channel.follows else list({shown.to: shown for shown in found}.values())

    async def seen_by(self, request: HumanRequest, number: int = 0) -> Shown:
        """Return the request as it lies before one of the two recipients."""
        to = self.side.recipients[number]
        found = [shown for shown in await self.shown(request) if shown.to == to]
        assert found, f"{to} doesn't see request {request.id}"
        return found[-1]


def _events(tx: Any, *, request_id: str) -> list[Event]:
    found: list[Event] = tx.events(request_id)
    return found


def _messages(tx: Any, *, request_id: str) -> list[Message]:
    found: list[Message] = tx.messages(request_id, 10_000)
    return found


@asynccontextmanager
async def channel_desk(side: OtherSide) -> AsyncIterator[ChannelDesk]:
    """Open an app with the channel of `side`, and with people whose addresses are known, but for mallory's."""
    clock = TurnableClock()
    app = App(store=side.store, channels={side.name: side.channel}, clock=clock)
    async with app.connect():
        for name in (*PEOPLE, "carol"):
            await app.people.add(name, actor=OPERATOR, email=f"{name}@example.com")
            address = side.addresses[name]
            if address not in await app.door(side.name).addresses(name):
                await app.people.add_identity(name, side.name, address, actor=OPERATOR)
        outbox = Outbox(app.store, app.channels, clock, app.link)
        async with side.channel.serve(app.door(side.name)):
            yield ChannelDesk(app, clock, side, outbox)

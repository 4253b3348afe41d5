"""A store with an inbox and a clock to turn, and short ways to ask and to look."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handrail import App
from handrail.inbox import moves, views
from handrail.inbox.clock import sweep
from handrail.inbox.inbox import Inbox
from handrail.inbox.log import verify
from handrail.inbox.ports import Message
from handrail.requests.content import content_hash
from handrail.requests.decision import Actor, Decision, Verb
from handrail.requests.lifecycle import Event, apply
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.testing.clock import START, TurnableClock

NOW = START
ALL_VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT, Verb.ANSWER)
ROBOT = Actor("operator")


def draft(
    proposal: dict[str, Any] | None = None, *, verbs: Sequence[Verb] = ALL_VERBS, **options: Any
) -> RequestDraft:
    """Return a draft; what isn't a part of it is a part of its policy."""
    parts = ("context", "guideline", "response_schema", "proposal_schema", "channels", "priority", "previous")
    own = {key: options.pop(key) for key in parts if key in options}
    return RequestDraft(
        "approval", "Publish?", proposal or {"content": "hello"}, tuple(verbs), policy(**options), **own
    )


def pure_request(
    asked: Sequence[str] | None, votes: Sequence[tuple[str, Verb]], **options: Any
) -> HumanRequest:
    """Return a request as it would be after these votes, without any store."""
    made = draft(audience=asked, **options)
    return HumanRequest(
        id="req_1",
        draft=made,
        content_hash=content_hash(made.shown),
        thread="req_1",
        revision=1,
        opened_at=NOW,
        audience=made.policy.audience,
        asked=None if asked is None else tuple(asked),
        decisions=tuple(
            Decision(verb, name, NOW, payload=name if verb is Verb.ANSWER else None) for name, verb in votes
        ),
    )


@dataclass
class Desk:
    """One open store, as a test uses it."""

    app: App
    clock: TurnableClock
    names: list[str] = field(default_factory=list)

    @property
    def inbox(self) -> Inbox:
        return self.app.inbox

    async def open(
        self, proposal: dict[str, Any] | None = None, initiator: str | None = None, **options: Any
    ) -> HumanRequest:
        return await self.inbox.open(draft(proposal, **options), initiator=initiator)

    async def decide(self, request: HumanRequest, who: str, verb: str, **more: Any) -> HumanRequest:
        if verb == "request_changes":
            more.setdefault("comment", "shorter")
        return await self.inbox.decide(request.id, verb, actor=Actor(who), **more)

    async def stored(self, request: HumanRequest) -> HumanRequest:
        return await views.request(self.app.store, request.id)

    async def sweep(self) -> int:
        return await sweep(self.app.store, self.clock)

    async def events(self, request: HumanRequest) -> list[Event]:
        return await self.app.store.read(_events, request_id=request.id)

    async def kinds(self, request: HumanRequest) -> list[str]:
        return [event.move.kind for event in await self.events(request)]

    async def messages(self, request: HumanRequest | None = None) -> list[Message]:
        found = await self.app.store.read(_messages, request_id=request.id if request else None)
        return sorted(found, key=lambda message: (message.channel, message.due_at))

    async def check_rebuild(self, request: HumanRequest) -> None:
        """The events of a request make it what it is stored as."""
        rebuilt: HumanRequest | None = None
        for event in await self.events(request):
            rebuilt = apply(rebuilt, event)
        assert rebuilt == await self.stored(request)

    async def check_log(self) -> None:
        verification = await verify(self.app.store)
        assert verification.ok, verification.problems


def _events(tx: Any, *, request_id: str) -> list[Event]:
    return tx.events(request_id)


def _messages(tx: Any, *, request_id: str | None) -> list[Message]:
    return tx.messages(request_id, 10_000)


@asynccontextmanager
async def desk(
    store: str = "memory://",
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    clock: TurnableClock | None = None,
    channels: Mapping[str, Any] | None = None,
) -> AsyncIterator[Desk]:
    """Open a store and an inbox on it; nobody works on it."""
    clock = clock or TurnableClock()
    app = App(store=store, groups=groups, clock=clock, channels=channels)
    async with app.connect():
        opened = Desk(app, clock)
        yield opened
        await opened.check_log()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds, for 20 seconds at most."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - what is waited for sets no event of this loop
            await asyncio.sleep(0.005)


def seconds_after(moment: datetime | None) -> float | None:
    """Return how long after the opening a moment is."""
    return None if moment is None else (moment - NOW).total_seconds()


PENDING: tuple[Status, ...] = moves.PENDING

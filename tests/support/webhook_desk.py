"""An app with webhooks, whose clock is turned by hand and whose deliveries go out when a test says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from handrail import Actor, App
from handrail.inbox import moves
from handrail.outgoing.call import Outgoing
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from handrail.webhooks.delivering import Deliverer
from handrail.webhooks.facts import Delivery
from tests.support.requests_desk import draft

ROOT = Actor("root")
ALICE = Actor("alice")
ENOUGH = 60.0
"""seconds in which a receiver on this machine answers, however loaded it is"""


class Desk:
    """The app, its clock, and the process that delivers; another one can take its place."""

    def __init__(self, app: App, clock: TurnableClock) -> None:
        self.app = app
        self.clock = clock
        self.timeout = ENOUGH
        """how many seconds a receiver may take; a test in which one never answers takes less"""
        self.deliverer = self.another()

    def another(self) -> Deliverer:
        """Return another process that delivers."""
        return Deliverer(self.app.store, self.clock, self.app.people.secret, self._outgoing)

    def _outgoing(self) -> Outgoing:
        return Outgoing(self.app.allowed, timeout=self.timeout)

    async def hook(self, url: str, **options: Any) -> tuple[str, str]:
        """Add a webhook; returns its id and its secret."""
        added, secret = await self.app.webhooks.add(url, actor=ROOT, **options)
        return added.webhook.id, secret

    async def open(self, number: int = 1, **more: Any) -> HumanRequest:
        """Open a request."""
        return await self.app.store.do(
            moves.open_request,
            draft({"content": "a secret text"}, **more),
            now=self.clock.now(),
            request_id=f"req_{number}",
        )

    async def deliver(self) -> int:
        """Send what is due now."""
        return await self.deliverer.deliver_due()

    async def deliveries(self, webhook_id: str) -> list[Delivery]:
        """Return what a webhook is told, the first one first."""
        found, _ = await self.app.webhooks.deliveries(webhook_id, limit=10_000)
        return found[::-1]


@asynccontextmanager
async def desk(allow: str = "127.0.0.1", store: str = "memory://") -> AsyncIterator[Desk]:
    """Open an app that delivers nothing by itself."""
    clock = TurnableClock()
    app = App(store=store, clock=clock, allow_hosts=allow)
    async with app.connect():
        yield Desk(app, clock)

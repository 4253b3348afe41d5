"""Brings what happened to the app, by HTTP or Socket Mode, and keeps every delivery with its outcome."""

import asyncio

from aiohttp import web

from tests.support.slack.acknowledged import Outcomes
from tests.support.slack.by_http import ByHttp
from tests.support.slack.by_socket import BySocket
from tests.support.slack.delivery import HONEST, Delivery, How, Kind, Payload, from_team
from tests.support.slack.refusal import Impossible
from tests.support.slack.state import State

RETRIES = 3
IN_TIME = 3.0
"""seconds that Slack waits for an acknowledgement"""
PATIENCE = 30.0
"""seconds that are waited here, so that a loaded machine counts as no fault; what has to be in time says `IN_TIME`"""


class Courier:
    """Sends one delivery after the other, or several at once."""

    def __init__(self, state: State) -> None:
        self.url: str | None = None
        """the app's Request URL; None for Socket Mode"""
        self.patience = PATIENCE
        """seconds within which the app has to acknowledge"""
        self.deliveries: list[Delivery] = []
        self.outcomes = Outcomes(state)
        self.sockets = BySocket(state)
        self._state = state
        self._http = ByHttp(state.app.signing_secret)

    async def bring(
        self,
        kind: Kind,
        payload: Payload,
        user: str | None,
        *,
        how: How = HONEST,
        times: int = 1,
        hold: bool = False,
    ) -> Delivery:
        """Make a delivery and send it `times` times at once, or not yet if it is to be held."""
        payload = from_team(payload, how.team) if how.team else payload
        first = Delivery(kind, payload, user, how)
        if not hold:
            first.repeats = [first.again() for _ in range(times - 1)]
            await asyncio.gather(*map(self.send, [first, *first.repeats]))
        return first

    async def send(self, delivery: Delivery) -> None:
        """Send one that wasn't yet."""
        self.deliveries.append(delivery)
        if self.url:
            await self._http.send(delivery, self.url, self.patience)
        elif delivery.how.signature != "right" or delivery.how.age or delivery.how.change:
            raise Impossible("nothing is signed in Socket Mode")
        else:
            await self.sockets.send(delivery, self.patience)
        self.outcomes.settle(delivery)
        self._state.changes.notify()

    async def redeliver(self, delivery: Delivery, times: int = 1) -> list[Delivery]:
        """Send the same again, signed anew."""
        copies = [delivery.again() for _ in range(times)]
        await asyncio.gather(*map(self.send, copies))
        return copies

    async def replay(self, delivery: Delivery) -> Delivery:
        """Send the very bytes again that were sent by HTTP, with their old signature."""
        if delivery.sent is None:
            raise Impossible("only what was sent by HTTP can be replayed")
        copy = delivery.again(sent=delivery.sent)
        await self.send(copy)
        return copy

    async def retry(self, delivery: Delivery) -> Delivery | None:
        """Send an event again as Slack does when it wasn't acknowledged: three times, then no more (None)."""
        if delivery.kind != "events_api" or delivery.acknowledged:
            raise Impossible("Slack retries events only, and only those that failed")
        if delivery.no_retry or delivery.retry >= RETRIES:
            return None
        copy = delivery.again(retry=delivery.retry + 1, reason=delivery.failure)
        await self.send(copy)
        return copy

    async def link(self, request: web.Request) -> web.StreamResponse:
        """Speak with a websocket."""
        return await self.sockets.accept(request)

    async def close(self) -> None:
        """Let go of everything."""
        await self.sockets.close()
        await self._http.close()

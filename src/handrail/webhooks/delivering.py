"""The deliveries of a store, going out: some at once for each webhook, those of one subject one after the other.

A receiver that is down is left alone for a while, and then tried with a single call. Every process that works on a
store delivers; what one has taken the others leave alone.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from handrail import killpoints
from handrail.inbox.clock import on_turn
from handrail.inbox.delivered import Tries
from handrail.inbox.ports import Clock, Store
from handrail.people.secret import Secret
from handrail.requests.errors import HandrailError, StoreClosed, StoreError
from handrail.webhooks import sending
from handrail.webhooks.facts import Delivery, Webhook
from handrail.webhooks.following import follow, is_behind
from handrail.webhooks.ports import WebhookTransaction
from handrail.webhooks.sending import Down, Missed, Result, Taken

if TYPE_CHECKING:
    from handrail.outgoing.call import Outgoing

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""calls of one webhook"""
POLL = 1.0
"""seconds between two looks while there are webhooks"""
COALESCE = 0.005
"""seconds in which commits count as one"""
QUIET = 0.25
"""seconds between two looks where there is no webhook and others write"""
KEPT = timedelta(days=30)
"""how long it is known what was delivered"""
CLEANING = timedelta(hours=1)
FORGOTTEN = 1000
"""deliveries that one transaction forgets"""


@dataclass
class Rest:
    """How a receiver is left alone: how often in a row it was down, and until when."""

    downs: int = 0
    until: datetime | None = None


@dataclass
class Deliverer:
    """Delivers for the webhooks of a store.

    `outgoing` makes what calls their URLs, once that is needed.
    """

    store: Store
    clock: Clock
    secret: Secret
    outgoing: Callable[[], "Outgoing"]
    tries: Tries = field(default_factory=Tries)
    """the calls that this process has made, by webhook and what came of them"""
    _rests: dict[str, Rest] = field(default_factory=dict)
    _calls: dict[asyncio.Task[None], str] = field(default_factory=dict)
    """what is being sent, and to which webhook"""
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _webhooks: bool = True
    """whether there may be any"""
    _cleaned: datetime | None = None

    def resting(self) -> dict[str, datetime]:
        """Return the webhooks that are left alone now, and until when."""
        now = self.clock.now()
        rests = {each: rest.until for each, rest in self._rests.items()}
        return {each: until for each, until in rests.items() if until is not None and until > now}

    async def serve(self) -> None:
        """Deliver until cancelled, or the store is closed."""
        loop = asyncio.get_running_loop()
        unlisten = self.store.listen(self._heard)
        forget_clock = on_turn(self.clock, lambda: loop.call_soon_threadsafe(self._bell.set))
        try:
            with suppress(StoreClosed):
                while True:
                    await self._rest(await self._round())
        finally:
            unlisten()
            forget_clock()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)

    async def deliver_due(self) -> int:
        """Store and send what is due now, and wait for the answers; returns how many calls that were."""
        calls = 0
        while True:
            await self._look()
            if not self._calls:
                return calls
            calls += len(self._calls)
            await asyncio.gather(*self._calls)

    def _heard(self, signals: Sequence[tuple[str, str]]) -> None:
        if self._webhooks or any(topic in ("webhook", "elsewhere") for topic, _ in signals):
            self._bell.set()

    async def _rest(self, due: datetime | None) -> None:
        """Wait for something to do: `due` is when something is due by itself."""
        pause = None
        if self._webhooks:
            left = POLL if due is None else (due - self.clock.now()).total_seconds()
            pause = min(POLL, max(0.0, left))
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._bell.wait()
        await asyncio.sleep(COALESCE if self._webhooks else QUIET)
        self._bell.clear()

    async def _round(self) -> datetime | None:
        try:
            return await self._look()
        except StoreClosed:
            raise
        except HandrailError as error:
            logger.error("webhooks go on after: %s", error)
        except Exception:
            logger.exception("webhooks go on after an error")
        await asyncio.sleep(POLL)
        return None

    async def _look(self) -> datetime | None:
        """Follow the log and send what is due; returns when something is due next."""
        webhooks = await self.store.read(_active)
        self._webhooks = bool(webhooks)
        if not webhooks:
            return None
        if await self.store.read(is_behind):
            while await self.store.do(follow, now=self.clock.now()):
                pass
        await self._clean()
        for webhook in webhooks:
            await self._begin(webhook)
        return await self._next(webhooks)

    async def _begin(self, webhook: Webhook) -> None:
        """Begin as many calls as may be made at once."""
        now, rest = self.clock.now(), self._rests.get(webhook.id, Rest())
        if rest.until is not None and now < rest.until:
            return
        room = (1 if rest.downs else AT_ONCE) - Counter(self._calls.values())[webhook.id]
        due = await self.store.read(_next_due, webhook_id=webhook.id) if room > 0 else None
        if due is None or due > now:
            return
        for taken in await self.store.do(sending.take, webhook_id=webhook.id, now=now, limit=room):
            call = asyncio.create_task(self._call(webhook, taken), name="handrail webhook")
            self._calls[call] = webhook.id
            call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.pop(call, None)
        self._bell.set()
        if not call.cancelled() and (error := call.exception()) is not None:
            logger.error("a delivery is due again after: %s", type(error).__name__)

    async def _call(self, webhook: Webhook, taken: Delivery) -> None:
        killpoints.reach("deliver:before")
        result = await self._sent(webhook, taken)
        self.tries[webhook.id, sending.result_of(result)] += 1
        killpoints.reach("deliver:sent")
        downs = self._judge(webhook, taken, result)
        await self.store.do(
            sending.note,
            taken=taken,
            result=result,
            downs=downs,
            jitter=random.random(),
            now=self.clock.now(),
        )
        killpoints.reach("deliver:after")

    async def _sent(self, webhook: Webhook, taken: Delivery) -> Result:
        try:
            body = await self.store.read(sending.body_of, webhook=webhook, sequence=taken.sequence)
            calling, now = self.outgoing(), self.clock.now()
            return await sending.send(
                webhook, body, taken.event_id, secret=self.secret, outgoing=calling, now=now
            )
        except StoreError:
            raise
        except HandrailError as error:
            return Missed(str(error), None)
        except Exception as error:  # one event that can't be told must not be tried for ever
            return Missed(f"it can't be told: {type(error).__name__}", None)

    def _judge(self, webhook: Webhook, taken: Delivery, result: Result) -> int:
        """Leave a receiver alone that is down; returns how often in a row it was."""
        if not isinstance(result, Taken):
            told = sending.words_of(result)
            logger.warning("webhook %s was not told event %s: %s", webhook.id, taken.sequence, told)
        if not isinstance(result, Down):
            self._rests.pop(webhook.id, None)
            return 0
        rest = self._rests.setdefault(webhook.id, Rest())
        now = self.clock.now()
        if rest.until is None or rest.until <= now:  # of several calls that fail at once the first one counts
            rest.downs += 1
        until = now + sending.pause_after(result, taken.attempts, rest.downs, random.random())
        rest.until = until if rest.until is None else max(until, rest.until)
        return rest.downs

    async def _next(self, webhooks: Sequence[Webhook]) -> datetime | None:
        """Return when something is due that can be sent then."""
        moments, busy = [], Counter(self._calls.values())
        for webhook in webhooks:
            rest = self._rests.get(webhook.id, Rest())
            if busy[webhook.id] >= (1 if rest.downs else AT_ONCE):
                continue  # the end of a call rings
            if (due := await self.store.read(_next_due, webhook_id=webhook.id)) is not None:
                moments.append(max(due, rest.until or due))
        return min(moments, default=None)

    async def _clean(self) -> None:
        """Forget what was delivered long ago."""
        now = self.clock.now()
        if self._cleaned is not None and now - self._cleaned < CLEANING:
            return
        self._cleaned = now
        while await self.store.do(_forget, before=now - KEPT) == FORGOTTEN:
            pass


def _active(tx: WebhookTransaction) -> list[Webhook]:
    return tx.webhooks(active=True)


def _next_due(tx: WebhookTransaction, *, webhook_id: str) -> datetime | None:
    return tx.next_delivery_due(webhook_id)


def _forget(tx: WebhookTransaction, *, before: datetime) -> int:
    return tx.forget_deliveries(before, FORGOTTEN)

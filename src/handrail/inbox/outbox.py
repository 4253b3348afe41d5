"""What is told to people through channels: stored with the move that caused it, delivered at least once.

A request names its channels; each gets a message when it opens, is reminded, escalated, reassigned, commented or
ended. A message that can't be delivered is tried again with growing pauses, and is `failed` after two days.
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from handrail import killpoints
from handrail.inbox.ports import Clock, InboxTransaction, Message, Store
from handrail.requests.identifier import new_id
from handrail.requests.request import HumanRequest

logger = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0
ATTEMPTS = 60
"""tries until a message is given up: about two days with the pauses above"""
PATIENCE = timedelta(seconds=30)
"""how long one delivery may take"""
RESERVED = timedelta(seconds=120)
"""how long messages that one process has taken are not due for others"""


class Channel(Protocol):
    """Carries requests to people. Delivery may repeat after a crash: use `message.id` to recognise a repetition."""

    async def deliver(self, message: Message, request: HumanRequest) -> None:
        """Tell people about `message.occasion` of `request`. Raise any exception to be called again later."""
        ...


def tell(tx: InboxTransaction, request: HumanRequest, occasion: str, now: datetime) -> None:
    """Store one message for each channel of the request."""
    for channel in request.draft.channels:
        tx.add_message(Message(new_id("msg", now), request.id, channel, occasion, now))
        tx.signal("message", channel)


def _take(
    tx: InboxTransaction, *, channels: list[str], now: datetime, limit: int
) -> list[tuple[Message, HumanRequest]]:
    found = []
    for message in tx.due_messages(channels, now, limit):
        if (request := tx.request(message.request_id)) is not None:
            found.append((message, request))
            # Nobody else takes it while this delivery is under way; after a crash it is due again.
            tx.update_message(replace(message, due_at=now + RESERVED))
    return found


def _record(tx: InboxTransaction, *, message: Message) -> None:
    tx.update_message(message)


def pause(attempts: int, jitter: float) -> timedelta:
    """Return how long to wait after so many failed attempts; `jitter` is between 0 and 1."""
    seconds: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts, 20))
    return timedelta(seconds=seconds * (0.5 + jitter / 2))


async def deliver_due(store: Store, channels: Mapping[str, Channel], clock: Clock, limit: int = 100) -> int:
    """Deliver the messages that are due through the channels at hand; return how many were tried.

    Channels work side by side, so a slow one holds up its own messages only.
    """
    now = clock.now()
    taken = await store.do(_take, channels=list(channels), now=now, limit=limit)
    queues: dict[str, list[tuple[Message, HumanRequest]]] = {}
    for message, request in taken:
        queues.setdefault(message.channel, []).append((message, request))
    tried = await asyncio.gather(
        *(_deliver_all(store, channels[name], clock, queue, now) for name, queue in queues.items())
    )
    return sum(tried)


async def _deliver_all(
    store: Store,
    channel: Channel,
    clock: Clock,
    queue: list[tuple[Message, HumanRequest]],
    taken_at: datetime,
) -> int:
    """Deliver one after the other; what the time doesn't suffice for is due again by itself."""
    tried = 0
    for message, request in queue:
        if clock.now() > taken_at + RESERVED - PATIENCE:
            break
        killpoints.reach("deliver:before")
        error = await _delivery_error(channel, message, request)
        if error is None:
            killpoints.reach("deliver:sent")
        await store.do(_record, message=_after(message, error, clock.now()))
        killpoints.reach("deliver:after")
        tried += 1
    return tried


async def _delivery_error(channel: Channel, message: Message, request: HumanRequest) -> str | None:
    """Deliver one message; return the kind of error if that failed, whatever the channel raised."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await channel.deliver(message, request)
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise  # this process stops: the message is due again by itself
        return _failed(message, "CancelledError")
    except Exception as error:
        return _failed(message, type(error).__name__)
    return None


def _failed(message: Message, kind: str) -> str:
    logger.warning("message %s of request %s was not delivered: %s", message.id, message.request_id, kind)
    return kind


def _after(message: Message, error: str | None, now: datetime) -> Message:
    """Return the message as it is after an attempt: sent, to be tried again, or given up."""
    attempts = message.attempts + 1
    if error is None:
        return replace(message, attempts=attempts, state="sent", error=None)
    state = "failed" if attempts >= ATTEMPTS else "pending"
    due = now + pause(attempts, random.random())
    return replace(message, attempts=attempts, state=state, error=error, due_at=due)

"""What is told to people through channels: stored with the move that caused it, delivered at least once.

A request names its channels; each gets a message when it opens, is reminded, escalated, reassigned, commented or
ended. A message that can't be delivered is tried again with growing pauses, and is `failed` after two days.
"""

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
            tx.update_message(replace(message, due_at=now + timedelta(seconds=60)))
    return found


def _record(tx: InboxTransaction, *, message: Message) -> None:
    tx.update_message(message)


def pause(attempts: int, jitter: float) -> timedelta:
    """Return how long to wait after so many failed attempts; `jitter` is between 0 and 1."""
    seconds: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts, 20))
    return timedelta(seconds=seconds * (0.5 + jitter / 2))


async def deliver_due(store: Store, channels: Mapping[str, Channel], clock: Clock, limit: int = 100) -> int:
    """Deliver the messages that are due through the channels at hand; return how many were tried."""
    taken = await store.do(_take, channels=list(channels), now=clock.now(), limit=limit)
    for message, request in taken:
        killpoints.reach("deliver:before")
        attempts = message.attempts + 1
        try:
            await channels[message.channel].deliver(message, request)
            killpoints.reach("deliver:sent")
            result = replace(message, attempts=attempts, state="sent", error=None)
        except Exception as error:  # whatever a channel raises: it is tried again
            logger.warning(
                "message %s of request %s was not delivered: %s", message.id, request.id, type(error).__name__
            )
            state = "failed" if attempts >= ATTEMPTS else "pending"
            due = clock.now() + pause(attempts, random.random())
            result = replace(message, attempts=attempts, state=state, error=type(error).__name__, due_at=due)
        await store.do(_record, message=result)
        killpoints.reach("deliver:after")
    return len(taken)

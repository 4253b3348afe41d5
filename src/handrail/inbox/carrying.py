"""One attempt to let a channel deliver a message: whatever the channel does, it comes to places or to an error.

A channel may be anybody's: one that hangs holds up its own messages only, and what it returns or says is looked at
before it is stored. What can't be stored would be told again for ever, and hold up all that comes after it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from handrail.inbox import notifying
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.wishes import News
from handrail.requests.errors import ChannelError, RateLimited
from handrail.requests.request import HumanRequest
from handrail.requests.visible import visible

LONGEST_ERROR = 300
LONGEST_PLACE = 4096
"""characters of what a channel finds a message by, and of whom it is for"""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
NO_TIME, LONGEST_WAIT = 1.0, 86400.0
"""seconds for which a channel is left alone that asks for none, and at most"""


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of delivering a message: what was sent by it or was there already, or what kept it from that."""

    places: tuple[str, ...] = ()
    found: bool = False
    error: Exception | None = None


async def carried(carry: Callable[[], Awaitable[Carried]], patience: timedelta) -> Carried:
    """Deliver something within the time that one delivery may take."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await carry()
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise  # this process stops: the message is due again by itself
        return Carried(error=ChannelError("CancelledError"))
    except Exception as error:
        return Carried(error=error)


async def carry(channel: Channel, delivery: Delivery) -> Carried:
    """Let a channel deliver a message."""
    message, request = delivery.message, delivery.request
    delivery = replace(delivery, sent=tuple(sent for sent in delivery.sent if sent.to == message.to))
    if message.place is not None:
        change = channel.withdraw if request.ended else channel.update
        await change(delivery, message.place)
        return Carried()
    if message.news and notifying.says_enough(delivery, follows=channel.follows, silent=channel.silent):
        return Carried()
    if message.attempts and (found := await channel.find(delivery)):
        return Carried(_texts(found, "find"), found=True)
    if channel.follows and request.ended and message.news != News.ENDED:
        return Carried()  # nobody needs to be asked any more
    place = await channel.deliver(delivery)
    return Carried(_texts([place], "deliver") if place is not None else ())


def recipients(channel: Channel, request: HumanRequest) -> tuple[str, ...]:
    """Return to whom or where a request goes that names the channel alone. Raises `ChannelError` for what is none."""
    return _texts(channel.recipients(request), "recipients")


def _texts(given: Iterable[Any], what: str) -> tuple[str, ...]:
    """Return texts that a channel has returned. Raises `ChannelError` for anything else, which can't be stored."""
    found = [] if isinstance(given, str | bytes) else [_text(each) for each in given]
    texts = tuple(each for each in found if each is not None)
    if len(texts) < len(found) or isinstance(given, str | bytes):
        raise ChannelError(
            f"`{what}` of this channel returned something else than text, or more than {LONGEST_PLACE} characters: "
            "mend the channel"
        )
    return texts


def _text(given: object) -> str | None:
    """Return what can be stored as text, also for a number; None for anything else."""
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or len(text) > LONGEST_PLACE or _UNSTORABLE.search(text):
        return None
    return text


def told(error: Exception) -> str:
    """Return what is said of an error: the words of a channel, of anything else its kind."""
    if isinstance(error, ChannelError):
        try:
            words = str(error)
        except Exception:
            words = ""
        if words.strip():
            return visible(words[:LONGEST_ERROR])[:LONGEST_ERROR]
    return type(error).__name__


def asked_to_wait(error: RateLimited) -> timedelta:
    """Return for how long a channel asks to be left alone, within reason; where it names no time, a second."""
    try:
        seconds = float(error.retry_after)
    except (TypeError, ValueError, OverflowError):
        seconds = 0.0
    return timedelta(seconds=min(seconds, LONGEST_WAIT) if seconds > 0 else NO_TIME)

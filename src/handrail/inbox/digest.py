"""Digests: what waits for the same person on the same channel is told as one list.

What is taken together is marked with the id of its first message, so after a crash the same list is asked for and sent
again, and what has come meanwhile is a list of its own. What isn't news any more is left out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.notifying import DIGEST, is_news
from handrail.inbox.ports import InboxTransaction, Message

MOST = 500
"""messages of one list; more are another one"""


def gathers(channel: Channel) -> bool:
    """Whether a channel makes lists; by any other what waited for a digest is told each by itself."""
    return type(channel).digest is not Channel.digest


def whole(
    tx: InboxTransaction, due: Sequence[Message], now: datetime, channels: Collection[str]
) -> list[Message]:
    """Return messages that are due, with all that belongs into the same lists of these channels, which are marked."""
    found: dict[str, Message] = {}
    for message in due:
        if message.waits != DIGEST or message.channel not in channels:
            found[message.id] = message
        elif message.id not in found:
            found |= {each.id: each for each in _list(tx, message, now)}
    return list(found.values())


def _list(tx: InboxTransaction, first: Message, now: datetime) -> Iterator[Message]:
    together = tx.waiting_for_digest(first.channel, first.to, first.place, now, MOST) or [first]
    mark = first.place or min(message.id for message in together)
    for message in together:
        yield replace(message, place=mark)


def is_listed(message: Message) -> bool:
    """Whether a message that was taken belongs to a list."""
    return message.waits == DIGEST and message.place is not None


def groups(queue: Sequence[Delivery]) -> list[list[Delivery]]:
    """Return what is delivered together, in order: a list, or one message."""
    found: dict[tuple[str, str | None], list[Delivery]] = {}
    for delivery in queue:
        message = delivery.message
        key = (message.to, message.place) if is_listed(message) else (message.id, None)
        found.setdefault(key, []).append(delivery)
    return list(found.values())


def asked_for(group: Sequence[Delivery]) -> Delivery:
    """Return as what a list is looked for on the other side: by the id that it is marked with."""
    first = group[0]
    mark = first.message.place or first.message.id
    return replace(first, message=replace(first.message, id=mark, occasion=DIGEST, place=None), sent=())


def told(group: Sequence[Delivery]) -> list[Delivery]:
    """Return what of a list is still news."""
    return [delivery for delivery in group if is_news(delivery)]

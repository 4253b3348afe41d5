"""What is told to people through channels: stored with the move that caused it, delivered at least once.

A request names its channels; each gets a message when something happens to it. A message that can't be delivered is
tried again with growing pauses, and is `failed` after two days; while a channel is down, its messages wait. What a
channel has sent is remembered, and made true whenever the request has changed, however late it was sent.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from handrail import killpoints
from handrail.inbox import carrying, digest, notifying
from handrail.inbox.carrying import Carried
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.delivered import Tries, result_of
from handrail.inbox.line import SPACING, Line
from handrail.inbox.notifying import ASKING, SAYING
from handrail.inbox.ports import Clock, InboxTransaction, Message, Sent, Store
from handrail.inbox.taking import RESERVED, Taken, give_back, take
from handrail.requests.errors import (
    ChannelDown,
    HandrailError,
    RateLimited,
)
from handrail.requests.identifier import new_id
from handrail.requests.request import HumanRequest

logger = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0
ATTEMPTS = 60
"""tries until a message is given up: about two days with the pauses above"""
LONGEST_DOWN = 60.0
"""seconds after which a channel that is down is tried again"""
PATIENCE = timedelta(seconds=30)
"""how long one delivery may take"""
LAST_WORDS = timedelta(seconds=3)
"""how long an app that is closed goes on delivering what is due"""
MOST_MESSAGES = 1_000
"""messages of one request that are looked at for who hasn't got it yet"""
__all__ = ["ASKING", "RESERVED", "SAYING", "Outbox", "tell"]


def channel_name(named: str) -> str:
    """Return the name of a channel without whom or where to.

    >>> channel_name("slack:#deploys")
    'slack'
    """
    return named.partition(":")[0]


def tell(
    tx: InboxTransaction,
    request: HumanRequest,
    occasion: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
    by: str | None = None,
) -> None:
    """Store one message for each channel of the request, and those by which people wish to hear it.

    `by` is who has done it, and needn't be told.
    """
    for named in dict.fromkeys(request.draft.channels):
        channel, _, to = named.partition(":")
        tx.add_message(Message(new_id("msg", now), request.id, channel, occasion, now, to=to, detail=detail))
        tx.signal("message", channel)
    notifying.notify(tx, request, occasion, now, detail, by)


def pause(attempts: int, jitter: float, longest: float = LONGEST_PAUSE) -> timedelta:
    """Return how long to wait after so many failed attempts; `jitter` is between 0 and 1."""
    seconds: float = min(longest, FIRST_PAUSE * 2.0 ** min(attempts, 20))
    return timedelta(seconds=seconds * (0.5 + jitter / 2))


def _as_it_is(tx: InboxTransaction, *, delivery: Delivery) -> tuple[Delivery, tuple[str, ...]]:
    """Return a delivery as things stand now, and who is to get the request first and hasn't yet."""
    message = delivery.message
    request = tx.request(message.request_id) or delivery.request
    sent = tuple(tx.sent(request.id, message.channel))
    awaited = [
        other.to
        for other in (tx.messages(request.id, MOST_MESSAGES) if message.occasion in SAYING else ())
        if other.channel == message.channel and other.state == "pending" and other.id < message.id
        if other.occasion in ASKING and other.place is None
    ]
    return replace(delivery, request=request, sent=sent), tuple(awaited)


def _put(tx: InboxTransaction, *, messages: list[Message]) -> None:
    for message in messages:
        tx.update_message(message)


def _split(tx: InboxTransaction, *, message: Message, parts: list[Message]) -> None:
    """Let messages for single recipients stand for one message, unless another process has done that."""
    now = tx.message(message.id)
    if now is None or now.state != "pending":
        return
    for part in parts:
        tx.add_message(part)
    tx.update_message(message)
    tx.signal("message", message.channel)


def note_sent(
    tx: InboxTransaction, *, delivery: Delivery, message: Message, places: list[str], found: bool = False
) -> None:
    """Store that a message was delivered, and what was sent by it; what is out of date by now is told once more.

    What was `found` may show any earlier state.
    """
    tx.update_message(message)
    known = {sent.place for sent in tx.sent(message.request_id, message.channel)}
    for place in places:
        keep(tx, message, place, message.due_at)
    request = tx.request(message.request_id)
    if request is None or (request.version == delivery.request.version and not found):
        return
    for place in places:
        if place not in known:
            tell_again(tx, request, message, place)


def keep(tx: InboxTransaction, message: Message, place: str, now: datetime) -> None:
    """Remember what was sent by a message."""
    tx.add_sent(Sent(message.request_id, message.channel, message.to, place, message.id, now))


def tell_again(tx: InboxTransaction, request: HumanRequest, message: Message, place: str) -> None:
    """Make what was sent true: meanwhile the request has changed."""
    now = message.due_at
    occasion = "ended" if request.ended else "changed"
    again = Message(
        new_id("msg", now), request.id, message.channel, occasion, now, to=message.to, place=place
    )
    tx.add_message(again)
    tx.signal("message", message.channel)


def parts(delivery: Delivery, recipients: tuple[str, ...], awaited: tuple[str, ...] = ()) -> list[Message]:
    """Return the messages for single recipients that one message of a channel which follows comes to.

    Those who don't have the request yet get it, those who have it get it changed, or hear what was said; `awaited`
    are those who will have it, and hear that afterwards.
    """
    message, sent = delivery.message, delivery.sent
    if message.news is not None:
        return notifying.parts(delivery)
    if message.to or "." in message.id:  # the id of a part: it is for one recipient already
        sent = tuple(each for each in sent if each.to == message.to)
        recipients, awaited = (message.to,), ()
    if message.occasion in SAYING:
        came_from = (message.detail or {}).get("of")
        told = dict.fromkeys([*(each.to for each in sent if each.place != came_from), *awaited])
        return [replace(message, to=to) for to in told]
    changing = [replace(message, to=each.to, place=each.place) for each in sent]
    if message.occasion not in ASKING:
        return changing
    have = {each.to for each in sent}
    asked = [replace(message, to=to) for to in dict.fromkeys(recipients) if to not in have]
    return [*asked, *changing]


@dataclass
class Outbox:
    """Delivers the messages of a store through the channels of this process.

    Channels work side by side, so a slow one holds up its own messages only; one that is down is left alone for a
    while. `link` gives the address of a request's page.
    """

    store: Store
    channels: Mapping[str, Channel]
    clock: Clock
    link: Callable[[str], str] = str
    tries: Tries = field(default_factory=Tries)
    """what this process has delivered or tried to, by channel and result"""
    _resting: dict[str, datetime] = field(default_factory=dict)
    """channels that are down or have to wait, and until when"""
    _downs: dict[str, int] = field(default_factory=dict)
    """how often in a row a channel was down"""
    _lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    """by channel and recipient, what stands in line for those that took no more"""
    _begun: set[str] = field(default_factory=set)
    """messages that a channel was given, until it is stored what came of that"""

    def resting(self) -> dict[str, datetime]:
        """Return the channels that deliver nothing now, and until when."""
        return {name: self._resting[name] for name in self.channels if self._rests(name)}

    async def deliver_due(self, limit: int = 100, only: str | None = None) -> int:
        """Deliver the messages that are due, those of all channels or of `only` one; return how many were tried."""
        now = self.clock.now()
        able = [name for name in self.channels if only in (None, name) and not self._rests(name)]
        if not able:
            return 0
        taking = asyncio.ensure_future(self._taken(able, now, limit))
        try:
            return await self._deliver_taken(await asyncio.shield(taking), now)
        except asyncio.CancelledError:  # this process stops: others needn't wait for what it has taken
            mine = [each.message for each in (await taking).deliveries]
            begun = self._begun & {each.id for each in mine}
            self._begun -= begun
            await self.store.do(give_back, messages=mine, until=now + RESERVED, begun=begun)
            raise

    async def _deliver_taken(self, taken: Taken, now: datetime) -> int:
        queues: dict[str, list[Delivery]] = {}
        for each in taken.deliveries:
            delivery = replace(each, url=self.link(each.request.id))
            queues.setdefault(each.message.channel, []).append(delivery)
        tried = await asyncio.gather(*(self._deliver_all(name, queue, now) for name, queue in queues.items()))
        return sum(tried) + taken.held

    async def _taken(self, able: list[str], now: datetime, limit: int) -> Taken:
        gathering = [name for name in able if digest.gathers(self.channels[name])]
        loud = [name for name in able if not (self.channels[name].silent and self.channels[name].follows)]
        return await self.store.do(take, channels=able, now=now, limit=limit, gathering=gathering, loud=loud)

    async def last_words(self) -> None:
        """Deliver what is due before this process may be gone: for a moment, and no longer."""
        with suppress(TimeoutError, HandrailError):
            async with asyncio.timeout(LAST_WORDS.total_seconds()):
                while await self.deliver_due():
                    pass

    async def _deliver_all(self, name: str, queue: list[Delivery], taken_at: datetime) -> int:
        """Deliver one after the other; what the time doesn't suffice for is as it was.

        What comes after one that failed or stands in line, to the same recipient about the same request, waits for
        it.
        """
        tried, left, until = 0, list[Message](), taken_at + RESERVED
        behind = set[tuple[str, str]]()
        for group in digest.groups(queue):
            whose = {(each.message.request_id, each.message.to) for each in group}
            now = self.clock.now()
            line = self._line(group[0].message)
            if line is not None and (turn := line.turn(group[0].message, now)) > now:
                left += [replace(each.message, due_at=turn) for each in group]
                behind |= whose
                tried += len(group)
                continue
            if now > until - PATIENCE or self._rests(name) or whose & behind:
                left += [each.message for each in group]
                continue
            tried += len(group)
            if not await self._deliver_group(self.channels[name], group):
                behind |= whose
            elif line is not None:
                line.free = self.clock.now() + SPACING
            self._begun.difference_update(each.message.id for each in group)
        if left:
            await self.store.do(give_back, messages=left, until=until)
        return tried

    def _line(self, message: Message) -> Line | None:
        """Return where a message stands in line, if there is one."""
        whose = (message.channel, message.to)
        line = self._lines.get(whose)
        if line is not None and max(line.end, line.free) <= self.clock.now():
            del self._lines[whose]
            return None
        return line if message.occasion in ASKING | SAYING else None

    async def _deliver_group(self, channel: Channel, group: list[Delivery]) -> bool:
        """Deliver one message, or a list; False if that failed."""
        if digest.is_listed(group[0].message):
            return await self._deliver_list(channel, group)
        (delivery,) = group
        return await self._deliver(channel, delivery)

    async def _deliver_list(self, channel: Channel, group: list[Delivery]) -> bool:
        """Deliver what waited for somebody's digest as one list; nothing of it, if nothing of it is news any more."""
        messages = [replace(each.message, attempts=each.message.attempts + 1) for each in group]
        group = [(await self.store.read(_as_it_is, delivery=each))[0] for each in group]
        killpoints.reach("deliver:before")
        error = await self._told_as_list(channel, group)
        self.tries[messages[0].channel, result_of(error)] += 1
        if error is None:
            killpoints.reach("deliver:sent")
            self._downs.pop(messages[0].channel, None)
            now = self.clock.now()
            done = [replace(message, state="sent", error=None, due_at=now) for message in messages]
        else:
            first = self._failed(messages[0], error)
            tries = first.attempts - messages[0].attempts
            done = [
                replace(
                    each,
                    attempts=each.attempts + tries,
                    state=first.state,
                    error=first.error,
                    due_at=first.due_at,
                )
                for each in messages
            ]
        await self.store.do(_put, messages=done)
        killpoints.reach("deliver:after")
        return error is None

    async def _told_as_list(self, channel: Channel, group: list[Delivery]) -> Exception | None:
        """Let a channel put a list before somebody, unless it is there; return what kept it from that."""

        async def tell() -> Carried:
            if not (news := digest.told(group)):
                return Carried()
            if group[0].message.attempts and await channel.find(digest.asked_for(group)):
                return Carried(found=True)
            await channel.digest(group[0].to, news)
            return Carried()

        return (await self._carried(group, tell)).error

    def _rests(self, channel: str) -> bool:
        until = self._resting.get(channel)
        return until is not None and until > self.clock.now()

    async def _deliver(self, channel: Channel, delivery: Delivery) -> bool:
        """Deliver one message, or let messages for single recipients stand for it; False if that failed."""
        message = replace(delivery.message, attempts=delivery.message.attempts + 1)
        delivery, awaited = await self.store.read(_as_it_is, delivery=delivery)
        if channel.follows and message.place is None:
            try:
                recipients = carrying.recipients(channel, delivery.request)
            except Exception as error:
                await self.store.do(_put, messages=[self._failed(message, error)])
                return False
            found = parts(delivery, recipients, awaited)
            if len(found) != 1 or found[0].to != message.to:
                await self._split(message, found)
                return True
            message = replace(message, place=found[0].place)
            delivery = replace(delivery, message=found[0])
        killpoints.reach("deliver:before")
        carried = await self._carried([delivery], lambda: carrying.carry(channel, delivery))
        self.tries[message.channel, result_of(carried.error)] += 1
        if carried.error is None:
            killpoints.reach("deliver:sent")
            self._downs.pop(message.channel, None)
            sent = replace(message, state="sent", error=None, due_at=self.clock.now())
            asking = channel.follows and delivery.message.occasion in ASKING
            kept = list(carried.places) if asking else []
            await self.store.do(note_sent, delivery=delivery, message=sent, places=kept, found=carried.found)
        else:
            await self.store.do(_put, messages=[self._failed(message, carried.error)])
        killpoints.reach("deliver:after")
        return carried.error is None

    async def _split(self, message: Message, found: list[Message]) -> None:
        ids = (f"{message.id}.{number:04}" for number in range(len(found)))
        each = [replace(part, id=part_id, attempts=0) for part, part_id in zip(found, ids, strict=False)]
        done = replace(message, state="sent", error=None, due_at=self.clock.now())
        await self.store.do(_split, message=done, parts=each)

    async def _carried(self, group: list[Delivery], carry: Callable[[], Awaitable[Carried]]) -> Carried:
        self._begun.update(each.message.id for each in group)
        return await carrying.carried(carry, PATIENCE)

    def _failed(self, message: Message, error: Exception) -> Message:
        """Return the message as it is after a failed attempt: to be tried again, or given up."""
        now, kind = self.clock.now(), carrying.told(error)
        logger.warning("message %s of request %s was not delivered: %s", message.id, message.request_id, kind)
        tried = replace(message, error=kind)
        match error:
            case RateLimited():  # it wasn't delivered: that is no attempt
                due = self._rest(message.channel, now + carrying.asked_to_wait(error))
                line = self._lines.setdefault((message.channel, message.to), Line(due, due))
                line.inside.add(message.id)
                line.end, line.free = max(line.end, due), due
                return replace(tried, attempts=message.attempts - 1, due_at=due)
            case ChannelDown():
                downs = self._downs[message.channel] = self._downs.get(message.channel, 0) + 1
                due = self._rest(message.channel, now + pause(downs, random.random(), LONGEST_DOWN))
                # It may have arrived all the same, and is never given up for this.
                return replace(tried, attempts=max(1, message.attempts - 1), due_at=due)
        state = "failed" if message.attempts >= ATTEMPTS else "pending"
        return replace(tried, state=state, due_at=now + pause(message.attempts, random.random()))

    def _rest(self, channel: str, until: datetime) -> datetime:
        self._resting[channel] = until
        return until

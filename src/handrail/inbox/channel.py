"""What a channel is: it carries requests to people, and what they decide comes back through its door.

A channel is registered by a name, and a request names the channels that carry it: `channels=["slack:#deploys"]` is the
channel `slack`, and behind the colon whom or where to, in the channel's own words. What goes out comes from the outbox
(`inbox.outbox`), which stores it, tries it again and remembers what was sent; a channel only says and shows. What
comes in goes through the `Door`: the channel verifies whose address it came from, the door whose person that is.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from handrail.inbox.ports import Message, Sent
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to be told about a request.

    `message.id` is the same in every attempt. `sent` is what this channel has put before the same recipient for this
    request, `previous` the revision before, `url` the address of the request's page.
    """

    message: Message
    request: HumanRequest
    sent: tuple[Sent, ...] = ()
    previous: HumanRequest | None = None
    url: str = ""

    @property
    def to(self) -> str:
        """Whom or where to, in the channel's words; empty where the channel decides."""
        return self.message.to

    @property
    def occasion(self) -> str:
        """What has happened: `opened`, `reminded`, `commented`, `decided`, `ended` ..."""
        return self.message.occasion


class Channel:
    """Carries requests to people, and what they decide back. Subclass it; `deliver` is all that it must have.

    Whatever a method raises, the message is tried again with growing pauses; raise `ChannelDown` where nothing can be
    delivered now, `RateLimited` where the other side asks to wait, `ChannelError` to say in words what is wrong.
    Deliveries may repeat after a crash, unless `find` can say what is there.
    """

    follows = True
    """whether what it sent is kept true: updated when something changes, withdrawn when the request ends. Without,
    everything that happens is delivered"""

    reaches_people = False
    """whether `@alice` is a person of the store there: then people may wish to be notified by it"""

    silent = True
    """whether `update` and `withdraw` call nobody: they don't keep quiet hours then. A mail does call"""

    def recipients(self, request: HumanRequest) -> Sequence[str]:
        """Return to whom or where a request goes that names the channel alone; by default to one nameless place."""
        return ("",)

    async def deliver(self, delivery: Delivery) -> str | None:
        """Put something new before people: the request itself, a reminder, a comment, and what else has happened.

        That a request has `ended` is delivered to people who wish to hear it; `sent` is empty for who never had it.

        Returns a reference by which the channel finds it again, or None where there is nothing to find.
        """
        raise NotImplementedError

    async def digest(self, to: str, deliveries: Sequence[Delivery]) -> None:
        """Put a list before somebody: what came together for their digest, the oldest first.

        A request may be in it more than once. By a channel that doesn't have this, each is delivered by itself. The
        list's own id, by which `find` is asked for it after a crash, is the `message.place` of each.
        """
        raise NotImplementedError

    async def update(self, delivery: Delivery, place: str) -> None:
        """Make what was sent say how things stand now; it is asked for after every change."""

    async def withdraw(self, delivery: Delivery, place: str) -> None:
        """The request has ended: make what was sent say how, and offer nothing to decide any more."""
        await self.update(delivery, place)

    async def find(self, delivery: Delivery) -> Sequence[str]:
        """Return the references of what was sent already for `delivery.message`, asked of the other side.

        Called before a message is delivered again of which nobody knows whether it arrived.
        """
        return ()

    def serve(self, door: "Door") -> AbstractAsyncContextManager[None]:
        """Receive what people do as long as the block lasts; a channel that can't be reached tries again by itself."""
        return _nothing()

    http: Any = None
    """an ASGI application that `handrail serve` answers with at /channels/NAME, for channels that are called"""


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def looking(
    find: Callable[[], Iterable[T]], take: Callable[[T], Awaitable[object]], every: float
) -> AsyncIterator[None]:
    """Take what is found, and look again `every` so many seconds, as long as the block lasts.

    For channels that nobody calls. Whatever is raised is logged by its kind when it begins; it holds nothing else up,
    and what was not taken is found again.
    """
    task = asyncio.create_task(_look(find, take, every), name="handrail channel")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _look(
    find: Callable[[], Iterable[T]], take: Callable[[T], Awaitable[object]], every: float
) -> None:
    before: set[str] = set()
    while True:
        failed = await _taken(find, take)
        if failed - before:  # once, not at each look; and their words may carry content
            logger.warning("a channel could not take what it found: %s", ", ".join(sorted(failed)))
        before = failed
        await asyncio.sleep(every)


async def _taken(find: Callable[[], Iterable[T]], take: Callable[[T], Awaitable[object]]) -> set[str]:
    """Take what is found; return which kinds of errors kept it from that."""
    failed = set()
    try:
        for each in find():
            try:
                await take(each)
            except Exception as error:
                failed.add(type(error).__name__)
    except Exception as error:
        failed.add(type(error).__name__)
    return failed


class Door(Protocol):
    """What comes in through one channel. An `address` is one that the channel has verified, such as a user's id.

    Every method that names an address raises `NotAllowed` (rule `identity`) for one that belongs to no person, and
    what the inbox raises for that person: `UnknownId`, `NotAllowed`, `InvalidDecision` (naming the fields), `Conflict`
    (naming the winner). `once` is an id of what was received: a second time it raises `Repeated`, and changes nothing.
    """

    async def name(self, address: str) -> str:
        """Return whose address it is."""
        ...

    async def request(self, address: str, request_id: str) -> HumanRequest:
        """Return a request that this person may read."""
        ...

    async def look(self, request_id: str) -> HumanRequest:
        """Return a request, for words about what this channel shows anyway."""
        ...

    async def latest(self, request_id: str) -> HumanRequest:
        """Return the revision by which a request was replaced while it was open, or itself."""
        ...

    async def may_decide(self, address: str, request_id: str) -> HumanRequest:
        """Return a request that this person may decide now."""
        ...

    async def work(self, address: str, limit: int = 100) -> list[HumanRequest]:
        """Return what waits for this person, the most urgent first."""
        ...

    async def decide(
        self,
        address: str,
        request_id: str,
        verb: Verb | str,
        *,
        payload: JSON = None,
        comment: str | None = None,
        seen_hash: str | None = None,
        once: str | None = None,
        first: bool = False,
    ) -> HumanRequest:
        """Let this person decide; `seen_hash` is the content hash of what they were shown.

        With `first` it is a `Conflict` where they have decided this through this channel before.
        """
        ...

    async def comment(
        self, address: str, request_id: str, text: str, *, place: str | None = None, once: str | None = None
    ) -> HumanRequest:
        """Let this person say something; where it was said (`place`) it isn't told once more."""
        ...

    async def sent(self, request_id: str) -> list[Sent]:
        """Return what this channel has sent for a request."""
        ...

    async def sent_at(self, place: str) -> Sent | None:
        """Return what this channel has sent to a place."""
        ...

    async def keep(self, request_id: str, place: str, *, to: str, message_id: str) -> None:
        """Note something that was sent and isn't known, such as a repetition: it is kept true from now on."""
        ...

    async def addresses(self, person: str) -> list[str]:
        """Return what a person who can decide is known by on this channel, nothing for a stranger."""
        ...

    async def email(self, person: str) -> str | None:
        """Return the email of a person who can decide, None for a stranger."""
        ...

    async def zone(self, person: str) -> str:
        """Return the time zone by whose clock a person is told moments, by its IANA name; `UTC` for a stranger."""
        ...

    async def learn(self, address: str, email: str) -> str | None:
        """Note that an address belongs to whoever has an email, which the channel has verified; returns who that is."""
        ...

    def link(self, request_id: str) -> str:
        """Return the address of a request's page, of the inbox for an empty id."""
        ...

    async def decide_link(self, request_id: str, person: str, *, message_id: str) -> str:
        """Return a link by which this person, and nobody else, decides a request once: the same for the same message.

        Raises `UnknownId`, `Conflict` and `InvalidInput` for somebody who gets none.
        """
        ...

    def key(self, purpose: str) -> bytes:
        """Return a key (32 bytes) for what this channel signs by itself."""
        ...

    async def reply(
        self, request_id: str, place: str, *, to: str, detail: dict[str, Any], once: str | None = None
    ) -> None:
        """Tell something about a request to one recipient: the channel is asked to update `place` for the occasion
        `answered`. What has been said `once` isn't said again."""
        ...

    async def undelivered(self, message_id: str, why: str) -> None:
        """Note that a message which was sent has come back: it counts as failed, and can be tried again."""
        ...

"""The tail of the log, read once for all who follow it in this process, and only while somebody does.

The store's doorbell says when to look, the log says what has happened. Whoever falls behind is not waited for and
not stored for: they catch up by reading the log itself from the last they were given, and so does who comes back.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from handrail.inbox.happening import Happening, LiveTransaction
from handrail.inbox.ports import Clock, Store
from handrail.people.rights import Caller
from handrail.requests.errors import HandrailError, StoreClosed
from handrail.web.auth.credential import Credential, standings
from handrail.web.failure import Refused, Throttled
from handrail.web.sight import EVERYTHING, Page, Wanted, needs_whole, page

logger = logging.getLogger(__name__)

STREAMS = 20
"""streams that one person may have open"""
PAGE = 500
"""lines of the log that are read at once"""
WAITING = 1000
"""happenings that wait for one reader until they have to catch up by themselves"""
COALESCE = 0.005
"""seconds in which commits count as one"""
POLL = 1.0
"""seconds between two looks when nobody rings"""
RECHECK = 3.0
"""seconds between two looks at whether those who follow still may"""


class Subscription:
    """One reader of the tail. `position` is the sequence up to which everything was given to them."""

    def __init__(
        self, tail: "Tail", caller: Caller, credential: Credential, which: Wanted, after: int | None
    ) -> None:
        self.caller = caller
        self.credential = credential
        self.which = which
        self.position = after or 0
        self.reset = False
        """whether they asked for what this log doesn't have yet: it is another log than they knew"""
        self.ended: str | None = None
        """why it has ended"""
        self.fewer = False
        """whether lists may have become shorter by what they don't see"""
        self.over = asyncio.Event()
        self._tail = tail
        self._bell = asyncio.Event()
        self._queue: deque[Happening] = deque()
        self._following = False
        self._reached = 0

    @property
    def needs_whole(self) -> bool:
        """Whether facts are needed to say what they see."""
        return needs_whole(self.caller, self.which)

    async def next(self, within: float) -> list[Happening]:
        """Return what comes next; nothing after `within` seconds, or when there is something else to look at."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not self.ended and not self.fewer:
                    if found := await self._at_hand():
                        return found
                    if self._following:
                        await self._bell.wait()
        return []

    async def _at_hand(self) -> list[Happening]:
        """Return what waits here, else what the log has that wasn't given to them."""
        self._bell.clear()
        if self._queue:
            found = list(self._queue)
            self._queue.clear()
            self.position = found[-1].sequence
            return found
        if self._following:
            self.position = self._reached
            return []
        read = await self._tail.read(self.position, whole=self.needs_whole)
        self.position = read.end
        self._following = self.position >= self._tail.last
        self._reached = self.position
        return read.seen_by(self.caller, self.which, 0)

    def hear(self, heard: Page) -> None:
        """Take what has come in. What there is no room for is read from the log later."""
        if not self._following:
            return
        found = heard.seen_by(self.caller, self.which, self._reached)
        if (self.needs_whole and not heard.whole) or len(self._queue) + len(found) > WAITING:
            self._following = False
            self._queue.clear()
        else:
            self.fewer |= heard.takes_from_lists(self._reached)
            self._queue.extend(found)
            self._reached = max(self._reached, heard.end)
        if found or self.fewer or not self._following:
            self._bell.set()

    def end(self, reason: str) -> None:
        """Nothing more comes."""
        self.ended = self.ended or reason
        self._bell.set()
        self.over.set()


class Tail:
    """What happens in a store, for everybody in this event loop who follows it.

    Close it before the server waits for its connections to end: streams never end by themselves.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.last = 0
        """the sequence up to which everything was told"""
        self._store = store
        self._clock = clock
        self._subscriptions: set[Subscription] = set()
        self._bell = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._checked = 0.0
        self._closed = False

    async def subscribe(
        self,
        caller: Caller,
        credential: Credential,
        which: Wanted = EVERYTHING,
        after: int | None = None,
    ) -> Subscription:
        """Begin to follow, behind the sequence `after` or from now on; each wants an `unsubscribe`.

        Raises `Throttled` for somebody with too many streams.
        """
        if self._closed:
            raise Refused("this server is stopping; come back in a moment", status=503)
        if Counter(each.caller.name for each in self._subscriptions)[caller.name] >= STREAMS:
            raise Throttled(
                f"{caller.name!r} follows {STREAMS} streams already: close one, or wait until one has ended",
                wait=30,
            )
        made = Subscription(self, caller, credential, which, after)
        self._subscriptions.add(made)
        try:
            end = await self._store.read(_end_of_log)
        except BaseException:
            self.unsubscribe(made)
            raise
        if after is None or after > end:
            made.position, made.reset = end, after is not None
        if self._closed:
            made.end("stopping")
        elif self._following is None or self._following.done():
            self.last = end
            self._following = asyncio.create_task(self._follow(), name="handrail live")
        return made

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop following; with the last one the tail rests."""
        subscription.end("left")
        self._subscriptions.discard(subscription)
        if not self._subscriptions and self._following is not None:
            self._following.cancel()
            self._following = None

    async def close(self) -> None:
        """End every stream, and let nobody begin another."""
        self._closed = True
        following, self._following = self._following, None
        for each in list(self._subscriptions):
            each.end("stopping")
        if following is not None:
            following.cancel()
            await asyncio.wait([following])

    async def read(self, after: int, *, whole: bool) -> Page:
        """Read a part of the log."""
        return await self._store.read(page, after=after, limit=PAGE, whole=whole)

    def _heard(self, _: Sequence[tuple[str, str]]) -> None:
        self._bell.set()

    async def _follow(self) -> None:
        unlisten = self._store.listen(self._heard)
        self._bell.set()  # something may have happened before anybody listened
        try:
            while True:
                try:
                    await self._rest()
                    await self._tell()
                    await self._recheck()
                except StoreClosed:
                    self._end_all()
                    return
                except HandrailError as error:
                    logger.warning("the live stream goes on after: %s", error)
                    await asyncio.sleep(POLL)
        except Exception:  # nobody is to wait for what never comes
            logger.exception("the live stream has ended: pages come back by themselves")
            self._end_all()
        finally:
            unlisten()

    def _end_all(self) -> None:
        for each in list(self._subscriptions):
            each.end("stopping")

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await self._bell.wait()
                await asyncio.sleep(COALESCE)
        self._bell.clear()

    async def _tell(self) -> None:
        """Read what has been added to the log, and give it to everybody."""
        while True:
            whole = any(each.needs_whole for each in self._subscriptions)
            read = await self.read(self.last, whole=whole)
            self.last = read.end
            for each in self._subscriptions:
                each.hear(read)
            if any(each.kind in _ABOUT_RIGHTS for each in read.happenings):
                self._checked = 0.0
            if len(read.happenings) < PAGE:
                return

    async def _recheck(self) -> None:
        """End the streams of those who may not follow any more, and know the others as they are now."""
        if (moment := asyncio.get_running_loop().time()) < self._checked + RECHECK:
            return
        self._checked = moment
        present = list(self._subscriptions)
        credentials = {each.credential for each in present}
        found = await self._store.read(standings, credentials=credentials, now=self._clock.now())
        for each in present:
            if (standing := found.get(each.credential)) is None:
                each.end("signed out")
            else:
                each.caller = replace(each.caller, person=standing[0], scopes=standing[1])


_ABOUT_RIGHTS = frozenset({"person_changed", "password_set", "key_revoked"})


def _end_of_log(tx: LiveTransaction) -> int:
    return tx.end_of_log()

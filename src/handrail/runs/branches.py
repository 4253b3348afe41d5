"""Branches of a run that are executed at once: each in an asyncio task of its own, each parks and wakes alone.

The gather's entry counts the branches that haven't ended. A branch has a row once it has begun, which says whether it
can go on (open), waits or has ended. However many branches there are, at most WINDOW of them are executed, and
those that wait are only rows. An answer that comes while other branches are executed lets its branch go on at once.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from handrail import killpoints
from handrail.flows.execution import Parked, _current
from handrail.requests.content import JSON, decode, encode
from handrail.requests.facts import changed
from handrail.runs import units
from handrail.runs.activation import Fenced, Strand, cut_off, is_failure
from handrail.runs.journal import Entry, State, as_failure, failure_of, place_of
from handrail.runs.units import OpenBranch

if TYPE_CHECKING:
    from handrail.runs.scope import Scope

Branch = Awaitable[JSON] | Callable[[], Awaitable[JSON]]

WINDOW = 100
"""branches of one gather that are executed at the same time, and that are begun in one transaction"""
LINGER = 0.05
"""Seconds for which a gather of more branches than that looks for another answer before the run is forgotten: each
replay reads what was given to the gather, which for many branches is much more work than one branch."""


async def run_branches(
    scope: "Scope", entry: Entry, recorded: bool, branches: Sequence[Branch], limit: int | None = None
) -> list[JSON]:
    """Execute the branches that can go on; return all results, or park until the others have ended.

    `limit` is how many may be under way at once, those that wait included.
    """
    if recorded and entry.state is State.FAILED:
        raise failure_of(entry, scope.run_id)
    gather = Gather(scope, entry, branches, limit)
    if not recorded or entry.value is None:
        await gather.open()
    else:
        check_count(scope, entry, branches)
    if entry.state is not State.DONE:
        await gather.to_its_end()
    return await _join(scope, gather.entry)


def check_count(scope: "Scope", entry: Entry, branches: Sequence[Branch]) -> None:
    """End this execution unless there are as many branches as there were."""
    if entry.value is not None and decode(entry.value) != len(branches):
        recorded_branches = {**place_of(entry), "branches": decode(entry.value)}
        scope.differs(entry.ordinal, recorded_branches, {**place_of(entry), "branches": len(branches)})


def close_unused(branches: Sequence[Branch]) -> None:
    """Close the coroutines that were not executed now, so that nothing warns about them."""
    for branch in branches if isinstance(branches, list) else ():
        if inspect.iscoroutine(branch):
            branch.close()


class Gather:
    """Branches while they are executed."""

    def __init__(
        self, scope: "Scope", entry: Entry, branches: Sequence[Branch], limit: int | None = None
    ) -> None:
        self.entry = entry
        self._scope = scope
        self._activation = scope.activation
        self._branches = branches
        self._limit = limit or len(branches)
        self._left = entry.attempt
        """branches that haven't ended"""
        self._begun = 0
        self._ready: deque[OpenBranch] = deque()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stale = True
        """whether branches may be open in the store that are neither ready nor running"""
        self._again: set[int] = set()
        """running branches that may go on again as soon as they have come to their wait"""
        self._spent: set[int] = set()
        """branches given as awaitables, which can be awaited only once: they go on at the next replay"""
        self._held = False
        """whether a spent branch could go on"""
        self._broken: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()

    async def open(self) -> None:
        """Store the gather, and its first branches with it."""
        count = len(self._branches)
        self.entry = changed(self.entry, value=encode(count), attempt=count)
        self._left, self._stale = count, False
        await self._begin(self.entry)

    async def to_its_end(self) -> None:
        """Execute the branches until all have ended; park when those that are left wait."""
        self._activation.gathers[self.entry.address] = self
        try:
            while self._left:
                await self._fill()
                if not self._running and self._broken is None and not await self._lingered():
                    await self._park()
                await self._bell.wait()
                self._bell.clear()
                if self._broken is not None:
                    self._broken.result()
        except BaseException:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            raise
        finally:
            del self._activation.gathers[self.entry.address]

    def reopen(self, ordinal: int) -> None:
        """Let a branch go on that waited: its answer has come."""
        if ordinal in self._spent:
            self._held = True
        elif ordinal in self._running:
            self._again.add(ordinal)
        else:
            self._stale = True
        self._bell.set()

    async def _fill(self) -> None:
        while len(self._running) < min(WINDOW, self._limit):
            if not self._ready and self._stale:
                await self._look()
            if not self._ready:
                await self._begin()
            if not self._ready:
                return
            self._start(self._ready.popleft())

    async def _look(self) -> None:
        """Find branches that can go on."""
        self._stale = False
        found, self._begun = await self._activation.store.read(
            units.open_branches,
            run_id=self._scope.run_id,
            frame=self.entry.address,
            skip=self._running.keys() | self._spent,
            limit=WINDOW,
        )
        self._stale = self._stale or len(found) == WINDOW
        self._ready.extend(found)

    async def _begin(self, *together: Entry) -> None:
        """Begin further branches, as far as there are any and the limit allows."""
        under_way = self._begun - (len(self._branches) - self._left)
        count = min(WINDOW, self._limit - under_way, len(self._branches) - self._begun)
        places = range(self._begun, self._begun + max(count, 0))
        begun = [Entry(self.entry.address, place, f"[{place}]", "branch", State.OPEN) for place in places]
        if begun or together:
            await self._scope.write(*together, *begun)
            killpoints.reach("branch:before")
        self._begun += len(begun)
        self._ready.extend(OpenBranch(entry) for entry in begun)

    def _start(self, branch: OpenBranch) -> None:
        body = self._branches[branch.entry.ordinal]
        if not callable(body):
            self._spent.add(branch.entry.ordinal)
        task = asyncio.create_task(self._run(branch, body), name=f"handrail {branch.entry.address}")
        self._running[branch.entry.ordinal] = task
        task.add_done_callback(lambda ended: self._ended(branch.entry.ordinal, ended))

    def _ended(self, ordinal: int, task: "asyncio.Task[None]") -> None:
        del self._running[ordinal]
        if ordinal in self._again:
            self._again.remove(ordinal)
            self._stale = True
        if task.cancelled() or task.exception() is not None:
            self._broken = self._broken or task
        self._bell.set()

    async def _lingered(self) -> bool:
        """Whether something has come while this waited for it a little."""
        if self._begun <= WINDOW:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                return await self._bell.wait()
        return False

    async def _park(self) -> None:
        """Let the run wait, unless a branch can go on after all: no answer slips in between."""
        async with self._activation.taking:
            if self._stale or self._again or not self._left:
                self._bell.set()
                return
            await self._scope.park(wake_at=self._scope.now() if self._held else None)

    async def _run(self, branch: OpenBranch, body: Branch) -> None:
        """Execute one branch to its end or next wait."""
        strand = Strand(
            branch.entry.address, asyncio.current_task(), branch.entry, branch.frames, branch.requests
        )
        try:
            ended = await self._result(strand, branch.entry, body)
        finally:
            strand.end()
        if ended is None:
            return
        left = await self._activation.insist(
            units.end_branch,
            run_id=self._activation.run_id,
            token=self._activation.token,
            gather=self.entry,
            branch=ended,
            entries=strand.last_entries(),
            now=self._activation.clock.now(),
        )
        if left is None:
            raise self._activation.end(Fenced())
        self._left = min(self._left, int(left))
        killpoints.reach("branch:after")

    async def _result(self, strand: Strand, entry: Entry, body: Branch) -> Entry | None:
        """Return how a branch has ended, or None if it waits."""
        from handrail.runs.scope import Scope

        inner = Scope(self._activation, strand, entry.address, around=self._scope)
        _current.set(inner)
        try:
            result = await (body() if callable(body) else body)
            inner.close()
            text = encode(result, f"the result of branch {entry.address!r}", inner.given)
            return changed(entry, state=State.DONE, value=text)
        except Parked:
            return None
        except BaseException as error:
            if not is_failure(error):
                cut_off(error)
                raise
            if strand.parked:
                return None
            if self._activation.doom is not None:
                raise self._activation.doom from error
            return changed(entry, state=State.FAILED, value=encode(as_failure(entry.address, error)))


async def _join(scope: "Scope", entry: Entry) -> list[JSON]:
    """All branches have ended: return their results, or store and raise the first failure in order."""
    ended = await scope.activation.store.read(units.branch_results, run_id=scope.run_id, frame=entry.address)
    if entry.state is not State.DONE:
        for branch in ended:
            if branch.state is State.FAILED:
                await scope.write(changed(entry, state=State.FAILED, value=branch.value, attempt=0))
                raise failure_of(branch, scope.run_id)
        # The results stay where they are: together they may be larger than one entry can be.
        await scope.write(changed(entry, state=State.DONE, attempt=0))
        killpoints.reach("join:after")
    return [scope.take_in(branch.value) for branch in ended]

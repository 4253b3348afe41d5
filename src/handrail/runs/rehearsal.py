"""Whether the past of a run matches a flow: a replay that ends where the past does, and neither writes nor works.

The code that replays is the one a worker uses. What it finds recorded it answers from the journal, as ever; behind the
last entry of a frame, where a worker would begin to do something, a rehearsal ends. So it goes through the code between
recorded steps (of function flows, and of nodes that asked in their middle), which every replay goes through.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from handrail.flows.execution import Parked, StepOptions, Stopped, _current
from handrail.flows.node import ChainableNode
from handrail.inbox.ports import Clock, Store
from handrail.requests.content import JSON, encode
from handrail.requests.errors import NonDeterministicNode
from handrail.runs import units
from handrail.runs.activation import Activation, Strand
from handrail.runs.branches import Branch, check_count, close_unused, run_branches
from handrail.runs.journal import Entry, State, as_failure, in_words
from handrail.runs.ports import RunTransaction
from handrail.runs.run import StoredRun
from handrail.runs.runner import execute_whole
from handrail.runs.scope import Scope
from handrail.runs.units import Claimed, OpenBranch

PAGE = 100
"""branches that are read at once"""


class Verdict(StrEnum):
    """What would become of a run."""

    GOES_ON = "goes on"
    STOPS = "stops"
    """as NEEDS_ATTENTION: its past doesn't match"""
    FAILS = "fails"
    """the code raises something before it gets to where the run stands"""
    UNKNOWN = "unknown"
    """the app doesn't know its flow"""
    ELSEWHERE = "elsewhere"
    """only whoever executes it with its run id knows its flow: no app's worker ever takes it"""


@dataclass(frozen=True)
class Finding:
    """What a rehearsal says of one run: `why` in words, and the `difference` as `show` has it."""

    run: StoredRun
    verdict: Verdict
    why: str | None = None
    difference: dict[str, Any] | None = None


async def rehearse(run: StoredRun, flow: ChainableNode, store: Store, clock: Clock) -> Finding:
    """Go through the past of a run with a flow, and say whether it would go on; only reads.

    A flow whose code is not written for replays may do here what it does whenever it is replayed.
    """
    claimed = Claimed(run, *await store.read(units.load, run_id=run.id, frame=""))
    activation = _Rehearsed(
        run.id,
        run.token,
        run.flow,
        run.initiator,
        store,
        clock,
        lambda: len(encode(run.input)),
        whole=flow,
        parent=run.parent,
    )
    try:
        await _to_the_end_of_its_past(flow, claimed, activation)
    except NonDeterministicNode as different:
        return Finding(run, Verdict.STOPS, in_words(different.difference or {}), different.difference)
    except _Fails as failed:
        return Finding(run, Verdict.FAILS, str(failed))
    return Finding(run, Verdict.GOES_ON)


async def _to_the_end_of_its_past(flow: ChainableNode, claimed: Claimed, activation: Activation) -> None:
    strand = Strand("", asyncio.current_task(), frames=claimed.frames, requests=claimed.requests)
    scope = _Past(activation, strand)
    try:
        flow.check_input(claimed.run.input)
        if scope.entries:
            await scope.go_through(lambda: execute_whole(flow, claimed.run))
    except (Parked, Stopped):
        pass
    except Exception as error:
        if activation.doom is not None or not strand.parked:
            raise activation.doom or _Fails.at(claimed.run.flow or "the flow", error) from error


class _Fails(BaseException):
    """The code failed where a replay goes through it: nothing in a rehearsal can go on behind that."""

    @classmethod
    def at(cls, place: str, error: Exception) -> "_Fails":
        failure = as_failure(place, error)
        what = f"{failure['kind']}: {failure['message']}".removesuffix(": ")  # as `show` tells a failed run's
        return cls(f"{failure['name']} fails before the place where the run stands ({what})")


class _Rehearsed(Activation):
    """An execution that can't write: where it would, its branch has come to the end of its past."""

    async def write(self, strand: Strand, entries: list[Entry], **together: Any) -> None:
        strand.parked = True
        raise Parked


class _Past(Scope):
    """One frame while a replay goes through what is recorded there."""

    async def go_through(self, body: Callable[[], Awaitable[JSON]]) -> None:
        """Execute what lies between the recorded entries; raises `Parked` behind the last one."""
        before = _current.set(self)
        try:
            await body()
        finally:
            _current.reset(before)
        self.close()

    def take(self, name: str | None, kind: str) -> tuple[Entry, bool]:
        """Return the next entry of this frame; one that isn't recorded belongs to the future."""
        entry, recorded = super().take(name, kind)
        if not recorded:
            self._end()
        return entry, recorded

    def _end(self) -> NoReturn:
        self.strand.parked = True
        raise Parked

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """End behind the last entry, whatever it came to: what the code makes of that is the future."""
        try:
            yield
        finally:
            if self.activation.doom is None and self._cursor >= len(self.entries):
                self._end()

    async def _run(
        self,
        entry: Entry,
        recorded: bool,
        body: Callable[[], Awaitable[JSON]],
        options: StepOptions,
        node: ChainableNode | None,
    ) -> JSON:
        with self._ending():
            if entry.state is State.OPEN and self.strand.frames.get(entry.address):
                inner = _Past(self.activation, self.strand, entry.address, parent=self, own=entry, node=node)
                await self._told(entry, inner.go_through(body))
            if entry.state in (State.OPEN, State.BEGUN):  # it would be executed, or a person asked about it
                self._end()
            return await super()._run(entry, recorded, body, options, node)

    async def _told(self, entry: Entry, work: Awaitable[None]) -> None:
        """Let what fails in a step end the rehearsal: what the flow would make of the failure isn't known."""
        try:
            await work
        except Exception as error:
            if self.activation.doom is None and self.strand.parked:
                raise Parked from None
            raise self.activation.end(_Fails.at(entry.address, error)) from error

    async def ask(self, *args: Any, **kwargs: Any) -> Any:
        with self._ending():
            return await super().ask(*args, **kwargs)

    async def submit(self, *args: Any, **kwargs: Any) -> str:
        with self._ending():
            return await super().submit(*args, **kwargs)

    async def wait_for(self, *args: Any, **kwargs: Any) -> Any:
        with self._ending():
            return await super().wait_for(*args, **kwargs)

    async def wait_until_done(self, key_prefix: str) -> None:
        with self._ending():
            await super().wait_until_done(key_prefix)

    async def sleep(self, duration: float) -> None:
        with self._ending():
            await super().sleep(duration)

    async def remember(self, kind: str, make: Callable[[], JSON]) -> JSON:
        with self._ending():
            return await super().remember(kind, make)

    async def gather(self, branches: Sequence[Branch], limit: int | None = None) -> list[JSON]:
        """Go through the past of each branch that hasn't ended."""
        try:
            with self._ending():
                entry, recorded = self.take(None, "gather")
                if entry.state in (State.DONE, State.FAILED):
                    return await run_branches(self, entry, recorded, branches, limit)
                if entry.value is not None:
                    check_count(self, entry, branches)
                    await self._each_branch(entry, branches)
                self._end()
        finally:
            close_unused(branches)

    async def _each_branch(self, gather: Entry, branches: Sequence[Branch]) -> None:
        unended = await self.activation.store.read(_unended, run_id=self.run_id, frame=gather.address)
        for place in range(0, len(unended), PAGE):
            page = unended[place : place + PAGE]
            for branch in await self.activation.store.read(_loaded, run_id=self.run_id, entries=page):
                if branch.frames[branch.entry.address]:  # else it hasn't done anything yet
                    await self._branch(branch, branches[branch.entry.ordinal])

    async def _branch(self, branch: OpenBranch, body: Branch) -> None:
        entry = branch.entry
        strand = Strand(entry.address, asyncio.current_task(), entry, branch.frames, branch.requests)
        inner = _Past(self.activation, strand, entry.address, around=self)

        async def called() -> JSON:
            return await (body() if callable(body) else body)

        try:
            await self._told(entry, inner.go_through(called))
        except (Parked, Stopped):
            if self.activation.doom is not None:
                raise self.activation.doom from None


def _unended(tx: RunTransaction, *, run_id: str, frame: str) -> list[Entry]:
    found = [entry for state in (State.OPEN, State.WAITING) for entry in tx.branches(run_id, frame, state)]
    return sorted(found, key=lambda entry: entry.ordinal)


def _loaded(tx: RunTransaction, *, run_id: str, entries: Sequence[Entry]) -> list[OpenBranch]:
    return [OpenBranch(entry, *units.load(tx, run_id, entry.address)) for entry in entries]

"""Many runs of one flow: what their ids are, how they are stored, when all of them have settled.

A run's id is made of its batch and its input alone, so the same items again, in any order and among others, mean the
same runs: what is there stays as it is, what is missing is started. Items are taken as they come and stored in chunks,
one transaction each, and of a chunk nothing is stored unless all of it can be.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Collection, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from handrail import killpoints
from handrail.inbox.ports import Store
from handrail.requests.content import content_hash, encode
from handrail.requests.errors import InvalidInput, InvalidItem
from handrail.requests.facts import changed
from handrail.runs import units
from handrail.runs.ports import RunTransaction
from handrail.runs.run import SETTLED_RUNS, RunStatus, StoredRun
from handrail.runs.runs import check_same

CHUNK = 250
"""runs that are stored in one transaction"""
HEAVY = 4 * 1024 * 1024
"""bytes of inputs that are enough for one"""
PATIENCE = 0.5
"""seconds; whatever comes later than that after the first of a chunk ends it, so that slow items start soon"""
DIGITS = 24
"""of the content hash in an id: 96 bits, so that no two contents ever meet"""
LONGEST = 160
"""characters of a batch; the rest of an id is the hash and a counter"""
OFTEN, SELDOM = 0.25, 1.0
"""seconds between two looks at runs that are waited for, at least and at most"""
SHARE = 5
"""a look that takes long is followed by a pause so many times as long"""

Items = Iterable[Any] | AsyncIterable[Any]
Draft = Callable[[Any], StoredRun]
"""Checks an input and makes a run of it, still without an id."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How many of the items have a run now: started by this call, or there before."""

    new: int = 0
    existing: int = 0


@dataclass(frozen=True)
class Standing:
    """How the runs stand that are waited for: `settled` by status, `asking` those that wait for people."""

    total: int
    settled: Counter[RunStatus]
    asking: int


class Progress(Protocol):
    """Shows how far it is."""

    def show(self, state: Stored | Standing) -> None: ...


def check_batch(batch: str) -> str:
    """Return the name of a batch, or raise `InvalidInput`."""
    if not isinstance(batch, str) or not batch.strip() or not batch.isprintable() or len(batch) > LONGEST:
        raise InvalidInput(
            f"a batch (by default the flow's name) is a printable text of at most {LONGEST} characters: "
            "choose another one with batch=..."
        )
    return batch


class Ids:
    """The ids of a batch: the hash of the input, and a counter from the second equal input on."""

    def __init__(self, batch: str) -> None:
        self._batch = batch
        self._seen: dict[str, int] = {}

    def next(self, data: dict[str, Any]) -> str:
        """Return the id of the next run with this input."""
        first = f"{self._batch}-{content_hash(data)[:DIGITS]}"
        count = self._seen[first] = self._seen.get(first, 0) + 1
        return first if count == 1 else f"{first}-{count}"


async def start(store: Store, items: Items, batch: str, draft: Draft, progress: Progress) -> list[str]:
    """Store a run for each item unless it is there, and return the ids in the order of the items.

    Raises `InvalidItem` for one that `draft` refuses and `RunMismatch` if the batch belongs to another flow; the chunks
    before are stored then.
    """
    found, state = list[str](), Stored()
    progress.show(state)
    async with aclosing(_chunks(items, draft, Ids(batch))) as chunks:
        async for chunk in chunks:
            killpoints.reach("create:before")
            new = await store.do(create_all, runs=chunk)
            killpoints.reach("create:after")
            found += [run.id for run in chunk]
            state = Stored(state.new + new, len(found) - state.new - new)
            progress.show(state)
    return found


def create_all(tx: RunTransaction, *, runs: Sequence[StoredRun]) -> int:
    """Store those runs that are new and return how many; none if an id is one of another flow (`RunMismatch`)."""
    new = 0
    for run in runs:
        if (existing := units.create(tx, run=run)) is None:
            new += 1
        else:
            check_same(existing, run)
    return new


async def _chunks(items: Items, draft: Draft, ids: Ids) -> AsyncGenerator[list[StoredRun], None]:
    time = asyncio.get_running_loop().time
    chunk, size, began, index = list[StoredRun](), 0, time(), 0
    async with aclosing(_each(items)) as each:
        async for item in each:
            if item is _LULL:
                if chunk:
                    yield chunk
                    chunk, size, began = [], 0, time()
                continue
            run = _checked(draft, item, index)
            chunk.append(changed(run, id=ids.next(run.input)))
            size += len(encode(run.input))
            index += 1
            if len(chunk) == CHUNK or size >= HEAVY or time() - began > PATIENCE:
                yield chunk
                chunk, size, began = [], 0, time()
    if chunk:
        yield chunk


def _checked(draft: Draft, item: Any, index: int) -> StoredRun:
    try:
        return draft(item)
    except InvalidInput as error:
        raise InvalidItem(
            f"item {index} (the first is 0): {error}", index=index, reason=str(error)
        ) from error


_LULL, _END = object(), object()


async def _with_lulls(items: AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    """Yield the items, and a lull whenever none has come for a while: what has come by then is started."""
    iterator = aiter(items)
    coming = asyncio.ensure_future(anext(iterator, _END))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=PATIENCE)
            if not done:
                yield _LULL
            elif (item := coming.result()) is _END:
                return
            else:
                yield item
                coming = asyncio.ensure_future(anext(iterator, _END))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _each(items: Items) -> AsyncGenerator[Any, None]:
    match items:
        case AsyncIterable():
            async with aclosing(_with_lulls(items)) as each:
                async for item in each:
                    yield item
        case Iterable():
            for item in items:
                yield item
        case _:
            raise InvalidInput(
                f"items is {type(items).__name__}: pass an iterable of inputs, such as a list of dicts"
            )


async def settle(store: Store, run_ids: Collection[str], progress: Progress) -> None:
    """Return once each of these runs has settled, wherever they are executed."""
    left, settled = set(run_ids), Counter[RunStatus]()
    rung = asyncio.Event()

    def heard(signals: Sequence[tuple[str, str]]) -> None:
        if any(topic in ("run", "elsewhere") for topic, _ in signals):
            rung.set()

    silence = store.listen(heard)
    time = asyncio.get_running_loop().time
    try:
        while left:
            rung.clear()
            began = time()
            asking = 0
            for run_id, status, asks in await store.read(standing, run_ids=left):
                asking += asks
                if status in SETTLED_RUNS:
                    left.discard(run_id)
                    settled[status] += 1
            progress.show(Standing(len(run_ids), settled.copy(), asking))
            if left:
                await _pause(rung, time() - began)
    finally:
        silence()


def standing(tx: RunTransaction, *, run_ids: Collection[str]) -> list[tuple[str, RunStatus, bool]]:
    """Return how runs stand, and whether they wait for people."""
    return tx.standing(run_ids)


async def _pause(rung: asyncio.Event, took: float) -> None:
    """Wait until it rings, but neither look too often nor trust the bell for long."""
    await asyncio.sleep(max(OFTEN, SHARE * took))
    with suppress(TimeoutError):
        async with asyncio.timeout(SELDOM - OFTEN):
            await rung.wait()

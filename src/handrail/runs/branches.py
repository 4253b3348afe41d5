"""Branches of a run that are executed at once: each in an asyncio task of its own, each parks and wakes alone.

The gather's entry counts the branches that haven't ended; the one that ends last lets the join go on. A branch that
waits is not touched by a wakeup of another one.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handrail import killpoints
from handrail.flows.execution import Parked, _current
from handrail.requests.content import JSON, decode, encode
from handrail.runs import units
from handrail.runs.activation import Fenced, Strand, cut_off, is_failure
from handrail.runs.journal import Entry, State, as_failure, failure_of, place_of

if TYPE_CHECKING:
    from handrail.runs.scope import Scope

Branch = Awaitable[JSON] | Callable[[], Awaitable[JSON]]


async def run_branches(
    scope: "Scope", entry: Entry, recorded: bool, branches: Sequence[Branch]
) -> list[JSON]:
    """Execute the branches that can go on; return all results, or park until the others have ended."""
    if recorded and entry.state is State.FAILED:
        raise failure_of(entry, scope.run_id)
    entry, open_branches = await _opened(scope, entry, recorded, len(branches))
    if entry.state is State.DONE:
        return _results(open_branches)
    if branches and await _execute(scope, entry, open_branches, branches):
        await scope.park()
    return await _join(scope, entry)


def close_unused(branches: Sequence[Branch]) -> None:
    """Close the coroutines that were not executed now, so that nothing warns about them."""
    for branch in branches:
        if inspect.iscoroutine(branch):
            branch.close()


async def _opened(scope: "Scope", entry: Entry, recorded: bool, count: int) -> tuple[Entry, list[Entry]]:
    """Return the gather's entry and the branches that can go on; store them, if this is the first time."""
    if recorded and entry.value is not None:
        if decode(entry.value) != count:
            recorded_branches = {**place_of(entry), "branches": decode(entry.value)}
            scope.differs(entry.ordinal, recorded_branches, {**place_of(entry), "branches": count})
        return entry, scope.activation.frames.get(entry.address, [])
    entry = replace(entry, value=encode(count), attempt=count)
    opened = [Entry(entry.address, place, f"[{place}]", "branch", State.OPEN) for place in range(count)]
    await scope.write(entry, *opened)
    return entry, opened


async def _execute(
    scope: "Scope", entry: Entry, open_branches: list[Entry], branches: Sequence[Branch]
) -> int:
    """Execute branches to their end or next wait; return how many of the gather haven't ended."""
    tasks = [
        asyncio.create_task(
            _run_branch(scope, entry, branch, branches[branch.ordinal]), name=f"handrail {branch.address}"
        )
        for branch in open_branches
    ]
    try:
        outcomes = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    ended = [left for left in outcomes if left is not None]
    if scope.activation.doom is not None:
        raise scope.activation.doom
    return min(ended) if ended else entry.attempt


async def _run_branch(scope: "Scope", gather: Entry, branch: Entry, body: Branch) -> int | None:
    """Execute one branch; returns how many haven't ended after it, or None if it waits."""
    from handrail.runs.scope import Scope

    activation = scope.activation
    strand = Strand(branch.address, asyncio.current_task(), branch)
    inner = Scope(activation, strand, branch.address)
    _current.set(inner)
    try:
        result = await (body() if callable(body) else body)
        inner.close()
        ended = replace(
            branch, state=State.DONE, value=encode(result, f"the result of branch {branch.address!r}")
        )
    except Parked:
        return None
    except BaseException as error:
        if not is_failure(error):
            raise cut_off(error) from error
        if strand.parked:
            return None
        if activation.doom is not None:
            raise activation.doom from error
        ended = replace(branch, state=State.FAILED, value=encode(as_failure(branch.address, error)))
    left = await activation.insist(
        units.end_branch, run_id=activation.run_id, token=activation.token, gather=gather, branch=ended
    )
    if left is None:
        raise activation.end(Fenced())
    killpoints.reach("branch:after")
    return int(left)


async def _join(scope: "Scope", entry: Entry) -> list[JSON]:
    """All branches have ended: store their results as one, or the first failure in order."""
    ended = await scope.activation.store.read(units.branch_results, run_id=scope.run_id, frame=entry.address)
    for branch in ended:
        if branch.state is State.FAILED:
            await scope.write(replace(entry, state=State.FAILED, value=branch.value, attempt=0))
            raise failure_of(branch, scope.run_id)
    # The results stay where they are: together they may be larger than one entry can be.
    await scope.write(replace(entry, state=State.DONE, attempt=0))
    killpoints.reach("join:after")
    return _results(ended)


def _results(ended: list[Entry]) -> list[JSON]:
    return [decode(branch.value or "null") for branch in ended]

"""What a run has done, post by post in its order, with times, results and the requests that it asked.

A timeline shows a bounded part: `MOST` posts, and `ROOM` characters of results.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handrail.inbox import moves
from handrail.inbox.ports import LogEntry
from handrail.requests.content import JSON, decode
from handrail.requests.moments import to_moment_or_none
from handrail.requests.request import HumanRequest
from handrail.runs.history import ASKS, Suggestion, read_suggestions
from handrail.runs.journal import Entry, State, told_kind
from handrail.runs.ports import RunTransaction
from handrail.runs.run import StoredRun
from handrail.runs.runs import find

MOST = 400
"""posts"""
ROOM = 400_000
"""characters of all results together"""
LARGEST = 100_000
"""characters of one result"""


@dataclass(frozen=True, slots=True)
class Post:
    """A step, a branch, a wait or an ask. `depth` is how many steps it lies in."""

    address: str
    name: str
    kind: str
    state: State
    depth: int
    at: datetime | None = None
    took: float | None = None
    """seconds of the execution that came to this"""
    attempt: int = 0
    result: JSON = None
    has_result: bool = False
    left_out: int = 0
    """characters of a result that is too large to be shown"""
    error: dict[str, Any] | None = None
    request: HumanRequest | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What the models of a run have used."""

    calls: int = 0
    models: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    """functions that stood in for a model: those count no tokens"""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    """dollars, if any result tells what it cost"""


@dataclass(frozen=True)
class Timeline:
    """A run with all that a page shows of it."""

    run: StoredRun
    posts: tuple[Post, ...]
    more: bool
    """whether there are more posts than are shown"""
    spent: Spent
    log: tuple[LogEntry, ...]
    suggestions: tuple[Suggestion, ...] = field(default=())

    @property
    def waits_for(self) -> tuple[HumanRequest, ...]:
        """The open requests that it waits for."""
        found = {post.request.id: post.request for post in self.posts if post.request is not None}
        return tuple(request for request in found.values() if not request.ended)


def read_timeline(tx: RunTransaction, *, run_id: str) -> Timeline:
    """Return a run with what it has done. Raises `UnknownId`."""
    run = find(tx, run_id=run_id)
    posts: list[Post] = []
    room, more = ROOM, False
    for entry, depth in _walk(tx, run_id, "", 0):
        if len(posts) == MOST:
            more = True
            break
        posts.append(post := _post(tx, entry, depth, room))
        room -= len(entry.value or "") if post.has_result else 0
    log, hints = tuple(tx.log_of_run(run_id)), tuple(read_suggestions(tx, run_id=run_id))
    return Timeline(run, tuple(posts), more, spent(posts), log, hints)


def read_latest(tx: RunTransaction, *, run_id: str, most: int) -> tuple[tuple[Post, ...], int]:
    """Return the latest steps of the flow itself, without what lies inside them, and how many came before."""
    entries = tx.latest_entries(run_id, "", most)
    return tuple(_post(tx, entry, 0, LARGEST) for entry in entries), entries[0].ordinal if entries else 0


def _walk(tx: RunTransaction, run_id: str, frame: str, depth: int) -> Iterator[tuple[Entry, int]]:
    for entry in tx.entries(run_id, frame):
        yield entry, depth
        if entry.kind == "gather":
            for branch in tx.branches(run_id, entry.address, None, MOST):
                yield branch, depth + 1
                yield from _walk(tx, run_id, branch.address, depth + 2)
        elif entry.kind not in ASKS:
            yield from _walk(tx, run_id, entry.address, depth + 1)


def _post(tx: RunTransaction, entry: Entry, depth: int, room: int) -> Post:
    request = moves.latest(tx, entry.request_id) if entry.request_id else None
    text = entry.value if entry.state in (State.DONE, State.STOPPED, State.FAILED) else None
    kept = text is not None and entry.kind not in (*ASKS, "gather", "sleep") and request is None
    fits = text is not None and len(text) <= min(LARGEST, room)
    failed = entry.state is State.FAILED
    value = decode(text) if text is not None and kept and fits else None
    return Post(
        entry.address,
        entry.label,
        told_kind(entry.kind),
        State.DONE if request is not None and request.ended else entry.state,
        depth,
        to_moment_or_none(entry.at),
        None if entry.took is None else entry.took / 1e6,
        entry.attempt if entry.kind != "gather" else 0,
        value if not failed else None,
        kept and fits and not failed,
        len(text or "") if kept and not fits else 0,
        decode(text) if failed and text else None,
        request,
    )


def spent(posts: Sequence[Post]) -> Spent:
    """Add up what results say that models have used; what a later step only passes on is counted once."""
    total, seen = Spent(), set[str]()
    for sure in (True, False):
        for post in posts:
            if (post.kind == "LLMNode") is sure and (found := _used(post.result)) is not None:
                known = repr(post.result["model"]) + repr(post.result["usage"])
                if sure or known not in seen:
                    total = _added(total, found)
                seen.add(known)
    return total


def _used(result: JSON) -> Spent | None:
    match result:
        case {"model": str(model), "usage": dict(usage)}:
            cost = usage.get("cost", result.get("cost"))
            given, made = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
            told = float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None
            calls = _count(usage.get("requests")) or 1
            if not given and not made and told is None:
                return Spent(calls, functions=(model,))
            return Spent(calls, (model,), input_tokens=given, output_tokens=made, cost=told)
    return None


def _count(value: JSON) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _added(one: Spent, other: Spent) -> Spent:
    costs = [cost for cost in (one.cost, other.cost) if cost is not None]
    return Spent(
        one.calls + other.calls,
        tuple(dict.fromkeys((*one.models, *other.models))),
        tuple(dict.fromkeys((*one.functions, *other.functions))),
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        sum(costs) if costs else None,
    )

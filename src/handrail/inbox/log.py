"""The log: append-only, each line chained to the one before by its hash; and the check that it is whole.

A request can be rebuilt from its events. The check rebuilds every one and compares it with what is stored, so that
neither a changed line nor a changed request nor a cut-off end goes unnoticed.
"""

import hashlib
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from handrail.inbox.ports import Filter, InboxTransaction, Line, LogEntry, Store
from handrail.requests.content import writer
from handrail.requests.errors import HandrailError, StoreCorrupt
from handrail.requests.identifier import parse_time
from handrail.requests.lifecycle import Event, apply
from handrail.requests.record import read_move
from handrail.requests.request import HumanRequest

GENESIS = ""
PAGE = 1000


_write = writer()


def chained(previous: str, line: Line) -> str:
    """Return the hash (SHA-256, hex) that `line` must carry after one with the hash `previous`."""
    return hashlib.sha256(f"{previous}\n{_write(line)}".encode()).hexdigest()


@dataclass
class Verification:
    """What the check found: how much there is, the last hash, and what is wrong.

    Keep the `head` elsewhere to notice a log that was rewritten as a whole.
    """

    events: int = 0
    requests: int = 0
    head: str = GENESIS
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def _page(tx: InboxTransaction, *, after: int) -> list[LogEntry]:
    return tx.log(after, PAGE)


def _misfiled(tx: InboxTransaction) -> list[str]:
    return tx.misfiled_requests()


def _stored(tx: InboxTransaction, *, after: str | None) -> list[HumanRequest]:
    return tx.requests(Filter(after=after, limit=PAGE))


async def verify(store: Store) -> Verification:
    """Check the chain of the whole log and every request against its events."""
    found = Verification()
    rebuilt: dict[str, HumanRequest | None] = {}
    sequence = 0
    while page := await store.read(_page, after=sequence):
        for entry in page:
            _check_entry(entry, sequence, found)
            sequence, found.head = entry.sequence, entry.hash
            found.events += 1
            if entry.request_id is not None:
                _rebuild(entry, rebuilt, found)
    await _compare(store, rebuilt, found)
    return found


def _check_entry(entry: LogEntry, before: int, found: Verification) -> None:
    if entry.sequence != before + 1:
        found.problems.append(f"event {before + 1} is missing")
    if chained(found.head, entry.line) != entry.hash:
        found.problems.append(f"event {entry.sequence} was changed, or one before it")


def _rebuild(entry: LogEntry, rebuilt: dict[str, HumanRequest | None], found: Verification) -> None:
    request_id = entry.request_id or ""
    try:
        event = Event(request_id, parse_time(entry.at), entry.actor, read_move(entry.data))
        rebuilt[request_id] = apply(rebuilt.get(request_id), event)
    except (HandrailError, ValueError) as error:
        found.problems.append(
            f"event {entry.sequence} doesn't fit request {request_id}: {type(error).__name__}"
        )
        rebuilt[request_id] = None


async def _compare(store: Store, rebuilt: dict[str, Any], found: Verification) -> None:
    after: str | None = None
    try:
        while page := await store.read(_stored, after=after):
            after = page[-1].id
            found.requests += len(page)
            for request in page:
                known = request.id in rebuilt
                if rebuilt.pop(request.id, None) != request and not await store.read(
                    _fits, request_id=request.id
                ):
                    what = "is not what its events make of it" if known else "is not in the log"
                    found.problems.append(f"request {request.id} {what}")
        for request_id in await store.read(_misfiled):
            found.problems.append(f"request {request_id} is filed under something else than it holds")
    except StoreCorrupt as error:
        found.problems.append(f"{error}; those after it were not looked at")
    else:
        found.problems += [
            f"request {request_id} is in the log and not in the store" for request_id in rebuilt
        ]


def _fits(tx: InboxTransaction, *, request_id: str) -> bool:
    """Whether a request is what its events make of it at this moment: it may have moved on while the log was read."""
    try:
        return reduce(apply, tx.events(request_id), None) == tx.request(request_id)
    except (HandrailError, ValueError):
        return False

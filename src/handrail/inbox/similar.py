"""Earlier decisions like the one that is to be made: of the same step of the same flow, the likest first.

How like two are is the share of their proposals' words that they have in common (Jaccard). Looked at are those among
the last ended ones of the flow, and of their texts the beginning: it costs milliseconds, whatever was decided before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.inbox import moves
from handrail.inbox.ports import InboxTransaction, Store
from handrail.inbox.viewer import Viewer
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest

RECENT = 100
"""ended requests of the flow that are looked at"""
MOST_WORDS = 2000
"""words of a proposal that are compared"""


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier request, and what it came to; `share` is how many of the words are the same, from 0 to 1."""

    id: str
    title: str
    share: float
    verb: Verb
    by: tuple[str, ...]
    at: datetime
    comment: str | None


async def similar(store: Store, request_id: str, viewer: Viewer, *, most: int = 3) -> list[Similar]:
    """Return earlier decisions like the one on a request, the likest first. Raises `UnknownId`."""
    return await store.read(similar_to, request_id=request_id, viewer=viewer, most=most)


def similar_to(tx: InboxTransaction, *, request_id: str, viewer: Viewer, most: int) -> list[Similar]:
    """Return earlier decisions like the one on a request, as a unit of work."""
    request = moves.find(tx, request_id)
    if request.flow is None:
        return []
    own = words(request.draft.proposal)
    found = []
    for earlier in _earlier(tx, request, viewer):
        outcome = earlier.outcome
        if outcome is not None:
            share = _share(own, words(earlier.draft.proposal))
            found.append(
                Similar(
                    earlier.id,
                    earlier.draft.title,
                    share,
                    outcome.verb,
                    outcome.by,
                    outcome.at,
                    outcome.comment,
                )
            )
    return sorted(found, key=lambda one: -one.share)[:most]


def _earlier(tx: InboxTransaction, request: HumanRequest, viewer: Viewer) -> Iterator[HumanRequest]:
    """Give the comparable requests, the latest first."""
    places = tx.ended_places(request.flow, None, RECENT)
    for outline in tx.outlines([place.id for place in places]).values():
        comparable = (
            outline.id != request.id
            and outline.draft.kind == request.draft.kind
            and _place(outline) == _place(request)
            and outline.outcome is not None
            and outline.thread != request.thread
        )
        if comparable and viewer.sees(outline) and (whole := tx.request(outline.id)) is not None:
            yield whole


def _place(request: HumanRequest) -> str:
    """Return where in its flow it was asked: the step, whichever round of it and whichever branch."""
    return re.split(r"[/\[]", request.address or "", maxsplit=1)[0]


def words(value: Any) -> frozenset[str]:
    """Return the words of a proposal, in small letters.

    >>> sorted(words({"content": "Hello, hello world", "tags": ["a", 7]}))
    ['7', 'a', 'hello', 'world']
    """
    found: set[str] = set()
    for text in _texts(value):
        for match in re.finditer(r"\w+", text.lower()):
            found.add(match[0])
            if len(found) >= MOST_WORDS:
                return frozenset(found)
    return frozenset(found)


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as members:
                waiting += reversed(members.values())
            case list() as items:
                waiting += reversed(items)
            case None:
                pass
            case other:
                yield str(other)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    every = len(one | other)
    return len(one & other) / every if every else 1.0

"""What waits for which reviewer, as units of work that only read: all of it at first, then what the log tells."""

from collections.abc import Iterable, Sequence

from handrail.inbox.moves import PENDING
from handrail.inbox.ports import Filter, InboxTransaction
from handrail.inbox.views import is_work_of
from handrail.requests.decision import Actor
from handrail.requests.request import HumanRequest

PAGE = 500
"""requests, or lines of the log, that are read at once"""
NEWS = frozenset({"opened", "assigned", "released", "reassigned", "escalated"})
"""the moves after which a request may be somebody's work that wasn't before"""

Work = list[tuple[HumanRequest, tuple[int, ...]]]
"""requests, each with the numbers of the reviewers whose work it is"""


def end_of_log(tx: InboxTransaction) -> int:
    """Return the number of the last line of the log."""
    return tx.end_of_log()


def _work(tx: InboxTransaction, requests: Iterable[HumanRequest], actors: Sequence[Actor]) -> Work:
    return [
        (request, tuple(number for number, actor in enumerate(actors) if is_work_of(tx, request, actor)))
        for request in requests
    ]


def pending(tx: InboxTransaction, *, after: str | None, actors: Sequence[Actor]) -> Work:
    """Return a page of all that waits, behind the request `after`."""
    return _work(tx, tx.requests(Filter(PENDING, after=after, limit=PAGE)), actors)


def again(tx: InboxTransaction, *, request_ids: Iterable[str], actors: Sequence[Actor]) -> Work:
    """Return what has become of some requests, without those that have ended."""
    found = [tx.request(request_id) for request_id in request_ids]
    return _work(tx, [request for request in found if request is not None and not request.ended], actors)


def news(tx: InboxTransaction, *, after: int, actors: Sequence[Actor]) -> tuple[int, Work]:
    """Return how many lines of the log were read, and what they come to, in their order."""
    lines = tx.log(after, PAGE)
    moved = dict.fromkeys(line.request_id for line in lines if line.kind in NEWS and line.request_id)
    return len(lines), again(tx, request_ids=moved, actors=actors)

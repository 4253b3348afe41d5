"""Who sees what of the log: a part of it, with the facts by which each reader's rights and wishes are judged.

The facts are read together with the lines and once for all readers; rights are those of the moment of reading.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol, get_args

from handrail.inbox.happening import Happening, LiveTransaction
from handrail.inbox.ports import InboxTransaction
from handrail.people.facts import Scope
from handrail.people.rights import Caller
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.lifecycle import Move
from handrail.requests.record import is_blind
from handrail.requests.request import HumanRequest
from handrail.requests.routing import may_see
from handrail.teams.event import KINDS

MOST_OF_RUN = 1000
"""requests of one run, the youngest, that say who sees the run"""
MOVES = frozenset(move.kind for move in get_args(Move))
RUN = "run_"
BOARD = frozenset(KINDS)
"""what happens on boards of teams"""
GONE = frozenset({"reassigned", "assigned", "group_changed"})
"""what may take a request from somebody's list: they don't see that it happened, only that there is less"""


class Transaction(InboxTransaction, LiveTransaction, Protocol):
    """What a page is read from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants to hear of; nothing given means everything."""

    kinds: frozenset[str] = frozenset()
    flow: str | None = None
    run_id: str | None = None
    request_id: str | None = None


EVERYTHING = Wanted()


def wanted(
    kinds: Collection[str] = (),
    flow: str | None = None,
    run_id: str | None = None,
    request_id: str | None = None,
) -> Wanted:
    """Return what a reader wants. Raises `InvalidInput` for a kind that there is not.

    >>> wanted(["decided", "run_finished"]).kinds == {"decided", "run_finished"}
    True
    """
    for kind in kinds:
        if kind not in MOVES | BOARD and not kind.startswith(RUN):
            told = f"must be one of {', '.join(sorted(MOVES | BOARD))}, or what happens to runs ({RUN}...)"
            raise InvalidInput(f"{kind[:40]!r} never happens", fields=[FieldProblem("kinds", told)])
    return Wanted(frozenset(kinds), flow, run_id, request_id)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Who started a run, its flow, and its requests."""

    initiator: str | None
    flow: str | None
    requests: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A part of the log. `end` is the sequence behind which the next one begins.

    Without facts (`whole` is False) it is only for those who see everything and want every flow.
    """

    happenings: tuple[Happening, ...]
    end: int
    whole: bool = True
    requests: dict[str, HumanRequest] = field(default_factory=dict)
    runs: dict[str, RunFacts] = field(default_factory=dict)
    members: dict[str, Collection[str]] = field(default_factory=dict)

    def seen_by(self, caller: Caller, which: Wanted, after: int) -> list[Happening]:
        """Return what a caller may and wants to hear of, behind the sequence `after`."""
        return [
            each
            for each in self.happenings
            if each.sequence > after and self._wants(which, each) and self._may(caller, each)
        ]

    def takes_from_lists(self, after: int) -> bool:
        """Whether something has happened by which somebody's list may be shorter without their seeing why."""
        return any(each.kind in GONE for each in self.happenings if each.sequence > after)

    def _wants(self, which: Wanted, one: Happening) -> bool:
        of_run = one.run_id is not None and (one.kind.startswith(RUN) or one.kind in BOARD)
        if one.request_id is None and not of_run:
            return False  # what happens among people is in the audit
        return (
            (not which.kinds or one.kind in which.kinds)
            and which.run_id in (None, one.run_id)
            and which.request_id in (None, one.request_id)
            and which.flow in (None, self._flow(one))
        )

    def _flow(self, one: Happening) -> str | None:
        if one.request_id is not None:
            request = self.requests.get(one.request_id)
            return request.flow if request is not None else None
        run = self.runs.get(one.run_id or "")
        return run.flow if run is not None else None

    def _may(self, caller: Caller, one: Happening) -> bool:
        scope = Scope.REQUESTS_READ if one.request_id is not None else Scope.RUNS_READ
        if caller.scopes is not None and scope not in caller.scopes:
            return False
        if one.request_id is None:
            return caller.is_admin or self._sees_run(caller.name, one.run_id or "")
        if one.kind == "decided" and self._is_blind(caller.name, one.request_id):
            return False
        return caller.is_admin or self._sees_request(caller.name, one.request_id)

    def _is_blind(self, name: str, request_id: str) -> bool:
        """Whether somebody is not to know yet that others have decided: a page has it by the same rule."""
        request = self.requests.get(request_id)
        return request is not None and is_blind(request, name)

    def _sees_request(self, name: str, request_id: str) -> bool:
        request = self.requests.get(request_id)
        if request is None:
            return False
        groups = [group for group in request.audience.groups if name in self.members[group]]
        return may_see(request, name, groups)

    def _sees_run(self, name: str, run_id: str) -> bool:
        if (run := self.runs.get(run_id)) is None:
            return False
        return name == run.initiator or any(self._sees_request(name, each) for each in run.requests)


def page(tx: Transaction, *, after: int, limit: int, whole: bool = True) -> Page:
    """Read what the log has behind `after`, and with `whole` what is needed to say who sees it."""
    happenings = tuple(tx.happenings(after, limit))
    end = happenings[-1].sequence if happenings else after
    ids = dict.fromkeys(
        each.request_id
        for each in happenings
        if each.request_id is not None
        and (whole or each.kind == "decided")  # a vote may be blind for anybody
    )
    if not whole:
        return Page(happenings, end, whole=False, requests=tx.outlines(ids))
    runs = {}
    for run_id in dict.fromkeys(
        each.run_id for each in happenings if each.request_id is None and each.run_id
    ):
        if (facts := tx.run_facts(run_id)) is not None:
            runs[run_id] = RunFacts(*facts, tuple(tx.requests_of_run(run_id, MOST_OF_RUN)))
            ids |= dict.fromkeys(runs[run_id].requests)
    requests = tx.outlines(ids)
    groups = {group for request in requests.values() for group in request.audience.groups}
    return Page(happenings, end, True, requests, runs, {group: tx.members(group) for group in groups})


def needs_whole(caller: Caller, which: Wanted) -> bool:
    """Whether a reader needs a page with all facts."""
    return not caller.is_admin or which.flow is not None

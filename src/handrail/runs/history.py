"""What a run has done, step by step, and how one that NEEDS_ATTENTION can be brought to its flow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from handrail.inbox import moves
from handrail.inbox.ports import Filter
from handrail.requests.content import decode
from handrail.requests.identifier import utc_text
from handrail.requests.moments import to_moment
from handrail.requests.request import HumanRequest
from handrail.runs.journal import Entry, State, can_become, join, told_kind
from handrail.runs.ports import RunTransaction
from handrail.runs.run import StoredRun
from handrail.runs.stop import Stop, everywhere, matches, split, stop_of

MOST = 2000
"""steps that are shown of one run"""
ASKS = ("ask", "task", "wait", "drain")
"""the kinds of entries that keep what is asked or waited for, not a result"""


def read_steps(tx: RunTransaction, *, run_id: str) -> list[dict[str, Any]]:
    """Return the steps of a run in their order, each with what lies inside it behind it."""
    steps: list[dict[str, Any]] = []
    for entry in _walk(tx, run_id, ""):
        steps.append(_step(tx, entry))
        if len(steps) == MOST:
            break
    return steps


def _walk(tx: RunTransaction, run_id: str, frame: str) -> Iterator[Entry]:
    for entry in tx.entries(run_id, frame):
        yield entry
        if entry.kind == "gather":
            for branch in tx.branches(run_id, entry.address, None):
                yield branch
                yield from _walk(tx, run_id, branch.address)
        elif entry.kind not in ASKS:
            yield from _walk(tx, run_id, entry.address)


def _step(tx: RunTransaction, entry: Entry) -> dict[str, Any]:
    # What is kept of an ask is the hash of its question: the answer is in the request.
    value = decode(entry.value) if entry.value and entry.kind not in ASKS else None
    return {
        "address": entry.address,
        "kind": told_kind(entry.kind),
        "state": (State.DONE if _is_answered(tx, entry) else entry.state).value,
        "request_id": entry.request_id,
        "result": value if entry.state in (State.DONE, State.STOPPED) else None,
        "error": value if entry.state is State.FAILED else None,
        "at": None if entry.at is None else utc_text(to_moment(entry.at)),
        "took": None if entry.took is None else entry.took / 1e6,
    }


def _is_answered(tx: RunTransaction, entry: Entry) -> bool:
    """Whether an ask is over: the journal leaves that to the request."""
    return entry.request_id is not None and moves.latest(tx, entry.request_id).ended


@dataclass(frozen=True)
class Suggestion:
    """A mapping that may be meant, in words and as `migrate --map` takes it."""

    mapping: str
    meaning: str


def read_suggestions(tx: RunTransaction, *, run_id: str) -> list[Suggestion]:
    """Return the suggestions for a run, with what its journal and its log say about them."""
    run = tx.run(run_id)
    if run is None or (stop := stop_of(run)) is None:
        return []
    recorded = [entry.label for entry in tx.entries(run_id, stop.frame)]
    mapped = [
        text
        for entry in tx.log_of_run(run_id)
        if entry.kind == "run_migrated"
        for text in decode(entry.data)["mapping"]
    ]
    return suggestions(run, recorded, mapped)


@dataclass(frozen=True)
class History:
    """What a run has done and asked, at one moment; `requests` are also the tasks of others that it waits for."""

    steps: list[dict[str, Any]]
    requests: list[HumanRequest]
    suggestions: list[Suggestion]


def read_history(tx: RunTransaction, *, run_id: str) -> History:
    """Return all of it."""
    return History(
        read_steps(tx, run_id=run_id),
        tx.requests(Filter(awaited_by=(run_id,), limit=MOST)),
        read_suggestions(tx, run_id=run_id),
    )


def suggestions(run: StoredRun, recorded: Sequence[str] = (), mapped: Sequence[str] = ()) -> list[Suggestion]:
    """Return the mappings that may explain why a run's past doesn't match its flow; people know which is true.

    `recorded` are the names in the frame where the run stopped, which nothing new can have; `mapped` what was mapped
    before.
    """
    stop = stop_of(run)
    if stop is None:
        return []
    found = []
    for old, new, meaning in [*_meant(stop, recorded), *_undone(stop, recorded, mapped)]:
        if (frame := everywhere(stop.frame)) != stop.frame:
            found.append(Suggestion(_mapping(frame, old, new), f"{meaning}: in every branch"))
        found.append(Suggestion(_mapping(stop.frame, old, new), meaning))
    return found


def _mapping(frame: str, old: str, new: str) -> str:
    return f"{join(frame, old) if old else ''}={join(frame, new) if new else ''}"


Meant = Iterator[tuple[str, str, str]]
"""old, new and what it means"""


def _meant(stop: Stop, names: Sequence[str]) -> Meant:
    recorded, flow = stop.recorded, stop.flow
    old, new = recorded["name"] if recorded else "", flow["name"] if flow else ""
    if recorded and "question" in recorded:
        yield old, "", "to drop what was asked and answered there, and ask what the flow asks now"
        return
    alike = bool(recorded and flow and can_become(recorded["kind"], flow["kind"]))
    free = new != old and new not in names
    if new and free and not alike:
        yield "", new, f"if {new} is new: a new step belongs here"
    if old and alike and free:
        yield old, new, f"if {old} is called {new} now"
    if recorded and flow and alike and old == new and recorded["kind"] != flow["kind"]:
        yield old, new, f"if {old} is the same node, and its class has another name now"
    if old and old == new and old.isdigit():
        yield old, str(int(old) + 1), f"if a new step stands at {old}, before the recorded one"
    if old:
        yield old, "", f"if {old} is gone from the flow"
    if new and free and alike:
        yield "", new, f"if {new} is new"


def _undone(stop: Stop, names: Sequence[str], mapped: Sequence[str]) -> Meant:
    """Offer to take back the last mapping that has given the recorded step its name.

    Not one that moved positions: what was executed there since would be dropped.
    """
    name = (stop.recorded or {}).get("name", "")
    for text in reversed(mapped):
        old, _, new = text.partition("=")
        frame, label = split(new)
        before = split(old)[1]
        if old and label == name != before and matches(frame, stop.frame):
            if before not in names and not (before.isdigit() and label.isdigit()):
                yield name, before, f"to undo {text}"
            return

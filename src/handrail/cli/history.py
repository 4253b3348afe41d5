"""What a run has done, step by step, and how one that NEEDS_ATTENTION can be brought to its flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handrail.inbox import moves
from handrail.requests.content import decode
from handrail.runs.journal import NO_NODES, Entry, State, join
from handrail.runs.ports import RunTransaction
from handrail.runs.run import StoredRun

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
        "kind": entry.kind,
        "state": (State.DONE if _is_answered(tx, entry) else entry.state).value,
        "request_id": entry.request_id,
        "result": value if entry.state in (State.DONE, State.STOPPED) else None,
        "error": value if entry.state is State.FAILED else None,
    }


def _is_answered(tx: RunTransaction, entry: Entry) -> bool:
    """Whether an ask is over: the journal leaves that to the request."""
    return entry.request_id is not None and moves.latest(tx, entry.request_id).ended


@dataclass(frozen=True)
class Suggestion:
    """A mapping that may be meant, in words and as `migrate --map` takes it."""

    mapping: str
    meaning: str


def suggestions(run: StoredRun) -> list[Suggestion]:
    """Return the mappings that may explain why a run's past doesn't match its flow; people know which is true."""
    difference = (run.error or {}).get("difference") or {}
    frame = difference.get("frame", "")
    recorded, flow = difference.get("recorded"), difference.get("flow")
    old = join(frame, recorded["name"]) if recorded else ""
    new = join(frame, flow["name"]) if flow else ""
    found = []
    if recorded and "question" in recorded:
        return [
            Suggestion(f"{old}=", "to drop what was asked and answered there, and ask what the flow asks now")
        ]
    if old and new and old != new:
        found.append(Suggestion(f"{old}={new}", f"if {old} is called {new} now"))
    if recorded and flow and old == new and _is_other_class(recorded["kind"], flow["kind"]):
        found.append(
            Suggestion(f"{old}={new}", f"if {old} is the same node, and its class has another name now")
        )
    if recorded and flow and old == new and recorded["name"].isdigit():
        behind = join(frame, str(int(recorded["name"]) + 1))
        found.append(Suggestion(f"{old}={behind}", f"if a new step stands at {old}, before the recorded one"))
    if old:
        found.append(Suggestion(f"{old}=", f"if {old} is gone from the flow"))
    if new and new != old:
        found.append(Suggestion(f"={new}", f"if {new} is new"))
    return found


def _is_other_class(recorded: str, flow: str) -> bool:
    return recorded != flow and not {recorded, flow} & NO_NODES

"""The journal: what a run has done, entry by entry, addressed by the place in the flow.

An address is the path of labels from the run to the step, such as `2/draft` or `1[4]/0`. A frame is the address
whose direct steps are meant; the empty one is the run itself. Within a frame entries have their order.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from handrail.requests.content import decode
from handrail.requests.errors import (
    Conflict,
    HandrailError,
    InvalidInput,
    ModelRefused,
    NotJSON,
    PayloadTooLarge,
    ProgrammingError,
    Rejected,
    StepFailed,
    UnknownId,
)


class State(StrEnum):
    """How far an entry is."""

    OPEN = "open"
    """something inside it is recorded, or attempts have failed; it is executed again from its beginning"""
    BEGUN = "begun"
    """the begin mark of a step that must not be repeated silently: found on a replay, it was interrupted"""
    WAITING = "waiting"
    """an ask, a sleep or a branch that waits"""
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    """it ended the whole run"""


@dataclass(frozen=True)
class Entry:
    """One step of a run.

    `value` is JSON text: the result, the failure, the moment to wake, the hash of the question, the number of
    branches. `attempt` counts the attempts that have begun or failed; for a gather, the branches that haven't ended.
    """

    frame: str
    ordinal: int
    label: str
    kind: str
    state: State
    value: str | None = None
    request_id: str | None = None
    attempt: int = 0
    at: int | None = field(default=None, compare=False)
    """when it was stored as it is, in microseconds since 1970; for people only, a replay never looks at it"""
    took: int | None = field(default=None, compare=False)
    """microseconds of the execution that came to this result"""

    @property
    def address(self) -> str:
        """The place of this entry in the flow."""
        return join(self.frame, self.label)


FINAL = (InvalidInput, ModelRefused, ProgrammingError, Rejected)
"""errors that another attempt can't mend"""

ANY_KIND = "*"
"""The kind of an entry that an operator put in to say: a new step belongs here."""


FIXED = frozenset(
    {"Question", "ask", "branch", "drain", "gather", "now", "sleep", "step", "task", "uuid", "wait"}
)
"""The kinds that never become another one: all but nodes, whose kind is the name of their class. `ask` in a flow is
recorded as a `Question`."""

NEW = "new"
"""how people are told `ANY_KIND`"""


def can_become(recorded: str, flow: str) -> bool:
    """Whether what is recorded with one kind may be what the flow has with another one: a class that was renamed."""
    return recorded in (flow, ANY_KIND, NEW) or not {recorded, flow} & FIXED


def told_kind(kind: str) -> str:
    """Return a kind as people are told it."""
    return NEW if kind == ANY_KIND else kind


def join(frame: str, label: str) -> str:
    """Return the address of `label` in `frame`; a branch label is `[3]`, and is not separated."""
    if not frame or label.startswith("["):
        return frame + label
    return f"{frame}/{label}"


def is_final(error: BaseException) -> bool:
    """Whether another attempt can't mend it."""
    return error.final if isinstance(error, StepFailed) else isinstance(error, FINAL)


def as_failure(address: str, error: BaseException) -> dict[str, Any]:
    """Return what the journal keeps of an error: where it came from, its kind, its text, whether it was final."""
    final = {"final": True} if is_final(error) else {}
    if isinstance(error, StepFailed):
        return {"name": error.name, "kind": error.kind, "message": error.message, **final}
    try:
        text = str(error).encode("utf-8", "replace").decode()[:10_000]
    except Exception:  # an error that can't even say what it is
        text = "(it has no text)"
    return {"name": address, "kind": type(error).__name__, "message": text, **final}


def failure_of(entry: Entry, run_id: str) -> StepFailed:
    """Return the error that the journal keeps."""
    return StepFailed(**decode(entry.value or "{}"), run_id=run_id)


_REFUSALS = {kind.__name__: kind for kind in (Conflict, InvalidInput, NotJSON, PayloadTooLarge, UnknownId)}


def refusal_of(entry: Entry, run_id: str) -> HandrailError:
    """Return the error by which a request was refused, of the kind it had: the flow may have caught it."""
    failure = failure_of(entry, run_id)
    kind = _REFUSALS.get(failure.kind)
    return kind(failure.message) if kind else failure


def place_of(entry: Entry) -> dict[str, Any]:
    """Return how an entry is told apart from others."""
    return {"name": entry.label, "kind": told_kind(entry.kind)}


def in_words(difference: dict[str, Any]) -> str:
    """Return how the past of a run differs from its flow."""
    recorded, flow, frame = difference["recorded"], difference["flow"], difference["frame"]
    where = f"in {frame!r}" if frame else "of the flow"
    was = f"recorded is {_told(recorded)}" if recorded else "nothing is recorded"
    comes = f"the flow has {_told(flow)}" if flow else "the flow has nothing more"
    words = f"at position {difference['position']} {where} {was}, {comes}"
    return f"{words}: {parts}" if (parts := told_parts(difference)) else words


def _told(place: dict[str, Any]) -> str:
    question = " asking something else" if "question" in place else ""
    branches = f" of {place['branches']} branches" if "branches" in place else ""
    return f"{place['name']!r} ({place['kind']}{question}{branches})"


def told_parts(difference: dict[str, Any]) -> str:
    """Say in which parts a question differs; only titles are told, what is shown may be confidential."""
    recorded, flow = difference["recorded"] or {}, difference["flow"] or {}
    words = {
        "kind": "it is another kind of question",
        "title": f"its title was {recorded.get('title')!r} and is {flow.get('title')!r} now",
        "proposal": "what is shown differs",
    }
    return ", ".join(words[part] for part in flow.get("part", ()))

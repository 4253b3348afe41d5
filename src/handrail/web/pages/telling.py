"""What a page says about a request beside what every face says, and how it looks. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from handrail.requests import telling
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest, Status
from handrail.requests.telling import (
    DONE,
    at_silence,
    effect,
    hints,
    is_unsure,
    names,
    so_far,
    who_decides,
    why,
)
from handrail.requests.wording import lasting

__all__ = ["DONE", "at_silence", "effect", "hints", "is_unsure", "names", "so_far", "who_decides", "why"]

NO = "The run takes that as a no: it goes on without approval, or ends where its flow stops at a no."
WITHDRAWN = {
    "approval": NO,
    "confidence": NO,
    "feedback": NO,
    "review": NO,
    "score": "The run goes on without this score, and what is judged doesn’t pass.",
    "task": "The run goes on, with the task not completed.",
    "question": "The run gets no answer and fails, unless its code provides for that.",
    "tool": "The call isn’t made, and the run fails, unless its code provides for a no.",
    "interrupted": "The run asks the same again at once: only an answer, or cancelling the run, ends that.",
}
"""what a run makes of it if its request is withdrawn, by the kind of the request"""

LOOKS = {
    Verb.APPROVE: ("is-approved", "check"),
    Verb.EDIT: ("is-approved", "pencil"),
    Verb.REQUEST_CHANGES: ("is-revise", "revise"),
    Verb.REJECT: ("is-rejected", "x"),
    Verb.ANSWER: ("is-approved", "check"),
    Verb.ABSTAIN: ("is-ended", "todo"),
}
"""the status class and the icon of a verb; the word stands beside them"""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the machine was, and from where on nobody is asked; both from 0 to 1."""

    value: float
    threshold: float | None

    @property
    def told(self) -> str:
        """The number as it is shown."""
        return f"{self.value:.2f}"

    @property
    def at(self) -> str:
        """Where on the scale the value is."""
        return f"{self.value * 100:.4g}%"

    @property
    def from_here(self) -> str:
        """Where on the scale the threshold is."""
        return f"{(self.threshold or 0) * 100:.4g}%"

    @property
    def label(self) -> tuple[str, str]:
        """Where the value's number stands, so that it doesn't cover the threshold's: a place and an anchor."""
        if self.threshold is not None and self.value <= self.threshold:
            return f"{min(self.value * 100 + 2, 98):.4g}%", "end" if self.value > 0.1 else "start"
        return self.at, "middle"


def confidence(request: HumanRequest) -> Confidence | None:
    """Return how sure the machine was, if the request says so."""
    found = telling.confidence(request)
    return None if found is None else Confidence(*found)


@dataclass(frozen=True, slots=True)
class Seat:
    """One of those asked, and what they said."""

    name: str
    word: str
    look: str
    icon: str
    comment: str | None = None


def seats(
    request: HumanRequest, viewer: str, *, blind: bool, unable: Mapping[str, str] = MappingProxyType({})
) -> list[Seat]:
    """Return who is asked and what they said; with `blind` only whether they did. `unable` says who may not."""
    made = {decision.actor: decision for decision in request.decisions}
    asked = request.asked if request.asked is not None else tuple(made)
    found = []
    for name in sorted(asked, key=lambda name: name != viewer):
        if (vote := made.get(name)) is None:
            word = f"Can’t vote: {unable[name]}" if name in unable else "Not yet"
            found.append(Seat(name, word, "", "todo"))
        elif blind and name != viewer:
            found.append(Seat(name, "Voted, hidden", "is-done", "done"))
        else:
            look, icon = LOOKS[vote.verb]
            found.append(Seat(name, DONE[vote.verb].capitalize(), look, icon, vote.comment))
    return found


def withdrawing(request: HumanRequest) -> str:
    """Return what becomes of the run if a request is withdrawn, by what its kind of node makes of no outcome."""
    if request.run_id is None:
        return "No run waits for it."
    return WITHDRAWN.get(request.draft.kind, "The run goes on with no outcome.")


def ending(request: HumanRequest) -> tuple[str, str, str] | None:
    """Return how a request ended: class, icon and words; None if it is open."""
    words = telling.ended_as(request)
    return None if words is None else (*_look(request), words)


def _look(request: HumanRequest) -> tuple[str, str]:
    outcome = request.outcome
    if request.status is Status.EXPIRED:
        return "is-overdue", "clock"
    if outcome is None:
        return "is-ended", "revise" if request.superseded_by else "x"
    if request.superseded_by and outcome.verb is Verb.EDIT:
        return "is-revise", "revise"
    look, icon = LOOKS[outcome.verb]
    return look, "clock" if outcome.cause == "timeout" else icon


def overdue_by(request: HumanRequest, seconds: float) -> str:
    """Return how late a request is."""
    return f"{lasting(-seconds)} late"

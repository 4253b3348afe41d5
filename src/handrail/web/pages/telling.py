"""What a page says about a request, in words: why it asks, who decides, what happens then. Pure functions."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeGuard

from handrail.requests.decision import YES, Verb
from handrail.requests.judgement import counting
from handrail.requests.policy import All, Audience, Escalation, First, needed
from handrail.requests.request import HumanRequest, Status
from handrail.web.content.label import label
from handrail.web.pages.words import count, lasting

SHOWN_NAMES = 4

WHY = {
    "approval": "{} goes on only with a person’s approval.",
    "feedback": "The draft is revised until a person is content with it.",
    "review": "Several people judge it, each for themselves.",
    "question": "{} needs an answer that only a person has.",
    "interruption": "The work was cut off in the middle, and nobody knows whether it happened.",
}

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

DONE = {
    Verb.APPROVE: "approved",
    Verb.EDIT: "edited and approved",
    Verb.REQUEST_CHANGES: "requested changes",
    Verb.REJECT: "rejected",
    Verb.ANSWER: "answered",
    Verb.ABSTAIN: "abstained",
}
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
    value, threshold = request.draft.context.get("confidence"), request.draft.context.get("threshold")
    if not _is_share(value):
        return None
    return Confidence(float(value), float(threshold) if _is_share(threshold) else None)


def _is_share(value: Any) -> TypeGuard[float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value <= 1
    )


def why(request: HumanRequest) -> str:
    """Return why people are asked."""
    given = request.draft.context.get("why")
    if isinstance(given, str) and given.strip():
        text = given.strip()
        return f"{text[0].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"
    told = WHY.get(request.draft.kind, "A person’s judgement is needed here.")
    return told.format("The run" if request.run_id else "Whoever asked")


def is_unsure(request: HumanRequest) -> bool:
    """Whether people are asked because the machine was less sure than it has to be."""
    threshold, found = request.draft.context.get("threshold"), confidence(request)
    return _is_share(threshold) and (found is None or found.value < threshold)


def hints(request: HumanRequest) -> dict[str, str]:
    """Return what becomes of the words that a verb takes, and of the request."""
    if not isinstance(request.policy.quorum, First):
        vote = "It is one vote, and counts with the others; you may change it while it is open."
        return dict.fromkeys(("request_changes", "reject"), vote)
    end = "the run goes on without approval, or ends" if request.run_id else "whoever asked gets your words"
    return {
        "request_changes": "Whoever made it gets this with everything said before, and sends the next revision.",
        "reject": f"There is no further revision; {end}.",
    }


def so_far(request: HumanRequest) -> str:
    """Return how far the votes have come; of blind ones only how many there are.

    A vote is no outcome: what it comes to is told only once the request has ended.
    """
    votes, asked = counting(request), len(request.asked or ())
    if request.policy.blind:
        return f"{len(votes)} of {asked} have voted" if asked else f"{count(len(votes), 'vote')} so far"
    approving = sum(vote.verb in YES for vote in votes)
    return f"{approving} of {needed(request.policy.quorum, asked)} needed to approve"


def names(audience: Audience, without: Collection[str] = ()) -> str:
    """Return whom an audience names.

    >>> names(Audience(users=("alice",), groups=("legal",)))
    'alice or anybody in legal'
    """
    if audience.is_open:
        return "anybody"
    users = [name for name in audience.users if name not in without]
    known = [*users, *(f"anybody in {group}" for group in audience.groups)] or ["nobody that it names"]
    if len(known) > SHOWN_NAMES:
        return f"{', '.join(known[:SHOWN_NAMES])} or {len(known) - SHOWN_NAMES} others"
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} or {known[-1]}"


def who_decides(request: HumanRequest, unable: Collection[str] = ()) -> str:
    """Return how many must agree, and who is asked; of one that decides without those who are `unable` to."""
    quorum, asked = request.policy.quorum, request.asked
    if isinstance(quorum, First):
        return f"One decides: {names(request.audience, unable)}"
    if asked is None:
        return f"{needed(quorum, 0)} people must approve"
    must = needed(quorum, len(asked))
    if isinstance(quorum, All) or must == len(asked):
        return f"All {len(asked)} asked must approve" if len(asked) > 1 else f"{asked[0]} must approve"
    return f"{must} of {len(asked)} must approve"


def at_silence(request: HumanRequest) -> str:
    """Return what happens at the next deadline if nobody decides until then."""
    if request.deadline is None:
        return ""
    match request.policy.on_timeout:
        case "reject":
            return "it counts as rejected."
        case "approve":
            return "it counts as approved."
        case "escalate":
            return _escalates(request.policy.escalations[request.escalated :])
        case None:
            return "it ends without an outcome."
        case given:
            return f"it counts as {DONE[given.verb]}."


def _escalates(rungs: Sequence[Escalation]) -> str:
    if not rungs:
        return "it counts as rejected."
    return f"it escalates: {names(rungs[0].to)} can decide it as well."


def effect(request: HumanRequest, following: str | None) -> str:
    """Return what happens if the reader decides; `following` is the step that comes next, where it is known."""
    if not isinstance(request.policy.quorum, First):
        return _vote(request)
    if said := request.draft.effect:
        return said
    if request.run_id is None:
        return "Your decision settles it, and can’t be taken back."
    verb = "Answering" if Verb.ANSWER in request.draft.verbs else "Approving"
    then = f"goes on with “{label(following)}”" if following else "lets the run go on"
    return f"{verb} {then} at once, and can’t be taken back."


def _vote(request: HumanRequest) -> str:
    votes = counting(request)
    approving = sum(vote.verb in YES for vote in votes)
    if request.policy.blind and not request.ended:
        return f"{who_decides(request)}. {count(len(votes), 'vote')} so far. You may change yours while it is open."
    return (
        f"{who_decides(request)}; {approving or 'nobody'} so far. You may change your vote while it is open."
    )


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
    outcome, by = request.outcome, request.winner
    match request.status:
        case Status.WITHDRAWN if request.superseded_by:
            return "is-ended", "revise", "Replaced by a later revision"
        case Status.WITHDRAWN:
            return "is-ended", "x", f"Withdrawn by {by}" if by else "Withdrawn"
        case Status.EXPIRED:
            return "is-overdue", "clock", "Ended without an outcome: nobody decided in time"
        case Status.RESOLVED if outcome is not None:
            look, icon = LOOKS[outcome.verb]
            if request.superseded_by and outcome.verb is Verb.EDIT:
                return (
                    "is-revise",
                    "revise",
                    f"{_listed(outcome.by)} changed this: a later revision asks instead",
                )
            if outcome.cause == "timeout":
                return look, "clock", f"Nobody decided in time, so it counts as {DONE[outcome.verb]}"
            if outcome.cause == "abstained":
                return look, icon, f"Rejected: {outcome.comment}"
            to = " to" if outcome.verb is Verb.REQUEST_CHANGES else ""
            return look, icon, f"{_listed(outcome.by)} {DONE[outcome.verb]}{to} this"
    return None


def _listed(people: Sequence[str]) -> str:
    if len(people) > SHOWN_NAMES:
        return f"{', '.join(people[:SHOWN_NAMES])} and {len(people) - SHOWN_NAMES} others"
    return (
        people[0]
        if len(people) == 1
        else f"{', '.join(people[:-1])} and {people[-1]}"
        if people
        else "Handrail"
    )


def overdue_by(request: HumanRequest, seconds: float) -> str:
    """Return how late a request is."""
    return f"{lasting(-seconds)} late"

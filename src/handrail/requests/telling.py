"""What a request says about itself, in words: why it asks, who decides, what happens then. Pure functions."""

import math
from collections.abc import Collection, Sequence
from typing import Any, TypeGuard

from handrail.requests.decision import YES, Verb
from handrail.requests.judgement import counting
from handrail.requests.policy import All, Audience, Escalation, First, needed
from handrail.requests.record import is_blind
from handrail.requests.request import HumanRequest, Status
from handrail.requests.wording import count, label

SHOWN_NAMES = 4
MOST_VOTES = 10
NOBODY = "\n"
"""a viewer who has not decided: no person has this name"""

WHY = {
    "approval": "{} goes on only with a person’s approval.",
    "feedback": "The draft is revised until a person is content with it.",
    "review": "Several people judge it, each for themselves.",
    "question": "{} needs an answer that only a person has.",
    "interruption": "The work was cut off in the middle, and nobody knows whether it happened.",
}

DONE = {
    Verb.APPROVE: "approved",
    Verb.EDIT: "edited and approved",
    Verb.REQUEST_CHANGES: "requested changes",
    Verb.REJECT: "rejected",
    Verb.ANSWER: "answered",
    Verb.ABSTAIN: "abstained",
}


def is_share(value: Any) -> TypeGuard[float]:
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


def confidence(request: HumanRequest) -> tuple[float, float | None] | None:
    """Return how sure the machine was, and from where on nobody is asked, both from 0 to 1; None if it doesn't say."""
    value, threshold = request.draft.context.get("confidence"), request.draft.context.get("threshold")
    if not is_share(value):
        return None
    return float(value), float(threshold) if is_share(threshold) else None


def is_unsure(request: HumanRequest) -> bool:
    """Whether people are asked because the machine was less sure than it has to be."""
    threshold, found = request.draft.context.get("threshold"), confidence(request)
    return is_share(threshold) and (found is None or found[0] < threshold)


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


def ended_as(request: HumanRequest) -> str | None:
    """Return how a request ended, as a sentence without its stop; None if it is open."""
    outcome, by = request.outcome, request.winner
    match request.status:
        case Status.WITHDRAWN if request.superseded_by:
            return "Replaced by a later revision"
        case Status.WITHDRAWN:
            return f"Withdrawn by {by}" if by else "Withdrawn"
        case Status.EXPIRED:
            return "Ended without an outcome: nobody decided in time"
        case Status.RESOLVED if outcome is not None:
            if request.superseded_by and outcome.verb is Verb.EDIT:
                return f"{listed(outcome.by)} changed this: a later revision asks instead"
            if outcome.cause == "timeout":
                return f"Nobody decided in time, so it counts as {DONE[outcome.verb]}"
            if outcome.cause == "abstained":
                return f"Rejected: {outcome.comment}"
            to = " to" if outcome.verb is Verb.REQUEST_CHANGES else ""
            return f"{listed(outcome.by)} {DONE[outcome.verb]}{to} this"
    return None


def listed(people: Sequence[str]) -> str:
    """Return several people as a part of a sentence."""
    if len(people) > SHOWN_NAMES:
        return f"{', '.join(people[:SHOWN_NAMES])} and {len(people) - SHOWN_NAMES} others"
    return (
        people[0]
        if len(people) == 1
        else f"{', '.join(people[:-1])} and {people[-1]}"
        if people
        else "Handrail"
    )


def votes(request: HumanRequest) -> list[str]:
    """Return who said what; nothing where nobody is to know yet."""
    if is_blind(request, NOBODY):
        return []
    given = request.decisions[:MOST_VOTES]
    more = len(request.decisions) - len(given)
    said = [f"{vote.actor} {DONE[vote.verb]}" for vote in given]
    return [*said, f"{more} more"] if more else said


def unsure(request: HumanRequest) -> list[str]:
    """Return the passages that the model isn't sure of; nothing if they are told in another form."""
    found: list[str] = []
    spots = request.draft.context.get("unsure")
    for each in spots if isinstance(spots, list) else []:
        match each:
            case str(text):
                found.append(f"“{text}”")
            case {"text": str(text), "reason": str(reason), **more} if not more:
                found.append(f"“{text}”: {reason}")
            case {"text": str(text), **more} if not more:
                found.append(f"“{text}”")
            case _:
                return []
    return found


def beside(request: HumanRequest) -> dict[str, Any]:
    """Return what is told beside what is proposed, without what these sentences tell already."""
    given, sure = request.draft.context, confidence(request) is not None
    elsewhere = {
        *(["why"] if isinstance(given.get("why"), str) else []),
        *(key for key in ("confidence", "threshold") if sure and is_share(given.get(key))),
        *(["unsure"] if unsure(request) else []),
    }
    return {key: value for key, value in given.items() if key not in elsewhere}

"""What decisions and the passing of time come to: pure functions of a request and the present moment."""

from datetime import datetime, timedelta

from handrail.requests.decision import YES, Decision, Verb
from handrail.requests.lifecycle import Escalated, Expired, Move, Reminded, Resolved
from handrail.requests.outcome import GivenOutcome, Outcome
from handrail.requests.policy import First, Fraction, needed
from handrail.requests.request import HumanRequest
from handrail.requests.routing import Members, people


def judge(request: HumanRequest, now: datetime) -> Outcome | None:
    """Return the outcome as soon as no further vote can change it if the given ones stand, else None."""
    votes = counting(request)
    if request.policy.quorum == Fraction(0.0):
        return _spoken(votes, request, now)
    abstained = {vote.actor for vote in votes if vote.verb is Verb.ABSTAIN}
    if request.asked and abstained.issuperset(request.asked):
        return _abstained("everybody abstained", 0, len(request.asked), now)
    if isinstance(request.policy.quorum, First):
        return _first(votes, request)
    return _counted(votes, request, now)


def counting(request: HumanRequest) -> list[Decision]:
    """Return the votes that count: where votes are counted, those of the people who are asked (still)."""
    if request.asked is None or isinstance(request.policy.quorum, First):
        return list(request.decisions)
    return [vote for vote in request.decisions if vote.actor in request.asked]


def _first(votes: list[Decision], request: HumanRequest) -> Outcome | None:
    asked = None if request.asked is None else len(request.asked)
    for vote in votes:
        if vote.verb is not Verb.ABSTAIN:
            approvals = int(vote.verb in YES)
            return Outcome(
                vote.verb, vote.at, (vote.actor,), vote.payload, vote.comment, "decision", approvals, asked
            )
    return None


def _spoken(votes: list[Decision], request: HumanRequest, now: datetime) -> Outcome | None:
    """No approval is needed, but somebody has to speak: silence isn't consent."""
    asked = None if request.asked is None else len(request.asked)
    approvals = sum(vote.verb in YES for vote in votes)
    return _outcome(Verb.APPROVE, votes, now, asked, approvals, None) if votes else None


def _counted(votes: list[Decision], request: HumanRequest, now: datetime) -> Outcome | None:
    asked = None if request.asked is None else len(request.asked)
    must = needed(request.policy.quorum, asked or 0)
    approving = [vote for vote in votes if vote.verb in YES]
    if len(approving) >= must:
        return _agreed(approving, now, asked)
    refusing = [vote for vote in votes if vote.verb in (Verb.REJECT, Verb.REQUEST_CHANGES)]
    # Where nobody counted who is asked, as many refusals as approvals would be needed end it.
    lost = len(refusing) >= must if asked is None else len(approving) + asked - len(votes) < must
    if not lost:
        return None
    if not refusing:
        return _abstained("too many abstained", len(approving), asked, now)
    wishes = [vote for vote in refusing if vote.verb is Verb.REQUEST_CHANGES]
    verb, by = (Verb.REQUEST_CHANGES, wishes) if wishes else (Verb.REJECT, refusing)
    return _outcome(verb, by, now, asked, len(approving), None)


def _agreed(approving: list[Decision], now: datetime, asked: int | None) -> Outcome:
    if all(vote.verb is not Verb.ANSWER for vote in approving):
        return _outcome(Verb.APPROVE, approving, now, asked, len(approving), None)
    answers = [vote.payload for vote in approving]
    return _outcome(Verb.ANSWER, approving, now, asked, len(approving), answers)


def _abstained(why: str, approvals: int, asked: int | None, now: datetime) -> Outcome:
    return Outcome(Verb.REJECT, now, comment=why, cause="abstained", approvals=approvals, asked=asked)


def _outcome(
    verb: Verb,
    votes: list[Decision],
    now: datetime,
    asked: int | None,
    approvals: int,
    payload: list[object] | None,
) -> Outcome:
    comments = [
        f"{vote.actor}: {vote.comment}" if len(votes) > 1 else vote.comment for vote in votes if vote.comment
    ]
    by = tuple(vote.actor for vote in votes)
    return Outcome(verb, now, by, payload, "\n".join(comments) or None, "decision", approvals, asked)


def overdue_move(request: HumanRequest, now: datetime, members: Members) -> Move | None:
    """Return the next move that time has made due, if any: the deadline first, then the ladder, then a reminder."""
    if request.ended or request.due_at is None or request.due_at > now:
        return None
    policy = request.policy
    if request.deadline and request.deadline <= now:
        return _deadline_move(request, now, members)
    ladder = policy.escalations[request.escalated :]
    if ladder and request.opened_at + timedelta(seconds=ladder[0].after) <= now:
        return escalated(request, members, by="handrail", deadline=request.deadline)
    passed = sum(request.opened_at + timedelta(seconds=after) <= now for after in policy.reminders)
    return Reminded("handrail", passed) if passed > request.reminded else None


def _deadline_move(request: HumanRequest, now: datetime, members: Members) -> Move:
    policy = request.policy
    asked = None if request.asked is None else len(request.asked)
    approvals = sum(vote.verb in YES for vote in counting(request))
    match policy.on_timeout:
        case None:
            return Expired()
        case "escalate" if request.escalated < len(policy.escalations):
            return escalated(
                request, members, by="handrail", deadline=now + timedelta(seconds=policy.timeout or 0)
            )
        case "approve":
            return Resolved(Outcome(Verb.APPROVE, now, cause="timeout", approvals=approvals, asked=asked))
        case GivenOutcome(verb, payload, comment):
            return Resolved(Outcome(verb, now, (), payload, comment, "timeout", approvals, asked))
        case _:
            return Resolved(Outcome(Verb.REJECT, now, cause="timeout", approvals=approvals, asked=asked))


def escalated(request: HumanRequest, members: Members, *, by: str, deadline: datetime | None) -> Escalated:
    """Return the move to the next rung of the ladder: it adds people and takes nobody away."""
    rung = request.policy.escalations[request.escalated]
    # Nobody of its pool has room for a task in line: who it is escalated to does it.
    audience = rung.to if request.in_line else request.audience.widened(rung.to)
    asked = request.asked
    if asked is not None:
        asked = tuple(dict.fromkeys((*asked, *people(audience, members, request.initiator))))
    return Escalated(by, audience, asked, request.escalated + 1, deadline)

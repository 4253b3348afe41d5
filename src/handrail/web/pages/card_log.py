"""What has happened to a task, in words: a line for each event, with who, when and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from handrail.requests.decision import SYSTEM
from handrail.requests.wording import count
from handrail.teams.card import used
from handrail.teams.event import (
    FeedbackGiven,
    FeedbackProcessed,
    OfTask,
    Spent,
    TaskMoved,
    TeamEvent,
    Unblocked,
    ValidationAsked,
)
from handrail.web.content.text import plain
from handrail.web.pages.board_status import TASKS
from handrail.web.pages.columns import money
from handrail.web.pages.status import Told


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `told` gives icon, words and colour."""

    told: Told
    at: datetime
    actor: str
    reason: str
    request: str | None = None
    run: str | None = None


def entries(log: Iterable[TeamEvent]) -> list[Entry]:
    """Return the lines of a log."""
    return [_entry(event, event.fact) for event in log if isinstance(event.fact, OfTask)]


def _entry(event: TeamEvent, fact: OfTask) -> Entry:
    actor = "Handrail" if event.actor == SYSTEM.name else plain(event.actor, 60)
    request = fact.request if isinstance(fact, ValidationAsked) else None
    run = fact.run if isinstance(fact, TaskMoved) else None
    return Entry(_told(fact), event.at, actor, plain(event.reason or "", 300), request, run)


def _told(fact: OfTask) -> Told:
    match fact:
        case TaskMoved(to=to, round=number, run=run):
            told = TASKS[to]
            return told._replace(word=f"{told.word}, round {number}") if run else told
        case ValidationAsked():
            return Told("user", "People are asked to validate it", "awaiting")
        case Unblocked():
            return Told("check", "Its obstacle is removed", "doing")
        case FeedbackGiven(feedback=number):
            return Told("chat", f"Feedback {number}", "revise")
        case FeedbackProcessed(upto=number):
            return Told("check", f"Feedback worked in up to {number}", "done")
        case Spent(calls=calls, input_tokens=into, output_tokens=out):
            price = money(used(fact).cost) if fact.cost is not None else "price unknown"
            return Told("chart", f"{count(calls, 'call')}, {count(into + out, 'token')}, {price}", "ended")
    return Told("dots", fact.kind, "ended")

"""Moves that ask first: reassign, escalate, withdraw. What is asked, and what the move does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from handrail.people.rights import Right
from handrail.web.pages import telling
from handrail.web.pages.sheet import Sheet

TO = "Who should decide?"


@dataclass(frozen=True, slots=True)
class Field:
    """Something to fill in before a move."""

    name: str
    word: str
    hint: str = ""
    required: bool = False
    long: bool = False
    value: str = ""
    choices: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before a move."""

    move: str
    title: str
    button: str
    fields: tuple[Field, ...] = ()
    danger: bool = False


def question(move: str, sheet: Sheet, given: Mapping[str, str], faults: Mapping[str, str]) -> Question | None:
    """Return what a move asks first; None for a move that the reader can't make."""
    if sheet.request.ended:
        return None
    reason = Field("reason", "Why?", "It is kept in the log.", value=given.get("reason", ""), long=True)
    match move:
        case "reassign" if Right.REASSIGN in sheet.moves:
            hint = "Names, separated by commas; group:NAME for a group. They are asked instead of those asked now."
            to = Field("to", TO, hint, required=True, value=given.get("to", ""))
            to = replace(to, choices=sheet.choices, problem=faults.get("to", ""))
            return Question(move, "Reassign the request", "Reassign", (to, reason))
        case "escalate" if Right.ESCALATE in sheet.moves:
            rungs = sheet.request.policy.escalations[sheet.request.escalated :]
            if not rungs:
                return None
            whom = telling.names(rungs[0].to)
            return Question(move, f"Ask {whom} as well, now instead of later?", "Escalate")
        case "withdraw" if Right.WITHDRAW in sheet.moves:
            told = telling.withdrawing(sheet.request)
            title = f"Take the request back? Nobody can decide it then. {told}"
            return Question(move, title, "Withdraw the request", (reason,), danger=True)
    return None

"""What has changed since the revision before, in a few lines: what was there, and what is there now."""

from handrail.channels.slack import words
from handrail.channels.slack.block import Element
from handrail.channels.slack.rich import Room, preformatted, section
from handrail.channels.slack.rich import words as said
from handrail.requests.changes import Change, Come, Gone, Part, TooLong, changes
from handrail.requests.request import HumanRequest

SHOWN = 1500
"""characters of changes that are shown"""


def difference(previous: HumanRequest, request: HumanRequest) -> list[Element]:
    """Return the changed lines of what is proposed, by key. What doesn't fit stands on the page."""
    head = section(said(words.CHANGED.format(previous.revision), bold=True))
    found = [*changes(previous.draft.proposal, request.draft.proposal)]
    if not found:
        return [head, section(said(words.SAME))]
    room = Room(SHOWN)
    lines: list[str] = []
    for each in found:
        if room.is_full:
            break
        lines.append(room.take(_line(each)))
    shown = [head, preformatted("\n".join(lines))]
    return [*shown, section(said(words.MORE_CHANGES))] if room.cut else shown


def _line(change: Change) -> str:
    match change:
        case Part(name):
            return f"{name}:"
        case Gone(line):
            return f"- {line}"
        case Come(line):
            return f"+ {line}"
        case TooLong():
            return words.TOO_LONG

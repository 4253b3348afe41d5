"""What has changed since the revision before, in a few lines: what was there, and what is there now."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from handrail.channels.slack import words
from handrail.channels.slack.block import Element
from handrail.channels.slack.rich import Room, preformatted, section
from handrail.channels.slack.rich import words as said
from handrail.requests.content import JSON
from handrail.requests.prose.record import as_json
from handrail.requests.request import HumanRequest
from handrail.requests.wording import label

SHOWN = 1500
"""characters of changes that are shown"""
MOST_LINES = 1000
LONGEST = 64 * 1024
"""lines and characters up to which two texts are compared"""


def difference(previous: HumanRequest, request: HumanRequest) -> list[Element]:
    """Return the changed lines of what is proposed, by key. What doesn't fit stands on the page."""
    head = section(said(words.CHANGED.format(previous.revision), bold=True))
    changes = [*_changes(previous.draft.proposal, request.draft.proposal)]
    if not changes:
        return [head, section(said(words.SAME))]
    room = Room(SHOWN)
    lines: list[str] = []
    for line in changes:
        if room.is_full:
            break
        lines.append(room.take(line))
    found = [head, preformatted("\n".join(lines))]
    return [*found, section(said(words.MORE_CHANGES))] if room.cut else found


def _changes(old: dict[str, JSON], new: dict[str, JSON]) -> Iterator[str]:
    keys = [*dict.fromkeys([*old, *new])]
    for key in keys:
        before, after = (_text(each[key]) if key in each else None for each in (old, new))
        if before == after:
            continue
        if len(keys) > 1:
            yield f"{label(key)}:"
        yield from _changed_lines(before, after)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else as_json(value)


def _changed_lines(before: str | None, after: str | None) -> Iterator[str]:
    if before is None or after is None:
        sign, text = ("+", after) if before is None else ("-", before)
        yield from (f"{sign} {line}" for line in (text or "")[:LONGEST].split("\n"))
        return
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_LINES or max(len(before), len(after)) > LONGEST:
        yield words.TOO_LONG
        return
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield from (f"- {line}" for line in old[start:end])
            yield from (f"+ {line}" for line in new[new_start:new_end])

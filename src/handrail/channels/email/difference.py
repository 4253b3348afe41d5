"""What has changed since the revision before, in a few lines: what was there, what is there now, the words that differ.

A long line that was reworded is shown around those words. All of it, as it is now, stands below in the same mail.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from handrail.channels.email import sentences
from handrail.channels.email.block import Block, Changed, Difference, Head, Line
from handrail.channels.email.room import Room
from handrail.requests import alignment
from handrail.requests.changes import Change, Come, Gone, Part, changes
from handrail.requests.request import HumanRequest

SHOWN = 1500
"""characters of changes that a mail shows"""
LONGEST_LINE = 400
"""characters of a line that has come or gone as a whole"""
AROUND = 40
"""characters that are shown before and behind words that differ"""
LONGEST_COMPARED = 4_000
LEAST_ALIKE = 0.4
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

Pieces = tuple[tuple[str, bool], ...]


def difference(previous: HumanRequest, request: HumanRequest) -> Iterator[Block]:
    """Yield what has changed of what is proposed."""
    yield Head(sentences.CHANGES.format(previous.revision))
    found = [*changes(previous.draft.proposal, request.draft.proposal)]
    if not found:
        yield Line(sentences.SAME)
        return
    room = Room(SHOWN)
    yield Difference(tuple(_fitting(found, room)))
    if room.cut:
        yield Line(sentences.MORE_CHANGES, quiet=True)
    yield Head(sentences.NOW)


def _fitting(found: list[Change], room: Room) -> Iterator[Changed]:
    for line in _lines(found):
        if room.is_full:
            return
        yield Changed(line.sign, tuple((room.take(text), differs) for text, differs in line.pieces))


def _lines(found: list[Change]) -> Iterator[Changed]:
    """Yield the changes as lines; lines that were reworded stand side by side."""
    spots = groupby(
        (each for each in found if not _is_blank(each)), lambda each: isinstance(each, Gone | Come)
    )
    for is_line, spot in spots:
        if is_line:
            yield from _spot([*spot])  # type: ignore[list-item]
        else:
            for each in spot:
                told = each.name if isinstance(each, Part) else sentences.TOO_LONG
                yield Changed("", ((told, False),))


def _is_blank(change: Change) -> bool:
    return isinstance(change, Gone | Come) and not change.line.strip()


def _spot(found: list[Gone | Come]) -> Iterator[Changed]:
    gone = [each.line for each in found if isinstance(each, Gone)]
    come = [each.line for each in found if isinstance(each, Come)]
    pairs = [*zip(gone, come, strict=False)] if len(gone) == len(come) else []
    for old, new in pairs:
        before, after = _reworded(old, new)
        yield Changed("-", before)
        yield Changed("+", after)
    if not pairs:
        yield from (Changed("-", _whole(line)) for line in gone)
        yield from (Changed("+", _whole(line)) for line in come)


def _whole(line: str) -> Pieces:
    return ((line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE].rstrip()} …", False),)


def _reworded(old: str, new: str) -> tuple[Pieces, Pieces]:
    """Return a line as it was and as it is, with the words marked that differ, if both have much in common."""
    if max(len(old), len(new)) > LONGEST_COMPARED:
        return _whole(old), _whole(new)
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    found = alignment.aligned(words, others, _is_filler)
    if _likeness(words, others, found) < LEAST_ALIKE:
        return _whole(old), _whole(new)
    before, after = [], []
    for tag, start, end, new_start, new_end in found:
        before.append(("".join(words[start:end]), tag != "equal"))
        after.append(("".join(others[new_start:new_end]), tag != "equal"))
    return _clipped(before), _clipped(after)


def _is_filler(word: str) -> bool:
    return not word.strip(" \t.,;:")


def _likeness(words: list[str], others: list[str], found: list[alignment.Change]) -> float:
    """Return how much of two lines is the same, 0 to 1; blanks and commas are no likeness."""
    same = sum(_weight(words[start:end]) for tag, start, end, *_ in found if tag == "equal")
    return 2 * same / max(_weight(words) + _weight(others), 1)


def _weight(words: list[str]) -> int:
    return sum(not _is_filler(word) for word in words)


def _clipped(pieces: list[tuple[str, bool]]) -> Pieces:
    """Return pieces with as much around those that differ as it takes to know where they stand."""
    last = len(pieces) - 1
    return tuple(
        (text if differs else _near(text, is_first=at == 0, is_last=at == last), differs)
        for at, (text, differs) in enumerate(pieces)
        if text
    )


def _near(text: str, *, is_first: bool, is_last: bool) -> str:
    head = "" if is_first else _without_last_word(text[:AROUND])
    tail = "" if is_last else _without_last_word(text[: -AROUND - 1 : -1])[::-1]
    return text if len(text) <= len(head) + len(tail) + AROUND else f"{head}…{tail}"


def _without_last_word(text: str) -> str:
    """Return a text up to its last blank: what was cut there may be half a word."""
    return text[: text.rfind(" ") + 1] or text

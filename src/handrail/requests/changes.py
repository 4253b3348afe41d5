"""What has changed between two proposals, by key and line by line; what is said of it, each face says itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from handrail.requests.content import JSON
from handrail.requests.prose.record import as_json
from handrail.requests.wording import label

MOST_LINES = 1000
LONGEST = 64 * 1024
"""lines and characters up to which two texts are compared"""


@dataclass(frozen=True, slots=True)
class Part:
    """What follows is of this key."""

    name: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A line that was there."""

    line: str


@dataclass(frozen=True, slots=True)
class Come:
    """A line that wasn't."""

    line: str


@dataclass(frozen=True, slots=True)
class TooLong:
    """Something has changed, and is too long to be compared."""


Change = Part | Gone | Come | TooLong


def changes(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> Iterator[Change]:
    """Yield what has changed; nothing if both say the same.

    >>> [*changes({"content": "red\\nblue"}, {"content": "red\\ngreen"})]
    [Gone(line='blue'), Come(line='green')]
    """
    keys = [*dict.fromkeys([*old, *new])]
    for key in keys:
        before, after = (_text(each[key]) if key in each else None for each in (old, new))
        if before == after:
            continue
        if len(keys) > 1:
            yield Part(label(key))
        yield from _changed_lines(before, after)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else as_json(value)


def _changed_lines(before: str | None, after: str | None) -> Iterator[Change]:
    if before is None:
        yield from map(Come, (after or "")[:LONGEST].split("\n"))
        return
    if after is None:
        yield from map(Gone, before[:LONGEST].split("\n"))
        return
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_LINES or max(len(before), len(after)) > LONGEST:
        yield TooLong()
        return
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield from map(Gone, old[start:end])
            yield from map(Come, new[new_start:new_end])

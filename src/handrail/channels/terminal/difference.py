"""What has changed between two revisions: a unified diff, with the changed words of a changed line marked."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from rich.text import Text

from handrail.channels.terminal.escape import visible
from handrail.requests.content import JSON

CONTEXT = 3
"""unchanged lines shown around a change"""
MOST_LINES = 5_000
LONGEST_LINE = 2_000
"""Comparing more takes seconds; the words of longer lines are not marked."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

_OLD, _NEW = "red", "green"
_OLD_WORD, _NEW_WORD = "bold red reverse", "bold green reverse"


def as_text(value: JSON) -> str:
    """Return a value as it is shown and compared: a text as such, anything else as JSON."""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False, indent=2)


def difference(old: str, new: str) -> Text | None:
    """Return the changes from `old` to `new`; nothing if they show the same, a note if they are too long."""
    before, after = visible(old).split("\n"), visible(new).split("\n")
    if before == after:
        return None
    if max(len(before), len(after)) > MOST_LINES:
        return Text("(too long to compare line by line: read it in full)", style="dim")
    shown = Text(overflow="fold", no_wrap=False, tab_size=4)
    for number, group in enumerate(SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT)):
        if number:
            shown.append("  ⋮\n", style="dim")
        for line in _lines(before, after, group):
            shown.append_text(line).append("\n")
    shown.right_crop(1)
    return shown


def _lines(
    before: list[str], after: list[str], group: list[tuple[str, int, int, int, int]]
) -> Iterator[Text]:
    for tag, start, end, new_start, new_end in group:
        if tag == "equal":
            yield from (Text(f"  {line}", style="dim") for line in before[start:end])
        elif tag == "replace" and end - start == new_end - new_start:
            pairs = [_pair(*pair) for pair in zip(before[start:end], after[new_start:new_end], strict=True)]
            yield from (old for old, _ in pairs)
            yield from (new for _, new in pairs)
        else:
            yield from (Text(f"- {line}", style=_OLD) for line in before[start:end])
            yield from (Text(f"+ {line}", style=_NEW) for line in after[new_start:new_end])


def _pair(old: str, new: str) -> tuple[Text, Text]:
    """Return a changed line, old and new, with the words marked that differ, if the lines have much in common."""
    removed, added = Text("- ", style=_OLD), Text("+ ", style=_NEW)
    if max(len(old), len(new)) > LONGEST_LINE:
        return removed.append(old), added.append(new)
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < 0.4:
        return removed.append(old), added.append(new)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        removed.append("".join(words[start:end]), style=None if tag == "equal" else _OLD_WORD)
        added.append("".join(others[new_start:new_end]), style=None if tag == "equal" else _NEW_WORD)
    return removed, added

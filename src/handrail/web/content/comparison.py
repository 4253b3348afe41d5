"""Two revisions of a proposal, key by key: texts compared by their passages, other values by the lines of their JSON.

Texts that are too long, or are no Markdown, are compared by their lines, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from handrail.requests.content import JSON
from handrail.requests.prose.markdown import looks_like_markdown
from handrail.requests.prose.passage import Passage, lines, passages
from handrail.requests.prose.picture import without_pictures
from handrail.requests.prose.piece import Piece
from handrail.requests.prose.record import as_json, in_words
from handrail.web.content.longtext import lines_of
from handrail.web.content.rendered import SHOWN
from handrail.web.content.revision import Added, Changed, Fate, Removed, Same, fates
from handrail.web.content.table import is_short, is_simple

_FAR = 1_000_000_000
"""Where the places of the new text are numbered from, so that none is equal to one of the old."""
MOST_KEYS = 100
"""Proposals with more keys are compared as one value."""


@dataclass(frozen=True)
class Part:
    """One key of the proposals: its passages in the old and the new, and what became of each.

    before, after: how many unchanged lines are left out before and after them.
    left_out: characters that were too many to compare.
    """

    key: str
    old: tuple[Passage, ...]
    new: tuple[Passage, ...]
    fates: tuple[Fate, ...]
    is_prose: bool = False
    before: int = 0
    after: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Row:
    """A passage as it was and as it is, side by side; one of them may not be there."""

    old: Removed | Changed | None
    new: Added | Changed | None


@dataclass(frozen=True)
class Comparison:
    """What changed between two proposals.

    parts: per key, in the order of the new proposal, then the keys that are gone.
    changes: how many passages have changed, come or gone.
    left_out: characters that were too many to compare.
    """

    parts: tuple[Part, ...]
    changes: int
    left_out: int = 0


def compared(old: dict[str, JSON], new: dict[str, JSON]) -> Comparison:
    """Return what changed from one revision's proposal to the next.

    >>> compared({"content": "One.\\n\\nTwo *words*."}, {"content": "One.\\n\\nThree *words*."}).changes
    1
    """
    keys = [*dict.fromkeys([*new, *old])]
    if len(keys) > MOST_KEYS:
        return compared({"": old}, {"": new})
    parts = tuple(_part(key, old, new) for key in keys)
    changes = sum(isinstance(each, Row) for part in parts for each in rows(part.fates))
    return Comparison(parts, changes, sum(part.left_out for part in parts))


def rows(found: Sequence[Fate]) -> list[Row | int]:
    """Return what stands side by side; a number says how many passages in a row are unchanged."""
    out: list[Row | int] = []
    gone: list[Removed] = []
    come: list[Added] = []
    for fate in [*found, None]:
        if isinstance(fate, Removed):
            gone.append(fate)
            continue
        if isinstance(fate, Added):
            come.append(fate)
            continue
        out += (Row(*pair) for pair in zip_longest(gone, come))
        gone, come = [], []
        if isinstance(fate, Changed):
            out.append(Row(fate, fate))
        elif isinstance(fate, Same) and out and isinstance(out[-1], int):
            out[-1] += 1
        elif isinstance(fate, Same):
            out.append(1)
    return out


def _part(key: str, old: dict[str, JSON], new: dict[str, JSON]) -> Part:
    values = [side[key] for side in (old, new) if key in side]
    found = _prose(key, old, new) if all(isinstance(value, str) for value in values) else None
    if found is not None:
        return Part(key, *found, tuple(fates(*found)), is_prose=True)
    if all(is_simple(value) and is_short(value) for value in values):
        before, after = _short(key, old), _short(key, new)
        return Part(key, before, after, tuple(fates(before, after)))
    (before_text, before_tag), (after_text, after_tag) = _written(key, old), _written(key, new)
    told = lines_of(before_text, after_text)
    before, after = lines(told.old, before_tag), lines(told.new, after_tag, _FAR)
    found_fates = tuple(fates(before, after))
    return Part(key, before, after, found_fates, False, told.before, told.after, told.left_out)


def _prose(
    key: str, old: dict[str, JSON], new: dict[str, JSON]
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]] | None:
    """Return the passages of texts that both can be shown as Markdown, if one looks like it."""
    before, after = (str(side.get(key, "")) for side in (old, new))
    longest = max(len(without_pictures(text)[0]) for text in (before, after))
    if longest > SHOWN or not (looks_like_markdown(before) or looks_like_markdown(after)):
        return None
    left, right = passages(before), passages(after, _FAR)
    return None if left is None or right is None else (left, right)


def _short(key: str, side: dict[str, JSON]) -> tuple[Passage, ...]:
    value = side.get(key)
    return (Passage("p", ((Piece(in_words(value)),),)),) if key in side and is_simple(value) else ()


def _written(key: str, side: dict[str, JSON]) -> tuple[str | None, str]:
    """Return a value as it is written, and whether as words or as data."""
    value = side.get(key)
    if isinstance(value, str):
        return value, "text"
    return (as_json(value) if key in side else None), "pre"

"""Which parts of two sequences belong together: exact where that is quick, coarse where it would take seconds."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

Part = TypeVar("Part", bound=Hashable)
Change = tuple[str, int, int, int, int]
"""What happened (equal, replace, delete, insert), from and to in the old, from and to in the new."""

MOST_PARTS = 4_000
MOST_PAIRS = 20_000
"""Comparing takes as long as there are pairs of equal parts, times how broken up they are."""


def aligned(
    old: Sequence[Part], new: Sequence[Part], is_filler: Callable[[Part], bool], most_pairs: int = MOST_PAIRS
) -> list[Change]:
    """Return the changes that make `new` of `old`; parts for which `is_filler` is true hold nothing together.

    >>> aligned("abxd", "abyd", str.isspace)
    [('equal', 0, 2, 0, 2), ('replace', 2, 3, 2, 3), ('equal', 3, 4, 3, 4)]
    """
    numbers: dict[Part, int] = {}  # comparing numbers is ten times as fast as comparing pieces
    before = [numbers.setdefault(part, len(numbers)) for part in old]
    after = [numbers.setdefault(part, len(numbers)) for part in new]
    filler = frozenset(number for part, number in numbers.items() if is_filler(part))
    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])
    inner = _compared(before[start : len(before) - end], after[start : len(after) - end], filler, most_pairs)
    found = [
        ("equal", 0, start, 0, start),
        *((what, a + start, b + start, c + start, d + start) for what, a, b, c, d in inner),
        ("equal", len(before) - end, len(before), len(after) - end, len(after)),
    ]
    return [each for each in found if each[1] < each[2] or each[3] < each[4]]


def _shared(old: list[int], new: list[int]) -> int:
    for number, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return number
    return min(len(old), len(new))


def _compared(old: list[int], new: list[int], filler: frozenset[int], most_pairs: int) -> list[Change]:
    if not old or not new:
        return [("delete" if old else "insert", 0, len(old), 0, len(new))]
    counts, others = Counter(old), Counter(new)
    pairs = sum(count * others[part] for part, count in counts.items() if part not in filler)
    if max(len(old), len(new)) > MOST_PARTS or pairs > most_pairs:
        return [("replace", 0, len(old), 0, len(new))]
    return [*SequenceMatcher(filler.__contains__, old, new, autojunk=False).get_opcodes()]

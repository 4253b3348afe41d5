"""Two texts by their lines. Of long ones what both begin and end with is only counted, and no more than so many
lines are compared."""

from dataclasses import dataclass
from itertools import takewhile

MOST_LINES = 4_000
AROUND = 3
"""Unchanged lines that are shown before and after what changed."""


@dataclass(frozen=True)
class Lines:
    """The lines of two texts that are compared.

    before, after: how many lines, the same in both, are left out before and after them.
    left_out: characters of lines that may differ and are not compared.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    before: int = 0
    after: int = 0
    left_out: int = 0


def lines_of(old: str | None, new: str | None) -> Lines:
    """Return the lines of two texts, one of which may not be there.

    >>> lines_of("a", "a\\nb")
    Lines(old=('a',), new=('a', 'b'), before=0, after=0, left_out=0)
    """
    left, right = _split(old), _split(new)
    if max(len(left), len(right)) <= MOST_LINES:
        return Lines(left, right)
    pairs = [*zip(left, right, strict=False)]
    before = _equal(pairs)
    after = _equal([*zip(left[before:][::-1], right[before:][::-1], strict=False)])
    before, after = max(0, before - AROUND), max(0, after - AROUND)
    left, right = left[before : len(left) - after], right[before : len(right) - after]
    left_out = sum(len(line) + 1 for lines in (left, right) for line in lines[MOST_LINES:])
    return Lines(left[:MOST_LINES], right[:MOST_LINES], before, 0 if left_out else after, left_out)


def _split(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(text.replace("\r\n", "\n").split("\n"))


def _equal(pairs: list[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

"""What became of each passage from one text to the next: the same, changed, removed or added, in reading order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from handrail.requests.alignment import aligned
from handrail.requests.prose.passage import Passage, Place
from handrail.requests.prose.piece import Piece
from handrail.web.content.words import LEAST_ALIKE, alike, changed, struck, vocabulary

MOST_COMPARED = 2_500
"""Pairs of passages up to which the best partners are looked for; beyond, each with the one at its place."""

MOST_PAIRS = 200_000

Key = tuple[tuple[str, tuple[tuple[str, str], ...]], tuple[tuple[Piece, ...], ...]]
"""What makes passages equal: what they are, and what is in them."""


@dataclass(frozen=True)
class Same:
    """Both texts have it."""

    new: Passage


@dataclass(frozen=True)
class Changed:
    """It reads differently; `both` has the pieces of both, marked."""

    old: Passage
    new: Passage
    both: Passage


@dataclass(frozen=True)
class Removed:
    """Only the old text has it."""

    old: Passage


@dataclass(frozen=True)
class Added:
    """Only the new text has it."""

    new: Passage


Fate = Same | Changed | Removed | Added


def fates(old: Sequence[Passage], new: Sequence[Passage]) -> list[Fate]:
    """Return what became of each passage."""
    before, after = [*map(_key, old)], [*map(_key, new)]
    found: list[Fate] = []
    for what, *where in aligned(before, after, _says_nothing, MOST_PAIRS):
        gone, come = old[where[0] : where[1]], new[where[2] : where[3]]
        found += map(Same, come) if what == "equal" else _replaced(gone, come)
    return found


def merged(found: Sequence[Fate], old: Sequence[Passage], new: Sequence[Passage]) -> Iterator[Passage]:
    """Yield one text of both, in the places of the new one where a place is in both."""
    moved = _moved(found, old, new)
    for fate in found:
        match fate:
            case Same(passage):
                yield passage
            case Changed(both=passage):
                yield passage
            case Removed(passage):
                path = tuple(moved.get(place.number, place) for place in passage.path)
                yield replace(whole(passage, "del"), path=path)
            case Added(passage):
                yield whole(passage, "ins")


def whole(passage: Passage, mark: str) -> Passage:
    """Return a passage that has come or gone as a whole."""
    if passage.kind == "hr":
        return replace(passage, cells=((Piece("", (mark,)),),))
    return replace(passage, cells=tuple(struck(cell, mark) for cell in passage.cells))


def _key(passage: Passage) -> Key:
    return passage.shape, passage.cells


def _says_nothing(key: Key) -> bool:
    """Whether a passage has no letter or digit: brackets on lines of their own hold nothing together."""
    return not any(character.isalnum() for cell in key[1] for piece in cell for character in piece.text)


def _replaced(gone: Sequence[Passage], come: Sequence[Passage]) -> Iterator[Fate]:
    """Yield what became of passages in the same spot: partners are those most alike, in order."""
    start, first = 0, 0
    for left, right in _partners(gone, come):
        yield from map(Removed, gone[start:left])
        yield from map(Added, come[first:right])
        cells = tuple(map(changed, gone[left].cells, come[right].cells))
        yield Changed(gone[left], come[right], replace(come[right], cells=cells))
        start, first = left + 1, right + 1
    yield from map(Removed, gone[start:])
    yield from map(Added, come[first:])


def _partners(gone: Sequence[Passage], come: Sequence[Passage]) -> list[tuple[int, int]]:
    before, after = [*map(_vocabulary, gone)], [*map(_vocabulary, come)]

    def likeness(i: int, j: int) -> float:
        """Return how alike they are; 0 for other kinds, other places or too little in common."""
        if gone[i].shape != come[j].shape or len(gone[i].cells) != len(come[j].cells):
            return 0.0
        like = alike(before[i], after[j])
        return like if like >= LEAST_ALIKE else 0.0

    if len(gone) * len(come) > MOST_COMPARED:
        return [(i, i) for i in range(min(len(gone), len(come))) if likeness(i, i)]
    likes = {(i, j): likeness(i, j) for i in range(len(gone)) for j in range(len(come))}
    return [*_followed(_best(likes, len(gone), len(come)), likes, len(gone), len(come))]


def _vocabulary(passage: Passage) -> Counter[str]:
    return vocabulary([piece for cell in passage.cells for piece in cell])


def _best(likes: dict[tuple[int, int], float], rows: int, columns: int) -> dict[tuple[int, int], float]:
    """Return how much likeness the best partners have in sum, from each pair of places on."""
    best: dict[tuple[int, int], float] = {}
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            like = likes[i, j]
            best[i, j] = max(
                best.get((i + 1, j), 0.0),
                best.get((i, j + 1), 0.0),
                like + best.get((i + 1, j + 1), 0.0) if like else 0.0,
            )
    return best


def _followed(
    best: dict[tuple[int, int], float], likes: dict[tuple[int, int], float], rows: int, columns: int
) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < rows and j < columns:
        if likes[i, j] and best[i, j] == likes[i, j] + best.get((i + 1, j + 1), 0.0):
            yield i, j
            i, j = i + 1, j + 1
        elif best[i, j] == best.get((i + 1, j), 0.0):
            i += 1
        else:
            j += 1


def _moved(found: Sequence[Fate], old: Sequence[Passage], new: Sequence[Passage]) -> dict[int, Place]:
    """Return the new place for each old one that a passage in both stands in."""
    moved: dict[int, Place] = {}
    taken: set[int] = set()
    left = iter(old)
    for fate in found:
        if isinstance(fate, Added):
            continue
        before = next(left)
        if isinstance(fate, Removed):
            continue
        for place, other in zip(before.path, fate.new.path, strict=False):
            if place.tag != other.tag:
                break
            if place.number not in moved and other.number not in taken:
                moved[place.number] = other
                taken.add(other.number)
    return moved

"""What has changed within a passage, word by word: its pieces, with `del` and `ins` as their outermost marks."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from handrail.requests.alignment import Change, aligned
from handrail.requests.prose.link import address
from handrail.requests.prose.piece import Link, Piece

_WORDS = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")
LEAST_ALIKE = 0.4
"""Passages with less in common are shown as one gone and one come, not as a patchwork."""


def words(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces of one word, blank or sign each."""
    return [
        Piece(word, piece.marks) if piece.kind == "text" else piece
        for piece in pieces
        for word in (_WORDS.findall(piece.text) if piece.kind == "text" else [""])
    ]


def struck(pieces: Sequence[Piece], mark: str) -> tuple[Piece, ...]:
    """Return pieces that all have come (`ins`) or gone (`del`)."""
    return tuple(replace(piece, marks=(mark, *piece.marks)) for piece in pieces)


def vocabulary(pieces: Sequence[Piece]) -> Counter[str]:
    """Return how often each word and sign is in a passage."""
    found: Counter[str] = Counter()
    for piece in pieces:
        found.update(_WORDS.findall(piece.text) if piece.kind != "picture" else [piece.source])
    return Counter({word: count for word, count in found.items() if not word.isspace()})


def alike(old: Counter[str], new: Counter[str]) -> float:
    """Return how much of two vocabularies is the same, 0 to 1."""
    total = old.total() + new.total()
    return 2 * (old & new).total() / total if total else 1.0


def changed(old: Sequence[Piece], new: Sequence[Piece]) -> tuple[Piece, ...]:
    """Return the pieces of both, what both have once; links that differ only in their address tell it."""
    before, after = words(_with_addresses(old, new)), words(_with_addresses(new, old))
    return tuple(
        piece
        for what, *where in _joined(aligned(before, after, _is_blank), before)
        for piece in _marked(what, before[where[0] : where[1]], after[where[2] : where[3]])
    )


def side(pieces: Sequence[Piece], mark: str) -> tuple[Piece, ...]:
    """Return what one side of the compared pieces shows: `mark` is what it alone has, `del` or `ins`."""
    other = "ins" if mark == "del" else "del"
    return tuple(piece for piece in pieces if not piece.marks or piece.marks[0] != other)


def _marked(what: str, old: Sequence[Piece], new: Sequence[Piece]) -> Iterator[Piece]:
    if what == "equal":
        yield from new
    else:
        yield from struck(old, "del")
        yield from struck(new, "ins")


def _is_blank(word: Piece) -> bool:
    return word.kind == "text" and word.text.isspace()


def _joined(changes: list[Change], old: Sequence[Piece]) -> list[Change]:
    """Join changes that only blanks stand between: a phrase reads better than its words one by one."""
    found: list[Change] = []
    for number, change in enumerate(changes):
        what, from_old, to_old, _, to_new = change
        is_between = 0 < number < len(changes) - 1
        is_loose = what == "equal" and is_between and all(map(_is_blank, old[from_old:to_old]))
        if found and found[-1][0] != "equal" and (what != "equal" or is_loose):
            _, first_old, _, first_new, _ = found[-1]
            found[-1] = ("replace", first_old, to_old, first_new, to_new)
        else:
            found.append(change)
    return found


def _with_addresses(pieces: Sequence[Piece], other: Sequence[Piece]) -> list[Piece]:
    known = {href for piece in other if (href := _leads_to(piece))}
    found: list[Piece] = []
    for number, piece in enumerate(pieces):
        found.append(piece)
        href = _leads_to(piece)
        is_last = number + 1 == len(pieces) or _leads_to(pieces[number + 1]) != href
        if href and is_last and known and href not in known:
            outside = piece.marks[: next(i for i, mark in enumerate(piece.marks) if isinstance(mark, Link))]
            found.append(Piece(f" ({href})", outside, "note"))
    return found


def _leads_to(piece: Piece) -> str | None:
    return next((address(mark.href) for mark in piece.marks if isinstance(mark, Link)), None)

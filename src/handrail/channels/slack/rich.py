"""Text that people judge as rich text of Slack: Markdown where it is Markdown and nothing of it is lost, else as it is.

Rich text is structure: no sign in a text formats, mentions or links. Every link shows where it leads. What doesn't
fit into the room is cut, and the room knows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from handrail.channels.slack.block import LONGEST_ADDRESS, Element
from handrail.channels.slack.text import ELLIPSIS, cut
from handrail.requests.prose.markdown import looks_like_markdown
from handrail.requests.prose.passage import Passage, passages
from handrail.requests.prose.picture import without_pictures
from handrail.requests.prose.piece import Link, Piece
from handrail.requests.visible import visible

EACH = 16
"""what each value costs beside its text, so that a thousand empty ones don't fit either"""
DEEPEST = 5
"""levels of lists within lists that Slack shows"""
_STYLES = {"strong": "bold", "em": "italic", "s": "strike", "code": "code"}
_PICTURE = "[Picture: {}]"


_WORD = re.compile(r"\w+")


@dataclass
class Room:
    """How many characters may still be shown; `cut` once something did not fit."""

    left: int
    cut: bool = False

    def take(self, text: str) -> str:
        """Return as much of a text as fits, odd characters written out."""
        if self.left <= 0:
            self.cut = self.cut or bool(text)
            return ""
        found = cut(text, self.left, escaped=False)
        self.left -= len(found.text) + EACH
        self.cut = self.cut or found.is_cut
        return found.text

    def has(self, elements: Sequence[Element], text: str) -> bool:
        """Whether a text fits that was taken, as it reads; tables and links that are named often make it longer."""
        longer = sum(map(len, _texts(elements))) - len(text)
        if longer > self.left:
            return False
        self.left -= max(longer, 0)
        return True

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits; asking for more is a cut."""
        if self.left <= 0:
            self.cut = True
        return self.left <= 0


def words(text: str, **style: bool) -> Element:
    """Return some text, with styles such as `bold`."""
    return {"type": "text", "text": text or " "} | ({"style": style} if style else {})


def section(*elements: Element) -> Element:
    """Return a paragraph."""
    return {"type": "rich_text_section", "elements": [*elements]}


def quote(text: str) -> Element:
    """Return what somebody said."""
    return {"type": "rich_text_quote", "elements": [words(text)]}


def preformatted(text: str) -> Element:
    """Return code or data."""
    return {"type": "rich_text_preformatted", "elements": [words(text)]}


def bullets(items: Sequence[Element], *, ordered: bool = False, indent: int = 0, offset: int = 0) -> Element:
    """Return a list of paragraphs; `offset` is how many numbers are left out at its beginning."""
    found = {
        "type": "rich_text_list",
        "style": "ordered" if ordered else "bullet",
        "elements": [*items],
        "indent": min(indent, DEEPEST),
    }
    return found | ({"offset": offset} if offset else {})


def prose(text: str, room: Room) -> list[Element]:
    """Return a text as people read it."""
    without, pictures = without_pictures(text)
    if pictures:
        room.cut = True  # they aren't shown here
    part = room.take(without)
    # Markdown would drop some odd characters, and their brackets could begin one of its links: shown as written.
    is_plain = without.replace("\r\n", "\n").startswith(part.removesuffix(ELLIPSIS))
    found = passages(part) if is_plain and looks_like_markdown(part) else None
    read = [*_joined(_Prose(room).over(found))] if found else []
    return read if read and _says(read, part) and room.has(read, part) else [section(words(part))]


def _says(elements: Sequence[Element], text: str) -> bool:
    """Whether people read every word of a text; Markdown takes some for signs of its own, such as `&lt;`."""
    said = set(_WORD.findall("\n".join(_texts(elements))))
    return all(word in said for word in _WORD.findall(text))


def _texts(elements: Sequence[Element]) -> Iterator[str]:
    for each in elements:
        if each["type"] == "rich_text_list" and each["style"] == "ordered":
            first = each.get("offset", 0) + 1  # Slack writes these itself
            yield from map(str, range(first, first + len(each["elements"])))
        if each["type"] == "rich_text_list":
            yield from _texts(each["elements"])
        else:  # a word may change its style in its middle
            yield "".join(part.get("text", "") for part in each["elements"])


def _joined(elements: Iterable[Element]) -> Iterator[Element]:
    """Yield the items of a list as one, and a line of room between paragraphs, which Slack leaves none for."""
    last: Element | None = None
    for each in elements:
        if last is not None and _goes_on(last, each):
            last["elements"] += each["elements"]
            continue
        if last is not None and last["type"] == each["type"] == "rich_text_section":
            last["elements"].append(words("\n"))
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last


def _goes_on(last: Element, following: Element) -> bool:
    if not last["type"] == following["type"] == "rich_text_list":
        return False
    if (last["style"], last["indent"]) != (following["style"], following["indent"]):
        return False
    done = last.get("offset", 0) + len(last["elements"])
    return last["style"] == "bullet" or bool(following.get("offset", 0) == done)


@dataclass
class _Prose:
    """Follows passages, and knows how far the numbers of each list have come."""

    room: Room
    numbers: dict[int, int] = field(default_factory=dict)
    items: set[int] = field(default_factory=set)

    def over(self, found: Sequence[Passage]) -> Iterator[Element]:
        for where, group in groupby(found, _stands_in):
            match where:
                case ("table", _):
                    yield preformatted(_table([*group]))
                case ("blockquote", _):
                    yield {"type": "rich_text_quote", "elements": self._quoted([*group])}
                case _:
                    for passage in group:
                        yield from self._passage(passage)

    def _passage(self, passage: Passage) -> Iterator[Element]:
        lists = [place for place in passage.path if place.tag in ("ul", "ol")]
        own = next((place for place in reversed(passage.path) if place.tag == "li"), None)
        if passage.kind == "code":
            yield preformatted(visible(_said(passage)))
        elif passage.kind == "hr":
            yield section(words("———"))
        elif own is not None and own.number not in self.items:
            self.items.add(own.number)
            within = lists[-1]
            done = self.numbers.get(within.number, int(within.start or 1) - 1)
            self.numbers[within.number] = done + 1
            ordered = within.tag == "ol"
            yield bullets(
                [section(*self._inline(passage))],
                ordered=ordered,
                indent=len(lists) - 1,
                offset=max(done, 0) if ordered else 0,
            )
        else:
            yield section(*self._inline(passage, bold=passage.kind.startswith("h")))

    def _quoted(self, found: Sequence[Passage]) -> list[Element]:
        """Return what a quotation says, with signs for the lists in it, which Slack has none for."""
        elements: list[Element] = []
        for number, passage in enumerate(found):
            levels = [place for place in passage.path if place.tag in ("li", "blockquote")][1:]
            sign = "".join("> " if place.tag == "blockquote" else "• " for place in levels)
            lead = ("\n" if number else "") + sign
            elements += [*([words(lead)] if lead else []), *self._inline(passage)]
        return elements

    def _inline(self, passage: Passage, *, bold: bool = False) -> list[Element]:
        elements: list[Element] = []
        pieces = passage.cells[0] if passage.cells else ()
        for link, group in groupby(pieces, _link):
            inner = [*group]
            for piece in inner:
                elements.append(self._piece(piece, link, bold))
            if link and "".join(piece.text for piece in inner) != link:
                elements.append(words(f" ({visible(link)})"))
        return elements or [words("–")]

    def _piece(self, piece: Piece, link: str | None, bold: bool) -> Element:
        if piece.kind == "break":
            return words("\n")
        if piece.kind == "picture":
            self.room.cut = True
            return words(_PICTURE.format(visible(piece.text)))
        style = {_STYLES[mark]: True for mark in piece.marks if isinstance(mark, str)}
        style |= {"bold": True} if bold else {}
        style |= {"italic": True} if piece.kind == "note" else {}
        found = words(visible(piece.text), **style)
        if link and len(link) <= LONGEST_ADDRESS:
            return {**found, "type": "link", "url": link}
        return found


def _link(piece: Piece) -> str | None:
    return next((mark.href for mark in piece.marks if isinstance(mark, Link) and mark.href), None)


def _stands_in(passage: Passage) -> tuple[str, Any]:
    """Return the table or the quotation that a passage is part of."""
    for place in passage.path:
        if place.tag in ("table", "blockquote"):
            return place.tag, place.number
    return "", None


def _said(passage: Passage) -> str:
    return "".join(piece.text for cell in passage.cells for piece in cell)


def _cell(pieces: Sequence[Piece]) -> str:
    text = "".join(piece.text for piece in pieces)
    links = dict.fromkeys(link for piece in pieces if (link := _link(piece)))
    return " ".join([text, *(f"({link})" for link in links if link != text)])


def _table(rows: Sequence[Passage]) -> str:
    return table([[_cell(cell) for cell in row.cells] for row in rows])


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts with aligned columns, the first as their heads.

    >>> print(table([["name", "n"], ["alice", "1"]]))
    name  | n
    alice | 1
    """
    shown = [[visible(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=False)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in shown
    )

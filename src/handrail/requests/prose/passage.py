"""A text as passages: paragraphs, headings, list items, table rows and code, each with the places it stands in.

Rendering and comparing both work on passages. A text whose rendering would hide or lose a word of it is no Markdown to
us: it is shown as written, because whoever approves must have been shown all of it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from handrail.requests.prose.picture import with_pictures, without_pictures
from handrail.requests.prose.piece import Piece, pieces

MOST_BRACKETS = 2_000
"""Each opening bracket may begin a link: far more of them take seconds to read and are no text."""
_DEEPEST = 20
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}")


@dataclass(frozen=True, slots=True)
class Place:
    """A list, a list item, a quotation, a table or a part of one; `number` tells equal ones apart."""

    tag: str
    number: int
    start: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage. Only a table row has several cells.

    kind: p, text (a paragraph without room around it), h1 to h6, code, row, hr, or line (of a text shown as written).
    """

    kind: str
    cells: tuple[tuple[Piece, ...], ...]
    path: tuple[Place, ...] = ()

    @property
    def shape(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it is, and in what: equal in both texts wherever it stands."""
        return self.kind, tuple((place.tag, place.start) for place in self.path)


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST, "store_labels": True})
    reader.enable(["table", "strikethrough"]).disable("normalize")
    reader.normalizeLink = lambda url: url  # type: ignore[method-assign]
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    return reader


def passages(text: str, first: int = 0) -> tuple[Passage, ...] | None:
    """Return the passages of a Markdown text; None if it has to be shown as written.

    `first` is where the numbers of its places begin.
    """
    text, pictures = without_pictures(text.replace("\r\n", "\n"))
    if text.count("[") > MOST_BRACKETS:
        return None
    tokens = _reader().parse(text)
    if any(token.level >= _DEEPEST - 1 for token in tokens) or _loses(text, tokens):
        return None
    if pictures:
        _put_back(tokens, pictures)
    return tuple(_Walk(first).over(tokens))


def lines(text: Iterable[str], tag: str, first: int = 0) -> tuple[Passage, ...]:
    """Return lines that are shown as written; `tag` is `text` for words, `pre` for code and data."""
    path = (Place(tag, first),)
    return tuple(Passage("line", ((Piece(line),) if line else (),), path) for line in text)


def _put_back(tokens: list[Token], pictures: list[str]) -> None:
    for token in tokens:
        token.content = with_pictures(token.content, pictures)
        for name, value in token.attrs.items():
            token.attrs[name] = with_pictures(str(value), pictures)
        _put_back(token.children or [], pictures)


class _Walk:
    """Follows block tokens and knows where it stands."""

    def __init__(self, first: int) -> None:
        self._number = first
        self._path: list[Place] = []
        self._empty: list[bool] = []
        self._cells: list[tuple[Piece, ...]] = []
        self._kind = "p"

    def over(self, tokens: list[Token]) -> Iterator[Passage]:
        for token in tokens:
            match token.type:
                case "paragraph_open":
                    self._kind = "text" if token.hidden else "p"
                case "heading_open":
                    self._kind = token.tag
                case "inline" if self._kind == "cell":
                    self._cells.append(tuple(pieces(token.children or [])))
                case "inline":
                    yield self._passage(self._kind, tuple(pieces(token.children or [])))
                case "fence" | "code_block":
                    yield self._passage("code", (Piece(token.content.removesuffix("\n")),))
                case "hr":
                    yield self._passage("hr", ())
                case "tr_open":
                    self._kind, self._cells = "cell", []
                case "tr_close":
                    self._kind = "p"
                    yield self._passage("row", *self._cells)
                case _ if token.tag in _PLACES and token.nesting == 1:
                    self._enter(token)
                case _ if token.tag in _PLACES and token.nesting == -1:
                    yield from self._leave()

    def _passage(self, kind: str, *cells: tuple[Piece, ...]) -> Passage:
        self._empty = [False] * len(self._empty)
        return Passage(kind, cells, tuple(self._path))

    def _enter(self, token: Token) -> None:
        self._number += 1
        start = token.attrGet("start")
        self._path.append(Place(token.tag, self._number, "" if start is None else str(start)))
        self._empty.append(True)

    def _leave(self) -> Iterator[Passage]:
        if self._empty[-1] and self._path[-1].tag in ("li", "blockquote"):
            yield self._passage("text", ())
        self._path.pop()
        self._empty.pop()


_PLACES = frozenset({"ul", "ol", "li", "blockquote", "table", "thead", "tbody"})


def _loses(text: str, tokens: list[Token]) -> bool:
    """Whether a letter or digit of the text is in nothing that is shown."""
    wanted = _letters(unescape(text))
    wanted.subtract(_letters("".join(_told(tokens))))
    return any(count > 0 for count in wanted.values())


def _letters(text: str) -> Counter[str]:
    return Counter(filter(str.isalnum, text.casefold()))


def _told(tokens: list[Token]) -> Iterator[str]:
    """Yield all that is shown of the tokens, or told by how they are shown."""
    labels: set[str] = set()
    for token in tokens:
        yield from _told_by_block(token)
        for child in token.children or ():
            if label := str(child.meta.get("label") or ""):
                yield label
                if label not in labels:  # in its definition, which tells its address and title once
                    labels.add(label)
                    yield label + _attributes(child)
            elif child.type == "image" or (child.type == "link_open" and child.info != "auto"):
                yield _attributes(child)
            yield unescape(child.content)


def _told_by_block(token: Token) -> Iterator[str]:
    match token.type:
        case "fence":
            yield unescape(token.content)
            if _LANGUAGE.fullmatch(token.info.strip()):
                yield token.info
        case "code_block":
            yield unescape(token.content)
        case "list_item_open":
            yield token.info


def _attributes(token: Token) -> str:
    return "".join(str(token.attrGet(name) or "") for name in ("href", "src", "title"))

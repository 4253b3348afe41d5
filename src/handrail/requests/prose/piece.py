"""The words of a passage, each with how it is written: what Markdown's inline tokens come to.

Because a piece carries all its marks, pieces can be left out, added and compared one by one, and whatever is made of
them is well-formed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it.token import Token

from handrail.requests.prose.link import address, host, is_picture, pretends


@dataclass(frozen=True, slots=True)
class Link:
    """Says that a piece belongs to a link to this address."""

    href: str


Mark = str | Link
"""A tag without attributes, or a link."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text and how it is written, outermost mark first.

    A note is what Handrail adds to make hidden things seen; a picture has its data as `source` and its description as
    text; a break has no text.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    kind: Literal["text", "note", "picture", "break"] = "text"
    source: str = ""


_TAGS = {"strong_open": "strong", "em_open": "em", "s_open": "s"}


def pieces(tokens: Sequence[Token]) -> list[Piece]:
    """Return what inline tokens show."""
    found: list[Piece] = []
    marks: list[Mark] = []
    begun: list[tuple[Token, int]] = []
    for token in tokens:
        match token.type:
            case "strong_open" | "em_open" | "s_open":
                marks.append(_TAGS[token.type])
            case "strong_close" | "em_close" | "s_close":
                marks.pop()
            case "link_open":
                begun.append((token, len(found)))
                marks.append(Link(address(_attribute(token, "href")) or ""))
            case "link_close":
                marks.pop()
                opened, start = begun.pop()
                found[start:] = _linked(opened, found[start:], tuple(marks))
            case "image":
                found += _image(token, tuple(marks))
            case "hardbreak":
                found.append(Piece("", tuple(marks), "break"))
            case "softbreak":
                found.append(Piece(" ", tuple(marks)))
            case "code_inline":
                found.append(Piece(token.content, (*marks, "code")))
            case _:
                found.append(Piece(token.content, tuple(marks)))
    return [each for each in found if each.text or each.kind != "text"]


def _attribute(token: Token, name: str) -> str:
    return str(token.attrGet(name) or "")


def _linked(opened: Token, inner: list[Piece], marks: tuple[Mark, ...]) -> Iterator[Piece]:
    """Yield a link's pieces and what it would hide: another host, an address it must not lead to, its title."""
    href, title = _attribute(opened, "href"), _attribute(opened, "title")
    leads_to = address(href)
    text = "".join(each.text for each in inner)
    if leads_to is None:
        yield from (_unlinked(each) for each in inner)
    else:
        yield from inner
    if leads_to is None and text != href:
        yield Piece(f" ({href})" if href else " (no address)", marks, "note")
    elif leads_to is not None and (not text.strip() or pretends(text, leads_to)):
        yield Piece(f" ({host(leads_to)})", marks, "note")
    if title:
        yield Piece(f" “{title}”", marks, "note")


def _unlinked(piece: Piece) -> Piece:
    return replace(piece, marks=tuple(mark for mark in piece.marks if not isinstance(mark, Link)))


def _image(token: Token, marks: tuple[Mark, ...]) -> Iterator[Piece]:
    source, title = _attribute(token, "src"), _attribute(token, "title")
    if is_picture(source):
        yield Piece(token.content, marks, "picture", source)
    else:
        leads_to = address(source)
        where = host(leads_to) if leads_to else _short(source)
        in_link = any(isinstance(mark, Link) for mark in marks)
        own: tuple[Mark, ...] = (Link(leads_to),) if leads_to and not in_link else ()
        yield Piece(f"Image: {token.content or 'without description'} ({where})", (*marks, *own))
    if title:
        yield Piece(f" “{title}”", marks, "note")


def _short(source: str) -> str:
    """Name an address that is data by its kind only: nobody reads the data."""
    return f"{source[:40]}…" if source.startswith("data:") and len(source) > 40 else source or "no address"

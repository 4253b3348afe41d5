"""The pieces of a passage as HTML: every word escaped, every mark closed."""

from collections.abc import Iterable
from html import escape
from itertools import takewhile

from handrail.requests.prose.piece import Link, Mark, Piece
from handrail.web.content.text import marked, visible


def html(found: Iterable[Piece]) -> str:
    """Return pieces as HTML, each mark opened once for all neighbours that share it."""
    out: list[str] = []
    opened: tuple[Mark, ...] = ()
    for piece in found:
        shared = len([*takewhile(lambda both: both[0] == both[1], zip(opened, piece.marks, strict=False))])
        out += map(_closing, reversed(opened[shared:]))
        out += map(_opening, piece.marks[shared:])
        out.append(_content(piece))
        opened = piece.marks
    return "".join([*out, *map(_closing, reversed(opened))])


def _content(piece: Piece) -> str:
    match piece.kind:
        case "break":
            return "<br>"
        case "note":
            return f'<span class="host">{marked(piece.text)}</span>'
        case "picture":
            alternative = escape(visible(piece.text))
            return f'<img src="{escape(piece.source)}" alt="{alternative}">'
    return marked(piece.text)


def _opening(mark: Mark) -> str:
    return f'<a href="{escape(mark.href)}">' if isinstance(mark, Link) else f"<{mark}>"


def _closing(mark: Mark) -> str:
    return "</a>" if isinstance(mark, Link) else f"</{mark}>"

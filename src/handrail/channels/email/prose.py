"""What somebody wrote, as HTML: Markdown where it is Markdown and no word of it is lost, else as it was written.

Every link shows where it leads. Pictures are described: nothing is loaded, and their data isn't sent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape, unescape
from itertools import groupby, takewhile

from handrail.channels.email.direction import direction
from handrail.requests.prose.markdown import looks_like_markdown
from handrail.requests.prose.passage import Passage, Place, passages
from handrail.requests.prose.piece import Link, Piece
from handrail.requests.visible import visible

PICTURE = "[Picture: {}]"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_WORD = re.compile(r"\w+")
_LANGUAGE = re.compile(
    r"^([ \t>*+-]*(?:\d{1,9}[.)])?[ \t]*(?:`{3,}|~{3,}))[ \t]*[\w+#.-]{1,20}[ \t]*$", re.MULTILINE
)
"""the word behind a fence, which says how code is written and is no word of the text"""
_BREAK = re.compile(r"<(?:br|hr|/?(?:p|li|ul|ol|tr|td|th|h3|pre|blockquote|table|thead|tbody))\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")
_RULE = "1px solid rgba(128,128,128,.5)"
_WHOLE_WORDS = "word-break:normal;overflow-wrap:break-word"
LONGEST_WHOLE = 16
"""characters of a word in a table that isn't broken; a longer one leaves no room for the others on a phone"""
_SCROLLED = '<div style="overflow-x:auto">'
"""around a table, which may be wider than a phone"""
_STYLES = {
    "p": "margin:0 0 12px",
    "pre": "margin:0 0 16px;padding:10px 12px;border-radius:6px;background-color:rgba(128,128,128,.14);"
    "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;white-space:pre-wrap",
    "blockquote": "margin:0 0 12px;padding:2px 0 2px 12px;border-left:3px solid rgba(128,128,128,.6)",
    "ul": "margin:0 0 12px;padding-left:22px",
    "ol": "margin:0 0 12px;padding-left:26px",
    "table": "margin:0 0 16px;border-collapse:collapse;font-size:14px",
    "th": f"padding:4px 8px;border:{_RULE};text-align:left",
    "td": f"padding:4px 8px;border:{_RULE};text-align:left",
    "hr": f"margin:16px 0;border:0;border-top:{_RULE}",
    "code": "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9em;"
    "background-color:rgba(128,128,128,.14);border-radius:4px;padding:1px 4px",
}
_RUNS = frozenset({"ul", "ol", "li", "blockquote", "table"})
"""places that run from one side to the other"""
_SIZES = {"h1": 20, "h2": 18, "h3": 17, "h4": 16, "h5": 16, "h6": 16}


def prose_html(text: str) -> str:
    """Return a text as people read it.

    >>> prose_html("Ship **it** & go")
    '<p style="margin:0 0 12px">Ship <strong>it</strong> &amp; go</p>'
    """
    text = text.replace("\r\n", "\n")
    # Markdown would drop some odd characters, and their brackets could begin one of its links: shown as written.
    found = passages(text) if visible(text) == text and looks_like_markdown(text) else None
    laid = _laid(found) if found else ""
    return laid if laid and _says(laid, text) else "\n".join(_written(text))


def _says(html: str, text: str) -> bool:
    """Whether people read every word of a text; Markdown takes some for signs of its own, such as `&lt;`."""
    said = set(_WORD.findall(unescape(_TAG.sub("", _BREAK.sub(" ", html)))))
    return all(word in said or word.isdigit() for word in _WORD.findall(_LANGUAGE.sub(r"\1", text)))


def _written(text: str) -> Iterator[str]:
    """Yield a text as it was written, its paragraphs each in their own direction."""
    for part in re.split(r"\n(?=\n)", text) if _RIGHT_TO_LEFT.search(text) else [text]:
        yield f'<p{direction(part)} style="{_STYLES["p"]};white-space:pre-wrap">{_said(part)}</p>'


def _said(text: str) -> str:
    return escape(visible(text))


def _open(tag: str, more: str = "") -> str:
    style = _STYLES.get(tag)
    return f'<{tag}{more} style="{style}">' if style else f"<{tag}{more}>"


def _laid(found: Iterable[Passage]) -> str:
    """Return passages: each place is opened when its first passage comes and closed before the first one outside."""
    out: list[str] = []
    opened: tuple[Place, ...] = ()
    for passage in found:
        shared = len([*takewhile(lambda both: both[0] == both[1], zip(opened, passage.path, strict=False))])
        out += (_ended(place) for place in reversed(opened[shared:]))
        out += (_begun(place, _way(passage)) for place in passage.path[shared:])
        out.append(_passage(passage))
        opened = passage.path
    return "".join([*out, *(_ended(place) for place in reversed(opened))])


def _begun(place: Place, way: str) -> str:
    """Return what opens a place, which runs as its first passage does."""
    numbered = place.tag == "ol" and place.start.isdigit() and place.start.isascii()
    runs = way if place.tag in _RUNS else ""
    opened = _open(place.tag, f'{runs} start="{place.start}"' if numbered else runs)
    return f"{_SCROLLED}{opened}" if place.tag == "table" else opened


def _ended(place: Place) -> str:
    return f"</{place.tag}>{'</div>' if place.tag == 'table' else ''}"


def _way(passage: Passage) -> str:
    return direction("".join(piece.text for cell in passage.cells for piece in cell))


def _passage(passage: Passage) -> str:
    inner = "".join(_inline(passage.cells[0])) if passage.cells else ""
    way = _way(passage)
    match passage.kind:
        case "row":
            tag = "th" if any(place.tag == "thead" for place in passage.path) else "td"
            return f"<tr>{''.join(_cell(tag, cell) for cell in passage.cells)}</tr>"
        case "code":
            return f"{_open('pre')}{inner}</pre>"
        case "hr":
            return _open("hr")
        case "text":
            return inner
        case kind if kind in _SIZES:
            return (
                f'<h3{way} style="margin:16px 0 8px;font-size:{_SIZES[kind]}px;line-height:1.35">{inner}</h3>'
            )
    return f"{_open('p', way)}{inner}</p>"


def _cell(tag: str, cell: Sequence[Piece]) -> str:
    text = "".join(piece.text for piece in cell)
    way = direction(text)
    style = _STYLES[tag].replace("text-align:left", "text-align:right") if way else _STYLES[tag]
    if max(map(len, text.split()), default=0) <= LONGEST_WHOLE:
        style = f"{style};{_WHOLE_WORDS}"
    return f'<{tag}{way} style="{style}">{"".join(_inline(cell))}</{tag}>'


def _inline(pieces: Sequence[Piece]) -> Iterator[str]:
    for href, group in groupby(pieces, _link):
        inner = [*group]
        shown = "".join(map(_piece, inner))
        if href is None:
            yield shown
            continue
        yield f'<a href="{escape(href)}" style="color:inherit">{shown}</a>'
        if "".join(piece.text for piece in inner) != href:
            yield f" ({_said(href)})"


def _link(piece: Piece) -> str | None:
    return next((mark.href for mark in piece.marks if isinstance(mark, Link) and mark.href), None)


def _piece(piece: Piece) -> str:
    if piece.kind == "break":
        return "<br>"
    if piece.kind == "picture":
        return _said(PICTURE.format(piece.text or "without description"))
    shown = f"<em>{_said(piece.text)}</em>" if piece.kind == "note" else _said(piece.text)
    for mark in reversed(piece.marks):
        if isinstance(mark, str):
            shown = f"{_open(mark)}{shown}</{mark}>"
    return shown

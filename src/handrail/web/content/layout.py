"""Passages as HTML: each place is opened when its first passage comes and closed before the first one outside.

The content's headings begin at h2, for the page has its own h1. Tables and code scroll by themselves and can be
reached with the keyboard.
"""

from collections.abc import Iterable
from itertools import count, takewhile

from handrail.requests.prose.passage import Passage, Place
from handrail.web.content.piece import html as inline_html


def layout(passages: Iterable[Passage]) -> str:
    """Return passages as HTML; not yet looked over by `safe`."""
    out: list[str] = []
    opened: tuple[Place, ...] = ()
    numbers = count(1)
    for passage in passages:
        shared = len([*takewhile(lambda both: both[0] == both[1], zip(opened, passage.path, strict=False))])
        out += (_closing(place) for place in reversed(opened[shared:]))
        out += (_opening(place, numbers) for place in passage.path[shared:])
        out.append(_block(passage))
        opened = passage.path
    return "".join([*out, *(_closing(place) for place in reversed(opened))])


def _opening(place: Place, numbers: "count[int]") -> str:
    match place.tag:
        case "table":
            return (
                f'<div class="scroll-x" tabindex="0" role="region" aria-label="Table {next(numbers)}"><table>'
            )
        case "pre":
            return '<pre class="source" tabindex="0" role="group" aria-label="Text as written"><code>'
        case "text":
            return '<p class="text">'
        case "ol" if place.start.isdigit() and place.start.isascii():
            return f'<ol start="{place.start}">'
    return f"<{place.tag}>"


def _closing(place: Place) -> str:
    match place.tag:
        case "table":
            return "</table></div>\n"
        case "pre":
            return "</code></pre>\n"
        case "text":
            return "</p>\n"
    return f"</{place.tag}>\n"


def _block(passage: Passage) -> str:
    inner = inline_html(passage.cells[0]) if passage.cells else ""
    match passage.kind:
        case "row":
            return _row(passage)
        case "code":
            return f'<pre tabindex="0" role="group" aria-label="Code"><code>{inner}</code></pre>\n'
        case "hr":
            return _rule(passage)
        case "line" | "text":
            return f"{inner}\n"
        case "h1":
            return f'<h2 class="h1">{inner}</h2>\n'
        case "h2" | "h3" | "h4" | "h5" | "h6" as tag:
            level = min(int(tag[1]) + 1, 6)
            return f"<h{level}>{inner}</h{level}>\n"
        case "gap":
            return f'<p class="gap">{inner}</p>\n'
    return f"<p>{inner}</p>\n"


def _row(passage: Passage) -> str:
    in_head = any(place.tag == "thead" for place in passage.path)
    opening, closing = ('<th scope="col">', "</th>") if in_head else ("<td>", "</td>")
    return "<tr>" + "".join(f"{opening}{inline_html(cell)}{closing}" for cell in passage.cells) + "</tr>\n"


def _rule(passage: Passage) -> str:
    """Draw a line; one that came or went has an empty piece that says so."""
    mark = next((str(mark) for cell in passage.cells for piece in cell for mark in piece.marks), "")
    return f"<{mark}><hr></{mark}>\n" if mark else "<hr>\n"

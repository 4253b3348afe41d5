"""The difference of two revisions as HTML: within the text, or side by side.

Dropping every `ins` leaves the old text, dropping every `del` the new one. What does not fit on a page is cut.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape

from markupsafe import Markup

from handrail.requests.prose.passage import Passage
from handrail.requests.prose.piece import Piece
from handrail.web.content.comparison import Comparison, Part, Row, rows
from handrail.web.content.label import label_html
from handrail.web.content.layout import layout
from handrail.web.content.piece import html as inline_html
from handrail.web.content.rendered import SHOWN, Rendered, rendered
from handrail.web.content.revision import Added, Changed, Fate, Removed, Same, merged, whole
from handrail.web.content.room import Room
from handrail.web.content.safe import safe
from handrail.web.content.text import marked, visible
from handrail.web.content.words import side

AROUND = 3
"""Unchanged lines that are shown around a change in a text too long to be shown whole."""


def inline_difference(comparison: Comparison, *, limit: int = SHOWN) -> Rendered:
    """Return the new text with what is gone struck out and what has come underlined."""
    room = Room(limit)
    html, total = Markup(), 0
    for part in comparison.parts:
        found = _shortened(part, limit)
        total += _length(found)
        if len(comparison.parts) > 1:
            html += Markup('<h2 class="label">{}</h2>').format(label_html(part.key))
        html += Markup('<div class="prose">') + safe(layout(_fitting(found, room))) + Markup("</div>")
    total += comparison.left_out
    return rendered(html, shown=min(limit, total - comparison.left_out), total=total, cut=room.cut)


def side_by_side(
    comparison: Comparison, old_label: str = "Before", new_label: str = "Now", *, limit: int = SHOWN
) -> Rendered:
    """Return a table with what was beside what is; the labels name the two, as "Revision 1"."""
    room = Room(2 * limit)
    body: list[str] = []
    total = 0
    for part in comparison.parts:
        if len(comparison.parts) > 1:
            body.append(f'<tr class="gap"><td colspan="2"><strong>{label_html(part.key)}</strong></td></tr>')
        for row in _rows(part):
            total += 0 if isinstance(row, int) else _length(_both(row))
            body.append(_row(row, part, (old_label, new_label), room))
    labels = [marked(each) for each in (old_label, new_label)]
    html = safe(
        f'<table class="split"><caption class="vh">{labels[0]} and {labels[1]}, side by side</caption><thead><tr>'
        f'<th scope="col">{labels[0]}</th><th scope="col">{labels[1]}</th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
    total += comparison.left_out
    return rendered(html, shown=min(2 * limit, total - comparison.left_out), total=total, cut=room.cut)


def _rows(part: Part) -> list[Row | int]:
    """Return a part's rows, with what is left out before and after it counted as unchanged."""
    found = rows(part.fates)
    if part.before:
        found[:1] = (
            [part.before + found[0]] if found and isinstance(found[0], int) else [part.before, *found[:1]]
        )
    if part.after:
        found[-1:] = (
            [part.after + found[-1]] if found and isinstance(found[-1], int) else [*found[-1:], part.after]
        )
    return found


def _row(row: Row | int, part: Part, labels: tuple[str, str], room: Room) -> str:
    if isinstance(row, int):
        noun = "passage" if part.is_prose else "line"
        return (
            f'<tr class="gap"><td colspan="2">{row:,} {noun}{"" if row == 1 else "s"} unchanged</td></tr>\n'
        )
    if room.is_full:
        return ""
    old, new = (_cell(each, room) for each in (_of_old(row), _of_new(row)))
    before, after = (escape(visible(each)) for each in labels)
    return f'<tr><td class="old" data-side="{before}">{old}</td><td class="new" data-side="{after}">{new}</td></tr>\n'


def _both(row: Row) -> Iterator[Passage]:
    yield from (each for each in (_of_old(row), _of_new(row)) if each is not None)


def _of_old(row: Row) -> Passage | None:
    match row.old:
        case Changed(old, _, both):
            return replace(old, cells=tuple(side(cell, "del") for cell in both.cells))
        case Removed(old):
            return whole(old, "del")
    return None


def _of_new(row: Row) -> Passage | None:
    match row.new:
        case Changed(_, new, both):
            return replace(new, cells=tuple(side(cell, "ins") for cell in both.cells))
        case Added(new):
            return whole(new, "ins")
    return None


def _cell(passage: Passage | None, room: Room) -> str:
    """Return a passage without the places it stands in."""
    if passage is None:
        return ""
    (fitting,) = _fitting([passage], room) or [replace(passage, cells=())]
    inner = ", ".join(map(inline_html, fitting.cells))
    match fitting.kind:
        case "line" if fitting.path[-1].tag == "text":
            return f'<p class="text">{inner}</p>'
        case "code" | "line":
            return f'<pre tabindex="0" role="group" aria-label="Code"><code>{inner}</code></pre>'
        case "hr":
            return layout([replace(fitting, path=())])
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            return f"<strong>{inner}</strong>"
    return inner


def _length(found: Iterable[Passage]) -> int:
    return sum(len(piece.text) for passage in found for cell in passage.cells for piece in cell)


def _fitting(found: Iterable[Passage], room: Room) -> list[Passage]:
    """Return as many passages as fit, the last one perhaps in part."""
    out: list[Passage] = []
    for passage in found:
        if room.is_full:
            break
        cells = []
        for cell in passage.cells:
            kept: list[Piece] = []
            for piece in cell:
                if room.left < len(piece.text):
                    room.cut = True
                    kept.append(replace(piece, text=piece.text[: max(0, room.left)]))
                    break
                room.left -= len(piece.text)
                kept.append(piece)
            cells.append(tuple(kept))
        out.append(replace(passage, cells=tuple(cells)))
    return out


def _shortened(part: Part, limit: int) -> list[Passage]:
    """Return a part's passages; of a text that is too long only what changed and a little around it."""
    found = [*merged(part.fates, part.old, part.new)]
    if _length(found) <= limit and not part.before and not part.after:
        return found
    near = _near(part.fates)
    out: list[Passage] = []
    left_out = part.before
    for number, passage in enumerate(found):
        if number not in near:
            left_out += 1
            continue
        if left_out:
            out.append(_gap(left_out))
            left_out = 0
        out.append(passage)
    left_out += part.after
    return [*out, _gap(left_out)] if left_out else out


def _near(found: Sequence[Fate]) -> set[int]:
    changes = [number for number, fate in enumerate(found) if not isinstance(fate, Same)]
    return {near for number in changes for near in range(number - AROUND, number + AROUND + 1)}


def _gap(count: int) -> Passage:
    return Passage("gap", ((Piece(f"{count:,} unchanged"),),))

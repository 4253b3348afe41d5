"""A list of similar objects as a table; what has no column of its own stands behind "more"."""

from collections.abc import Sequence
from html import escape
from typing import TypeGuard

from markupsafe import Markup

from handrail.requests.content import JSON
from handrail.requests.prose.record import in_words
from handrail.web.content.label import label_html
from handrail.web.content.room import Room
from handrail.web.content.text import visible

MOST_COLUMNS = 8
LONGEST_WORD = 12
"""characters of a cell that stays on one line: a number, a date"""
LONGEST_CELL = 200
Simple = str | int | float | bool | None
Row = dict[str, Simple]


def is_simple(value: JSON) -> TypeGuard[Simple]:
    """Whether a value has no inside."""
    return not isinstance(value, dict | list)


def is_flat(value: JSON) -> TypeGuard[Row]:
    """Whether a value is an object of short, simple values."""
    return isinstance(value, dict) and all(is_simple(each) and is_short(each) for each in value.values())


def is_short(value: Simple) -> bool:
    """Whether a simple value fits into a cell."""
    return not isinstance(value, str) or (len(value) <= LONGEST_CELL and "\n" not in value)


def is_table(value: Sequence[JSON]) -> bool:
    """Whether a list is of two or more flat objects that have at least half of their keys in common."""
    if len(value) < 2 or not all(is_flat(each) and each for each in value):
        return False
    rows = [each for each in value if isinstance(each, dict)]
    keys = {key for row in rows for key in row}
    return 2 * sum(map(len, rows)) >= len(keys) * len(rows)


def table_html(rows: Sequence[Row], room: Room, name: str) -> Markup:
    """Return a table of as many rows as there is room for."""
    keys = [*dict.fromkeys(key for row in rows for key in row)]
    columns, others = keys[:MOST_COLUMNS], keys[MOST_COLUMNS:]
    body = []
    for row in rows:
        if room.is_full:
            break
        body.append(_row(row, columns, others, room))
    head = "".join(f'<th scope="col">{label_html(room.take(key))}</th>' for key in columns)
    more = '<th scope="col">More</th>' if others else ""
    return Markup(
        f'<div class="scroll-x" tabindex="0" role="region" aria-label="{escape(visible(name))}"><table class="rows">'
        f"<thead><tr>{head}{more}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _row(row: Row, columns: list[str], others: list[str], room: Room) -> str:
    cells = "".join(f"<td{_look(row.get(key))}>{_cell(row, key, room)}</td>" for key in columns)
    rest = {key: row[key] for key in others if key in row}
    if others:
        cells += f"<td>{_more(rest, room) if rest else ''}</td>"
    return f"<tr>{cells}</tr>"


def _look(value: Simple) -> str:
    return ' class="short"' if len(in_words(value)) <= LONGEST_WORD else ""


def _cell(row: Row, key: str, room: Room) -> Markup:
    return simple_html(row[key], room) if key in row else Markup()


def _more(rest: Row, room: Room) -> Markup:
    facts = Markup().join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(label_html(room.take(key)), simple_html(value, room))
        for key, value in rest.items()
    )
    return Markup('<details><summary>{} more</summary><dl class="facts">{}</dl></details>').format(
        len(rest), facts
    )


def simple_html(value: Simple, room: Room) -> Markup:
    """Return a simple value; what stands for nothing is fainter than a text that says the same."""
    shown = room.show(in_words(value))
    return Markup('<span class="meta">{}</span>').format(shown) if value is None or value == "" else shown

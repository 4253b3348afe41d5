"""Any JSON value as people read it: facts, tables, lists and prose; the JSON itself stands behind it.

Depth and size are bounded: what is nested deeper is shown as JSON, what does not fit is cut and said to be.
"""

from collections.abc import Callable, Sequence
from typing import cast

from markupsafe import Markup

from handrail.requests.content import JSON
from handrail.requests.prose.link import is_picture
from handrail.requests.prose.record import as_json
from handrail.requests.wording import label
from handrail.web.content.label import label_html
from handrail.web.content.markdown import prose_html, source_html
from handrail.web.content.rendered import SHOWN, Rendered, head, rendered, size
from handrail.web.content.room import EACH, Room
from handrail.web.content.table import Row, is_flat, is_short, is_simple, is_table, simple_html, table_html

DEEPEST = 6
MOST_ENTRIES = 50
"""Entries of a list or an object that are shown at once; the others unfold."""
ELSEWHERE = frozenset({"unsure", "confidence", "why"})
"""Keys of a request's context that pages show in places of their own."""


def proposal_html(proposal: dict[str, JSON], *, limit: int | None = SHOWN) -> Rendered:
    """Return what is proposed: a single text alone, without a label; more as facts and sections.

    `limit` is how many characters are shown, None for all.

    >>> proposal_html({"content": "Hello"}).html
    Markup('<div class="prose"><p class="text">Hello</p></div>')
    """
    match [*proposal.values()]:
        case [str(text)] if not is_picture(text):
            return prose_html(text, limit=limit)
    return value_html(proposal, limit=limit)


def context_html(
    context: dict[str, JSON], *, without: frozenset[str] = ELSEWHERE, limit: int | None = SHOWN
) -> Rendered:
    """Return what reviewers are told beside the proposal; empty if all of it stands elsewhere."""
    left = {key: value for key, value in context.items() if key not in without}
    return value_html(left, limit=limit) if left else Rendered(Markup())


def value_html(value: JSON, *, limit: int | None = SHOWN) -> Rendered:
    """Return any value as HTML; one with an inside has its JSON behind it.

    >>> value_html({"max_retries": 3}).html
    Markup('<dl class="facts"><dt><span title="max_retries">Max retries</span></dt><dd>3</dd></dl>')
    """
    if isinstance(value, str) and not is_picture(value):
        return prose_html(value, limit=limit)
    text = as_json(value)
    if limit is None and len(text) > SHOWN:
        return source_html(text, limit=None)
    room = Room(limit or SHOWN)
    before = room.left
    html = _parts(value, room) if isinstance(value, dict) else _value(value, room, 0, "List")
    if not (is_simple(value) or is_flat(value)):
        html += _raw(text)
    shown = min(before - room.left, before) if room.cut else size(text)
    return rendered(html, shown=shown, total=size(text), cut=room.cut)


def _raw(text: str) -> Markup:
    part = head(text, SHOWN)
    title = "As JSON" if part == text else "As JSON, the first 64 KB"
    return Markup('<details class="raw"><summary>{}</summary>{}</details>').format(
        title, source_html(part, limit=None).html
    )


def _parts(value: dict[str, JSON], room: Room) -> Markup:
    """Return an object at the top: what is short as facts, each long part as a section."""
    html = Markup()
    facts: dict[str, JSON] = {}
    for number, (key, inner) in enumerate(value.items()):
        if room.is_full:
            break
        if number >= MOST_ENTRIES or (is_simple(inner) and is_short(inner)):
            facts[key] = inner
            continue
        html += _facts(facts, room, 0) if facts else Markup()
        facts = {}
        html += Markup('<section class="part"><h2 class="label">{}</h2>{}</section>').format(
            label_html(room.take(key)), _value(inner, room, 0, label(key))
        )
    return html + (_facts(facts, room, 0) if facts or not value else Markup())


def _value(value: JSON, room: Room, depth: int, name: str) -> Markup:
    room.left -= EACH
    if depth >= DEEPEST and not is_simple(value):
        return source_html(room.take(as_json(value)), limit=None).html
    match value:
        case str():
            return _text(value, room)
        case dict():
            return _facts(value, room, depth)
        case list() if is_table(value):
            return _table(cast("list[Row]", value), room, name)
        case list():
            return _list(value, room, depth, name)
    return simple_html(value, room)


def _text(text: str, room: Room) -> Markup:
    if is_picture(text):
        room.left -= 100
        return Markup('<img src="{}" alt="Picture without description">').format(text)
    if is_short(text):
        return simple_html(text, room)
    found = prose_html(text, limit=max(room.left, 1))
    room.left -= len(text)
    room.cut = room.cut or found.cut
    return found.html


def _facts(value: dict[str, JSON], room: Room, depth: int) -> Markup:
    if not value:
        return Markup('<span class="meta">empty</span>')
    entries = [*value.items()]
    html = _some_facts(entries[:MOST_ENTRIES], room, depth)
    return html + _rest(len(entries), room, lambda: _some_facts(entries[MOST_ENTRIES:], room, depth))


def _some_facts(entries: Sequence[tuple[str, JSON]], room: Room, depth: int) -> Markup:
    rows = [
        Markup("<dt>{}</dt><dd>{}</dd>").format(
            label_html(room.take(key)), _folded(inner, room, depth + 1, label(key))
        )
        for key, inner in entries
        if not room.is_full
    ]
    return Markup('<dl class="facts">{}</dl>').format(Markup().join(rows))


def _folded(value: JSON, room: Room, depth: int, name: str) -> Markup:
    """Return a value; from the second level on what has an inside is folded."""
    if depth < 2 or is_simple(value) or not value:
        return _value(value, room, depth, name)
    count = len(value)
    entries = "1 entry" if count == 1 else f"{count:,} entries"
    return Markup("<details><summary>{}</summary>{}</details>").format(
        entries, _value(value, room, depth, name)
    )


def _rest(count: int, room: Room, unfolded: Callable[[], Markup]) -> Markup:
    """Return what comes after the first entries, folded, if there is room for any of it."""
    if count <= MOST_ENTRIES or room.is_full:
        return Markup()
    return Markup("<details><summary>{:,} more</summary>{}</details>").format(
        count - MOST_ENTRIES, unfolded()
    )


def _table(rows: list[Row], room: Room, name: str) -> Markup:
    html = table_html(rows[:MOST_ENTRIES], room, name)
    rest = rows[MOST_ENTRIES:]
    return html + _rest(len(rows), room, lambda: table_html(rest, room, f"{name}, continued"))


def _list(value: list[JSON], room: Room, depth: int, name: str) -> Markup:
    if not value:
        return Markup('<span class="meta">empty list</span>')
    html = _items(value[:MOST_ENTRIES], room, depth, name)
    return html + _rest(len(value), room, lambda: _items(value[MOST_ENTRIES:], room, depth, name))


def _items(value: Sequence[JSON], room: Room, depth: int, name: str) -> Markup:
    items = [
        Markup("<li>{}</li>").format(_folded(each, room, depth + 1, name))
        for each in value
        if not room.is_full
    ]
    return Markup('<ul class="values">{}</ul>').format(Markup().join(items))

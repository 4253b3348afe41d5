"""What is proposed and what is told beside it, as rich text: one text alone as prose, more as labelled parts."""

from collections.abc import Iterator, Mapping

from handrail.channels.slack.block import Element
from handrail.channels.slack.rich import Room, bullets, preformatted, prose, section, table, words
from handrail.requests.content import JSON
from handrail.requests.prose.link import is_picture
from handrail.requests.prose.record import as_json, in_words
from handrail.requests.wording import label

SHORT = 200
"""characters of a text that stands behind its label"""
WIDEST = 100
"""characters of the widest table that Slack shows without breaking its lines"""
MOST_COLUMNS = 8
MOST_LISTED = 50


def proposal(value: Mapping[str, JSON], room: Room) -> list[Element]:
    """Return what is judged: a single text as prose, more by their keys."""
    match [*value.values()]:
        case [str(text)] if not is_picture(text):
            return prose(text, room)
    return parts(value, room)


def parts(value: Mapping[str, JSON], room: Room) -> list[Element]:
    """Return each key with its value."""
    found: list[Element] = []
    for key, inner in value.items():
        if room.is_full:
            break
        found += _part(room.take(label(key)), inner, room)
    return found or [section(words("–"))]


def _part(name: str, value: JSON, room: Room) -> Iterator[Element]:
    head = words(f"{name or '–'}: ", bold=True)
    if room.is_full:
        yield section(head, words("…"))
    elif _is_picture(value):
        room.cut = True
        yield section(head, words("a picture, which is shown on the page"))
    elif _is_short(value):
        yield section(head, words(room.take(in_words(value))))
    else:
        yield section(head)
        yield from _long(value, room)


def _long(value: JSON, room: Room) -> list[Element]:
    match value:
        case str():
            return prose(value, room)
        case list() if _is_list(value):
            return _list(value, room)
        case list() if (rows := _rows(value)) is not None:
            return [preformatted(room.take(rows))]
        case list() | dict() if not value:
            return [section(words("empty"))]
    return [preformatted(room.take(as_json(value)))]


def _list(value: list[JSON], room: Room) -> list[Element]:
    items = []
    for each in value:
        if room.is_full:
            break
        items.append(section(words(room.take(in_words(each)))))
    return [bullets(items)]


def _rows(value: list[JSON]) -> str | None:
    """Return a list of similar, flat objects as a table; None if it is none, or too wide."""
    rows = [each for each in value if isinstance(each, dict) and each]
    keys = [*dict.fromkeys(key for row in rows for key in row)]
    flat = all(_is_short(each) and not _is_picture(each) for row in rows for each in row.values())
    same = len(rows) == len(value) >= 2 and all(len(row) == len(keys) for row in rows)
    if not (flat and same and len(keys) <= MOST_COLUMNS):
        return None
    cells = [[*map(str, keys)], *([in_words(row[key]) for key in keys] for row in rows)]
    found = table(cells)
    return found if max(map(len, found.split("\n"))) <= WIDEST else None


def _is_list(value: list[JSON]) -> bool:
    return 0 < len(value) <= MOST_LISTED and all(_is_short(each) and not _is_picture(each) for each in value)


def _is_short(value: JSON) -> bool:
    if isinstance(value, dict | list):
        return False
    return not isinstance(value, str) or (len(value) <= SHORT and "\n" not in value)


def _is_picture(value: JSON) -> bool:
    return isinstance(value, str) and is_picture(value)

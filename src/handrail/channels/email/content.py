"""What is proposed and what is told beside it, as blocks: one text alone as prose, more as labelled parts."""

from collections.abc import Iterator, Mapping

from handrail.channels.email import sentences
from handrail.channels.email.block import Block, Code, Head, Items, Line, Prose
from handrail.channels.email.room import Room
from handrail.requests import labels, shape
from handrail.requests.content import JSON
from handrail.requests.prose.link import is_picture
from handrail.requests.prose.picture import without_pictures
from handrail.requests.prose.record import as_json, in_words
from handrail.requests.reference import Schema
from handrail.requests.wording import label

SHORT = 200
"""characters of a text that stands behind its label"""
MOST_LISTED = 50


def proposal(value: Mapping[str, JSON], room: Room) -> Iterator[Block]:
    """Yield what is judged: a single text as prose, more by their keys."""
    match [*value.values()]:
        case [str(text)] if not is_picture(text):
            yield from prose(text, room)
        case _:
            yield from parts(value, room)


def prose(text: str, room: Room) -> Iterator[Block]:
    """Yield a text; its pictures aren't shown in a mail."""
    without, pictures = without_pictures(text)
    if pictures:
        room.cut = True
    yield Prose(room.take(without))


def parts(value: Mapping[str, JSON], room: Room) -> Iterator[Block]:
    """Yield each key with its value."""
    if not value:
        yield Line("–")
    for key, inner in value.items():
        if room.is_full:
            return
        yield from _part(room.take(label(key)) or "–", inner, room)


def answers(schema: Schema, room: Room) -> Iterator[Block]:
    """Yield what there is to choose from, or to fill in; nothing where any words or a number are asked for."""
    match shape.asked(schema, schema).shape:
        case shape.Choice(offers) | shape.Ticks(offers):
            named = labels.values([each.value for each in offers])
            texts = [each.title or name for each, name in zip(offers, named, strict=True)]
            yield Head(sentences.CHOICES)
            yield _listed(texts, room)
        case shape.Amount(whole) if told := labels.of_number(schema, whole):
            yield Line(told, label=sentences.NUMBER)
        case shape.Parts(known=known) if known:
            yield Head(sentences.FIELDS)
            yield _listed([labels.title(inner, key) for key, inner in known], room)


def _listed(texts: list[str], room: Room) -> Items:
    more = len(texts) - MOST_LISTED
    shown = [room.take(text) for text in texts[:MOST_LISTED] if not room.is_full]
    return Items((*shown, sentences.MORE.format(more)) if more > 0 else tuple(shown))


def _part(name: str, value: JSON, room: Room) -> Iterator[Block]:
    if _is_picture(value):
        room.cut = True
        yield Line(sentences.A_PICTURE, label=name)
    elif _is_short(value):
        yield Line(room.take(in_words(value)), label=name)
    elif isinstance(value, list | dict) and not value:
        yield Line("empty", label=name)
    else:
        yield Head(name)
        yield from _long(value, room)


def _long(value: JSON, room: Room) -> Iterator[Block]:
    if isinstance(value, str):
        yield from prose(value, room)
    elif isinstance(value, list) and _is_list(value):
        items = []
        for each in value:
            if room.is_full:
                break
            items.append(room.take(in_words(each)))
        yield Items(tuple(items))
    else:
        yield Code(room.take(as_json(value)))


def _is_list(value: list[JSON]) -> bool:
    return len(value) <= MOST_LISTED and all(_is_short(each) and not _is_picture(each) for each in value)


def _is_short(value: JSON) -> bool:
    if isinstance(value, dict | list):
        return False
    return not isinstance(value, str) or (len(value) <= SHORT and "\n" not in value)


def _is_picture(value: JSON) -> bool:
    return isinstance(value, str) and is_picture(value)

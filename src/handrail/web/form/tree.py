"""From what was typed to the fields that show it: one walk along the schema, bounded in depth and in number."""

import re
from dataclasses import dataclass
from typing import Any, TypedDict

from handrail.requests import labels as words
from handrail.requests.reading import NOTHING
from handrail.requests.reference import Schema
from handrail.requests.shape import Amount, Anything, Asked, Offer, Parts, Rows, Words, asked
from handrail.requests.shape import Choice as ChoiceShape
from handrail.requests.shape import Kinds as KindsShape
from handrail.requests.shape import Ticks as TicksShape
from handrail.web.form import names
from handrail.web.form.fields import (
    Choice,
    Entries,
    Entry,
    Field,
    Fixed,
    Group,
    Json,
    Kinds,
    Line,
    Moment,
    Number,
    Option,
    Prose,
    Step,
    Ticks,
)
from handrail.web.form.inputs import bounds_of, offsets_of, type_of
from handrail.web.form.names import Draft, Pair
from handrail.web.form.typed import DEEPEST, moment_parts, typed

MOST_FIELDS = 10_000
"""fields of one form"""
LONG = 80
"""characters from which on a text has several lines"""
_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
_LONG_FORMATS = frozenset({"markdown", "textarea", "multiline", "html"})


class TooManyFields(Exception):
    """A schema, or a post, asks for more than a page can show."""


class About(TypedDict):
    """What all fields have in common."""

    name: str
    path: tuple[Step, ...]
    title: str
    description: str
    limits: str
    required: bool
    nullable: bool
    state: str
    schema: Schema


@dataclass(frozen=True)
class Place:
    """Where in an answer something is asked for, and how deep in the form."""

    name: str
    path: tuple[Step, ...]
    title: str
    required: bool
    depth: int
    fixed: frozenset[str] = frozenset()


class Tree:
    """Builds the fields; `draft` is completed by the defaults of what was just added."""

    def __init__(self, root: Schema, draft: Draft, *, blank: bool = False) -> None:
        self.root, self.draft, self.blank = root, draft, blank
        self._count = 0
        self._of_kinds: dict[str, list[Pair]] = {}
        self._index(draft)

    def field(self, schema: Any, place: Place) -> Field:
        """Return the field of one place, with all that is in it. Raises `TooManyFields`."""
        self._count += 1
        if self._count > MOST_FIELDS:
            raise TooManyFields
        state = self._state(schema, place)
        found = asked(schema, self.root)
        about = _about(found, place, state)
        if state == names.JSON_STATE or (
            place.depth > DEEPEST and isinstance(found.shape, Parts | Rows | KindsShape)
        ):
            about["limits"] = "Given as JSON."
            about["state"] = names.JSON_STATE
            return self._json(about, Anything(loose=False))
        match found.shape:
            case Words():
                return self._words(found.schema, about, place)
            case Amount(whole):
                return self._number(found.schema, about, whole)
            case ChoiceShape(offers):
                return self._choice(offers, about, place)
            case TicksShape(offers):
                return self._ticks(found, offers, about, place)
            case Rows() as rows:
                return self._entries(found.schema, rows, about, place)
            case Parts() as parts:
                return self._group(found, parts, about, place)
            case KindsShape() as kinds:
                return self._kinds(kinds, about, place)
            case Anything() as anything:
                return self._json(about, anything)

    def _text(self, name: str) -> str | None:
        return names.text(self.draft, name)

    def _state(self, schema: Any, place: Place) -> str:
        """Return what a field says about itself; one that was just added is filled with its defaults before."""
        name = names.state(place.name)
        if (state := self._text(name)) == names.NEW:
            self._fill(schema, place)
            if (state := self._text(name)) is None:
                state = names.PRESENT
        known = (names.JSON_STATE, names.NULL, names.EMPTY, names.PRESENT)
        return state if state in known else ""

    def _fill(self, schema: Any, place: Place) -> None:
        fresh = typed(schema, self.root, NOTHING, place.name, depth=place.depth, blank=self.blank)
        self.draft = names.without(self.draft, place.name) | fresh
        self._index(fresh)

    def _index(self, draft: Draft) -> None:
        """Note what was typed for one of several kinds, under the name of the field that has them."""
        for name, texts in draft.items():
            for place in names.kinds_of(name):
                self._of_kinds.setdefault(place, []).extend((name, text) for text in texts)

    # -- one text -----------------------------------------------------------------------------------------------------

    def _words(self, schema: Schema, about: About, place: Place) -> Field:
        text = self._text(place.name) or ""
        about["limits"] = words.of_text(schema)
        form = str(schema.get("format", ""))
        if form == "date-time":
            return self._moment(about, text)
        if _is_long(schema, text, place):
            rows = 16 if form in _LONG_FORMATS or schema.get("contentMediaType") else 4
            return Prose(**about, text=text, rows=max(rows, min(24, text.count("\n") + len(text) // 80 + 2)))
        return Line(**about, text=text, type=type_of(form, text), format=form)

    def _moment(self, about: About, text: str) -> Field:
        offset = self._text(names.zone(about["name"])) or "Z"
        if parts := moment_parts(text):
            text, offset = parts
        readable = not text or _LOCAL.fullmatch(text) is not None
        if not readable:
            about["limits"] = words.sentence(iter([words.FORMATS["date-time"]]))
        return Moment(**about, text=text, readable=readable, offset=offset, offsets=offsets_of(offset))

    def _number(self, schema: Schema, about: About, whole: bool) -> Field:
        text = self._text(about["name"]) or ""
        about["limits"] = words.of_number(schema, whole)
        low, high, step = bounds_of(schema, whole)
        return Number(
            **about,
            text=text,
            whole=whole,
            low=low,
            high=high,
            step=step,
            unit=words.plain(schema.get("x-unit", "")),
            readable=not text or _NUMBER.fullmatch(text) is not None,
        )

    def _json(self, about: About, anything: Anything) -> Field:
        text = self._text(about["name"]) or ""
        about["limits"] = about["limits"] or ("A text, or JSON." if anything.loose else "Given as JSON.")
        rows = max(4, min(24, text.count("\n") + 2))
        return Json(**about, text=text, loose=anything.loose, rows=rows)

    # -- choices ------------------------------------------------------------------------------------------------------

    def _choice(self, offers: tuple[Offer, ...], about: About, place: Place) -> Field:
        if place.fixed and len(offers) == 1:
            return Fixed(**about, value=offers[0].value)
        if about["nullable"] and about["required"] and all(offer.value is not None for offer in offers):
            offers = (*offers, Offer(None))
        text = self._text(place.name)
        return Choice(**about, options=_options(offers, {text}), left=text == "")

    def _ticks(self, found: Asked, offers: tuple[Offer, ...], about: About, place: Place) -> Field:
        if names.numbers(self.draft, place.name):
            rows = Rows((), found.schema.get("items"), 0, None)
            return self._entries(found.schema, rows, about, place)
        about["limits"] = words.of_entries(found.schema, "choice")
        return Ticks(**about, options=_options(offers, set(self.draft.get(place.name, ()))))

    # -- several fields -----------------------------------------------------------------------------------------------

    def _entries(self, schema: Schema, rows: Rows, about: About, place: Place) -> Field:
        numbers = names.numbers(self.draft, place.name)
        about["limits"] = words.of_entries(schema) if rows.most != len(rows.first) else ""
        noun = words.noun(asked(rows.others, self.root).schema)
        found = []
        for position, number in enumerate(numbers):
            last = position == len(numbers) - 1
            removable = len(numbers) > rows.least and (position >= len(rows.first) or last)
            title = words.title(rows.at(position), "") if position < len(rows.first) else ""
            found.append(
                self._entry(
                    rows.at(position), place, number, position, _numbered(title, noun, position), removable
                )
            )
        can_add = len(numbers) < min(
            names.MOST_ENTRIES, names.MOST_ENTRIES if rows.most is None else rows.most
        )
        return Entries(**about, entries=tuple(found), noun=noun, can_add=can_add)

    def _entry(
        self,
        schema: Any,
        place: Place,
        number: int,
        step: Step,
        title: str,
        removable: bool,
        key: str | None = None,
    ) -> Entry:
        name = names.entry(place.name, number)
        inner = Place(name, (*place.path, step), title, True, place.depth + 1)
        field = self.field(schema, inner)
        state = self._text(names.state(names.entry_key(name))) or ""
        return Entry(name=name, number=number, field=field, removable=removable, key=key, key_state=state)

    def _group(self, found: Asked, parts: Parts, about: About, place: Place) -> Field:
        optional = not place.required or found.nullable
        if optional and about["state"] != names.PRESENT:
            return Group(**about, fields=(), optional=True, present=False)
        fields = []
        for key, part in parts.known:
            fixed = frozenset({key}) & place.fixed
            inner = Place(
                names.key(place.name, key),
                (*place.path, key),
                words.title(part, key),
                key in parts.required,
                place.depth + 1,
                fixed,
            )
            fields.append(self.field(part, inner))
        extra = self._extra(found.schema, parts, place)
        if extra and not fields:
            about["limits"] = words.of_entries(found.schema)
        return Group(**about, fields=tuple(fields), optional=optional, extra=extra)

    def _extra(self, schema: Schema, parts: Parts, place: Place) -> Entries | None:
        numbers = names.numbers(self.draft, place.name)
        if parts.extra is False or not (numbers or parts.open):
            return None
        noun = words.noun(asked(parts.extra, self.root).schema)
        found = []
        for number in numbers:
            key = self._text(names.entry_key(names.entry(place.name, number))) or ""
            found.append(self._entry(parts.extra, place, number, key, "Value", True, key))
        title = "Further fields" if parts.known else place.title
        can_add = parts.open and len(numbers) < names.MOST_ENTRIES
        return Entries(
            name=place.name,
            path=place.path,
            title=title,
            entries=tuple(found),
            noun=noun,
            keyed=True,
            can_add=can_add,
        )

    def _kinds(self, kinds: KindsShape, about: About, place: Place) -> Field:
        chosen = self._text(names.which(place.name)) or ""
        titles = words.kinds(kinds.each)
        if about["nullable"] and about["required"]:
            titles = [*titles, "None"]
        options = tuple(
            Option(str(number), title, _about_kind(kinds, number), None, str(number) == chosen)
            for number, title in enumerate(titles)
        )
        number = int(chosen) if any(option.chosen for option in options) else len(titles)
        field, name = None, names.variant(place.name, number)
        typed_for = self._of_kinds.get(place.name, [])
        if number < len(kinds.each):
            fixed = kinds.fixed | {""}  # a kind of a single value needs no choice of its own
            inner = Place(name, place.path, options[number].label, True, place.depth + 1, fixed)
            if not any(names.belongs(each, name) for each, _ in typed_for):
                self._fill(kinds.each[number], inner)
            field = self.field(kinds.each[number], inner)
        kept = tuple(pair for pair in typed_for if not names.belongs(pair[0], name))
        shown = self._text(names.shown(place.name)) or ""
        return Kinds(**about, options=options, shown=shown, field=field, kept=kept)


def _about(found: Asked, place: Place, state: str) -> About:
    description = found.schema.get("description")
    return {
        "name": place.name,
        "path": place.path,
        "title": place.title,
        "description": words.plain(description) if isinstance(description, str) else "",
        "limits": "",
        "required": place.required,
        "nullable": found.nullable,
        "state": state,
        "schema": found.schema,
    }


def _about_kind(kinds: KindsShape, number: int) -> str:
    found = kinds.each[number].get("description") if number < len(kinds.each) else None
    return words.plain(found) if isinstance(found, str) else ""


def _numbered(title: str, noun: str, position: int) -> str:
    own = title and title != "(no name)"
    return title if own else f"{noun} {position + 1}"


def _options(offers: tuple[Offer, ...], tokens: set[Any]) -> tuple[Option, ...]:
    labels = words.values([offer.value for offer in offers])
    return tuple(
        Option(
            str(number),
            words.plain(offer.title) if offer.title.strip() else label,
            words.plain(offer.hint),
            offer.value,
            str(number) in tokens,
        )
        for number, (offer, label) in enumerate(zip(offers, labels, strict=True))
    )


def _is_long(schema: Schema, text: str, place: Place) -> bool:
    most, least = schema.get("maxLength"), schema.get("minLength")
    form = schema.get("format")
    if "\n" in text or "\r" in text or form in _LONG_FORMATS or "contentMediaType" in schema:
        return True
    if form is not None:
        return False
    if (isinstance(most, int | float) and most > LONG * 2) or (
        isinstance(least, int | float) and least > LONG
    ):
        return True
    return len(text) > LONG or (place.depth == 0 and most is None)

"""A value as it would be typed: the texts that a form with it posts, and so the ones it is shown with.

What the fields of its schema can't carry, such as a text where a number belongs, is typed as JSON.
"""

import json
import math
import re
from datetime import datetime
from typing import Any

from handrail.requests.content import JSON
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.reading import NOTHING
from handrail.requests.reference import Schema, resolve
from handrail.requests.schema import problems
from handrail.requests.shape import (
    Amount,
    Anything,
    Asked,
    Choice,
    Kinds,
    Offer,
    Parts,
    Rows,
    Ticks,
    Words,
    asked,
    index_of,
    same,
)
from handrail.web.form import names
from handrail.web.form.names import Draft

MOST_TYPED = 1_000
"""texts that a value is typed as; a larger one is edited as JSON"""
MOST_VISITED = 10_000
"""fields that are looked at for it"""
DEEPEST = 8
"""levels of fields within fields; what lies deeper is JSON"""
MOST_BEGUN = 20
"""entries that a new list begins with"""
_LOST = re.compile(r"[\n\r\0]")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)", re.ASCII)


class _TooMuch(Exception):
    """The value is larger than a form."""


def typed(
    schema: Any,
    root: Schema,
    value: JSON,
    name: str,
    *,
    required: bool = True,
    depth: int = 0,
    blank: bool = False,
) -> Draft:
    """Return the texts of a value, or for NOTHING those of a field that was just added: its defaults.

    With `blank` every text that is emptied is an empty text, not one that is missing.
    """
    typing = _Typing(root, blank)
    try:
        typing.put(schema, value, name, required, depth, added=True)
    except _TooMuch:
        if value is NOTHING:
            return {}
        typing.draft = {}
        typing.count = 0
        typing.as_json(value, name)
    return {each: tuple(texts) for each, texts in typing.draft.items()}


def problems_in(schema: Schema, value: JSON, root: Schema) -> list[FieldProblem]:
    """Return what is wrong with a part of an answer; nothing where only the whole can tell."""
    definitions: Schema = {key: root[key] for key in ("$defs", "definitions") if key in root}
    try:
        return problems({**definitions, **schema}, value)
    except InvalidInput:  # it refers to something outside of itself
        return []


def moment_parts(value: str) -> tuple[str, str] | None:
    """Return date and time, and offset, of a moment that an input for one can show; else None."""
    if (found := _MOMENT.fullmatch(value)) is None:
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return found[1], found[2]


class _Typing:
    def __init__(self, root: Schema, blank: bool) -> None:
        self.root, self.blank = root, blank
        self.draft: dict[str, list[str]] = {}
        self.count = self.visited = 0

    def type(self, name: str, text: str) -> None:
        self.draft.setdefault(name, []).append(text)
        self.count += 1
        if self.count > MOST_TYPED:
            raise _TooMuch

    def mark(self, name: str, state: str) -> None:
        self.type(names.state(name), state)

    def as_json(self, value: JSON, name: str) -> None:
        self.mark(name, names.JSON_STATE)
        self.type(name, json.dumps(value, ensure_ascii=False, indent=2))

    def put(
        self, schema: Any, value: JSON, name: str, required: bool, depth: int, *, added: bool = False
    ) -> None:
        self.visited += 1
        if self.visited > MOST_VISITED:
            raise _TooMuch
        found = asked(schema, self.root)
        if value is NOTHING:
            value = found.schema.get("default", NOTHING)
            if value is NOTHING or value is None:
                if required and (added or not found.nullable):
                    self._begin(found, name, depth)
                return
        if depth > DEEPEST and isinstance(found.shape, Rows | Parts | Kinds):
            if value is not NOTHING:
                self.as_json(value, name)
        elif value is None and found.nullable and not self._offers_null(found, required):
            if not required:
                self.mark(name, names.NULL)
        elif not self._put(found, value, name, required, depth):
            self.as_json(value, name)

    def _offers_null(self, found: Asked, required: bool) -> bool:
        match found.shape:
            case Choice(offers):
                return required or index_of(offers, None) is not None
            case Kinds():
                return required
            case Anything():
                return True
        return False

    def _begin(self, found: Asked, name: str, depth: int) -> None:
        """Type what an untouched field begins with."""
        if depth > DEEPEST:
            return
        match found.shape:
            case Parts(known, needed):
                for key, part in known:
                    self.put(part, NOTHING, names.key(name, key), key in needed, depth + 1)
            case Rows() as rows:
                for number in range(min(rows.least, MOST_BEGUN)):
                    self._row(rows.at(number), NOTHING, name, number, depth)

    def _row(self, schema: Any, value: JSON, name: str, number: int, depth: int) -> None:
        self.type(names.entries(name), str(number))
        self.put(schema, value, names.entry(name, number), True, depth + 1)

    def _put(self, found: Asked, value: JSON, name: str, required: bool, depth: int) -> bool:
        """Type a value in the shape of its schema; False if it doesn't go in."""
        match found.shape, value:
            case Words(), str() if "\0" not in value:
                self._words(found.schema, value, name)
            case Amount(), int() | float():
                return self._amount(value, name)
            case Choice(offers), _:
                return self._choice(offers, found.nullable, value, name)
            case Ticks(offers), list():
                return self._ticks(offers, value, name)
            case Rows() as rows, list():
                return self._rows(rows, value, name, depth)
            case Parts() as parts, dict():
                return self._parts(parts, value, name, depth, optional=not required or found.nullable)
            case Kinds() as kinds, _ if value is not None or found.nullable:
                return self._kinds(kinds, value, name, depth)
            case Anything(loose), _:
                self.type(name, _free(value, loose))
            case _:
                return False
        return True

    def _amount(self, value: float, name: str) -> bool:
        if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
            return False
        self.type(name, repr(value))
        return True

    def _choice(self, offers: tuple[Offer, ...], nullable: bool, value: JSON, name: str) -> bool:
        number = index_of(offers, value)
        if number is None and value is None and nullable:
            number = len(offers)  # it is offered after the others
        if number is not None:
            self.type(name, str(number))
        return number is not None

    def _rows(self, rows: Rows, value: list[JSON], name: str, depth: int) -> bool:
        if len(value) > names.MOST_ENTRIES or (rows.others is False and len(value) > len(rows.first)):
            return False
        for number, each in enumerate(value):
            self._row(rows.at(number), each, name, number, depth)
        if not value:
            self.mark(name, names.EMPTY)
        return True

    def _words(self, schema: Schema, value: str, name: str) -> None:
        if not value or self.blank:
            self.mark(name, names.EMPTY)
        if schema.get("format") == "date-time" and (parts := moment_parts(value)):
            self.type(name, parts[0])
            self.type(names.zone(name), parts[1])
        else:
            self.type(name, value)

    def _ticks(self, offers: tuple[Offer, ...], value: list[JSON], name: str) -> bool:
        """Tick what is in the list; one in another order, or with one thing twice, is typed entry by entry."""
        numbers = [index_of(offers, each) for each in value]
        known = [number for number in numbers if number is not None]
        if len(known) < len(value) or len(value) > names.MOST_ENTRIES:
            return False
        if not value:
            self.mark(name, names.EMPTY)
        in_order = known == sorted(set(known))
        for position, number in enumerate(known):
            if not in_order:
                self.type(names.entries(name), str(position))
            self.type(name if in_order else names.entry(name, position), str(number))
        return True

    def _parts(self, parts: Parts, value: dict[str, JSON], name: str, depth: int, *, optional: bool) -> bool:
        known = dict(parts.known)
        further = [key for key in value if key not in known]
        if len(further) > names.MOST_ENTRIES or (further and parts.extra is False):
            return False
        if any(_LOST.search(key) for key in further):  # the input of a key has one line
            return False
        if optional:
            self.mark(name, names.PRESENT)
        for key, part in known.items():
            if key in value:
                self.put(part, value[key], names.key(name, key), key in parts.required, depth + 1)
        for number, key in enumerate(further):
            if not key:
                self.mark(names.entry_key(names.entry(name, number)), names.EMPTY)
            self.type(names.entry_key(names.entry(name, number)), key)
            self._row(parts.extra, value[key], name, number, depth)
        return True

    def _kinds(self, kinds: Kinds, value: JSON, name: str, depth: int) -> bool:
        if (number := len(kinds.each) if value is None else self._kind_of(kinds, value)) is None:
            return False
        self.type(names.which(name), str(number))
        self.type(names.shown(name), str(number))
        if value is not None:
            self.put(kinds.each[number], value, names.variant(name, number), True, depth + 1)
        return True

    def _kind_of(self, kinds: Kinds, value: JSON) -> int | None:
        """Return the kind that a value fits, or the likeliest for one that isn't complete."""
        for number, each in enumerate(kinds.each):
            if not problems_in(each, value, self.root):
                return number
        if not isinstance(value, dict):
            return None
        scores = [self._likeness(each, kinds.fixed, value) for each in kinds.each]
        return scores.index(max(scores)) if max(scores) > 0 else None

    def _likeness(self, schema: Schema, fixed: frozenset[str], value: dict[str, JSON]) -> int:
        properties = schema.get("properties") or {}
        for name in fixed & value.keys():
            if not same(resolve(properties.get(name), self.root).get("const"), value[name]):
                return 0
        return len(properties.keys() & value.keys())


def _free(value: JSON, loose: bool) -> str:
    """Return a value as JSON, or a text as it stands where that reads as this text."""
    if loose and isinstance(value, str) and value.strip() and not _is_json_like(value):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


def _is_json_like(text: str) -> bool:
    if text.lstrip()[:1] in '{["' or text != text.strip() or "\r" in text or "\0" in text:
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

"""From what was typed into the fields to the answer: nothing is guessed, what doesn't read is said beside its field."""

import re

from handrail.requests.content import JSON
from handrail.requests.reading import NOTHING, Unreadable, free, number
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
    Prose,
    Ticks,
)

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d", re.ASCII)
_OFFSET = re.compile(r"Z|[+-]\d\d:\d\d", re.ASCII)


class Reading:
    """Reads fields; `wrong` collects what doesn't read, `values` what does, by the name of the field."""

    def __init__(self) -> None:
        self.wrong: list[tuple[str, str]] = []
        self.values: dict[str, JSON] = {}

    def value(self, field: Field) -> JSON:
        """Return the value of a field, or NOTHING for one that is left empty."""
        value = self.values[field.name] = self._value(field)
        return value

    def _value(self, field: Field) -> JSON:
        try:
            match field:
                case Fixed(value=value):
                    return value
                case Choice() as choice:
                    return self._choice(choice)
                case Ticks(options=options):
                    chosen: list[JSON] = [option.value for option in options if option.chosen]
                    return chosen or self._none(field)
                case Entries() as entries:
                    return [self.value(entry.field) for entry in entries.entries] or self._none(entries)
                case Group() as group:
                    return self._group(group)
                case Kinds() as kinds:
                    return self._kinds(kinds)
                case _:
                    return self._text(field)
        except Unreadable as problem:
            self.wrong.append((field.name, str(problem)))
            return NOTHING

    def _choice(self, field: Choice) -> JSON:
        for option in field.options:
            if option.chosen:
                return option.value
        if field.state == names.NULL:
            return None
        if field.required:
            raise Unreadable("Choose one.")
        return NOTHING

    def _none(self, field: Field) -> JSON:
        """Return what a list without entries is."""
        if field.state == names.NULL:
            return None
        if field.state == names.EMPTY or (field.required and not field.nullable):
            return []
        return None if field.required else NOTHING

    def _text(self, field: Field) -> JSON:
        match field:
            case Line(text=text, type=kind, format=form):
                text = _newlines(text)
                text = text.strip() if kind in ("email", "url", "date", "time") else text
                if form == "time" and _CLOCK.fullmatch(text):
                    text = f"{text}:00"
                return text if text else self._empty(field)
            case Prose(text=text):
                return _newlines(text) if text else self._empty(field)
            case Moment(text=text, offset=offset):
                return moment(text.strip(), offset) if text.strip() else self._empty(field)
            case Number(text=text, whole=whole):
                return number(text.strip(), whole=whole) if text.strip() else self._empty(field)
            case Json(text=text, loose=loose):
                return free(_newlines(text), loose) if text.strip() else self._empty(field)
        raise TypeError(f"a {type(field).__name__} is no text")

    def _empty(self, field: Field) -> JSON:
        """Return what a text that is left empty is."""
        if field.state == names.NULL:
            return None
        if field.state == names.EMPTY and isinstance(field, Line | Prose | Moment):
            return ""
        if not field.required:
            return NOTHING
        if field.nullable:
            return None
        raise Unreadable("Fill this in.")

    def _group(self, group: Group) -> JSON:
        if not group.present:
            return None if group.state == names.NULL or (group.required and group.nullable) else NOTHING
        found: dict[str, JSON] = {}
        for field in group.fields:
            if (value := self.value(field)) is not NOTHING:
                found[str(field.path[-1])] = value
        for entry in group.extra.entries if group.extra else ():
            self._extra(found, entry)
        return found

    def _extra(self, found: dict[str, JSON], entry: Entry) -> None:
        key = entry.key or ""
        if not key and entry.key_state != names.EMPTY:
            self.wrong.append((entry.key_name, "Give it a name, or remove it."))
        elif key in found:
            self.wrong.append((entry.key_name, "This name is used already."))
        value = self.value(entry.field)
        if value is not NOTHING:
            found.setdefault(key, value)

    def _kinds(self, field: Kinds) -> JSON:
        if field.field is not None:
            return self.value(field.field)
        if field.state == names.NULL or any(option.chosen for option in field.options):
            return None
        if field.required:
            raise Unreadable("Choose one.")
        return NOTHING


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def moment(text: str, offset: str) -> str:
    """Return a date and time with its offset; a text that is none of an input's stays as it is."""
    if not _LOCAL.fullmatch(text) or not _OFFSET.fullmatch(offset):
        return text
    return f"{text if text.count(':') == 2 else f'{text}:00'}{offset}"

"""Problems put beside their fields: each where it belongs, or at the nearest field around it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from handrail.requests.errors import FieldProblem
from handrail.requests.labels import counted
from handrail.web.form.fields import (
    Choice,
    Entries,
    Entry,
    Field,
    Group,
    Kinds,
    Line,
    Moment,
    Prose,
    Ticks,
    Wrong,
)

By = dict[str, tuple[str, ...]]
"""Messages by the name of their field."""

_BOUND = re.compile(r"must have at (least|most) (\d+)")
_FORMAT = {
    "date": "Enter a date.",
    "date-time": "Enter a date and a time, with the offset.",
    "time": "Enter a time, such as 12:30.",
    "email": "Enter an e-mail address, such as alice@example.org.",
    "uri": "Enter a whole address, such as https://example.org/.",
    "uuid": "Enter a UUID: 32 hexadecimal digits in five groups.",
    "duration": "Enter a duration, such as P1DT12H.",
}
_PLAIN = {
    "is required": "Fill this in.",
    "has keys that are not allowed": "There are names that are not allowed.",
    "does not satisfy uniqueItems": "The same is there twice.",
    "does not satisfy anyOf": "This fits none of the kinds that are allowed.",
    "does not satisfy oneOf": "This must fit exactly one of the kinds that are allowed.",
    "does not satisfy not": "This is not allowed.",
    "does not satisfy contains": "Something that must be among the entries is missing.",
    "does not satisfy propertyNames": "A name is not allowed.",
    "does not satisfy dependentRequired": "Something that belongs to what is filled in is missing.",
}


def walk(field: Field) -> Iterator[Field]:
    """Yield a field and all in it, in the order of the page."""
    yield field
    match field:
        case Group(fields=fields, extra=extra):
            for each in fields:
                yield from walk(each)
            for entry in extra.entries if extra else ():
                yield from walk(entry.field)
        case Entries(entries=entries):
            for entry in entries:
                yield from walk(entry.field)
        case Kinds(field=inner) if inner is not None:
            yield from walk(inner)


def placed(root: Field, problems: Iterable[FieldProblem]) -> tuple[By, tuple[str, ...]]:
    """Return the messages by field, and those that belong to the whole."""
    fields: dict[str, Field] = {}
    for field in walk(root):
        path = ".".join(map(str, field.path))
        # Of a choice of kinds and what was chosen, which have one path, the inner one is meant.
        fields[path] = field
    found: dict[str, list[str]] = {}
    whole = []
    for problem in problems:
        path = problem.path
        while path not in fields and path:
            path = path.rpartition(".")[0]
        field = fields.get(path, root)
        inside = problem.path[len(path) :].strip(".")
        if field is root and isinstance(field, Group) and (not path or inside):
            whole.append(_said(field, inside, problem.message))
        else:
            found.setdefault(field.name, []).append(_said(field, inside, problem.message))
    return {name: tuple(dict.fromkeys(texts)) for name, texts in found.items()}, tuple(dict.fromkeys(whole))


def _said(field: Field, inside: str, message: str) -> str:
    """Return a message as a sentence; `inside` leads further than the field, as into its JSON."""
    message = message.replace(" or must be of type null", "").replace("must be of type null or ", "")
    if inside:
        return f"{inside}: {message}."
    if message == "is required" and isinstance(field, Choice | Kinds | Ticks):
        return "Choose one."
    if bound := _BOUND.fullmatch(message):
        return f"It must have at {bound[1]} {counted(int(bound[2]), _unit(field))}."
    if message.startswith("must be a ") and (form := message.removeprefix("must be a ")) in _FORMAT:
        return _FORMAT[form]
    if message in _PLAIN:
        return _PLAIN[message]
    if message.endswith("."):  # it is a sentence already
        return message
    return f"It {message}." if message.startswith("must") else f"{message[:1].upper()}{message[1:]}."


def _unit(field: Field) -> str:
    match field:
        case Line() | Prose() | Moment():
            return "character"
        case Ticks():
            return "choice"
    return "entry"


def shown_with(field: Field, by: By) -> Field:
    """Return the field, and all in it, with the messages."""
    match field:
        case Group(fields=fields, extra=extra):
            inner = tuple(shown_with(each, by) for each in fields)
            further = replace(extra, entries=_entries(extra, by)) if extra else None
            field = replace(field, fields=inner, extra=further)
        case Entries():
            field = replace(field, entries=_entries(field, by))
        case Kinds(field=kind) if kind is not None:
            field = replace(field, field=shown_with(kind, by))
    return replace(field, problems=by[field.name]) if field.name in by else field


def _entries(field: Entries, by: By) -> tuple[Entry, ...]:
    return tuple(
        replace(entry, field=shown_with(entry.field, by), key_problems=by.get(entry.key_name, ()))
        for entry in field.entries
    )


def summary(root: Field, whole: Iterable[str]) -> tuple[Wrong, ...]:
    """Return what is wrong, in the order of the page, each with the id to go to."""
    found = [Wrong(root.name, "", message) for message in whole]
    return (*found, *_wrong(root, ()))


def _wrong(field: Field, around: tuple[str, ...]) -> Iterator[Wrong]:
    title = ", ".join((*around, field.title))
    yield from (Wrong(field.target, title, message) for message in field.problems)
    inside = (*around, field.title) if field.path else ()
    match field:
        case Group(fields=fields, extra=extra):
            for each in fields:
                yield from _wrong(each, inside)
            yield from _of_entries(extra.entries if extra else (), inside)
        case Entries(entries=entries):
            yield from _of_entries(entries, inside)
        case Kinds(field=kind) if kind is not None:
            yield from _wrong(kind, around)


def _of_entries(entries: tuple[Entry, ...], around: tuple[str, ...]) -> Iterator[Wrong]:
    for entry in entries:
        yield from (
            Wrong(entry.key_name, ", ".join((*around, "Name")), message) for message in entry.key_problems
        )
        yield from _wrong(entry.field, around)

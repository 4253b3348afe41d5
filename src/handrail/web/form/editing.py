"""Edit and approve: a form of what is judged, from which only what has changed is sent.

An edit replaces values under keys that are there; it adds no key and removes none. A choice that the model wasn't
sure of isn't made for who edits: it has to be chosen, be it as it was.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from handrail.requests.content import JSON, content_hash, encode
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.reference import Schema, resolve
from handrail.requests.schema import problems as problems_of
from handrail.requests.validation import merged
from handrail.web.form.answer import Reading
from handrail.web.form.build import begun, build, planted
from handrail.web.form.fields import Choice, Entries, Field, Form, Group
from handrail.web.form.names import Draft
from handrail.web.form.posted import Posted, read_checked
from handrail.web.form.tree import LONG

_PROSE: Schema = {"type": "string", "contentMediaType": "text/plain"}
AS_JSON: Schema = {"x-form": "json"}
"""A value of which nothing says what else it may be."""
PROSE = frozenset({"content", "output"})
"""keys of what people judge: a text there may grow, however short it is"""
DEEPEST = 8
"""levels of a value that become fields"""


def inferred(value: JSON, depth: int = 0) -> Schema:
    """Return a schema of what a value may be changed to: the same kind of thing.

    >>> inferred({"title": "Hello", "tags": ["a"]})["properties"]["tags"]
    {'type': 'array', 'items': {'type': 'string'}}
    """
    match value:
        case None:
            return {}  # anything: a text as it stands, or JSON
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str():
            long = len(value) > LONG or "\n" in value or "\r" in value
            return _PROSE if long else {"type": "string"}
        case list() if value and depth < DEEPEST:
            items = _common([inferred(each, depth + 1) for each in value])
            return AS_JSON if items is None else {"type": "array", "items": items}
        case dict() if value and depth < DEEPEST:
            fields = {key: inferred(each, depth + 1) for key, each in value.items()}
            return _object(fields, list(fields))
    return AS_JSON


def _object(fields: dict[str, Any], required: list[str]) -> Schema:
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _common(found: list[Schema]) -> Schema | None:
    """Return the one schema of several, if they are of one kind: objects may differ in their keys."""
    first = found[0]
    if all(each == first for each in found):
        return first
    kinds = {each.get("type") for each in found}
    if kinds == {"string"}:
        return _PROSE
    if kinds == {"array"}:
        items = _common([each["items"] for each in found])
        return None if items is None else {"type": "array", "items": items}
    if kinds != {"object"}:
        return None
    fields: dict[str, Any] = {}
    for key in dict.fromkeys(key for each in found for key in each["properties"]):
        one = _common([each["properties"][key] for each in found if key in each["properties"]])
        fields[key] = AS_JSON if one is None else one
    return _object(fields, [key for key in fields if all(key in each["properties"] for each in found)])


def edit_schema(proposal: dict[str, JSON], proposal_schema: Schema | None = None) -> Schema:
    """Return what the form of a proposal asks for: exactly its keys, as its schema says, or as they look."""
    whole = proposal_schema or {}
    told = resolve(whole, whole).get("properties")
    known = told if isinstance(told, dict) else {}
    fields = {key: known[key] if key in known else _guessed(key, value) for key, value in proposal.items()}
    definitions: Schema = {key: whole[key] for key in ("$defs", "definitions") if key in whole}
    return {**definitions, **_object(fields, list(proposal))}


def _guessed(key: str, value: JSON) -> Schema:
    return _PROSE if key in PROSE and isinstance(value, str) else inferred(value)


def edit_form(
    proposal: dict[str, JSON],
    proposal_schema: Schema | None = None,
    problems: Iterable[FieldProblem] = (),
    prefix: str = "edit",
    *,
    draft: Draft | None = None,
    unsure: bool = False,
) -> Form:
    """Return the form of a proposal; see `build` for the arguments. `unsure` leaves its choices to who edits.

    >>> edit_form({"content": "Hello"}).root.fields[0].title
    'Content'
    """
    schema = edit_schema(proposal, proposal_schema)
    form = build(schema, proposal, problems, prefix, draft=draft, blank=True)
    return replace(form, root=_unled(form.root)) if unsure and draft is None else form


def _unled(field: Field) -> Field:
    """Return the field with no choice made that has to be made: one that may be left out would be lost."""
    match field:
        case Choice(required=True, options=options):
            return replace(field, options=tuple(replace(each, chosen=False) for each in options))
        case Group(fields=fields):
            return replace(field, fields=tuple(map(_unled, fields)))
        case Entries(entries=entries):
            return replace(field, entries=tuple(replace(each, field=_unled(each.field)) for each in entries))
    return field


def read_edit(
    proposal: dict[str, JSON],
    items: Iterable[tuple[str, object]],
    proposal_schema: Schema | None = None,
    prefix: str = "edit",
) -> Posted:
    """Return the keys that were changed, as the payload of `edit` has them: none if nothing was.

    >>> read_edit({"content": "Hello", "n": 1}, [("edit/content", "Bye"), ("edit/n", "1")]).value
    {'content': 'Bye'}
    """
    schema = edit_schema(proposal, proposal_schema)
    untouched = _as_read(schema, proposal, prefix)

    def changes(value: dict[str, JSON]) -> dict[str, JSON]:
        return {
            key: each for key, each in value.items() if key not in untouched or _differs(each, untouched[key])
        }

    def check(value: JSON) -> list[FieldProblem]:
        return _problems(proposal, changes(value), proposal_schema)

    posted = read_checked(schema, items, prefix, check, blank=True)
    return replace(posted, value=changes(posted.value)) if isinstance(posted.value, dict) else posted


def _as_read(schema: Schema, proposal: dict[str, JSON], prefix: str) -> dict[str, JSON]:
    """Return the proposal as an untouched form posts it: a browser writes line breaks its own way."""
    form, _ = planted(schema, begun(schema, proposal, prefix, blank=True), prefix, blank=True)
    value = Reading().value(form.root)
    return value if isinstance(value, dict) else {}


def _differs(one: JSON, other: JSON) -> bool:
    try:
        return content_hash(one) != content_hash(other)
    except InvalidInput:  # it can't be stored, which the check says
        return True


def _problems(
    proposal: dict[str, JSON], changed: dict[str, JSON], proposal_schema: Schema | None
) -> list[FieldProblem]:
    edited = merged(proposal, changed)
    try:
        encode(edited, "the edited proposal")
        return [] if proposal_schema is None or not changed else problems_of(proposal_schema, edited)
    except InvalidInput as error:
        return [FieldProblem("", f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.")]

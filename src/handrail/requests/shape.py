"""What a JSON Schema asks for, as a form sees it: one of a few shapes.

A shape is only how it is asked. Whether an answer fits is judged by the schema itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from handrail.requests.content import JSON, content_hash
from handrail.requests.reference import Schema, merge, resolve

MOST_BOXES = 60
"""choices that are offered as boxes to tick"""
_MEANS = frozenset({"type", "const", "enum", "properties", "items", "prefixItems", "anyOf", "oneOf"})
_KINDS = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


@dataclass(frozen=True)
class Offer:
    """One value to choose, with the words and the hint of the schema."""

    value: JSON
    title: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Words:
    """A text."""


@dataclass(frozen=True)
class Amount:
    """A number; `whole` if it has no fraction."""

    whole: bool


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Ticks:
    """Any number of some values."""

    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Rows:
    """A list: the first ones have schemas of their own, the others (if there may be any) share one."""

    first: tuple[Any, ...]
    others: Any
    least: int
    most: int | None

    def at(self, position: int) -> Any:
        """Return the schema of one row."""
        return self.first[position] if position < len(self.first) else self.others


@dataclass(frozen=True)
class Parts:
    """An object: its known fields, and the schema of further ones; `open` if people can add those."""

    known: tuple[tuple[str, Any], ...]
    required: frozenset[str]
    extra: Any
    open: bool


@dataclass(frozen=True)
class Kinds:
    """One of several schemas."""

    each: tuple[Schema, ...]
    fixed: frozenset[str]
    """names of the fields that tell them apart"""


@dataclass(frozen=True)
class Anything:
    """What no form can be made of: it is given as JSON; `loose` if a bare text is an answer as well."""

    loose: bool


Shape = Words | Amount | Choice | Ticks | Rows | Parts | Kinds | Anything


@dataclass(frozen=True)
class Asked:
    """One place of an answer: its schema without references, whether null fits, and its shape."""

    schema: Schema
    nullable: bool
    shape: Shape


def asked(schema: Any, root: Schema) -> Asked:
    """Return what a schema asks for.

    >>> asked({"type": ["integer", "null"]}, {}).shape
    Amount(whole=True)
    """
    found, nullable = _without_null(resolve(schema, root), root)
    return Asked(found, nullable, _shape(found, root))


def _alternatives(schema: Schema) -> list[Any]:
    for name in ("oneOf", "anyOf"):
        if isinstance(found := schema.get(name), list) and found:
            return found
    return []


def _beside(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name not in ("anyOf", "oneOf")}


def _without_null(schema: Schema, root: Schema, depth: int = 0) -> tuple[Schema, bool]:
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        left = [kind for kind in kinds if kind != "null"]
        if not left:
            return {**schema, "type": "null"}, True
        return {**schema, "type": left[0] if len(left) == 1 else left}, True
    found = [resolve(each, root) for each in _alternatives(schema)]
    others = [each for each in found if each.get("type") != "null"]
    if len(others) == 1 and depth < 5 and _says_more(others):
        inner, nullable = _without_null(merge(others[0], _beside(schema)), root, depth + 1)
        return inner, nullable or len(found) > 1
    if others and len(others) < len(found):
        return {**_beside(schema), "anyOf": others}, True
    return schema, False


def _says_more(schemas: Iterable[Schema]) -> bool:
    return any(_MEANS & each.keys() for each in schemas)


def _shape(schema: Schema, root: Schema) -> Shape:
    if schema.get("x-form") == "json":
        return Anything(loose=False)
    if (offers := _offers(schema, root)) is not None:
        return Choice(offers)
    return _by_kinds(schema, root) or _by_type(schema, root)


def _by_kinds(schema: Schema, root: Schema) -> Shape | None:
    found = [resolve(each, root) for each in _alternatives(schema)]
    if _says_more(found):  # else they only narrow down what stands beside them
        return _kinds(_beside(schema), found, root)
    kinds = schema.get("type")
    if isinstance(kinds, list) and kinds and set(map(str, kinds)) <= _KINDS:
        return _kinds({}, [{**_beside(schema), "type": kind} for kind in kinds], root)
    return None


def _by_type(schema: Schema, root: Schema) -> Shape:
    match schema.get("type"):
        case "string":
            return Words()
        case "integer" | "number" as kind:
            return Amount(kind == "integer")
        case "boolean":
            return Choice((Offer(True, "Yes"), Offer(False, "No")))
        case "null":
            return Choice((Offer(None),))
        case "array":
            return _rows(schema, root)
        case "object":
            return _parts(schema)
        case None if isinstance(schema.get("properties"), dict) and schema["properties"]:
            return _parts(schema)
        case None if {"items", "prefixItems"} & schema.keys():
            return _rows(schema, root)
    return Anything(loose="type" not in schema)


def _offers(schema: Schema, root: Schema) -> tuple[Offer, ...] | None:
    if "const" in schema:
        return (Offer(schema["const"], str(schema.get("title", ""))),)
    if isinstance(values := schema.get("enum"), list):
        return tuple(Offer(value) for value in values)
    found = [resolve(each, root) for each in _alternatives(schema)]
    if not found or not all("const" in each or isinstance(each.get("enum"), list) for each in found):
        return None
    return tuple(
        Offer(value, str(each.get("title", "")) if "const" in each else "", str(each.get("description", "")))
        for each in found
        for value in ([each["const"]] if "const" in each else each["enum"])
    )


def _kinds(beside: Schema, found: list[Schema], root: Schema) -> Shape:
    common = {
        name: value for name, value in beside.items() if name not in ("title", "description", "default")
    }
    each = tuple(merge(common, one) for one in found)
    told = [_told(one, root) for one in each]
    objects = [names for names, one in zip(told, each, strict=True) if one.get("type", "object") == "object"]
    return Kinds(each, frozenset.intersection(*objects) if len(objects) > 1 else frozenset())


def _told(schema: Schema, root: Schema) -> frozenset[str]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    return frozenset(name for name, each in known.items() if "const" in resolve(each, root))


def _rows(schema: Schema, root: Schema) -> Shape:
    first, others = schema.get("prefixItems"), schema.get("items", True)
    if isinstance(others, list):  # as tuples were written before 2020
        first, others = others, schema.get("additionalItems", True)
    first = tuple(first) if isinstance(first, list) else ()
    offers = None if first else _offers(resolve(others, root), root)
    if offers is not None and len(offers) <= MOST_BOXES:
        return Ticks(offers)
    most = _count(schema.get("maxItems"))
    if others is False:
        most = len(first) if most is None else min(most, len(first))
    return Rows(first, others, _count(schema.get("minItems")) or 0, most)


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e9 else None


def _parts(schema: Schema) -> Shape:
    properties = schema.get("properties")
    known: dict[str, Any] = dict(properties) if isinstance(properties, dict) else {}
    required = [name for name in schema.get("required", ()) if isinstance(name, str)]
    fields = {name: each for name, each in known.items() if each is not False}
    further = schema.get("additionalProperties")
    fields |= {name: further or True for name in required if name not in known}
    patterns = schema.get("patternProperties")
    if isinstance(patterns, dict) and patterns:
        if fields or len(patterns) > 1:
            return Anything(loose=False)
        further = next(iter(patterns.values()))
    is_open = further is not False and (further is not None or not fields)
    return Parts(tuple(fields.items()), frozenset(required), True if further is None else further, is_open)


def same(one: JSON, other: JSON) -> bool:
    """Whether two values are the same to JSON Schema: 1 is 1.0 and never true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and content_hash(one) == content_hash(other)


def index_of(offers: tuple[Offer, ...], value: JSON) -> int | None:
    """Return which offer a value is."""
    return next((number for number, offer in enumerate(offers) if same(offer.value, value)), None)

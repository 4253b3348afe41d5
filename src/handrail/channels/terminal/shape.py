"""What a JSON Schema asks for, as a form sees it: pure functions from a schema to one of a few shapes.

A shape is only how it is asked. Whether an answer fits is judged by the schema itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handrail.requests.content import JSON
from handrail.requests.errors import InvalidInput
from handrail.requests.schema import problems

Schema = dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """One of some values, each with the words it is offered with."""

    values: tuple[JSON, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Switch:
    """Yes or no."""


@dataclass(frozen=True)
class Number:
    """A number; `whole` if it has no fraction."""

    whole: bool


@dataclass(frozen=True)
class Line:
    """A text."""


@dataclass(frozen=True)
class Several:
    """Any number of simple values."""

    items: Schema


@dataclass(frozen=True)
class Fields:
    """An object whose keys are known."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class OneOf:
    """One of several schemas."""

    alternatives: tuple[Schema, ...]


@dataclass(frozen=True)
class Anything:
    """What no form can be made of: it is given as JSON."""


Shape = Choice | Switch | Number | Line | Several | Fields | OneOf | Anything
Simple = Choice | Switch | Number | Line


def resolve(schema: Any, root: Schema) -> Schema:
    """Return a schema with its references followed; what stands beside a reference goes before what it names."""
    found: Schema = schema if isinstance(schema, dict) else {}
    for _ in range(20):
        match found:
            case {"$ref": str(ref), **beside}:
                found = {**_referred(ref, root), **beside}
            case {"allOf": [dict() as only], **beside}:
                found = {**only, **beside}
            case _:
                break
    return found


def _referred(ref: str, root: Schema) -> Schema:
    place: Any = root
    for part in ref.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        place = place.get(key) if isinstance(place, dict) else None
    return place if ref.startswith("#") and isinstance(place, dict) else {}


def nullable(schema: Schema, root: Schema) -> bool:
    """Whether null is an answer."""
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    return any(nullable(resolve(each, root), root) for each in _alternatives(schema))


def _alternatives(schema: Schema) -> list[Any]:
    return list(schema.get("anyOf") or schema.get("oneOf") or ())


def without_null(schema: Schema, root: Schema) -> Schema:
    """Return a schema that may be null as the schema of its other values, with its own title and default."""
    beside = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
    others = [each for each in _alternatives(schema) if resolve(each, root).get("type") != "null"]
    if len(others) == 1:
        return {**resolve(others[0], root), **beside}
    kind = schema.get("type")
    if isinstance(kind, list) and len(left := [each for each in kind if each != "null"]) == 1:
        return {**schema, "type": left[0]}
    return schema


def shape_of(schema: Schema, root: Schema) -> Shape:
    """Return how a (resolved) schema is asked for."""
    schema = without_null(schema, root)
    if (choice := _choice(schema, root)) is not None:
        return choice
    if others := [each for each in _alternatives(schema) if resolve(each, root).get("type") != "null"]:
        return OneOf(tuple(resolve(each, root) for each in others))
    match schema.get("type"):
        case "boolean":
            return Switch()
        case "integer" | "number" as kind:
            return Number(kind == "integer")
        case "string":
            return Line()
        case "array" if isinstance(shape_of(resolve(schema.get("items"), root), root), Simple):
            return Several(resolve(schema.get("items"), root))
        case "object" | None if isinstance(schema.get("properties"), dict) and schema["properties"]:
            required = schema.get("required", [])
            return Fields(tuple(dict.fromkeys([*schema["properties"], *required])))
    return Anything()


def _choice(schema: Schema, root: Schema) -> Choice | None:
    if "const" in schema:
        return _offer([(schema["const"], schema.get("title"))])
    if isinstance(schema.get("enum"), list):
        return _offer([(value, None) for value in schema["enum"]])
    alternatives = [resolve(each, root) for each in _alternatives(schema)]
    if alternatives and all("const" in each for each in alternatives):
        return _offer([(each["const"], each.get("title")) for each in alternatives])
    return None


def _offer(values: list[tuple[JSON, str | None]]) -> Choice:
    from handrail.channels.terminal.difference import as_text

    words = [f"{as_text(value)} - {title}" if title else as_text(value) for value, title in values]
    return Choice(tuple(value for value, _ in values), tuple(words))


def questions(schema: Schema, root: Schema, answers: dict[str, JSON]) -> Iterator[tuple[str, Schema, bool]]:
    """Yield the fields of an object: name, schema, and whether it is required.

    Look at `answers` while iterating: a field that only `if`/`then`/`else` asks for comes last, and only where the
    answers given so far call for it.
    """
    properties = schema.get("properties", {})
    required = set(schema.get("required", ()))
    conditions = [
        each for each in [schema, *schema.get("allOf", ())] if isinstance(each, dict) and "if" in each
    ]
    later = {name for each in conditions for branch in ("then", "else") for name in _named(each.get(branch))}
    later -= required | {name for each in conditions for name in _named(each["if"])}
    first = [name for name in dict.fromkeys([*properties, *schema.get("required", ())]) if name not in later]
    for name in first:
        yield name, resolve(properties.get(name), root), name in required
    for each in conditions:
        branch = resolve(each.get("then" if _fits(each["if"], answers, root) else "else"), root)
        for name in _named(branch):
            if name in later:
                later.discard(name)
                told = resolve(branch.get("properties", {}).get(name), root)
                base = resolve(properties.get(name), root)
                yield name, {**base, **told}, name in branch.get("required", ())


def _named(branch: Any) -> list[str]:
    if not isinstance(branch, dict):
        return []
    return list(dict.fromkeys([*branch.get("properties", {}), *branch.get("required", ())]))


def _fits(condition: Any, answers: dict[str, JSON], root: Schema) -> bool:
    if not isinstance(condition, dict):
        return bool(condition)
    return not complaints(condition, answers, root)


def complaints(schema: Schema, value: JSON, root: Schema) -> list[str]:
    """Return what is wrong with one field; nothing where only the whole can tell."""
    definitions: Schema = {key: root[key] for key in ("$defs", "definitions") if key in root}
    try:
        found = problems({**definitions, **schema}, value)
    except InvalidInput:  # it refers to something outside of itself
        return []
    return [f"{each.path} {each.message}".strip() for each in found]

"""The simplest answer that a response schema allows, as somebody would give it who approves.

What is found here is only a proposal: the schema itself judges it, and where none fits that is an error.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from handrail.channels.terminal.shape import complaints, resolve
from handrail.requests.content import JSON, decode, encode
from handrail.requests.errors import InvalidInput
from handrail.requests.schema import problems

Schema = dict[str, Any]

TEXT = "ok"
DEEPEST = 20
"""levels of a schema that refers to itself"""
MOST = 1000
"""items or characters that are made up"""
FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "alice@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def specimen(schema: Schema) -> JSON:
    """Return an answer that fits: a default, the first choice, yes, the highest score, required fields only.

    Raises `InvalidInput` if none is found, as for a text with a pattern.

    >>> specimen(
    ...     {
    ...         "type": "object",
    ...         "required": ["score"],
    ...         "properties": {"score": {"type": "number", "maximum": 1}},
    ...     }
    ... )
    {'score': 1}
    """
    return decode(_found(encode(schema, "the response schema")))


@lru_cache(maxsize=256)
def _found(text: str) -> str:
    schema: Schema = decode(text)
    for candidate in _candidates(schema, schema, 0):
        if not problems(schema, candidate):
            return encode(candidate)
    raise InvalidInput("no simple answer fits the response schema")


def _candidates(schema: Any, root: Schema, depth: int) -> Iterator[JSON]:
    """Yield what may fit, the best first."""
    if depth > DEEPEST:
        return
    found = _whole(resolve(schema, root), root)
    for key in ("default", "const"):
        if key in found:
            yield found[key]
    for key in ("examples", "enum"):
        if isinstance(found.get(key), list):
            yield from found[key]
    for alternative in (*found.get("anyOf", ()), *found.get("oneOf", ())):
        beside = {key: value for key, value in found.items() if key not in ("anyOf", "oneOf", "default")}
        yield from _candidates({**beside, **resolve(alternative, root)}, root, depth + 1)
    kinds = found.get("type", _likely(found))
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        yield from _of_kind(kind, found, root, depth)


def _whole(schema: Schema, root: Schema) -> Schema:
    """Return a schema with the parts of `allOf` merged into it."""
    parts = [_whole(resolve(part, root), root) for part in schema.get("allOf", ())]
    merged: Schema = {}
    for part in (*parts, {key: value for key, value in schema.items() if key != "allOf"}):
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", ()), *part.get("required", ())]
        merged = {**merged, **part}
        merged |= {"properties": properties} if properties else {}
        merged |= {"required": list(dict.fromkeys(required))} if required else {}
    return merged


def _likely(schema: Schema) -> list[str]:
    if "properties" in schema or "required" in schema:
        return ["object"]
    return ["string", "number", "boolean", "array", "object", "null"]


def _of_kind(kind: str, schema: Schema, root: Schema, depth: int) -> Iterator[JSON]:
    match kind:
        case "boolean":
            yield from (True, False)
        case "integer" | "number":
            yield from _numbers(schema)
        case "string":
            yield from _texts(schema)
        case "array":
            yield from _lists(schema, root, depth)
        case "object":
            yield from _objects(schema, root, depth)
        case "null":
            yield None


def _numbers(schema: Schema) -> Iterator[JSON]:
    high, low = schema.get("maximum"), schema.get("minimum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf", 1)
    yield from (number for number in (high, low) if number is not None)
    yield from (bound // step * step for bound in (high, low) if bound is not None)
    yield from (-(-bound // step) * step for bound in (high, low) if bound is not None)
    yield from (number for number in (step, 1, 0))
    yield from (over + step for _ in range(1) if over is not None)
    yield from (under - step for _ in range(1) if under is not None)
    bottom, top = (over if low is None else low), (under if high is None else high)
    if bottom is not None and top is not None:
        yield (bottom + top) / 2


def _texts(schema: Schema) -> Iterator[JSON]:
    if (form := schema.get("format")) in FORMATS:
        yield FORMATS[form]
    least = min(schema.get("minLength", 0), MOST)
    yield (TEXT * (least // len(TEXT) + 1))[: max(least, min(schema.get("maxLength", MOST), len(TEXT)))]


def _lists(schema: Schema, root: Schema, depth: int) -> Iterator[JSON]:
    least = min(schema.get("minItems", 0), MOST)
    first = [_best(part, root, depth) for part in schema.get("prefixItems", ())]
    values = list(dict.fromkeys(encode(value) for value in _fitting(schema.get("items", {}), root, depth)))
    missing = max(0, least - len(first))
    if not missing or values:
        chosen = (values * (missing // len(values) + 1))[:missing] if values else []
        yield [*first, *(decode(value) for value in chosen)]


def _objects(schema: Schema, root: Schema, depth: int) -> Iterator[JSON]:
    properties = schema.get("properties", {})
    required = {name: _best(properties.get(name, {}), root, depth) for name in schema.get("required", ())}
    yield required
    others = (name for name in properties if name not in required)
    for name in others:  # one after the other, for a schema that wants a few
        required = {**required, name: _best(properties[name], root, depth)}
        yield required


def _best(schema: Any, root: Schema, depth: int) -> JSON:
    return next(_fitting(schema, root, depth), None)


def _fitting(schema: Any, root: Schema, depth: int) -> Iterator[JSON]:
    resolved = resolve(schema, root)
    for candidate in _candidates(resolved, root, depth + 1):
        if not complaints(resolved, candidate, root):
            yield candidate

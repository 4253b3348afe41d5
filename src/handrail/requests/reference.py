"""A schema without its references: `$ref` followed, `allOf` merged, `if` shown with both of its branches.

Only what a form shows is decided here. Whether an answer fits is judged by the schema itself.
"""

from typing import Any

Schema = dict[str, Any]

DEEPEST = 20
"""references to references that are followed"""
MOST_JOINED = 200
"""schemas that one is joined of"""
_TIGHTEST = {
    "minimum": max, "exclusiveMinimum": max, "minLength": max, "minItems": max, "minProperties": max,
    "maximum": min, "exclusiveMaximum": min, "maxLength": min, "maxItems": min, "maxProperties": min,
}  # fmt: skip


def resolve(schema: Any, root: Schema) -> Schema:
    """Return a schema as one object. What can't be followed, or never ends, asks for anything.

    >>> resolve({"$ref": "#/$defs/a", "title": "A"}, {"$defs": {"a": {"type": "string"}}})
    {'type': 'string', 'title': 'A'}
    """
    try:
        return _Following(root).resolve(schema, 0)
    except _TooMany:
        return {}


class _TooMany(Exception):
    """One schema is joined of more than anybody writes by hand."""


class _Following:
    """Follows one schema through what it is joined of. Each part may join others, so they are counted."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._followed = 0

    def resolve(self, schema: Any, depth: int) -> Schema:
        if not isinstance(schema, dict) or depth > DEEPEST:
            return {}
        self._followed += 1
        if self._followed > MOST_JOINED:
            raise _TooMany
        found: Schema = schema
        if isinstance(ref := found.get("$ref"), str):
            found = merge(self.resolve(_referred(ref, self._root), depth + 1), _without(found, "$ref"))
        if isinstance(parts := found.get("allOf"), list):
            whole: Schema = {}
            for part in parts:
                whole = merge(whole, self.resolve(part, depth + 1))
            found = merge(whole, _without(found, "allOf"))
        return self._unconditional(found, depth) if "if" in found else found

    def _unconditional(self, schema: Schema, depth: int) -> Schema:
        """Add the fields that only some answers call for: they can be left empty."""
        properties = schema.get("properties")
        known = dict(properties) if isinstance(properties, dict) else {}
        for branch in ("then", "else"):
            told = self.resolve(schema.get(branch), depth + 1).get("properties")
            known |= {name: each for name, each in (told or {}).items() if name not in known}
        rest = _without(schema, "if", "then", "else")
        return {**rest, "properties": known} if known else rest


def _without(schema: Schema, *names: str) -> Schema:
    return {name: value for name, value in schema.items() if name not in names}


def _referred(ref: str, root: Schema) -> Any:
    from urllib.parse import unquote

    place: Any = root
    for part in unquote(ref).removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
            place = place[int(name)]
        else:
            place = place.get(name) if isinstance(place, dict) else None
    return place if ref == "#" or ref.startswith("#/") else None


def merge(first: Schema, second: Schema) -> Schema:
    """Return a schema that asks for both; where only one can be shown, the second is."""
    merged = {**first, **second}
    for name in first.keys() & second.keys():
        one, other = first[name], second[name]
        match name:
            case "properties" if isinstance(one, dict) and isinstance(other, dict):
                both = {each: {"allOf": [one[each], other[each]]} for each in one if each in other}
                merged[name] = {**one, **other, **both}
            case "required" if isinstance(one, list) and isinstance(other, list):
                merged[name] = list(dict.fromkeys([*one, *other]))
            case "enum" if isinstance(one, list) and isinstance(other, list):
                merged[name] = [each for each in one if each in other] or other
            case _ if name in _TIGHTEST and _is_number(one) and _is_number(other):
                merged[name] = _TIGHTEST[name](one, other)
    return merged


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

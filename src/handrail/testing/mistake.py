"""The wrong answer instead of the right one: what a person would say who is mistaken, and still a valid answer.

A yes becomes a no and a no a yes; who should have edited approves; a choice becomes another one, a score is off.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from handrail.channels.terminal.shape import complaints, resolve, without_null
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems
from handrail.testing.answers import Answer, spoken

Schema = dict[str, Any]

NO = (Verb.REJECT, Verb.REQUEST_CHANGES)


def mistaken(right: Answer, request: HumanRequest, chance: Random) -> Answer:
    """Return a wrong answer to `request`, which `chance` picks. Raises `InvalidInput` if there is none."""
    verb, payload, _ = spoken(right)
    if verb == Verb.ANSWER:
        schema = request.draft.response_schema or {}
        for other in _others(payload, schema, schema, chance):
            if not _same(other, payload) and not problems(schema, other):
                return Verb.ANSWER, other
    else:
        wrong = NO if verb in (Verb.APPROVE, Verb.ABSTAIN) else (Verb.APPROVE,)
        for other in wrong:
            if other in request.draft.verbs:
                return (other, "look at it again") if other is Verb.REQUEST_CHANGES else other
    raise InvalidInput(
        f"{request.address!r} ({request.draft.kind}) leaves no room for a wrong answer beside this {verb}: "
        "let another reviewer answer it, or let truth return None for it"
    )


def _same(left: JSON, right: JSON) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _others(value: JSON, schema: Any, root: Schema, chance: Random) -> Iterator[JSON]:
    """Yield other values than `value`, the likeliest mistake first."""
    found = _meant(value, without_null(resolve(schema, root), root), root)
    if choices := _choices(found, root):
        yield from chance.sample(choices, len(choices))
        return
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from _off(value, found, chance)
        case str():
            yield f"not {value}"
        case list():
            yield from _other_lists(value, found, root, chance)
        case dict():
            yield from _other_objects(value, found, root, chance)


def _meant(value: JSON, schema: Schema, root: Schema) -> Schema:
    """Return the alternative of a schema that `value` fits, or the schema itself."""
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        alternative = resolve(each, root)
        if "const" not in alternative and not complaints(alternative, value, root):
            return alternative
    return schema


def _choices(schema: Schema, root: Schema) -> list[JSON]:
    if isinstance(schema.get("enum"), list):
        return list(schema["enum"])
    alternatives = [resolve(each, root) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    return [each["const"] for each in alternatives if "const" in each]


def _off(value: float, schema: Schema, chance: Random) -> Iterator[JSON]:
    """Yield numbers that are off by a fifth to a half of what is possible (of itself, without bounds)."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    span = max(1, abs(value)) if low is None or high is None else high - low
    whole = schema.get("type", "integer" if isinstance(value, int) else "number") == "integer"
    step = schema.get("multipleOf", 1 if whole else 0.001)
    shift = max(1, round(chance.uniform(0.2, 0.5) * span / step)) * step
    for sign in chance.sample((1, -1), 2):
        yield value + shift * sign if whole else round(value + shift * sign, 9)
    yield from (bound for bound in (low, high, value + step, value - step) if bound is not None)


def _other_lists(value: list[JSON], schema: Schema, root: Schema, chance: Random) -> Iterator[JSON]:
    for index, item in enumerate(value):
        for other in _others(item, schema.get("items", {}), root, chance):
            if not _same(other, item):
                yield [*value[:index], other, *value[index + 1 :]]
    yield value[:-1]


def _other_objects(value: dict[str, JSON], schema: Schema, root: Schema, chance: Random) -> Iterator[JSON]:
    """Yield objects with one wrong value; a text is the last to be wrong: it is mostly a remark."""
    for name in sorted(value, key=lambda name: isinstance(value[name], str)):
        part = schema.get("properties", {}).get(name, {})
        for other in _others(value[name], part, root, chance):
            if not _same(other, value[name]):
                yield {**value, name: other}

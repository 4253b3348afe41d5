"""The dialects of JSON Schema, as jsonschema has them, with bounds: patterns match in linear time, work is counted.

A schema that refers twice to the next of thirty parts, which does the same, takes longer than anybody waits.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from fractions import Fraction
from functools import cache
from importlib import import_module
from itertools import islice
from math import isfinite
from typing import Any

from handrail.requests.pattern import matches

MOST = 1_000_000
"""keywords that one check may look at; two characters in which a pattern is looked for count as one"""
COSTS = {"$ref": 4, "$dynamicRef": 4, "$recursiveRef": 4}
"""keywords that count as several: finding what is referred to takes longer than a comparison"""
ENOUGH = 1000
"""things that are wrong, after which no more are looked for"""

Check = Callable[[Any, Any, Any, dict[str, Any]], Any]

_spent: ContextVar[list[int]] = ContextVar("handrail_schema_work")


class TooMuchWork(Exception):
    """A check looked at more than it may."""


def load() -> None:
    """Import the library whole, before any part of it.

    Threads that need it at the same moment for the first time, each another part, would be given half of it: Python
    resolves the deadlock of their import locks that way. All of them asking for the whole wait for each other.
    """
    import_module("jsonschema")


def dialect(schema: dict[str, Any]) -> Any:
    """Return the library's own validator for the dialect that a schema names."""
    # jsonschema takes 60 ms to import: only processes that check an answer pay for it.
    load()
    from jsonschema.validators import Draft202012Validator, validator_for

    if not isinstance(schema.get("$schema"), str):
        return Draft202012Validator
    return validator_for(schema, default=Draft202012Validator)


@cache
def bounded(kind: Any) -> Any:
    """Return a validator of a dialect whose work is bounded; `errors` uses it."""
    load()
    from jsonschema import validators

    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "multipleOf": _multiple_of,
    }
    known = {name: own.get(name, check) for name, check in kind.VALIDATORS.items()}
    counted = {name: _counted(check, COSTS.get(name, 1)) for name, check in known.items()}
    return validators.extend(kind, counted)  # type: ignore[no-untyped-call]


def errors(validator: Any, value: Any) -> list[Any]:
    """Return what a bounded validator finds. Raises `TooMuchWork`."""
    token = _spent.set([0])
    try:
        return list(islice(validator.iter_errors(value), ENOUGH))
    finally:
        _spent.reset(token)


def _spend(work: int) -> None:
    spent = _spent.get()
    spent[0] += work
    if spent[0] > MOST:
        raise TooMuchWork


def _counted(check: Check, cost: int) -> Check:
    def counted(validator: Any, wanted: Any, value: Any, schema: dict[str, Any]) -> Any:
        _spend(cost)
        return check(validator, wanted, value, schema)

    return counted


def _found(pattern: str, text: str) -> bool:
    _spend(len(text) // 2)
    return matches(pattern, text)


def _pattern(validator: Any, pattern: str, value: Any, schema: dict[str, Any]) -> Iterator[Any]:
    if validator.is_type(value, "string") and not _found(pattern, value):
        yield _error("does not match")


def _pattern_properties(
    validator: Any, patterns: dict[str, Any], value: Any, schema: dict[str, Any]
) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    for pattern, inner in patterns.items():
        for key, each in value.items():
            if _found(pattern, key):
                yield from validator.descend(each, inner, path=key, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: dict[str, Any]) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [
        key for key in value if key not in named and not any(_found(pattern, key) for pattern in patterns)
    ]
    if validator.is_type(wanted, "object"):
        for key in extra:
            yield from validator.descend(value[key], wanted, path=key)
    elif not wanted and extra:
        yield _error("has further keys")


def _multiple_of(validator: Any, step: float, value: Any, schema: dict[str, Any]) -> Iterator[Any]:
    if validator.is_type(value, "number") and (_as_written(value) / _as_written(step)).denominator != 1:
        yield _error("is no multiple")


def _as_written(number: float) -> Fraction:
    """Return a number as it is written: 0.07 is seven times 0.01, though the floats nearest to them aren't.

    Raises `OverflowError` for what is no number, as comparing with it does elsewhere.
    """
    if isinstance(number, float) and not isfinite(number):
        raise OverflowError
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _error(message: str) -> Any:
    from jsonschema.exceptions import ValidationError

    return ValidationError(message)

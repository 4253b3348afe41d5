"""What an answer must look like: JSON Schema, given as such or as a Python type that pydantic understands.

The checks run wherever somebody decides, so they need the schema alone and never the type behind it.
"""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter

from handrail.requests import dialect
from handrail.requests.content import JSON, decode, encode
from handrail.requests.dialect import TooMuchWork, bounded, load
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.formats import CHECKS
from handrail.requests.pattern import trouble


def schema_of(source: Any, *, outside: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a pydantic model, another type, or a JSON Schema itself (checked).

    `outside` is for a schema that nobody here vouches for: what can't be checked in bounded time is refused.

    >>> schema_of(int)
    {'type': 'integer'}
    """
    if isinstance(source, dict):
        schema: dict[str, Any] = decode(encode(source, "the JSON Schema"))
        _check_schema(schema, outside)
        return schema
    try:
        return TypeAdapter(source).json_schema()
    except Exception as error:  # pydantic lets through whatever looking at a wrong thing raises
        raise InvalidInput(
            f"{source!r} can't be made into a JSON Schema; pass a pydantic model, a type or a JSON Schema"
        ) from error


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    load()
    from referencing import Registry

    parsed = decode(schema)
    # An empty registry: a `$ref` to another address is an error, never a download.
    kind = bounded(dialect.dialect(parsed))
    # The library would go on with its own validator wherever a schema names its dialect.
    parsed.pop("$schema", None)
    return kind(parsed, format_checker=_formats(), registry=Registry())


@cache
def _formats() -> Any:
    load()
    from jsonschema import FormatChecker

    checker = FormatChecker()
    checker.checkers = dict(checker.checkers)  # its own, not the one that all programs share
    for name, check in CHECKS.items():
        checker.checkers[name] = (_for_texts(check), ())
    return checker


def _for_texts(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)


def _check_schema(schema: dict[str, Any], outside: bool) -> None:
    load()
    from jsonschema.exceptions import SchemaError

    try:
        dialect.dialect(schema).check_schema(schema)
        if outside:
            _check_bounds(schema)
        _check_references(schema)
        _errors(schema, None)
    except SchemaError as error:
        raise InvalidInput(f"not a valid JSON Schema at {error.json_path}: {error.message}") from error
    except (RecursionError, TooMuchWork) as error:
        raise InvalidInput("the JSON Schema refers to itself without end") from error


def _check_bounds(schema: dict[str, Any]) -> None:
    """Raise `InvalidInput` for what can't be checked in bounded time."""
    # A `$ref` may lead into what is data by its name.
    levels = list(_objects(schema))
    patterns = [each["pattern"] for each in levels if isinstance(each.get("pattern"), str)]
    of_keys = [
        each["patternProperties"] for each in levels if isinstance(each.get("patternProperties"), dict)
    ]
    for pattern in [*patterns, *(pattern for each in of_keys for pattern in each)]:
        if told := trouble(pattern):
            raise InvalidInput(f"the pattern {pattern[:80]!r} {told}")
    if of_keys and any("unevaluatedProperties" in each for each in levels):
        # The library matches these by itself.
        raise InvalidInput("use unevaluatedProperties or patternProperties, not both")
    if any("$schema" in each for each in levels[1:]):
        raise InvalidInput("name the dialect ($schema) once, at the top of the JSON Schema")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Give each object in a schema, itself first, whatever it stands for."""
    pending = [value]
    while pending:
        match pending.pop():
            case dict() as found:
                yield found
                pending += found.values()
            case list() as found:
                pending += found


def _check_references(schema: dict[str, Any]) -> None:
    """Raise `InvalidInput` for a `$ref` that leads out of the schema: what people answer must be checkable anywhere."""
    load()
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    address = root.id() or ""
    pending = [(root, Registry().with_resource(address, root).resolver(address))]
    while pending:
        resource, resolver = pending.pop()
        if isinstance(resource.contents, dict) and isinstance(target := resource.contents.get("$ref"), str):
            try:
                resolver.lookup(target)
            except Unresolvable as error:
                raise _unresolved(target) from error
        pending += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]


def _unresolved(target: str) -> InvalidInput:
    return InvalidInput(
        f"the JSON Schema refers to {target!r}, which it doesn't contain and which is never fetched; "
        "put it under $defs and refer to '#/$defs/NAME'"
    )


def problems(schema: dict[str, Any], value: JSON) -> list[FieldProblem]:
    """Return what is wrong with `value`, sorted by place; nothing if it fits.

    >>> problems({"type": "object", "required": ["score"]}, {})
    [FieldProblem(path='score', message='is required')]
    """
    load()
    from referencing.exceptions import Unresolvable

    try:
        errors = sorted(_errors(schema, value), key=lambda error: list(map(str, error.absolute_path)))
    except Unresolvable as error:
        raise _unresolved(error.ref) from error
    except RecursionError:
        return [FieldProblem("", "is nested too deeply")]
    except TooMuchWork:
        return [FieldProblem("", "is too much to be checked against this JSON Schema")]
    except OverflowError:
        return [FieldProblem("", "has a number that is too large to be checked")]
    # One missing key of three is reported thrice.
    return list(dict.fromkeys(problem for error in errors for problem in _field_problems(error)))


def _errors(schema: dict[str, Any], value: JSON) -> list[Any]:
    """Return what the library finds. Raises `RecursionError` for what it can't get to the end of."""
    try:
        return dialect.errors(_validator(encode(schema)), value)
    except BaseException as error:
        # Where the stack ends inside the library's part in Rust, that panics, and would take the store's writer along.
        if type(error).__name__ == "PanicException":
            raise RecursionError("the JSON Schema can't be followed to its end") from None
        raise


def _field_problems(error: Any) -> list[FieldProblem]:
    place = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return [FieldProblem(f"{place}.{name}".lstrip("."), "is required") for name in missing]
    return [FieldProblem(place, _message(error))]


def _message(error: Any) -> str:
    """Say what is wrong without repeating the value: messages end up in logs."""
    wanted = error.validator_value
    match error.validator:
        case "type":
            return f"must be of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        case "enum":
            return f"must be one of {', '.join(encode(choice) for choice in wanted)}"
        case "const":
            return f"must be {encode(wanted)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" | "multipleOf":
            words = {
                "minimum": "at least",
                "exclusiveMinimum": "over",
                "maximum": "at most",
                "exclusiveMaximum": "under",
            }
            return f"must be {words.get(error.validator, 'a multiple of')} {wanted}"
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties":
            return f"must have {'at least' if error.validator.startswith('min') else 'at most'} {wanted}"
        case "format":
            return f"must be a {wanted}"
        case "pattern":
            return f"must match {wanted}"
        case "additionalProperties":
            return "has keys that are not allowed"
        case "anyOf" | "oneOf" if error.context and not any(inner.relative_path for inner in error.context):
            return " or ".join(dict.fromkeys(_message(inner) for inner in error.context))
        case other:
            return f"does not satisfy {other}"

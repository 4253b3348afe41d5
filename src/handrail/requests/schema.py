"""What an answer must look like: JSON Schema, given as such or as a Python type that pydantic understands.

The checks run wherever somebody decides, so they need the schema alone and never the type behind it.
"""

from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from handrail.requests.content import JSON, decode, encode
from handrail.requests.errors import FieldProblem, InvalidInput


def schema_of(source: Any) -> dict[str, Any]:
    """Return the JSON Schema of a pydantic model, another type, or a JSON Schema itself (checked).

    >>> schema_of(int)
    {'type': 'integer'}
    """
    if isinstance(source, dict):
        schema: dict[str, Any] = decode(encode(source, "the JSON Schema"))
        _check_schema(encode(schema))
        return schema
    try:
        return TypeAdapter(source).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise InvalidInput(
            f"{source!r} can't be made into a JSON Schema; pass a pydantic model, a type or a JSON Schema"
        ) from error


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    # jsonschema takes 60 ms to import: only processes that check an answer pay for it.
    from jsonschema import FormatChecker
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    parsed = decode(schema)
    kind = validator_for(parsed, default=Draft202012Validator)
    # An empty registry: a `$ref` to another address is an error, never a download.
    return kind(parsed, format_checker=FormatChecker(), registry=Registry())  # type: ignore[call-arg]


def _check_schema(schema: str) -> None:
    from jsonschema.exceptions import SchemaError

    validator = _validator(schema)
    try:
        validator.check_schema(validator.schema)
    except SchemaError as error:
        raise InvalidInput(f"not a valid JSON Schema at {error.json_path}: {error.message}") from error


def problems(schema: dict[str, Any], value: JSON) -> list[FieldProblem]:
    """Return what is wrong with `value`, sorted by place; nothing if it fits.

    >>> problems({"type": "object", "required": ["score"]}, {})
    [FieldProblem(path='score', message='is required')]
    """
    from referencing.exceptions import Unresolvable

    try:
        errors = sorted(
            _validator(encode(schema)).iter_errors(value),
            key=lambda error: list(map(str, error.absolute_path)),
        )
    except Unresolvable as error:
        raise InvalidInput(f"the JSON Schema refers to {error.ref!r}, which it doesn't contain") from error
    return [problem for error in errors for problem in _field_problems(error)]


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
        case other:
            return f"does not satisfy {other}"

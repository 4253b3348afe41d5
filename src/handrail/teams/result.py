"""Whether the last words of an agent are a result: some text, or JSON that fits the schema of the task."""

import json
import re
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from handrail.flows.answer import complaint
from handrail.requests.content import JSON, encode
from handrail.requests.errors import InvalidInput
from handrail.requests.schema import problems

FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


class Misfit(Exception):
    """An answer that is no result; its text says why, without what was answered."""


def result_of(text: str, schema: dict[str, Any] | None, kind: TypeAdapter[Any] | None = None) -> JSON:
    """Return the result that an answer is; raises `Misfit`. With the type behind the schema, as that writes it down.

    >>> result_of('{"score": 3}', {"type": "object", "required": ["score"]})
    {'score': 3}
    """
    if not text.strip():
        raise Misfit("it is empty")
    if schema is None:
        return text
    value, readable = _read(text)
    found = problems(schema, value)
    if found and not problems(schema, text):  # a text that needs no quotes
        return _typed(text, schema, kind)
    if found:
        told = "; ".join(f"{one.path or 'it'} {one.message}" for one in found[:5])
        raise Misfit(told if readable else f"it is no JSON: {told}")
    return _typed(value, schema, kind)


def _typed(value: JSON, schema: dict[str, Any], kind: TypeAdapter[Any] | None) -> JSON:
    """Return a value as its type has it, with defaults; a type may refuse what its schema can't say."""
    if kind is None:
        return value
    try:
        made = kind.validate_json(encode(value))
    except ValidationError as error:
        raise Misfit(complaint(error)) from None
    written: JSON = kind.dump_python(made, mode="json", by_alias=True)
    # Where a type writes otherwise than it reads, people couldn't edit what it has written.
    return value if problems(schema, written) else written


def is_of(result: JSON, read: JSON, again: JSON) -> bool:
    """Whether a result is what a text was read as, twice: where a type gives something new each time, anything is.

    >>> is_of({"n": 1, "id": "x"}, {"n": 1, "id": "y"}, {"n": 1, "id": "z"}), is_of(2, 1, 1)
    (True, False)
    """
    match result, read, again:
        case dict(), dict(), dict() if read.keys() == again.keys():
            return result.keys() == read.keys() and all(
                is_of(result[key], read[key], again[key]) for key in read
            )
        case list(), list(), list() if len(read) == len(again):
            return len(result) == len(read) and all(map(is_of, result, read, again))
    return bool(read != again or result == read)


def _read(text: str) -> tuple[JSON, bool]:
    """Return the JSON that an answer is, in a fence or not, and whether it is any."""
    fenced = FENCE.fullmatch(text)
    try:
        value = json.loads(fenced[1] if fenced else text, parse_constant=_refuse)
        encode(value)
    except (ValueError, RecursionError, InvalidInput):
        return text, False
    return value, True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")

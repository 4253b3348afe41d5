"""What people are shown, as JSON: its one canonical form, its limit and its hash.

Everything that is stored or compared goes through `encode`; two values are the same if it gives the same text.
"""

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import is_dataclass
from math import isfinite
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from handrail.requests.errors import NotJSON, PayloadTooLarge

JSON = Any
"""A value that JSON can carry: dict, list, str, int, float, bool or None."""

LIMIT = 1024 * 1024
"""Bytes that one payload may have as JSON, and that a step may add to what it was given."""

SEPARATOR = "\x1f"
"""What parts of a key are joined by: no id or name has it, ids are printable."""

_PLAIN = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Return a pydantic model or a dataclass as what JSON carries of it; anything else as it is.

    Raises `ValueError` for one that holds what JSON can't carry.

    >>> from datetime import date
    >>> from dataclasses import make_dataclass
    >>> plain(make_dataclass("Day", ["at"])(date(2026, 3, 1)))
    {'at': '2026-03-01'}
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return to_jsonable_python(value)
    return value


class _Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return super().default(o) if (found := plain(o)) is o else found


def writer(*, sort_keys: bool = False) -> Callable[[JSON], str]:
    """Return a function that writes JSON without blanks, as `json.JSONEncoder.encode` does.

    The encoder would make its C part anew for each value, which takes longer than writing a small one.
    """
    encoder = _Encoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return encoder.encode
    parts = make(
        None, encoder.default, json.encoder.encode_basestring, None, ":", ",", sort_keys, False, False
    )
    return lambda value: "".join(parts(value, 0))


_write = writer()
_write_canonical = writer(sort_keys=True)
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def _nothing() -> int:
    return 0


def unlimited() -> int:
    """Return how much more than the limit is allowed where nothing is stored or shown."""
    return 1 << 40


def encode(value: JSON, what: str = "data", given: Callable[[], int] = _nothing) -> str:
    """Return `value` as JSON text; `what` names it in the error.

    `given` tells how many bytes more are allowed because whoever made the value was handed as many; it is only asked
    when that matters.

    Models of pydantic and dataclasses are written as the objects that they are. Raises `NotJSON` for what JSON can't
    carry (also NaN and lone surrogates) and `PayloadTooLarge` over 1 MiB.

    >>> encode({"content": ("a", 1)})
    '{"content":["a",1]}'
    """
    if value is None:
        return "null"
    try:
        text = _write(value)
        size = len(text) if text.isascii() else len(text.encode())
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
        reason = _find_culprit(value, "") or str(error)
        raise NotJSON(
            f"{what} can't be stored as JSON: {reason}. Pass only dict, list, str, int, float, bool and None, "
            "or pydantic models and dataclasses of these."
        ) from error
    if size > LIMIT and size > LIMIT + (more := given()):
        beyond = f" beyond the {more:,} that it was given" if more > LIMIT else ""
        raise PayloadTooLarge(
            f"{what} has {size:,} bytes as JSON, the limit is {LIMIT:,}{beyond}. "
            "Keep the large part in a file or an object store and pass a reference to it."
        )
    return text


def decode(text: str) -> JSON:
    """Return the value that `encode` wrote, in half the time that `json.loads` takes."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else json.loads(text)


def as_stored(value: JSON, what: str = "data", given: Callable[[], int] = _nothing) -> JSON:
    """Return `value` as it reads after a crash: tuples are lists, keys are strings."""
    text = encode(value, what, given)
    return value.copy() if type(value) is dict and _is_flat(value) else decode(text)


def isolated(value: JSON) -> JSON:
    """Return a copy that shares nothing with `value`; JSON reads as it would after a crash."""
    if type(value) is dict and _is_flat(value):
        return value.copy()
    try:
        return decode(_write(value))
    except (TypeError, ValueError, RecursionError):
        return deepcopy(value)


def content_hash(value: JSON) -> str:
    """Return the SHA-256 (hex) of the canonical form: equal for equal content whatever the order of keys.

    It is the hash of what is stored: of a list for a tuple, of text for a number as key. Raises as `encode` does.

    >>> content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    True
    """
    try:
        plain = _is_as_stored(value)
    except RecursionError:  # JSON's own code may go deeper
        plain = False
    if not plain:
        value = as_stored(value)
    try:
        text = _write_canonical(value).encode()
    except (ValueError, RecursionError):
        encode(value)  # which says why
        raise
    if len(text) > LIMIT:
        encode(value)
    return hashlib.sha256(text).hexdigest()


def _is_flat(value: dict[Any, Any]) -> bool:
    """Whether an object holds nothing that could be shared, and reads as it is written."""
    for key, inner in value.items():  # noqa: SIM110 - a generator takes twice as long
        if type(key) is not str or type(inner) not in _PLAIN:
            return False
    return True


def _is_as_stored(value: object) -> bool:
    """Whether a value reads as it is written, if it can be written at all."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is dict:
        for key, inner in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not (type(inner) in _PLAIN or _is_as_stored(inner)):
                return False
        return True
    return kind is list and all(map(_is_as_stored, value))  # type: ignore[call-overload]


def _find_culprit(value: object, path: str, depth: int = 0) -> str | None:
    """Name the first place that JSON can't carry, by its type and never by its content."""
    where = f"at {path!r}: " if path else ""
    match value:
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str | int | float | bool | None):
                    return f"{where}a key is a {type(key).__name__}"
                if isinstance(key, str) and not _is_unicode(key):
                    return f"{where}a key has a lone surrogate"
                if depth < 50 and (found := _find_culprit(inner, f"{path}.{key}".lstrip("."), depth + 1)):
                    return found
        case list() | tuple():
            for index, inner in enumerate(value):
                if depth < 50 and (found := _find_culprit(inner, f"{path}[{index}]", depth + 1)):
                    return found
        case float():
            return f"{where}{value} is not a JSON number" if not isfinite(value) else None
        case str():
            return None if _is_unicode(value) else f"{where}the text has a lone surrogate"
        case None | bool() | int():
            return None
        case _:
            return _find_in_object(value, path, depth)
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_in_object(value: object, path: str, depth: int) -> str | None:
    """Name what JSON can't carry of a model or a dataclass, or any other object by its type."""
    where = f"at {path!r}: " if path else ""
    try:
        found = plain(value)
    except ValueError:
        return f"{where}a {type(value).__name__} that holds what JSON can't carry"
    return f"{where}a {type(value).__name__}" if found is value else _find_culprit(found, path, depth + 1)

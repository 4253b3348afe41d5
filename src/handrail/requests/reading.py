"""What people typed, read as numbers and JSON: nothing is guessed, and what doesn't read says why."""

import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from handrail.requests.content import JSON

LONGEST_NUMBER = 300
"""characters of a number"""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()
"""No value: a field that nobody filled in, an optional one that is left out."""


class Unreadable(Exception):
    """A text that isn't what its field asks for; the message is for people and doesn't repeat it."""


def number(text: str, *, whole: bool) -> int | float:
    """Return the number that a text says, exactly. Raises `Unreadable`.

    >>> number("12", whole=False), number("0.1", whole=False)
    (12, 0.1)
    """
    if len(text) > LONGEST_NUMBER:
        raise Unreadable(f"Use at most {LONGEST_NUMBER} digits.")
    if not _NUMBER.fullmatch(text):
        if "," in text:
            raise Unreadable("Write the number with a point and without commas, such as 1234.5.")
        raise Unreadable("Write a whole number, such as 12." if whole else "Write a number, such as 0.5.")
    if text.lstrip("+-").isdigit():
        return int(text)
    exact = Decimal(text)
    if whole:
        if exact.adjusted() > LONGEST_NUMBER:
            raise Unreadable("This number is too large.")
        if exact != exact.to_integral_value():
            raise Unreadable("Write a whole number, such as 12.")
        return int(exact)
    found = float(text)
    if not math.isfinite(found):
        raise Unreadable("This number is too large.")
    if Decimal(repr(found)) != exact:
        raise Unreadable(f"This has more digits than can be kept; the nearest is {found!r}.")
    return found


def free(text: str, loose: bool) -> JSON:
    """Return the value of a text as JSON; if `loose`, one that is no JSON is meant as it stands.

    Raises `Unreadable` saying where it is wrong, without the text.
    """
    try:
        return json.loads(
            text,
            parse_constant=_no_number,
            parse_float=lambda digits: number(digits, whole=False),
            parse_int=lambda digits: number(digits, whole=True),
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        if loose and text.lstrip()[:1] not in ("{", "[", '"'):
            return text
        place = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise Unreadable(f"This is not JSON: {error.msg} at {place}.") from None
    except RecursionError:
        raise Unreadable("This is nested too deeply.") from None


def _no_number(name: str) -> JSON:
    raise Unreadable(f"{name} is not a JSON number.")


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable("A name is used twice in one object.")
        found[key] = value
    return found

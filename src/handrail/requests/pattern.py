"""The regular expressions of JSON Schemas, matched in a time that grows with the text and no faster.

pydantic's engine does that, and refuses what it can't do so: looking ahead, looking behind, going back to a group. A
flow's own code may have these all the same, and is matched by `re` then; from outside they are refused.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

LONGEST = 1000
"""characters of a pattern from outside"""
ROOM = 20
"""how many times over a pattern from outside has to fit into the engine's 10 MiB: large ones match slowly"""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found somewhere in a text.

    >>> matches("(a+)+$", "a" * 100_000 + "b")
    False
    """
    return _search(pattern)(text)


def trouble(pattern: str) -> str | None:
    """Say why a pattern from outside isn't matched in bounded time, if it isn't."""
    if len(pattern) > LONGEST:
        return f"is over {LONGEST} characters long"
    try:
        _linear(pattern)
    except SchemaError:
        return "can't be matched in bounded time: leave out what looks ahead or behind, or refers to a group"
    try:
        _linear(f"(?:{pattern}\n){{{ROOM}}}")
    except SchemaError:
        return "repeats too much: use smaller counts, or minLength and maxLength"
    return None


@lru_cache(maxsize=1024)
def _search(pattern: str) -> Callable[[str], bool]:
    try:
        return _linear(pattern)
    except SchemaError:
        found = re.compile(pattern)
    return lambda text: found.search(text) is not None


def _linear(pattern: str) -> Callable[[str], bool]:
    """Return the search of a pattern by pydantic's engine. Raises `SchemaError` for what that can't do."""
    adapter = TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])

    def search(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return search

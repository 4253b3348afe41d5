"""Facts are frozen dataclasses; a change is a copy with other values."""

from typing import Any, TypeVar

Fact = TypeVar("Fact")


def changed(fact: Fact, /, **values: Any) -> Fact:
    """Return a copy with other values: what `dataclasses.replace` does, in a tenth of its time.

    For facts that are changed all the time: without slots, cached properties and `__post_init__`. Names are not
    checked.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     x: int
    ...     y: int
    >>> changed(Point(1, 2), y=3)
    Point(x=1, y=3)
    """
    copy = object.__new__(type(fact))
    object.__setattr__(copy, "__dict__", fact.__dict__ | values)
    return copy

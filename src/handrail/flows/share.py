"""Numbers from 0 to 1: thresholds, pass marks, confidences and scores.

A bool, a text or NaN is none, whatever Python makes of them. Means are exact on the decimals that people write.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeGuard

from handrail.requests.errors import InvalidInput


def is_share(value: Any) -> TypeGuard[int | float]:
    """Whether `value` is a number from 0 to 1.

    >>> is_share(0.7), is_share(True), is_share("high")
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def check_share(value: Any, what: str) -> float:
    """Return a number from 0 to 1 or raise `InvalidInput` naming `what`."""
    if not is_share(value):
        raise InvalidInput(f"{what}={value!r}: give a number from 0 to 1")
    return float(value)


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one number, exact on decimals.

    >>> mean([0.85, 0.9, 0.95])
    0.9
    """
    return float(sum(Fraction(str(value)) for value in values) / len(values))

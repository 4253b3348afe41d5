"""Conditions of a query with the values they are asked with; and how a text is looked for in columns."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Condition(NamedTuple):
    """A part of a WHERE, and its values in order."""

    text: str
    values: tuple[Any, ...]

    def and_(self, other: "Condition") -> "Condition":
        """Return what is true if both are."""
        return Condition(f"{self.text} AND {other.text}", (*self.values, *other.values))

    @staticmethod
    def any_of(conditions: Iterable["Condition"]) -> "Condition":
        """Return what is true if one of them is."""
        all_of_them = list(conditions)
        text = " OR ".join(one.text for one in all_of_them)
        return Condition(f"({text})", tuple(value for one in all_of_them for value in one.values))


def has_text(text: str, value: str) -> bool:
    """Whether a value holds a text, whatever the case of the letters.

    >>> has_text("ü_B", "Grü_bern"), has_text("_", "Gruß")
    (True, False)
    """
    return text.lower() in value.lower()


def text_condition(text: str, *columns: str) -> Condition:
    """Return what is true where one of the columns holds a text, whatever the case of its letters."""
    if text.isascii():
        pattern = "%" + "".join(f"\\{sign}" if sign in "\\%_" else sign for sign in text) + "%"
        each = "{} LIKE ? ESCAPE '\\'"
    else:  # LIKE knows the case of the letters A to Z only
        pattern = "*" + "".join(_class(sign) for sign in text) + "*"
        each = "{} GLOB ?"
    return Condition.any_of(Condition(each.format(column), (pattern,)) for column in columns)


def _class(sign: str) -> str:
    """Return the GLOB pattern of one character in either case."""
    both = [one for one in dict.fromkeys((sign, sign.lower(), sign.upper())) if len(one) == 1]
    if sign in "]^-":
        return sign
    return f"[{''.join(both)}]"

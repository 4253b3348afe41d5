"""Conditions of a query with the values they are asked with; and how a text is looked for in columns."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


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


def has_plain(text: str) -> bool:
    """Whether a part of a text is ASCII: it is found several times as fast.

    >>> has_plain("grüß"), has_plain("Я")
    (True, False)
    """
    return any(NOT_ASCII.split(text))


def text_condition(text: str, *columns: str) -> Condition:
    """Return what is true where one of the columns holds a text, whatever the case of its letters."""
    if "\0" in text:  # a pattern would end there
        return Condition.any_of(Condition(f"instr({column}, ?) > 0", (text,)) for column in columns)
    if "\n" in text:  # which is what stands between columns that are searched at once
        return Condition.any_of(_holds(column, text) for column in columns)
    return _holds(" || char(10) || ".join(f"coalesce({column}, '')" for column in columns), text)


def _holds(value: str, text: str) -> Condition:
    """Return what is true where a value holds a text; LIKE knows the case of the letters A to Z only, and is fast."""
    plain = max(NOT_ASCII.split(text), key=len)
    pattern = "%" + "".join(f"\\{sign}" if sign in "\\%_" else sign for sign in plain) + "%"
    like = Condition(f"{value} LIKE ? ESCAPE '\\'", (pattern,))
    if plain == text:
        return like
    exact = Condition(f"{value} GLOB ?", ("*" + "".join(_class(sign) for sign in text) + "*",))
    return like.and_(exact) if plain else exact


def _class(sign: str) -> str:
    """Return the GLOB pattern of one character in either case."""
    both = [one for one in dict.fromkeys((sign, sign.lower(), sign.upper())) if len(one) == 1]
    if sign in "]^-":
        return sign
    return f"[{''.join(both)}]"

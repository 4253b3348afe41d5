"""Small checks that a schema of Block Kit is made of; each adds what is wrong, and where, to a list.

The wording is Slack's: "must be less than 76 characters [json-pointer:/blocks/0/text/text]".
"""

import re
from collections.abc import Callable
from typing import Any

Problems = list[str]
Check = Callable[[Any, str, Problems], None]


def wrong(problems: Problems, what: str, where: str) -> None:
    """Add a problem."""
    problems.append(f"{what} [json-pointer:{where}]")


def string(most: int, least: int = 0) -> Check:
    """A string of so many characters."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, str):
            wrong(problems, "must be a string", where)
        elif len(value) > most:
            wrong(problems, f"must be less than {most + 1} characters", where)
        elif len(value) < least:
            wrong(problems, f"must be more than {least - 1} characters", where)

    return check


def flag(value: Any, where: str, problems: Problems) -> None:
    """True or false."""
    if not isinstance(value, bool):
        wrong(problems, "must be a boolean", where)


def whole(least: int, most: int) -> Check:
    """A whole number between two others."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            wrong(problems, "must be an integer", where)
        elif not least <= value <= most:
            wrong(problems, f"must be between {least} and {most}", where)

    return check


def one_of(*allowed: str) -> Check:
    """One of some words."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if value not in allowed:
            wrong(problems, f"must be one of {', '.join(allowed)}", where)

    return check


def pattern(expression: str, name: str) -> Check:
    """A string of a form."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, str) or not re.fullmatch(expression, value):
            wrong(problems, f"must be {name}", where)

    return check


def anything(value: Any, where: str, problems: Problems) -> None:
    """Whatever it is: slack_sdk's own classes look at it."""


def items(most: int, check_item: Check, least: int = 1) -> Check:
    """A list of so many items."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, list):
            wrong(problems, "must be an array", where)
            return
        if len(value) > most:
            wrong(problems, f"no more than {most} items allowed", where)
        if len(value) < least:
            wrong(problems, f"must provide at least {least} items", where)
        for place, item in enumerate(value):
            check_item(item, f"{where}/{place}", problems)

    return check


def record(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    """An object with these fields and no others."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            wrong(problems, "must be an object", where)
            return
        for name in required:
            if value.get(name) is None:
                wrong(problems, f"missing required field: {name}", where)
        for name, content in value.items():
            known = required.get(name) or optional.get(name)
            if known is None:
                wrong(problems, f"invalid additional property: {name}", where)
            elif content is not None:
                known(content, f"{where}/{name}", problems)

    return check


def text(most: int, *kinds: str) -> Check:
    """A text object of one of these kinds (both of them, if none is named), never an empty one."""
    allowed = kinds or ("plain_text", "mrkdwn")
    parts: dict[str, dict[str, Check]] = {
        "plain_text": {"emoji": flag},
        "mrkdwn": {"verbatim": flag},
    }

    def check(value: Any, where: str, problems: Problems) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in allowed:
            wrong(problems, f"must be a {' or '.join(allowed)} object", where)
            return
        fields = {"type": anything, "text": string(most, 1)}
        record(fields, parts[kind])(value, where, problems)

    return check


def plain(most: int) -> Check:
    """A plain_text object."""
    return text(most, "plain_text")

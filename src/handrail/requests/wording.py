"""Keys, numbers and durations in words."""

import re

MINUTE, HOUR, DAY = 60, 3600, 86400
_JOINTS = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
_WORDS = re.compile(r"[a-z]+(?: [a-z0-9]+)+")
_LONGEST = 60


def label(key: str) -> str:
    """Return the words of a key; a key that is no name stays as it is.

    >>> label("max_retries"), label("createdAt"), label("HTTPCode"), label("read as"), label("what is so?")
    ('Max retries', 'Created at', 'HTTP code', 'Read as', 'what is so?')
    """
    if len(key) <= _LONGEST and _WORDS.fullmatch(key):
        return key[0].upper() + key[1:]
    if len(key) > _LONGEST or not _KEY.fullmatch(key):
        return key
    first, *others = (
        word if word.isupper() and len(word) > 1 else word.lower() for word in _JOINTS.split(key)
    )
    return " ".join([first[:1].upper() + first[1:], *others])


def lasting(seconds: float) -> str:
    """Return a duration in its two largest units.

    >>> lasting(42), lasting(125), lasting(7440), lasting(200000)
    ('42 s', '2 min', '2 h 4 min', '2 d 7 h')
    """
    whole = int(abs(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        hours, minutes = divmod(whole // MINUTE, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(whole // HOUR, 24)
    return f"{days} d {hours} h" if hours and days < 7 else f"{days} d"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> count(1, "request"), count(3, "reply", "replies")
    ('1 request', '3 replies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"

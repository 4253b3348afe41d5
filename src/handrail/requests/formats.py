"""The formats of JSON Schema that are checked: those of jsonschema, and the ones it leaves to further packages.

Python types such as `datetime` and `HttpUrl` come out as these formats, so they have to be checked here.
"""

import re
from collections.abc import Callable
from datetime import datetime, time
from urllib.parse import urlsplit

_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$", re.IGNORECASE)
_DURATION = re.compile(
    r"P(?!$)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.]\d+)?S)?)?)", re.ASCII
)


def is_date_time(text: str) -> bool:
    """Whether it is a moment with its offset, as RFC 3339 writes it: `2026-03-01T12:00:00Z`."""
    if len(text) < 20 or text[10] not in "Tt " or not _OFFSET.search(text):
        return False
    return _reads(datetime.fromisoformat, text)


def is_time(text: str) -> bool:
    """Whether it is a time of day, with or without an offset: `12:30:00`, `12:30:00Z`."""
    return len(text) >= 8 and text[2] == ":" and _reads(time.fromisoformat, text)


def is_uri(text: str) -> bool:
    """Whether it is an absolute address: a scheme and something behind it, without blanks."""
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


def is_duration(text: str) -> bool:
    """Whether it is a duration as ISO 8601 writes it: `P1DT12H`."""
    return _DURATION.fullmatch(text) is not None


CHECKS = {"date-time": is_date_time, "time": is_time, "uri": is_uri, "duration": is_duration}


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True

"""Which input of a browser shows a text as it stands: one that would drop or change it is never chosen."""

import re
from datetime import date, time

from handrail.requests.reference import Schema

_HOURS = (*range(-12, 15),)


def type_of(form: str, text: str) -> str:
    """Return the type of an input that shows the text as it stands."""
    match form:
        case "date" if not text or _reads_date(text):
            return "date"
        case "time" if not text or _reads_time(text):
            return "time"
        case "email" if text == text.strip() and text.isascii():
            return "email"
        case "uri" if text == text.strip():
            return "url"
        case "password":
            return "password"
    return "text"


def _reads_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _reads_time(text: str) -> bool:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return False
    return found.isoformat() == text or found.isoformat("minutes") == text if found.tzinfo is None else False


def offsets_of(chosen: str) -> tuple[tuple[str, str], ...]:
    """Return the offsets to choose from: what is stored, and its words."""
    known = [f"{'-' if hours < 0 else '+'}{abs(hours):02}:00" for hours in _HOURS if hours]
    known += ["+03:30", "+04:30", "+05:30", "+05:45", "+09:30", "-03:30"]
    known = [*known, *([chosen] if chosen not in ("Z", *known) else [])]
    known.sort(key=_minutes)
    return (("Z", "UTC"), *((each, f"UTC{each}") for each in known))


def _minutes(offset: str) -> int:
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", offset, re.ASCII)
    return 0 if found is None else int(f"{found[1]}1") * (int(found[2]) * 60 + int(found[3]))


def bounds_of(schema: Schema, whole: bool) -> tuple[str, str, str]:
    """Return the lowest, the highest and the step of an input, where it can hold to them exactly."""
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf", 1 if whole else None)
    if low is None and isinstance(over, int | float):
        low = over + 1 if whole and isinstance(over, int) else over
    if high is None and isinstance(under, int | float):
        high = under - 1 if whole and isinstance(under, int) else under
    # An input counts its steps from the lowest.
    exact = isinstance(step, int | float) and (not isinstance(low, int | float) or (low / step).is_integer())
    return (
        "" if low is None else str(low),
        "" if high is None else str(high),
        str(step) if exact and step is not None else "any",
    )

"""Moments, durations and names in the words of the pages: first relative, then exact."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from handrail.requests.identifier import utc_text
from handrail.requests.wording import MINUTE, count, lasting
from handrail.web.content.markdown import prose_html
from handrail.web.content.text import plain

COMMAND = re.compile(r"`handrail [^`]*`")
IN_BRACKETS = re.compile(r"\s*\([^()]*`handrail [^`]*`[^()]*\)")


def took(seconds: float | None) -> str:
    """Return how long a step took.

    >>> took(0.0042), took(9.13), took(75)
    ('4 ms', '9.1 s', '1 min')
    """
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < MINUTE else lasting(seconds)


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was.

    >>> ago(datetime(2025, 6, 1, 12, 0, tzinfo=UTC), datetime(2025, 6, 1, 12, 4, tzinfo=UTC))
    '4 min ago'
    """
    seconds = (now - moment).total_seconds()
    return "just now" if seconds < 5 else f"{lasting(seconds)} ago"


def due(deadline: datetime | None, now: datetime) -> str:
    """Return how long there is until a deadline, or how late it is.

    >>> noon = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
    >>> due(noon + timedelta(minutes=42), noon), due(noon - timedelta(hours=1), noon), due(None, noon)
    ('42 min', '1 h late', 'No deadline')
    """
    if deadline is None:
        return "No deadline"
    seconds = (deadline - now).total_seconds()
    return f"{lasting(seconds)} late" if seconds < 0 else lasting(seconds)


def exact(moment: datetime, now: datetime | None = None) -> str:
    """Return a moment in the server's time zone; a script shows it in the reader's."""
    local = moment.astimezone()
    today = (now or datetime.now(UTC)).astimezone().date()
    days = (local.date() - today).days
    day = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get(days)
    if day is None:
        day = local.strftime("%a %-d %b" if abs(days) < 300 else "%-d %b %Y")
    return f"{day} {local:%H:%M}"


def clock(moment: datetime) -> str:
    """Return the time of day."""
    return f"{moment.astimezone():%H:%M}"


def initials(name: str) -> str:
    """Return what stands for a person in a small circle.

    >>> initials("Mara Lind"), initials("alice"), initials("group:legal")
    ('ML', 'AL', 'LE')
    """
    parts = [part for part in name.removeprefix("group:").replace(".", " ").replace("-", " ").split() if part]
    if len(parts) > 1:
        return (parts[0][0] + parts[-1][0]).upper()
    return parts[0][:2].upper() if parts else "?"


def sentence(text: str) -> str:
    """Return an error's words as a sentence; what begins with a name keeps it as it is.

    >>> sentence("there is nothing here"), sentence("run_1 is over")
    ('There is nothing here.', 'run_1 is over.')
    """
    words = text.strip()
    first = words.split(" ", 1)[0]
    start = words[:1].upper() if first.isalpha() else words[:1]
    return f"{start}{words[1:]}{'' if words.endswith(('.', '?', '!')) else '.'}" if words else ""


def without_commands(text: str) -> str:
    """Return an error's words without those that say which command to give: people in a browser have none.

    >>> without_commands("there is no person 'bob'; `handrail users list` lists them")
    "there is no person 'bob'"
    """
    clauses = re.split(r"(?<=[;:])\s", IN_BRACKETS.sub("", text))
    kept = " ".join(clause for clause in clauses if not COMMAND.search(clause))
    return kept.rstrip(";: ") if len(kept) < len(text) else text


FILTERS: dict[str, Callable[..., Any]] = {
    "lasting": lasting,
    "took": took,
    "ago": ago,
    "due": due,
    "exact": exact,
    "clock": clock,
    "initials": initials,
    "count": count,
    "sentence": sentence,
    "without_commands": without_commands,
    "iso": utc_text,
    "plain": plain,
    "prose": lambda text: prose_html(text).html,
}

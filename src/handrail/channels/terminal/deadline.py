"""When something is due, as people say it: how long from now, and the hour on their own clock."""

from datetime import datetime, tzinfo


def due(deadline: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return when `deadline` is, seen from `now`; `zone` is the reader's, by default that of this machine.

    >>> from datetime import UTC
    >>> due(datetime(2026, 3, 2, 14, 5, tzinfo=UTC), datetime(2026, 3, 2, 12, 4, tzinfo=UTC), UTC)
    'due in 2 h, 14:05'
    """
    left = (deadline - now).total_seconds()
    here, today = deadline.astimezone(zone), now.astimezone(zone)
    clock = f"{here:%H:%M}" if left >= 60 else f"{here:%H:%M:%S}"
    if here.date() != today.date():
        clock = f"{here:%a} {here.day} {here:%b}{f' {here.year}' if here.year != today.year else ''} {clock}"
    return f"due in {span(left)}, {clock}" if left > 0 else f"overdue since {clock}"


def span(seconds: float) -> str:
    """Return a length of time in its largest unit or two: `45 s`, `12 min`, `1 h 30 min`, `3 days`."""
    if seconds < 60:
        return f"{max(1, int(seconds))} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    if hours < 6 and minutes >= 5:
        return f"{hours} h {minutes} min"
    if hours < 48:
        return f"{hours} h"
    return f"{hours // 24} days"

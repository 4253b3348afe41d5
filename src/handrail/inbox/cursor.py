"""Where a page ended, as a text that a face hands back: opaque, and good for that list only."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from handrail.inbox.filing import Place
from handrail.requests.errors import InvalidInput
from handrail.requests.moments import to_moment, to_number

LONGEST = 1000
"""characters that a cursor may have"""


def write(place: Place | None, kind: str) -> str | None:
    """Return the cursor of a place in a list of this kind."""
    if place is None:
        return None
    text = json.dumps([kind, place.id, place.priority, place.moment], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, kind: str) -> Place:
    """Return the place of a cursor. Raises `InvalidInput` for one that was not made for this kind of list."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        of_kind, request_id, priority, moment = found
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise refused() from None
    if of_kind != kind or type(request_id) is not str or not _is_whole(priority) or not _is_whole(moment):
        raise refused()
    return Place(request_id, priority, moment)


def write_moment(place: tuple[datetime, str] | None, kind: str) -> str | None:
    """Return the cursor of a place in a list that is in the order of moments, and then of ids."""
    return None if place is None else write(Place(place[1], 0, to_number(place[0])), kind)


def read_moment(text: str | None, kind: str) -> tuple[datetime, str] | None:
    """Return the moment and the id of such a cursor, None for none. Raises `InvalidInput` as `read` does."""
    if text is None:
        return None
    place = read(text, kind)
    try:
        return to_moment(place.moment), place.id
    except OverflowError:
        raise refused() from None


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) < 1 << 63


def refused() -> InvalidInput:
    """Return what is said about a cursor of something else."""
    return InvalidInput("this cursor isn't one of this list: leave it out to begin again")

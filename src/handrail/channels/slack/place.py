"""Where something was sent: the room and the moment by which Slack knows a message.

The metadata of a message carries the id of ours, so that Slack can be asked whether it has it.
"""

from dataclasses import dataclass
from typing import Any

EVENT = "handrail_request"


@dataclass(frozen=True, slots=True)
class Place:
    """A message in Slack.

    >>> str(Place("C1", "1700000000.000100"))
    'C1/1700000000.000100'
    """

    room: str
    ts: str

    def __str__(self) -> str:
        return f"{self.room}/{self.ts}"


def read_place(text: str) -> Place:
    """Return the place that was written as text."""
    room, _, ts = text.partition("/")
    return Place(room, ts)


def metadata(message_id: str, request_id: str) -> dict[str, Any]:
    """Return what a message carries beside what people see."""
    return {"event_type": EVENT, "event_payload": {"message": message_id, "request": request_id}}


def message_of(posted: Any) -> str | None:
    """Return which message of ours something in Slack is, by its metadata."""
    carried = posted.get("metadata") or {}
    if carried.get("event_type") != EVENT:
        return None
    found = (carried.get("event_payload") or {}).get("message")
    return found if isinstance(found, str) else None


def sent_since(message_id: str) -> str:
    """Return since when a message may have been posted, as Slack writes moments: a minute before its id was made.

    >>> sent_since("msg_019b796dd600000000000000")
    '1767224580.000000'
    """
    made = int(message_id.partition("_")[2][:12], 16) / 1000
    return f"{max(made - 60, 0):.6f}"

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


@dataclass(frozen=True, slots=True)
class About:
    """Which message of ours something in Slack is, and about which request."""

    message_id: str
    request_id: str


def about_of(posted: Any) -> About | None:
    """Return what the metadata of something in Slack says; None if it isn't ours."""
    match posted.get("metadata"):
        case {
            "event_type": str(kind),
            "event_payload": {"message": str(message_id), "request": str(request_id)},
        } if kind == EVENT:
            return About(message_id, request_id)
    return None


def sent_since(message_id: str) -> str:
    """Return since when a message may have been posted, as Slack writes moments: ten minutes before its id was made.

    As far apart may the clocks be, Slack's and that of this machine.

    >>> sent_since("msg_019b796dd600000000000000")
    '1767224040.000000'
    """
    made = int(message_id.partition("_")[2][:12], 16) / 1000
    return f"{max(made - 600, 0):.6f}"

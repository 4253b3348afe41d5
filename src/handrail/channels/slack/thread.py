"""What the thread under a message is told of a request: reminders, comments from elsewhere, who may decide now."""

from handrail.channels.slack import words
from handrail.channels.slack.block import rich, section
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.rich import Room, quote
from handrail.channels.slack.text import quoted, unescape
from handrail.requests import telling
from handrail.requests.lifecycle import (
    Claimed,
    Commented,
    Decided,
    Escalated,
    Event,
    Reassigned,
    Released,
    Reminded,
)
from handrail.requests.record import is_blind
from handrail.requests.request import HumanRequest

ROOM = 3000
"""characters of a comment"""


def line(request: HumanRequest, event: Event) -> Posting | None:
    """Return what a thread is told of an event; None if it needs no telling.

    Args:
        request: the request as it is after the event.
        event: what has happened to it.
    """
    match event.move:
        case Reminded():
            return _sentence(words.REMINDED)
        case Commented(by, text):
            head = words.COMMENTED.format(quoted(by))
            found = quote(Room(ROOM).take(text))
            return posting(unescape(head), [section(head), rich([found])])
        case Escalated(audience=audience):
            return _sentence(words.ESCALATED.format(quoted(telling.names(audience))))
        case Reassigned(audience=audience):
            return _sentence(words.REASSIGNED.format(quoted(telling.names(audience))))
        case Claimed(by):
            return _sentence(words.CLAIMED_NOW.format(quoted(by)))
        case Released():
            return _sentence(words.RELEASED_NOW)
        case Decided(decision) if not request.ended:
            so_far = quoted(telling.so_far(request))
            if is_blind(request, telling.NOBODY):
                return _sentence(words.VOTED_BLIND.format(so_far))
            did = telling.DONE[decision.verb]
            return _sentence(words.VOTED.format(quoted(decision.actor), did, so_far))
    return None


def _sentence(text: str) -> Posting:
    return posting(unescape(text), [section(text)])

"""What is posted on each occasion: the request with what can be decided here, how it ended, or a word in its thread."""

from handrail.channels.slack.ended import ended
from handrail.channels.slack.message import message
from handrail.channels.slack.posting import Posting
from handrail.channels.slack.thread import line
from handrail.flows.web_approval import request_url
from handrail.inbox.channel import Delivery
from handrail.requests.lifecycle import Commented, Event, Reminded
from handrail.requests.request import HumanRequest


def asked(delivery: Delivery) -> Posting:
    """Return the message of a request as it stands."""
    request = delivery.request
    if request.ended:
        return ended(request, link=delivery.url, newer=_newer(request, delivery.url))
    return message(request, link=delivery.url, previous=delivery.previous)


def _newer(request: HumanRequest, url: str) -> str | None:
    """Return the page of the revision that replaced a request: beside its own."""
    if request.superseded_by is None:
        return None
    return request_url(request.superseded_by, url.removesuffix(f"/requests/{request.id}"))


def said(delivery: Delivery) -> Posting | None:
    """Return what the thread of a request is told of an occasion."""
    message = delivery.message
    match message.occasion, message.detail:
        case "commented", {"by": str(by), "text": str(text)}:
            event = Event(message.request_id, message.due_at, by, Commented(by, text))
        case "reminded", _:
            event = Event(message.request_id, message.due_at, "", Reminded("", 0))
        case _:
            return None
    return line(delivery.request, event)

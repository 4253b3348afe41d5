"""What is posted on each occasion: the request with what can be decided here, how it ended, or a word in its thread."""

from collections.abc import Sequence

from handrail.channels.slack import words
from handrail.channels.slack.block import actions, context, section
from handrail.channels.slack.ended import ended, how_it_ended
from handrail.channels.slack.foot import open_page
from handrail.channels.slack.listing import Waiting, listing
from handrail.channels.slack.message import message
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.text import quoted, unescape
from handrail.channels.slack.thread import line
from handrail.channels.slack.told import told
from handrail.flows.web_approval import request_url
from handrail.inbox.channel import Delivery
from handrail.requests import telling
from handrail.requests.lifecycle import Commented, Event, Reminded
from handrail.requests.request import HumanRequest


def asked(delivery: Delivery) -> Posting:
    """Return the message of a request as it stands."""
    request = delivery.request
    if request.ended:
        return ended(request, link=delivery.url, newer=_newer(request, delivery.url))
    if (why := _not_asked(request, delivery.to)) is not None:
        row = open_page(delivery.url)
        blocks = [*told(request).blocks, context(why), *([actions(row)] if row else [])]
        return posting(request.draft.title, blocks)
    return message(request, link=delivery.url, previous=delivery.previous)


def _not_asked(request: HumanRequest, to: str) -> str | None:
    """Return why a person who was sent a request has nothing to decide, such as after it was reassigned."""
    person, audience = to.removeprefix("@"), request.audience
    if person == to:
        return None
    if person in audience.excluded:
        return words.EXCLUDED
    is_asked = request.asked is None or person in request.asked
    return None if is_asked else words.NOT_ASKED.format(quoted(telling.names(audience)))


def _newer(request: HumanRequest, url: str) -> str | None:
    """Return the page of the revision that replaced a request: beside its own."""
    if request.superseded_by is None:
        return None
    return request_url(request.superseded_by, url.removesuffix(f"/requests/{request.id}"))


def gathered(deliveries: Sequence[Delivery]) -> Posting:
    """Return the list of a digest: each request once."""
    links = {each.request.id: (each.request, each.url) for each in deliveries}
    last, url = links[deliveries[0].request.id]
    inbox = url.removesuffix(f"/requests/{last.id}") if url else None
    waiting = [Waiting(request, link or None) for request, link in links.values()]
    return listing(waiting, total=len(waiting), inbox=inbox, title=words.DIGEST)


def said(delivery: Delivery) -> Posting | None:
    """Return what the thread of a request is told of an occasion."""
    message = delivery.message
    match message.occasion, message.detail:
        case "commented", {"by": str(by), "text": str(text)}:
            event = Event(message.request_id, message.due_at, by, Commented(by, text))
        case "ended", _:
            return posting(unescape(how := how_it_ended(delivery.request)), [section(how)])
        case "reminded", _:
            event = Event(message.request_id, message.due_at, "", Reminded("", 0))
        case _:
            return None
    return line(delivery.request, event)

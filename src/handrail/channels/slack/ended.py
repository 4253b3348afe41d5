"""The message of a request that has ended: how, by whom and when, and no buttons but the way to the page."""

from collections.abc import Iterator

from handrail.channels.slack import words
from handrail.channels.slack.block import Block, actions, context, header, moment, rich, section
from handrail.channels.slack.content import parts
from handrail.channels.slack.foot import open_page
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.rich import Room, preformatted, quote
from handrail.channels.slack.rich import section as paragraph
from handrail.channels.slack.rich import words as said
from handrail.channels.slack.text import quoted
from handrail.requests import telling
from handrail.requests.decision import Verb
from handrail.requests.prose.record import as_json
from handrail.requests.request import HumanRequest

ROOM = 2000
"""characters of what was said that are shown; the page has all of it"""


def ended(request: HumanRequest, *, link: str | None, newer: str | None = None) -> Posting:
    """Return what the message of a request becomes when it has ended.

    Args:
        request: the request, ended.
        link: the address of its page.
        newer: the address of the page of the revision that replaced it.
    """
    how = telling.ended_as(request) or words.UNCHANGED
    blocks = [header(request.draft.title), section(how_it_ended(request)), *_said(request)]
    if request.superseded_by:
        blocks.append(context(words.NEWER))
    row = [*open_page(newer if request.superseded_by else None, words.OPEN_NEWER), *open_page(link)]
    for number, element in enumerate(row):
        element["action_id"] += f":{number}"
    return posting(f"{how}: {request.draft.title}", [*blocks, *([actions(row)] if row else [])])


def how_it_ended(request: HumanRequest) -> str:
    """Return how and when a request ended, as mrkdwn."""
    how = quoted(telling.ended_as(request) or words.UNCHANGED, 500)
    return words.ENDED_AT.format(how, moment(request.ended_at)) if request.ended_at else f"{how}."


def _said(request: HumanRequest) -> Iterator[Block]:
    """Yield what was answered, changed or said."""
    outcome, room = request.outcome, Room(ROOM)
    if outcome is None:
        return
    if outcome.payload is not None:
        is_edit = outcome.verb is Verb.EDIT and isinstance(outcome.payload, dict)
        head = paragraph(said(words.EDITED if is_edit else words.ANSWERED, bold=True))
        if isinstance(outcome.payload, dict):
            yield rich([head, *parts(outcome.payload, room)])
        else:
            yield rich([head, preformatted(room.take(as_json(outcome.payload)))])
    if outcome.comment and outcome.cause == "decision":
        yield rich([paragraph(said(words.SAID, bold=True)), quote(room.take(outcome.comment))])

"""What is written on each occasion: the request with what can be decided by mail, how it ended, or a word about it.

A letter is always the same for the same request as it stands; whether all of it fits is part of that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any

from handrail.channels.email import sentences
from handrail.channels.email.asked import Asked, asked, moment, until
from handrail.channels.email.block import Action, Block, Code, Head, Line, Quote, Title
from handrail.channels.email.content import parts
from handrail.channels.email.difference import difference
from handrail.channels.email.html import html_text
from handrail.channels.email.offer import Offered, instruction, offered
from handrail.channels.email.room import ROOM, Room
from handrail.requests import telling
from handrail.requests.decision import Verb
from handrail.requests.prose.record import as_json
from handrail.requests.request import HumanRequest

LARGEST_HTML = 80_000
"""bytes of what is asked, as HTML: beyond 100 KB mail programs leave the rest away"""
LARGEST_SAID = 4000
"""characters of what was said or answered that a mail shows"""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the links of a letter lead: the page of the request, the later revision, the person's own one-time link."""

    page: str
    newer: str | None = None
    decide: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What is written."""

    blocks: tuple[Block, ...]


def shown(request: HumanRequest, zone: tzinfo = UTC) -> Asked:
    """Return what a request asks, as much of it as mail programs show: the same by whatever clock."""
    room = ROOM
    while len(html_text("", asked(request, room).blocks).encode()) > LARGEST_HTML:
        room //= 2
    found = asked(request, room, zone)
    return replace(found, whole=found.whole and room == ROOM)


def what_is_offered(request: HumanRequest, *, answerable: bool) -> Offered:
    """Return what can be decided by mail, of a request as it is shown."""
    return offered(request, whole=shown(request).whole, answerable=answerable)


def request_letter(
    request: HumanRequest,
    links: Links,
    *,
    answerable: bool,
    previous: HumanRequest | None = None,
    zone: tzinfo = UTC,
) -> Letter:
    """Return the letter that asks; of a revision with what has changed since the `previous` one."""
    found = shown(request, zone)
    offer = offered(request, whole=found.whole, answerable=answerable)
    changed = difference(previous, request) if previous is not None else ()
    return Letter((*found.head, *changed, *found.body, *_ways(offer, links)))


def _ways(offer: Offered, links: Links) -> Iterator[Block]:
    """Yield how to decide: by an answer, by the link, on the page."""
    if offer.why_not:
        yield Line(offer.why_not)
    if offer.replies:
        yield Line(sentences.REPLY.format(instruction(offer.replies)), label=sentences.REPLY_LABEL)
    if offer.link and links.decide:
        yield Action(sentences.DECIDE, links.decide, first=True)
        yield Line(sentences.LINK, quiet=True)
        yield Action(sentences.OPEN, links.page)
    else:
        yield Action(sentences.OPEN, links.page, first=True)


def said_letter(
    request: HumanRequest,
    occasion: str,
    detail: dict[str, Any] | None,
    links: Links,
    *,
    answerable: bool,
    zone: tzinfo = UTC,
) -> Letter | None:
    """Return what is written to those who have a request; None where nothing needs to be."""
    who = telling.names(request.audience)
    head: list[Block]
    match occasion, detail:
        case "commented", {"by": str(by), "text": str(text)}:
            room = Room(LARGEST_SAID)
            head = [Line(sentences.COMMENTED.format(by)), Quote(room.take(text))]
        case "reminded", _:
            head = [Line(sentences.REMINDED), Line(until(request, zone), quiet=True)]
        case "escalated", _:
            head = [Line(sentences.ESCALATED.format(who)), Line(until(request, zone), quiet=True)]
        case "reassigned", _:
            head = [Line(sentences.REASSIGNED.format(who))]
        case _:
            return None
    ways = _ways(what_is_offered(request, answerable=answerable), links) if not request.ended else ()
    return Letter((Title(request.draft.title[:300]), *head, *ways))


def answer_letter(request: HumanRequest, why: str, links: Links, *, answerable: bool) -> Letter:
    """Return what is written to somebody whose mail decided nothing; `why` is a reason of `sentences.UNCLEAR`, or
    already a sentence."""
    told = sentences.UNCLEAR.get(why, why)
    offer = what_is_offered(request, answerable=answerable)
    if why in sentences.UNCLEAR and not offer.replies and not request.ended:
        told = offer.why_not or sentences.NOT_OFFERED
    blocks: list[Block] = [
        Title(sentences.NOT_UNDERSTOOD),
        Line(request.draft.title[:300], quiet=True),
        Line(told),
    ]
    if why in sentences.UNCLEAR and offer.replies:
        blocks.append(Line(sentences.ASK_AGAIN.format(instruction(offer.replies))))
    return Letter((*blocks, Action(sentences.OPEN, links.page, first=True)))


def ended_letter(request: HumanRequest, links: Links, zone: tzinfo = UTC) -> Letter:
    """Return the last letter of a request: how it has ended."""
    blocks = [Title(request.draft.title[:300]), Line(how_it_ended(request, zone)), *_outcome(request)]
    if request.superseded_by:
        blocks.append(Line(sentences.NEWER))
    blocks.append(Line(sentences.NOTHING_LEFT, quiet=True))
    if request.superseded_by and links.newer:
        blocks.append(Action(sentences.OPEN_NEWER, links.newer, first=True))
    return Letter((*blocks, Action(sentences.OPEN, links.page, first=not request.superseded_by)))


def how_it_ended(request: HumanRequest, zone: tzinfo = UTC) -> str:
    """Return how and when a request ended, as a sentence, by the clock of a time zone."""
    how = telling.ended_as(request) or sentences.UNCHANGED
    return sentences.ENDED_AT.format(how, moment(request.ended_at, zone)) if request.ended_at else f"{how}."


def _outcome(request: HumanRequest) -> Iterator[Block]:
    """Yield what was answered, changed or said."""
    outcome, room = request.outcome, Room(LARGEST_SAID)
    if outcome is None:
        return
    if outcome.payload is not None:
        is_edit = outcome.verb is Verb.EDIT and isinstance(outcome.payload, dict)
        yield Head(sentences.EDITED if is_edit else sentences.ANSWERED)
        if isinstance(outcome.payload, dict):
            yield from parts(outcome.payload, room)
        else:
            yield Code(room.take(as_json(outcome.payload)))
    if outcome.comment and outcome.cause == "decision":
        yield Head(sentences.SAID)
        yield Quote(room.take(outcome.comment))

"""A request in the blocks of Slack: all that its content hash covers, and whether all of it fit."""

from collections.abc import Iterator
from dataclasses import dataclass

from handrail.channels.slack import words
from handrail.channels.slack.block import LONGEST_HEADER, Block, Element, context, header, moment, rich
from handrail.channels.slack.content import parts, proposal
from handrail.channels.slack.rich import Room, bullets, prose, section
from handrail.channels.slack.rich import words as said
from handrail.channels.slack.text import one_line, quoted
from handrail.requests import telling
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest

ROOM = 9000
"""characters of a request that one message shows; Slack folds long ones itself"""


@dataclass(frozen=True, slots=True)
class Told:
    """The blocks that say what is asked; `whole` if nothing of it had to be left out."""

    blocks: list[Block]
    whole: bool


def told(request: HumanRequest, *, room: int = ROOM) -> Told:
    """Return what an open request asks, within so many characters."""
    left = Room(room)
    draft = request.draft
    found = [header(draft.title), *_long_title(draft.title, left), context(*_facts(request))]
    why = [*_why(request, left)]
    judged = [] if _is_title(request) else [rich(proposal(draft.proposal, left))]
    found += [*judged, *_beside(request, left), rich(why)]
    if draft.guideline:
        found.append(rich([section(said(words.GUIDELINE, bold=True)), *prose(draft.guideline, left)]))
    if request.claimed_by:
        found.append(context(words.CLAIMED.format(quoted(request.claimed_by))))
    return Told(found, not left.cut)


def _long_title(title: str, room: Room) -> list[Block]:
    if not one_line(title, LONGEST_HEADER).is_cut and "\n" not in title:
        return []
    return [rich([section(said(room.take(title), bold=True))])]


def _is_title(request: HumanRequest) -> bool:
    """Whether what is proposed is nothing but the question that stands above already."""
    return list(request.draft.proposal.values()) == [request.draft.title]


def _facts(request: HumanRequest) -> Iterator[str]:
    """Yield who asks, which revision, and until when."""
    if request.flow:
        yield words.ASKED_BY.format(quoted(request.flow))
    if request.revision > 1:
        yield words.REVISION.format(request.revision)
    if request.deadline is None:
        yield words.NO_DEADLINE
    else:
        yield words.DEADLINE.format(moment(request.deadline), quoted(telling.at_silence(request)))


def _why(request: HumanRequest, room: Room) -> Iterator[Element]:
    """Yield why it is asked, how sure the machine was, who decides and what happens then."""
    yield section(said(words.WHY, bold=True), said(room.take(telling.why(request))))
    if (found := telling.confidence(request)) is not None:
        value, threshold = found
        sure = words.CONFIDENCE if threshold is None else words.THRESHOLD
        yield section(said(sure.format(value, threshold)))
    if unsure := telling.unsure(request):
        yield section(said(words.UNSURE, bold=True))
        yield bullets([section(said(room.take(each))) for each in unsure])
    yield section(said(words.THEN, bold=True), said(room.take(telling.effect(request, None))))
    if isinstance(request.policy.quorum, First):
        yield section(said(room.take(telling.who_decides(request))))
        return
    if request.decisions:
        yield section(said(f"{telling.so_far(request)}."))
    if votes := telling.votes(request):
        yield bullets([section(said(room.take(each))) for each in votes])


def _beside(request: HumanRequest, room: Room) -> Iterator[Block]:
    """Yield what is told beside what is proposed, without what stands elsewhere."""
    if left := telling.beside(request):
        yield rich([section(said(words.BESIDE, bold=True)), *parts(left, room)])

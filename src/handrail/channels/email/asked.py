"""What a request asks, as the blocks of a mail: all that its content hash covers, and whether all of it fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from handrail.channels.email import sentences
from handrail.channels.email.block import Block, Head, Items, Line, Title
from handrail.channels.email.content import parts, proposal, prose
from handrail.channels.email.room import Room
from handrail.requests import telling
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest

LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """The blocks that say what is asked; `whole` if nothing of it had to be left out."""

    blocks: tuple[Block, ...]
    whole: bool


def asked(request: HumanRequest, room: int) -> Asked:
    """Return what a request asks, within so many characters."""
    left = Room(room)
    draft = request.draft
    found: list[Block] = [Title(_title(draft.title, left)), Line(" · ".join(_facts(request)), quiet=True)]
    why = [*_why(request, left)]  # before what is judged: it must not be what is cut
    if list(draft.proposal.values()) != [draft.title]:
        found += proposal(draft.proposal, left)
    found += [*_beside(request, left), *why]
    if draft.guideline:
        found += [Head(sentences.GUIDELINE), *prose(draft.guideline, left)]
    if request.claimed_by:
        found.append(Line(sentences.CLAIMED.format(request.claimed_by)))
    return Asked(tuple(found), not left.cut)


def moment(at: datetime) -> str:
    """Return a moment as mails tell it.

    >>> moment(datetime(2026, 5, 3, 14, 0, tzinfo=UTC))
    '3 May 2026, 14:00 UTC'
    """
    return at.astimezone(UTC).strftime(sentences.MOMENT)


def _title(title: str, room: Room) -> str:
    if len(title) <= LONGEST_TITLE:
        return title
    room.cut = True
    return f"{title[:LONGEST_TITLE]}…"


def _facts(request: HumanRequest) -> Iterator[str]:
    """Yield who asks, which revision, and until when."""
    if request.flow:
        yield sentences.ASKED_BY.format(request.flow)
    if request.revision > 1:
        yield sentences.REVISION.format(request.revision)
    if request.deadline is None:
        yield sentences.NO_DEADLINE
    else:
        yield sentences.DEADLINE.format(moment(request.deadline), telling.at_silence(request)).rstrip(".")


def _why(request: HumanRequest, room: Room) -> Iterator[Block]:
    """Yield why it is asked, how sure the machine was, who decides and what happens then."""
    yield Line(room.take(telling.why(request)), label=sentences.WHY)
    if (found := telling.confidence(request)) is not None:
        value, threshold = found
        sure = sentences.CONFIDENCE if threshold is None else sentences.THRESHOLD
        yield Line(sure.format(value, threshold), label=sentences.SURE)
    if unsure := telling.unsure(request):
        yield Line("", label=sentences.UNSURE)
        yield Items(tuple(room.take(each) for each in unsure))
    yield Line(room.take(telling.effect(request, None)), label=sentences.THEN)
    if isinstance(request.policy.quorum, First):
        yield Line(room.take(telling.who_decides(request)), label=sentences.WHO)
    elif votes := telling.votes(request):
        yield Items(tuple(room.take(each) for each in votes))


def _beside(request: HumanRequest, room: Room) -> Iterator[Block]:
    """Yield what is told beside what is proposed, without what stands elsewhere."""
    if left := telling.beside(request):
        yield Head(sentences.BESIDE)
        yield from parts(left, room)

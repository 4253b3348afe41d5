"""What a request asks, as the blocks of a mail: all that its content hash covers, and whether all of it fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from handrail.channels.email import sentences
from handrail.channels.email.block import Block, Head, Items, Line, Title
from handrail.channels.email.content import answers, parts, proposal, prose
from handrail.channels.email.room import Room
from handrail.requests import telling
from handrail.requests.decision import Verb
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest

LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """The blocks that say what is asked; `whole` if nothing of it had to be left out."""

    head: tuple[Block, ...]
    body: tuple[Block, ...]
    whole: bool

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All of them."""
        return (*self.head, *self.body)


def asked(request: HumanRequest, room: int, zone: tzinfo = UTC) -> Asked:
    """Return what a request asks, within so many characters, by the clock of a time zone."""
    left = Room(room)
    draft = request.draft
    head = (Title(_title(draft.title, left)), Line(" · ".join(_facts(request, zone)), quiet=True))
    found: list[Block] = []
    why = [*_why(request, left)]  # before what is judged: it must not be what is cut
    if list(draft.proposal.values()) != [draft.title]:
        found += proposal(draft.proposal, left)
    if Verb.ANSWER in draft.verbs and draft.response_schema is not None:
        found += answers(draft.response_schema, left)
    found += [*_beside(request, left), *why]
    if draft.guideline:
        found += [Head(sentences.GUIDELINE), *prose(draft.guideline, left)]
    if request.claimed_by:
        found.append(Line(sentences.CLAIMED.format(request.claimed_by)))
    return Asked(head, tuple(found), not left.cut)


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """Return a moment as mails tell it, by the clock of a time zone.

    >>> from zoneinfo import ZoneInfo
    >>> moment(datetime(2026, 5, 3, 14, 0, tzinfo=UTC))
    '3 May 2026, 14:00 UTC'
    >>> moment(datetime(2026, 5, 3, 14, 0, tzinfo=UTC), ZoneInfo("Asia/Kathmandu"))
    '3 May 2026, 19:45 UTC+05:45'
    """
    local = at.astimezone(zone)
    return f"{local.strftime(sentences.MOMENT)} {_clock(local)}"


def _clock(local: datetime) -> str:
    """Return the name of a zone's clock, such as CEST; of one without, how far it is from UTC."""
    name, offset = local.tzname() or "", local.strftime("%z")
    return name if name.isalpha() else f"UTC{offset[:3]}:{offset[3:5]}"


def _title(title: str, room: Room) -> str:
    if len(title) <= LONGEST_TITLE:
        return title
    room.cut = True
    return f"{title[:LONGEST_TITLE]}…"


def _facts(request: HumanRequest, zone: tzinfo) -> Iterator[str]:
    """Yield who asks, which revision, and until when."""
    if request.flow:
        yield sentences.ASKED_BY.format(request.flow)
    if request.revision > 1:
        yield sentences.REVISION.format(request.revision)
    yield until(request, zone)


def until(request: HumanRequest, zone: tzinfo = UTC) -> str:
    """Return until when something is asked, and what happens else."""
    if request.deadline is None:
        return sentences.NO_DEADLINE
    return sentences.DEADLINE.format(moment(request.deadline, zone), telling.at_silence(request)).rstrip(".")


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

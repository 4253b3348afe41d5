"""A request in the blocks of Slack: all that its content hash covers, and whether all of it fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handrail.channels.slack import words
from handrail.channels.slack.block import LONGEST_HEADER, Block, Element, context, header, moment, rich
from handrail.channels.slack.content import parts, proposal
from handrail.channels.slack.rich import Room, bullets, prose, section
from handrail.channels.slack.rich import words as said
from handrail.channels.slack.text import one_line, quoted
from handrail.requests import telling
from handrail.requests.content import JSON
from handrail.requests.policy import First
from handrail.requests.record import is_blind
from handrail.requests.request import HumanRequest

ROOM = 9000
"""characters of a request that one message shows; Slack folds long ones itself"""
NOBODY = "\n"
"""a viewer who has not decided: no person has this name"""
MOST_VOTES = 10


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
    if unsure := _unsure(request.draft.context):
        yield section(said(words.UNSURE, bold=True))
        yield bullets([section(said(room.take(each))) for each in unsure])
    yield section(said(words.THEN, bold=True), said(room.take(telling.effect(request, None))))
    if isinstance(request.policy.quorum, First):
        yield section(said(room.take(telling.who_decides(request))))
        return
    if request.decisions:
        yield section(said(f"{telling.so_far(request)}."))
    if votes := _votes(request):
        yield bullets([section(said(room.take(each))) for each in votes])


def _votes(request: HumanRequest) -> list[str]:
    """Return who said what; nothing where nobody is to know yet."""
    if is_blind(request, NOBODY):
        return []
    votes = request.decisions[:MOST_VOTES]
    more = len(request.decisions) - len(votes)
    said = [f"{vote.actor} {telling.DONE[vote.verb]}" for vote in votes]
    return [*said, f"{more} more"] if more else said


def _unsure(context: Mapping[str, JSON]) -> list[str]:
    """Return the passages that the model isn't sure of; nothing if they are told in another form."""
    found: list[str] = []
    spots = context.get("unsure")
    for each in spots if isinstance(spots, list) else []:
        match each:
            case str(text):
                found.append(f"“{text}”")
            case {"text": str(text), "reason": str(reason), **more} if not more:
                found.append(f"“{text}”: {reason}")
            case {"text": str(text), **more} if not more:
                found.append(f"“{text}”")
            case _:
                return []
    return found


def _beside(request: HumanRequest, room: Room) -> Iterator[Block]:
    """Yield what is told beside what is proposed, without what stands elsewhere."""
    given = request.draft.context
    elsewhere = {
        *(["why"] if isinstance(given.get("why"), str) else []),
        *(key for key in ("confidence", "threshold") if telling.confidence(request) and _is_told(given, key)),
        *(["unsure"] if _unsure(given) else []),
    }
    left = {key: value for key, value in given.items() if key not in elsewhere}
    if left:
        yield rich([section(said(words.BESIDE, bold=True)), *parts(left, room)])


def _is_told(given: Mapping[str, JSON], key: str) -> bool:
    return telling.is_share(given.get(key))

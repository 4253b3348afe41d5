"""The mail of a digest: what came together for somebody, each request once, with where to decide it.

Nothing is decided by such a mail itself: it shows no request whole.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo

from handrail.channels.email import sentences
from handrail.channels.email.asked import until
from handrail.channels.email.block import Action, Block, Entry, Line, Title
from handrail.channels.email.letter import Letter, how_it_ended
from handrail.inbox.channel import Delivery
from handrail.requests.wording import count

MOST = 50
"""requests that are listed"""
LONGEST_TITLE = 120
LONGEST_SAID = 200


def digest_letter(deliveries: Sequence[Delivery], inbox: str, zone: tzinfo = UTC) -> Letter:
    """Return the list of what came together; the oldest first."""
    found: dict[str, list[Delivery]] = {}
    for each in deliveries:
        found.setdefault(each.request.id, []).append(each)
    shown = [*found.values()][:MOST]
    blocks: list[Block] = [Title(digest_title(deliveries)), *(_entry(each, zone) for each in shown)]
    if (more := len(found) - len(shown)) > 0:
        blocks.append(Line(sentences.MORE_IN_INBOX.format(more)))
    blocks.append(Line(sentences.DECIDED_ELSEWHERE, quiet=True))
    return Letter((*blocks, Action(sentences.OPEN_INBOX, inbox, first=True)))


def digest_title(deliveries: Sequence[Delivery]) -> str:
    """Return what a list is called."""
    return sentences.DIGEST.format(count(len({each.request.id for each in deliveries}), "request"))


def _entry(deliveries: Sequence[Delivery], zone: tzinfo) -> Entry:
    last = deliveries[-1]
    title = last.request.draft.title
    if len(title) > LONGEST_TITLE:
        title = f"{title[:LONGEST_TITLE]}…"
    return Entry(" ".join(title.split()), last.url, tuple(_told(deliveries, zone)))


def _told(deliveries: Sequence[Delivery], zone: tzinfo) -> Iterator[str]:
    request = deliveries[-1].request
    asked = [sentences.ASKED_BY.format(request.flow)] if request.flow else []
    stands = how_it_ended(request, zone) if request.ended else until(request, zone)
    yield " · ".join([*asked, stands])
    for each in deliveries:
        match each.occasion, each.message.detail:
            case "commented", {"by": str(by), "text": str(text)}:
                said = text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}…"
                yield f"{sentences.COMMENTED.format(by)} {' '.join(said.split())}"

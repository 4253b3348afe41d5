"""The answer to `/handrail`: what waits for somebody, within Slack's limits, and how much more there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from handrail.channels.slack import words
from handrail.channels.slack.block import (
    HEAVIEST,
    LONGEST_HEADER,
    Block,
    actions,
    context,
    header,
    moment,
    section,
    verbatim,
    weight,
)
from handrail.channels.slack.ended import how_it_ended
from handrail.channels.slack.foot import open_page
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.text import escape, one_line, quoted, unescape
from handrail.requests.request import HumanRequest

MOST = 20
"""requests that are listed: each takes two of Slack's fifty blocks"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits: the address of its page, and of its message on Slack."""

    request: HumanRequest
    link: str | None = None
    permalink: str | None = None


def listing(
    waiting: Sequence[Waiting], *, total: int, inbox: str | None, title: str = words.MY_WORK
) -> Posting:
    """Return what waits for somebody.

    Args:
        waiting: the first of it; outlines will do.
        total: how much there is in all.
        inbox: the address of the inbox.
        title: what stands above it.
    """
    if not waiting:
        return posting(words.NOTHING_OPEN, [section(words.NOTHING_OPEN)])
    blocks, shown = [header(title)], 0
    for number, each in enumerate(waiting[:MOST]):
        row = _row(each, number)
        if weight([*blocks, *row]) > HEAVIEST:
            break
        blocks, shown = [*blocks, *row], number + 1
    if (more := max(total, len(waiting)) - shown) > 0:
        blocks.append(context(words.MORE.format(more)))
    onward = open_page(inbox, words.OPEN_INBOX)
    return posting(title, [*blocks, *([actions(onward)] if onward else [])])


def _row(each: Waiting, number: int) -> list[Block]:
    request = each.request
    facts = [flow] if (flow := quoted(request.flow or "")) else []
    if request.ended:
        facts.append(how_it_ended(request))
    else:
        facts.append(moment(request.deadline) if request.deadline else words.NO_DEADLINE)
    if each.permalink and each.permalink.startswith("https://") and "|" not in each.permalink:
        facts.append(words.MESSAGE_HERE.format(escape(each.permalink)))
    beside = open_page(each.link)
    for element in beside:
        element["action_id"] += f":{number}"
    title = unescape(one_line(request.draft.title, LONGEST_HEADER).text)
    return [verbatim(title, beside[0] if beside else None), context(*facts)]

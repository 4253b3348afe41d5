"""In which order somebody is told of a request: nothing overtakes what came before it, to the same recipient.

A message overtakes if one before it is due later (it failed, or waits for the end of quiet hours); what stands behind
such a one waits too. Only what makes true what somebody has doesn't wait for the end of their quiet hours, with what
calls them. Each line, what is pending for one recipient about one request, is gone through once.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Standing(NamedTuple):
    """One message in its line: when it is due (a number), whether it waits untried to call somebody, and whether it
    only makes true what they have.
    """

    id: str
    due_at: int
    calls: bool = False
    keeps: bool = False


def going(line: Iterable[Standing]) -> Iterator[str]:
    """Yield the messages of a line that overtake nothing, by their ids; the line is in order.

    >>> list(going([Standing("opened", 1), Standing("reminded", 9, calls=True), Standing("commented", 2)]))
    ['opened', 'reminded']
    """
    latest = latest_of_others = 0
    behind = behind_others = False
    for each in line:
        behind = behind or each.due_at < latest
        behind_others = behind_others or each.due_at < latest_of_others
        if not (behind_others if each.keeps else behind):
            yield each.id
        latest = max(latest, each.due_at)
        if not each.calls:
            latest_of_others = max(latest_of_others, each.due_at)

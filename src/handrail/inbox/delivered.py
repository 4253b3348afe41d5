"""What came of trying to deliver, in one word, for whoever measures."""

from collections import Counter
from typing import Literal, get_args

from handrail.requests.errors import ChannelDown, RateLimited

Result = Literal["delivered", "failed", "down"]
RESULTS: tuple[Result, ...] = get_args(Result)

Tries = Counter[tuple[str, str]]
"""how often something was tried: for what or whom, and what came of it"""


def result_of(error: Exception | None) -> Result:
    """Return what came of a try: `down` where nobody would have got anything, or the channel asked to wait.

    >>> result_of(None), result_of(ChannelDown("no answer"))
    ('delivered', 'down')
    """
    match error:
        case None:
            return "delivered"
        case ChannelDown() | RateLimited():
            return "down"
    return "failed"

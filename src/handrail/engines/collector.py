"""Python looks for rings of garbage less often while a worker works.

With its default of 700 it looks whenever so many objects are there more than before. The runs that wait for one commit
are ten times as many; none of them is in a ring, and all are gone a moment later: a ninth of all computing was that.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 10_000
"""objects more than before that make Python look: some megabytes at most"""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage less often within this block, unless the program has seen to that itself."""
    before = gc.get_threshold()
    ours = (SELDOM, *before[1:])
    if 0 < before[0] < SELDOM:
        gc.set_threshold(*ours)
    try:
        yield
    finally:
        if gc.get_threshold() == ours:  # else somebody has set it since
            gc.set_threshold(*before)

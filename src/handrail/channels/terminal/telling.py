"""Lines that are told while a run goes on: held back as long as somebody is being asked in the same terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from handrail.channels.terminal.escape import visible

_prompts = 0
_held: list[str] = []


def tell(line: str) -> None:
    """Print a line to stderr, now or when nobody is being asked any more."""
    if _prompts:
        _held.append(line)
    else:
        print(visible(line), file=sys.stderr, flush=True)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold lines back until the block ends."""
    global _prompts
    _prompts += 1
    try:
        yield
    finally:
        _prompts -= 1
        if not _prompts:
            lines = _held[:]
            _held.clear()
            for line in lines:
                tell(line)

"""How far many runs are: a bar where stderr is a terminal, a line now and then where it isn't, or nothing.

A bar steps aside while somebody is asked in the same terminal: what is typed there stays whole.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta

from handrail.channels.terminal.escape import one_line
from handrail.channels.terminal.telling import held_back
from handrail.runs.many import Progress, Standing, Stored
from handrail.runs.run import RunStatus

NOW_AND_THEN = 10.0
"""seconds between two lines where there is no terminal"""

ENDINGS = {
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
    RunStatus.ABANDONED: "abandoned",
    RunStatus.NEEDS_ATTENTION: "need attention",
}


class Account:
    """What there is to tell about many runs of a flow at this moment."""

    def __init__(self, flow: str, total: int | None) -> None:
        self.flow = one_line(flow, 60)
        self._items = total
        self._began = time.monotonic()
        self._state: Stored | Standing = Stored()

    def show(self, state: Stored | Standing) -> None:
        """Take note of how far it is."""
        self._state = state

    @property
    def done(self) -> int:
        """How many are started, or have settled where their end is waited for."""
        match self._state:
            case Stored(new, existing):
                return new + existing
            case Standing(settled=settled):
                return settled.total()

    @property
    def total(self) -> int | None:
        """Of how many; None if that isn't known."""
        return self._state.total if isinstance(self._state, Standing) else self._items

    @property
    def count(self) -> str:
        """`done` of `total`."""
        return f"{self.done:,}" if self.total is None else f"{self.done:,}/{self.total:,}"

    @property
    def elapsed(self) -> str:
        """Since the beginning, as `0:01:15`."""
        return str(timedelta(seconds=int(time.monotonic() - self._began)))

    @property
    def words(self) -> str:
        """The counts, each with what it counts."""
        match self._state:
            case Stored(new, existing):
                told = [(new, "started"), (existing, "there before")]
            case Standing(_, settled, asking):
                told = [(settled[RunStatus.FINISHED], "finished")]
                told += [(asking, "waits for people" if asking == 1 else "wait for people")]
                told += [(settled[status], word) for status, word in ENDINGS.items()]
        first, *others = [f"{count:,} {word}" for count, word in told if count or word == told[0][1]]
        return " · ".join([first, *others])


class Silence:
    """Shows nothing."""

    def show(self, state: Stored | Standing) -> None:
        """Take note of nothing."""


class Lines(Account):
    """Tells it in a line now and then, and in a last one."""

    _told = 0.0

    def show(self, state: Stored | Standing) -> None:
        """Tell it if the last line is some time ago."""
        super().show(state)
        if not self._told:
            self._told = time.monotonic()
        elif time.monotonic() - self._told >= NOW_AND_THEN:
            self.tell()

    def tell(self) -> None:
        """Print a line."""
        self._told = time.monotonic()
        print(f"{self.flow}: {self.count}, {self.words}, {self.elapsed}", file=sys.stderr, flush=True)


def is_drawn_on() -> bool:
    """Whether stderr is a terminal in which the cursor can be moved."""
    return (
        sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    )


@contextmanager
def show_progress(flow: str, total: int | None, wanted: bool | None) -> Iterator[Progress]:
    """Show how far it is until the block ends: `wanted` says whether, None means where stderr is a terminal."""
    if wanted is False or (wanted is None and not is_drawn_on()):
        yield Silence()
    elif is_drawn_on():
        from handrail.channels.terminal.bars import bars

        with bars.shown(account := Account(flow, total)):
            yield account
    else:
        lines = Lines(flow, total)
        try:
            yield lines
        finally:
            lines.tell()


@contextmanager
def aside() -> Iterator[None]:
    """Leave the terminal to somebody else until the block ends."""
    shown = sys.modules.get("handrail.channels.terminal.bars")  # rich isn't imported for this
    with held_back(), shown.bars.aside() if shown is not None else nullcontext():
        yield

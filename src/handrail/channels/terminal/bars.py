"""The bars at the bottom of the terminal: one below the other while they move, and for good when they end.

What the program prints meanwhile stands above them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from handrail.channels.terminal.progress import Account
from handrail.channels.terminal.screen import WIDEST

A_SECOND = 8
"""how often they are drawn"""


class Bars:
    """The bars of this process."""

    def __init__(self) -> None:
        self._accounts: list[Account] = []
        self._asides = 0
        self._live: Live | None = None

    @contextmanager
    def shown(self, account: Account) -> Iterator[None]:
        """Show a bar until the block ends; how it ended stays on the screen."""
        self._clear()
        self._accounts.append(account)
        self._draw()
        try:
            yield
        finally:
            self._clear()
            self._accounts.remove(account)
            console = _console()
            console.print(rendered(account, console.width))
            self._draw()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Draw nothing until the block ends."""
        self._asides += 1
        self._clear()
        try:
            yield
        finally:
            self._asides -= 1
            self._draw()

    def _draw(self) -> None:
        if not self._accounts or self._asides:
            return
        console = _console()
        self._live = Live(
            console=console,
            get_renderable=lambda: Group(
                *(rendered(account, console.width) for account in list(self._accounts))
            ),
            refresh_per_second=A_SECOND,
            transient=True,
            # What goes to a file or a pipe goes on going there.
            redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
        )
        self._live.start(refresh=True)

    def _clear(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def rendered(account: Account, width: int) -> Group:
    """Return two lines: the flow's name, a bar, how many of how many, the time; and below it the counts in words."""
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis", max_width=max(8, width // 3))
    line.add_column(ratio=1, min_width=6)
    line.add_column(no_wrap=True, justify="right")
    line.add_column(no_wrap=True, justify="right")
    total, done = account.total, account.done
    # A bar without items is full, one without a total moves to and fro.
    bar = ProgressBar(total=total or (None if total is None else 1), completed=done if total else 1)
    line.add_row(
        Text(account.flow, style="bold"), bar, Text(account.count), Text(account.elapsed, style="dim")
    )
    line.width = min(width, WIDEST)
    return Group(line, Text(account.words, style="dim", overflow="fold"))


def _console() -> Console:
    return Console(file=sys.stderr, markup=False, emoji=False, highlight=False)


bars = Bars()

"""What is printed, and what is asked line by line; no text of others reaches the terminal unescaped from here."""

import sys
from collections.abc import Awaitable, Callable

from rich.console import Console, RenderableType
from rich.text import Text

from handrail.channels.terminal.escape import visible
from handrail.channels.terminal.keyboard import Keyboard

WIDEST = 100
"""Longer lines are hard to read."""

Ask = Callable[[Text | str], Awaitable[str]]
"""Prompts and returns the line."""


class Screen:
    """A terminal: stderr to show, the keyboard to ask."""

    def __init__(self, keyboard: Keyboard | None = None) -> None:
        # Markup and emoji codes are off: in text of others they are text.
        self.console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
        self.keyboard = keyboard or Keyboard()

    @property
    def width(self) -> int:
        """How many characters a line may have."""
        return max(20, min(self.console.width, WIDEST))

    def show(self, *what: RenderableType, style: str | None = None) -> None:
        """Print each in turn; texts are folded at the width, never cut."""
        for each in what:
            shown = Text(visible(each), style=style or "", overflow="fold") if isinstance(each, str) else each
            self.console.print(shown, width=self.width)

    def command(self, text: str) -> None:
        """Print one line as it is, however long: it may have to be copied."""
        self.console.print(Text(visible(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something of lesser weight."""
        self.show(text, style="dim")

    def warn(self, text: str) -> None:
        """Say that something did not go as meant."""
        self.show(text, style="yellow")

    def prompt(self, text: Text | str) -> None:
        """Print what a line is asked with; the cursor stays behind it."""
        shown = text if isinstance(text, Text) else Text(visible(text))
        self.console.print(shown, end="", width=self.width)

    def end_line(self) -> None:
        """Leave a line in which somebody may have begun to type."""
        self.console.print()


def keys(text: str) -> Text:
    """Return a text in which the keys in brackets stand out: `[a]pprove`.

    >>> keys("[a]pprove").plain
    '[a]pprove'
    """
    shown = Text(text)
    shown.highlight_regex(r"\[[^\]]+\]", "bold cyan")
    return shown

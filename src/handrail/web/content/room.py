"""How much a page may still show of a content: everything shown is taken from it, and what does not fit is cut."""

from dataclasses import dataclass

from markupsafe import Markup

from handrail.web.content.text import marked

EACH = 16
"""What each value costs beside its text, so that a million empty ones don't fit either."""


@dataclass
class Room:
    """Characters left; `cut` once something did not fit."""

    left: int
    cut: bool = False

    def take(self, text: str) -> str:
        """Return as much of a text as fits."""
        part = text[: max(0, self.left)]
        self.left -= len(text) + EACH
        if len(part) < len(text):
            self.cut = True
            return f"{part}…"
        return text

    def show(self, text: str) -> Markup:
        """Return as much of a text as fits, as HTML."""
        return marked(self.take(text))

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits; asking for more is a cut."""
        if self.left <= 0:
            self.cut = True
        return self.cut

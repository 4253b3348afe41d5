"""How much of a request a mail shows. Mail programs fold long ones, and nobody approves what they haven't seen."""

from dataclasses import dataclass

from handrail.requests.visible import visible

ROOM = 24_000
"""characters of a request that one mail shows"""
EACH = 16
"""what each value costs beside its text, so that a thousand empty ones don't fit either"""


@dataclass
class Room:
    """How many characters may still be shown; `cut` once something did not fit."""

    left: int = ROOM
    cut: bool = False

    def take(self, text: str) -> str:
        """Return as much of a text as fits, as it was written; whoever shows it makes odd characters visible."""
        if self.left <= 0:
            self.cut = self.cut or bool(text)
            return ""
        length = len(visible(text[: self.left + 1]))
        if length <= self.left and len(text) <= self.left:
            self.left -= length + EACH
            return text
        found = text[: self.left].rstrip()
        self.left, self.cut = 0, True
        return f"{found}…"

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits; asking for more is a cut."""
        if self.left <= 0:
            self.cut = True
        return self.left <= 0

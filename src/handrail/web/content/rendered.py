"""What a rendering came to: safe HTML, and whether something had to be left out.

Who shows a cut rendering offers to open the whole, and no verdict.
"""

from dataclasses import dataclass

from markupsafe import Markup

SHOWN = 64 * 1024
"""Characters of one content that a page shows unless the whole is asked for."""


@dataclass(frozen=True)
class Rendered:
    """Safe HTML.

    html: the markup; templates can print the whole object.
    cut: whether something was left out.
    total: bytes of all there is, as UTF-8.
    shown: bytes of what is shown.
    """

    html: Markup
    cut: bool = False
    total: int = 0
    shown: int = 0

    def __html__(self) -> str:
        return str(self.html)


def size(text: str) -> int:
    """Return how many bytes a text has."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def head(text: str, limit: int | None) -> str:
    """Return the first `limit` characters of a text, whole lines if there is a line end in the last quarter."""
    if limit is None or len(text) <= limit:
        return text
    part = text[:limit]
    end = part.rfind("\n", limit * 3 // 4)
    return part if end < 0 else part[:end]


def rendered(html: str, *, shown: int, total: int, cut: bool = False) -> Rendered:
    """Return a rendering of `shown` of `total` bytes; what is missing is said above it."""
    cut = cut or shown < total
    notice = cut_notice(shown, total) if cut else Markup()
    return Rendered(notice + Markup(html), cut, total, min(shown, total))


def cut_notice(shown: int, total: int) -> Markup:
    """Say how much is shown.

    >>> cut_notice(65536, 1048576)
    Markup('<p class="cut">Shown: 64 of 1,024 KB. The rest is left out here.</p>')
    """
    return Markup('<p class="cut">Shown: {} of {} KB. The rest is left out here.</p>').format(
        *(f"{max(1, -(-each // 1024)):,}" for each in (shown, total))
    )

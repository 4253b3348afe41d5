"""Text as people read it: Markdown where rendering it hides nothing, else its source, character by character.

Whoever approves must have been shown all of it: HTML comments, addresses of links and images, or a table too narrow
for its words would be lost in rendering, so such a text is shown as it is written.
"""

import io
import re
from collections import Counter
from html import unescape
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Heading, Markdown
from rich.segment import Segment
from rich.text import Text

from handrail.channels.terminal.escape import visible

LONGEST = 50_000
"""Characters up to which Markdown is rendered; rendering more takes seconds."""
_FENCE = re.compile(r"^ {0,3}(?:```+|~~~+)[ ]*(\w{1,20})[ ]*$", re.MULTILINE)


class _LeftHeading(Heading):
    LEVEL_ALIGN = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Markdown(Markdown):
    elements: ClassVar = {**Markdown.elements, "heading_open": _LeftHeading}


class Escaped:
    """Shows another renderable, with everything escaped that came about only while it was rendered."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._inner, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def prose(text: str, width: int) -> tuple[RenderableType, str | None]:
    """Return `text` for a column of `width` characters, and why it is shown as source, if it is."""
    shown = visible(text)
    if len(shown) > LONGEST:
        return source(shown), "long, so shown as written"
    markdown = _Markdown(shown, hyperlinks=False, code_theme="ansi_dark", inline_code_theme="ansi_dark")
    rendered = Escaped(markdown)
    if _hides(markdown) or _lost(shown, rendered, width):
        return source(shown), "shown as written: rendered as Markdown, parts of it would be hidden"
    return rendered, None


def source(shown: str) -> Text:
    """Return text that is escaped already, to be folded and never cut."""
    return Text(shown, overflow="fold", no_wrap=False, tab_size=4)


def _hides(markdown: Markdown) -> bool:
    tokens = [*markdown.parsed, *(child for token in markdown.parsed for child in token.children or ())]
    return any(
        token.type in ("html_block", "html_inline", "image") or token.attrGet("title") is not None
        for token in tokens
    )


def _lost(shown: str, rendered: RenderableType, width: int) -> bool:
    """Whether letters or digits are missing in what is rendered, or entities stand for something unseen."""
    if visible(unescape(shown)) != unescape(shown):
        return True
    console = Console(
        file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(rendered)
    wanted = _letters(shown)
    wanted.subtract(_letters("".join(_FENCE.findall(shown))))
    wanted.subtract(_letters(capture.get()))
    return any(count > 0 for count in wanted.values())


def _letters(text: str) -> Counter[str]:
    return Counter(character for character in text if character.isalnum())

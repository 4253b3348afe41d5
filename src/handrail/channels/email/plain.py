"""A mail as plain text: all that its HTML says, for those who read it as text."""

from collections.abc import Iterable
from textwrap import indent

from handrail.channels.email.block import (
    Action,
    Block,
    Changed,
    Code,
    Difference,
    Entry,
    Head,
    Items,
    Line,
    Prose,
    Quote,
    Title,
)
from handrail.requests.visible import visible


def plain_text(blocks: Iterable[Block]) -> str:
    """Return the text of a mail.

    >>> print(
    ...     plain_text([Title("Deploy?"), Line("alice", label="By"), Action("Open", "https://example.com/1")])
    ... )
    Deploy?
    =======
    <BLANKLINE>
    By: alice
    <BLANKLINE>
    Open: https://example.com/1
    <BLANKLINE>
    """
    return "\n\n".join(_shown(block) for block in blocks) + "\n"


def _shown(block: Block) -> str:
    match block:
        case Title(text):
            line = " ".join(visible(text).split())
            return f"{line}\n{'=' * min(len(line), 70)}"
        case Head(text):
            return f"{visible(text)}\n{'-' * min(len(text), 70)}"
        case Line(text, label):
            return visible(f"{label}: {text}" if label else text)
        case Prose(text):
            return visible(text)
        case Items(texts):
            return "\n".join(f"* {visible(text)}" for text in texts)
        case Code(text):
            return indent(visible(text), "    ", lambda line: True)
        case Quote(text):
            return indent(visible(text), "  | ", lambda line: True)
        case Action(text, url):
            return f"{visible(text)}: {visible(url)}"
        case Entry(title, url, lines):
            return "\n  ".join([f"* {visible(title)}", *map(visible, lines), visible(url)])
        case Difference(lines):
            return "\n".join(map(_line, lines))


def _line(changed: Changed) -> str:
    text = visible("".join(piece for piece, _ in changed.pieces))
    return f"{changed.sign} {text}" if changed.sign else f"{text}:"

"""What is posted: the blocks that people see, and the text that notifications and screen readers say instead."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from handrail.channels.slack.block import NO_WORDS, Block
from handrail.channels.slack.text import one_line

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Posting:
    """A message for Slack. `text` is escaped and short; one without blocks is said by its text alone."""

    text: str
    blocks: list[Block] = field(default_factory=list)


def posting(text: str, blocks: Sequence[Block] = ()) -> Posting:
    """Return a message; `text` is as somebody wrote it."""
    return Posting(one_line(text, LONGEST).text or NO_WORDS, [*blocks])

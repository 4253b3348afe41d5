"""The blocks of Slack that messages and modals are made of, as plain objects, each within its limits.

Texts that are handed in are escaped already, except those of rich text, which Slack takes as they are.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from handrail.channels.slack.text import cut, one_line

Block = dict[str, Any]
Element = dict[str, Any]

LONGEST_TEXT = 3000
LONGEST_HEADER = 150
LONGEST_BUTTON = 75
LONGEST_OPTION = 75
LONGEST_LABEL = 2000
LONGEST_ID = 255
LONGEST_ADDRESS = 3000
FRAME, HEAVIEST = 125, 12_000
"""what each block counts beside its characters, and what all blocks of a message may: Slack doesn't document it"""
NO_WORDS = "–"
"""stands for a text without words: Slack takes no empty one"""


def plain(text: str, limit: int) -> Element:
    """Return a text without any format, on one line, cut to `limit`; it must not be empty."""
    return {"type": "plain_text", "text": one_line(text, limit).text or NO_WORDS, "emoji": False}


def mrkdwn(text: str) -> Element:
    """Return a sentence of ours in mrkdwn; names in it are `quoted`. Slack looks for no names or addresses in it."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def header(text: str) -> Block:
    """Return a title in large letters."""
    return {"type": "header", "text": plain(text, LONGEST_HEADER)}


def section(text: str) -> Block:
    """Return a sentence of ours."""
    return {"type": "section", "text": mrkdwn(text)}


def verbatim(text: str, beside: Element | None = None) -> Block:
    """Return a text that somebody wrote, without any format, with a button beside it."""
    shown = cut(text, LONGEST_TEXT).text
    found: Element = {"type": "plain_text", "text": shown if shown.strip() else NO_WORDS, "emoji": False}
    return {"type": "section", "text": found} | ({"accessory": beside} if beside else {})


def context(*texts: str) -> Block:
    """Return small sentences of ours, at most ten."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:10]]}


def rich(elements: Sequence[Element]) -> Block:
    """Return rich text."""
    return {"type": "rich_text", "elements": [*elements]}


def actions(elements: Sequence[Element]) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": [*elements]}


def button(text: str, action: str, value: str, style: str | None = None) -> Element:
    """Return a button that decides; `style` is `primary` or `danger`."""
    found = {
        "type": "button",
        "text": plain(text, LONGEST_BUTTON),
        "action_id": action,
        "value": value,
    }
    return found | ({"style": style} if style else {})


def link_button(text: str, action: str, address: str) -> Element:
    """Return a button that leads to a page."""
    return {"type": "button", "text": plain(text, LONGEST_BUTTON), "action_id": action, "url": address}


def weight(blocks: Sequence[Block]) -> int:
    """Return how much blocks count together: Slack takes no more than `HEAVIEST` in one message."""
    return sum(map(_characters, blocks)) + FRAME * len(blocks)


def _characters(found: object) -> int:
    match found:
        case dict():
            own = found.get("text")
            return (len(own) if isinstance(own, str) else 0) + sum(map(_characters, found.values()))
        case list():
            return sum(map(_characters, found))
    return 0


def moment(at: datetime) -> str:
    """Return a moment as mrkdwn that each reader sees in their own time zone.

    >>> moment(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    '<!date^1772366400^{date_short_pretty} at {time}|1 Mar 2026 12:00 UTC>'
    """
    utc = at.astimezone(UTC)
    fallback = f"{utc.day} {utc:%b %Y %H:%M} UTC"
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"

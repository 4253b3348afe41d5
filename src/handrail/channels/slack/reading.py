"""What somebody typed in Slack as plain text: who is mentioned by name, rooms and links as they are seen."""

import re
from collections.abc import Awaitable, Callable

from handrail.channels.slack.text import unescape

_OBEYED = re.compile(r"<([^<>]*)>")
_MENTION = re.compile(r"@([A-Z0-9]+)")


async def as_read(text: str, called: Callable[[str], Awaitable[str]]) -> str:
    """Return a text of Slack's as people see it.

    Args:
        text: as an event carries it, escaped.
        called: gives the name of a user's id.

    >>> import asyncio
    >>> async def called(user):
    ...     return "bob"
    >>> asyncio.run(as_read("<@U02> R&amp;D in <#C01|deploys>: <https://example.com|the page>", called))
    '@bob R&D in #deploys: the page (https://example.com)'
    """
    names = {user: await called(user) for user in dict.fromkeys(_MENTION.findall(text))}
    parts = _OBEYED.split(text)
    shown = [_shown(part, names) if number % 2 else part for number, part in enumerate(parts)]
    return unescape("".join(shown)).strip()


def _shown(obeyed: str, names: dict[str, str]) -> str:
    target, _, label = obeyed.partition("|")
    match target[:1]:
        case "@":
            return f"@{names.get(target[1:], label or target[1:])}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
    plain = target.removeprefix("mailto:")
    return plain if label in ("", plain, target) else f"{label} ({plain})"

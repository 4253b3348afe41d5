"""How Slack keeps text: `&`, `<` and `>` come back as entities, except where `<...>` means a link or a mention."""

import re
from typing import Any

_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_CONTROL = re.compile(r"<(?:[@#!][^<>\s][^<>]*|(?:https?|mailto|tel|slack):[^<>\s][^<>]*)>")


def typed(text: str) -> str:
    """Return what a person typed, as Slack tells it to apps."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def kept(text: str, *, markup: bool = True) -> str:
    """Return what an app sent, as Slack gives it back."""
    parts, end = [], 0
    for found in _CONTROL.finditer(text) if markup else ():
        parts += [_entities(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*parts, _entities(text[end:])])


def _entities(text: str) -> str:
    return _AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def kept_blocks(found: Any) -> Any:
    """Return blocks as Slack gives them back (slackapi/bolt-python issue 513)."""
    if isinstance(found, list):
        return [kept_blocks(part) for part in found]
    if not isinstance(found, dict):
        return found
    if found.get("type") in ("plain_text", "mrkdwn") and isinstance(found.get("text"), str):
        return {**found, "text": kept(found["text"], markup=found["type"] == "mrkdwn")}
    return {name: kept_blocks(part) for name, part in found.items()}

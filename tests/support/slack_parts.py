"""Blocks, elements and views of a few words, to be made as large as a test wants."""

from typing import Any

Part = dict[str, Any]


def plain(text: str) -> Part:
    """Return plain text."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Part:
    """Return text with markup."""
    return {"type": "mrkdwn", "text": text}


def actions(*elements: Part, **more: Any) -> Part:
    """Return a row of elements."""
    return {"type": "actions", "elements": list(elements), **more}


def button(text: str = "Go", **more: Any) -> Part:
    """Return a button."""
    return {"type": "button", "text": plain(text), **more}


def option(value: str = "a", text: str = "A", **more: Any) -> Part:
    """Return an option."""
    return {"text": plain(text), "value": value, **more}


def options(count: int) -> list[Part]:
    """Return so many options."""
    return [option(str(number)) for number in range(count)]


def select(**more: Any) -> Part:
    """Return a menu."""
    return {"type": "static_select", **more}


def dialog(**more: str) -> Part:
    """Return a question that is asked once more."""
    texts = {"title": "Sure?", "text": "Really?", "confirm": "Yes", "deny": "No"} | more
    return {name: plain(text) for name, text in texts.items()}


def asked(element: Part | None = None, **more: Any) -> Part:
    """Return an input."""
    return {
        "type": "input",
        "label": plain("Why"),
        "element": element or {"type": "plain_text_input"},
        **more,
    }


def view(*blocks: Part, **more: Any) -> Part:
    """Return a modal."""
    return {"type": "modal", "title": plain("Edit"), "submit": plain("Send"), "blocks": list(blocks), **more}


X = "x".__mul__
IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}

"""Looks at what is made for Slack as Slack does: its own models parse it, and every length and count is looked at."""

import json
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block as SlackBlock
from slack_sdk.models.views import View as SlackView

from handrail.channels.slack.modal import View
from handrail.channels.slack.posting import Posting
from handrail.channels.slack.text import unescape

OURS = ("<!date^", "<https://")
"""what of ours stands in angle brackets"""
ELEMENTS = {"radio_buttons": 10, "checkboxes": 10, "static_select": 100, "multi_static_select": 100}


def check_posting(posting: Posting) -> None:
    assert 0 < len(posting.text) <= 4000
    assert posting.text.strip()
    assert "<" not in posting.text
    check_blocks(posting.blocks, 50)


def check_view(view: View) -> None:
    parsed = SlackView(**view)
    parsed.validate_json()
    assert view["type"] == "modal"
    for part in ("title", "submit", "close"):
        if part in view:
            assert view[part]["type"] == "plain_text"
            assert 0 < len(view[part]["text"]) <= 24
    assert len(view.get("private_metadata", "")) <= 3000
    assert len(view["callback_id"]) <= 255
    has_input = any(block["type"] == "input" for block in view["blocks"])
    assert has_input == ("submit" in view)
    check_blocks(view["blocks"], 100)
    assert len(json.dumps(view)) < 250_000


def check_blocks(blocks: list[dict[str, Any]], most: int) -> None:
    assert 0 < len(blocks) <= most
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(set(ids)) == len(ids)
    actions = [
        each["action_id"] for block in blocks if block["type"] == "actions" for each in block["elements"]
    ]
    actions += [block["accessory"]["action_id"] for block in blocks if "accessory" in block]
    assert len(set(actions)) == len(actions)
    for block in blocks:
        parsed = SlackBlock.parse(dict(block))
        assert parsed is not None, block["type"]
        assert type(parsed) is not SlackBlock
        parsed.validate_json()
        _check_block(block)
    for text in texts(blocks):
        text["text"].encode()
        _check_text(text)


def _check_block(block: dict[str, Any]) -> None:
    assert 0 < len(block.get("block_id", "x")) <= 255
    match block["type"]:
        case "header":
            assert block["text"]["type"] == "plain_text"
            assert 0 < len(block["text"]["text"]) <= 150
        case "section":
            assert 0 < len(block["text"]["text"]) <= 3000
        case "context":
            assert 0 < len(block["elements"]) <= 10
        case "actions":
            assert 0 < len(block["elements"]) <= 25
            for button in block["elements"]:
                _check_button(button)
        case "rich_text":
            assert block["elements"]
            for element in block["elements"]:
                _check_rich(element)
        case "input":
            assert 0 < len(block["label"]["text"]) <= 2000
            assert 0 < len(block.get("hint", {"text": "x"})["text"]) <= 2000
            assert isinstance(block["optional"], bool)
            _check_input(block["element"])
        case other:
            raise AssertionError(f"a block that isn't used: {other}")
    if "accessory" in block:
        _check_button(block["accessory"])


def _check_button(button: dict[str, Any]) -> None:
    assert button["type"] == "button"
    assert button["text"]["type"] == "plain_text"
    assert 0 < len(button["text"]["text"]) <= 75
    assert 0 < len(button["action_id"]) <= 255
    assert len(button.get("value", "")) <= 2000
    assert len(button.get("url", "")) <= 3000
    assert button.get("style") in (None, "primary", "danger")


RICH = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")


def _check_rich(element: dict[str, Any]) -> None:
    assert element["type"] in RICH
    assert element["elements"]
    for inner in element["elements"]:
        if element["type"] == "rich_text_list":
            assert inner["type"] == "rich_text_section"
            assert 0 <= element["indent"] <= 8
            _check_rich(inner)
            continue
        assert inner["type"] in ("text", "link")
        assert inner["text"]
        inner["text"].encode()
        if inner["type"] == "link":
            assert inner["url"].startswith(("http://", "https://", "mailto:"))
            assert len(inner["url"]) <= 3000


def _check_input(element: dict[str, Any]) -> None:
    kind = element["type"]
    assert element["action_id"] == "value"
    if kind in ELEMENTS:
        groups = element.get("option_groups", [{"options": element.get("options")}])
        assert 0 < len(groups) <= 100
        for group in groups:
            assert 0 < len(group["options"]) <= ELEMENTS[kind]
        offered = [option for group in groups for option in group["options"]]
        assert len({option["value"] for option in offered}) == len(offered)
        for option in offered:
            assert 0 < len(option["text"]["text"]) <= 75
            assert 0 < len(option["value"]) <= 75
        first = [element["initial_option"]] if "initial_option" in element else []
        for option in first + element.get("initial_options", []):
            assert option in offered
        assert element.get("initial_options") != []
        return
    assert (
        kind in ("plain_text_input", "email_text_input", "url_text_input", "number_input") or "date" in kind
    )
    assert (
        len(element.get("initial_value", "")) <= element.get("max_length", 3000) or kind != "plain_text_input"
    )
    assert len(element.get("initial_value", "")) <= 3000
    assert element.get("initial_value") != ""
    assert 1 <= element.get("max_length", 3000) <= 3000
    assert 0 <= element.get("min_length", 0) <= element.get("max_length", 3000)


def texts(found: Any) -> Iterator[dict[str, Any]]:
    """Yield the text objects, in whatever they are."""
    match found:
        case {"type": "plain_text" | "mrkdwn", "text": str()}:
            yield found
        case dict():
            for inner in found.values():
                yield from texts(inner)
        case list():
            for inner in found:
                yield from texts(inner)


def _check_text(text: dict[str, Any]) -> None:
    """Nothing in a text mentions anybody; only dates and links of ours stand in angle brackets."""
    said = text["text"]
    assert said.strip()
    if text["type"] == "plain_text":
        assert text["emoji"] is False
        assert "<" not in said
        assert ">" not in said
    else:
        assert text["verbatim"] is True
        for part in said.split("<")[1:]:
            assert f"<{part}".startswith(OURS)
            assert ">" in part
    assert "&" not in said.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def shown(found: Any) -> str:
    """Return all that people read in blocks, entities undone."""
    match found:
        case {"type": "plain_text" | "mrkdwn", "text": str(text)}:
            return unescape(text) + "\n"
        case {"type": "text" | "link", "text": str(text)}:
            return text
        case {"type": "rich_text_list", "style": "ordered", "elements": list(elements), **more}:
            first = more.get("offset", 0) + 1  # Slack writes the numbers itself
            return "".join(f"{number}. {shown(each)}" for number, each in enumerate(elements, first))
        case {"type": kind, "elements": list(elements)}:
            inner = "".join(map(shown, elements))
            return inner + ("\n" if str(kind).startswith("rich_text_") or kind != "rich_text" else "")
        case dict():
            return "".join(shown(each) for each in found.values() if isinstance(each, dict | list))
        case list():
            return "".join(map(shown, found))
    return ""


def buttons(found: Posting | View) -> list[str]:
    """Return the words of the buttons."""
    blocks = found.blocks if isinstance(found, Posting) else found["blocks"]
    rows = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
    return [unescape(each["text"]["text"]) for each in rows]


def filled(view: View) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the state of a modal that is sent as it was opened."""
    return {
        block["block_id"]: {"value": first_state(block["element"])}
        for block in view["blocks"]
        if block["type"] == "input"
    }


def first_state(element: dict[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    match kind:
        case "radio_buttons" | "static_select":
            return {"type": kind, "selected_option": element.get("initial_option")}
        case "checkboxes" | "multi_static_select":
            return {"type": kind, "selected_options": element.get("initial_options", [])}
        case "datepicker":
            return {"type": kind, "selected_date": element.get("initial_date")}
        case "datetimepicker":
            return {"type": kind, "selected_date_time": element.get("initial_date_time")}
    return {"type": kind, "value": element.get("initial_value")}

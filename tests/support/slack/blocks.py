"""What Slack says about blocks: known types only, their limits, and what has to be unique.

Twice checked: against the tables here, and by Slack's own classes in slack_sdk (an unknown type parses to None).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block

from tests.support.slack.elements import ACCESSORIES, ACTIONS, INPUTS, element
from tests.support.slack.shapes import (
    Check,
    Problems,
    anything,
    flag,
    items,
    plain,
    record,
    string,
    text,
    wrong,
)

MESSAGE_BLOCKS = 50
MODAL_BLOCKS = 100
TEXT_OF_BLOCKS = 12_000
"""characters that all blocks of one message may have together (Slack doesn't document it; msg_blocks_too_long)"""
TEXT_AND_FRAMES = 13_200
FRAME = 125
"""what each block counts besides: measured by people who met the limit (slackapi/bolt-js issues 2509 and 2867)"""


def _in_context(value: Any, where: str, problems: Problems) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    (element("image") if kind == "image" else text(3000))(value, where, problems)


def _block(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return record({"type": anything, **required}, {"block_id": string(255, 1), **(optional or {})})


COMMON: dict[str, Check] = {
    "section": _block(
        {},
        {
            "text": text(3000),
            "fields": items(10, text(2000)),
            "accessory": element(*ACCESSORIES),
            "expand": flag,
        },
    ),
    "divider": _block({}),
    "header": _block({"text": plain(150)}),
    "context": _block({"elements": items(10, _in_context)}),
    "actions": _block({"elements": items(25, element(*ACTIONS))}),
    "image": _block({"image_url": string(3000, 1), "alt_text": string(2000)}, {"title": plain(2000)}),
    "rich_text": _block({"elements": items(100, anything, least=0)}),
}
MESSAGE: dict[str, Check] = {**COMMON, "markdown": _block({"text": string(12_000, 1)})}
MODAL: dict[str, Check] = {
    **COMMON,
    "input": _block(
        {"label": plain(2000), "element": element(*INPUTS)},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
}


def problems_of(blocks: Any, where: str, known: dict[str, Check], most: int, least: int = 0) -> Problems:
    """Return what is wrong with blocks that stand at `where` in the call."""
    problems: Problems = []
    if not isinstance(blocks, list):
        wrong(problems, "must be an array", where)
        return problems
    if len(blocks) > most:
        wrong(problems, f"no more than {most} items allowed", where)
    if len(blocks) < least:
        wrong(problems, f"must provide at least {least} items", where)
    for place, block in enumerate(blocks):
        _check(block, f"{where}/{place}", known, problems)
    if not problems:
        _unique(blocks, where, problems)
    return problems


def _check(block: Any, where: str, known: dict[str, Check], problems: Problems) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in known:
        wrong(problems, f"unsupported type: {kind}", f"{where}/type")
        return
    before = len(problems)
    known[kind](block, where, problems)
    if kind == "section" and not (block.get("text") or block.get("fields")):
        wrong(problems, "must have either text or fields", where)
    if len(problems) == before:
        _by_slack_sdk(block, where, problems)


def _by_slack_sdk(block: dict[str, Any], where: str, problems: Problems) -> None:
    try:
        parsed = Block.parse(block)
        if parsed is None:
            wrong(problems, f"unsupported type: {block['type']}", f"{where}/type")
        else:
            _validate(parsed)
    except (SlackObjectFormationError, TypeError) as error:
        wrong(problems, str(error), where)


def _validate(found: Any) -> None:
    """Let slack_sdk look at an object and at everything in it."""
    if isinstance(found, JsonObject):
        found.validate_json()
        for part in vars(found).values():
            _validate(part)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for part in found:
            if part is None:
                raise SlackObjectFormationError("unsupported type in a list")
            _validate(part)


def elements_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the elements of a block: what people press and fill in, and pictures."""
    found = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
    if block["type"] in ("context", "rich_text"):
        return []
    return [part for part in found if isinstance(part, dict)]


def _unique(blocks: list[dict[str, Any]], where: str, problems: Problems) -> None:
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        name = block.get("block_id")
        if name in seen:
            wrong(problems, f'`block_id` "{name}" already exists', f"{where}/{place}/block_id")
        if name:
            seen.add(name)
        actions = [part["action_id"] for part in elements_of(block) if part.get("action_id")]
        for action in {action for action in actions if actions.count(action) > 1}:
            wrong(problems, f'`action_id` "{action}" already exists', f"{where}/{place}")


def too_long(blocks: list[dict[str, Any]]) -> bool:
    """Whether all blocks of a message together are more than Slack takes."""
    length = sum(map(len, texts(blocks)))
    return length > TEXT_OF_BLOCKS or length + FRAME * len(blocks) > TEXT_AND_FRAMES


def texts(found: Any) -> Iterator[str]:
    """Return every text that people see."""
    if isinstance(found, list):
        for part in found:
            yield from texts(part)
    elif isinstance(found, dict):
        for name, part in found.items():
            if name == "text" and isinstance(part, str):
                yield part
            else:
                yield from texts(part)


def with_ids(blocks: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """Return the blocks as Slack keeps them: each with a block_id, each element with an action_id."""
    return [_with_ids(block, f"{prefix}{place}") for place, block in enumerate(blocks)]


def _with_ids(block: dict[str, Any], name: str) -> dict[str, Any]:
    kept = {**block, "block_id": block.get("block_id") or name}
    for inner in ("accessory", "element"):
        if isinstance(kept.get(inner), dict):
            kept[inner] = _named(kept[inner], name)
    if kept["type"] == "actions":
        kept["elements"] = [_named(part, f"{name}{at}") for at, part in enumerate(kept["elements"])]
    return kept


def _named(part: dict[str, Any], name: str) -> dict[str, Any]:
    return part if part["type"] == "image" or part.get("action_id") else {**part, "action_id": name}

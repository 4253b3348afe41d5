"""The modals that people have open: what Slack says about a view, and stacks of three of them at most."""

import json
import secrets
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.views import View

from tests.support.slack import blocks
from tests.support.slack.messages import Messages
from tests.support.slack.refusal import Refused
from tests.support.slack.shapes import anything, flag, plain, record, string
from tests.support.slack.triggers import Triggers

STACK = 3
SIZE = 250_000
_VIEW = record(
    {"type": anything, "title": plain(24), "blocks": anything},
    {
        "submit": plain(24),
        "close": plain(24),
        "callback_id": string(255),
        "external_id": string(255),
        "private_metadata": string(3000),
        "clear_on_close": flag,
        "notify_on_close": flag,
    },
)


def checked(view: Any) -> dict[str, Any]:
    """Return a view that Slack would take, or refuse."""
    if isinstance(view, str):
        try:
            view = json.loads(view)
        except ValueError:
            raise Refused("invalid_arguments", ["must be valid JSON [json-pointer:/view]"]) from None
    if len(json.dumps(view)) > SIZE:
        raise Refused("view_too_large")
    if problems := _problems(view):
        raise Refused("invalid_arguments", problems)
    return dict(view)


def _problems(view: Any) -> list[str]:
    problems: list[str] = []
    _VIEW(view, "/view", problems)
    if problems:
        return problems
    if view["type"] != "modal":
        return ["must be modal [json-pointer:/view/type]"]
    problems = blocks.problems_of(view["blocks"], "/view/blocks", blocks.MODAL, blocks.MODAL_BLOCKS, least=1)
    if not view.get("submit") and any(part.get("type") == "input" for part in view["blocks"]):
        problems.append("must define submit to use input blocks [json-pointer:/view]")
    if not problems:
        try:
            View(**view).validate_json()
        except SlackObjectFormationError as error:
            problems.append(f"{error} [json-pointer:/view]")
    return problems


class Views:
    """Which modals each person has open, the top one last."""

    def __init__(self, identity: dict[str, str], messages: Messages, triggers: Triggers) -> None:
        self._identity = identity
        self._messages = messages
        self._triggers = triggers
        self._stacks: dict[str, list[dict[str, Any]]] = {}

    def stack(self, user: str) -> list[dict[str, Any]]:
        """Return the modals somebody has open."""
        return self._stacks.setdefault(user, [])

    def open(self, trigger_id: Any, view: Any) -> dict[str, Any]:
        """Exchange a trigger for a first modal, instead of all that the person had open."""
        view = checked(view)
        trigger = self._triggers.find(trigger_id)
        opened = self._made(view, [])
        trigger.used = True
        self._stacks[trigger.user] = [opened]
        return opened

    def push(self, trigger_id: Any, view: Any) -> dict[str, Any]:
        """Exchange a trigger that came from a modal for one more on top of it."""
        view = checked(view)
        trigger = self._triggers.find(trigger_id)
        stack = self.stack(trigger.user)
        if trigger.view not in [below["id"] for below in stack]:
            raise Refused("not_found")
        pushed = self.pushed(trigger.user, view)
        trigger.used = True
        return pushed

    def pushed(self, user: str, view: dict[str, Any]) -> dict[str, Any]:
        """Put one more on top."""
        stack = self.stack(user)
        if len(stack) >= STACK:
            raise Refused("push_limit_reached")
        stack.append(self._made(view, stack))
        return stack[-1]

    def update(self, view_id: Any, external_id: Any, expected: Any, view: Any) -> dict[str, Any]:
        """Let an open modal say something else; `expected` is the hash it must still have."""
        view = checked(view)
        for stack in self._stacks.values():
            for place, found in enumerate(stack):
                if found["id"] == view_id or (external_id and found["external_id"] == external_id):
                    if expected and expected != found["hash"]:
                        raise Refused("hash_conflict")
                    stack[place] = self._made(view, stack[:place], found["id"])
                    return stack[place]
        raise Refused("not_found")

    def _made(
        self, view: dict[str, Any], below: list[dict[str, Any]], view_id: str | None = None
    ) -> dict[str, Any]:
        external = view.get("external_id") or ""
        others = [other for stack in self._stacks.values() for other in stack if other["id"] != view_id]
        if external and external in [other["external_id"] for other in others]:
            raise Refused("duplicate_external_id")
        made = view_id or f"V{secrets.token_hex(5).upper()}"
        defaults = {
            "callback_id": "",
            "private_metadata": "",
            "external_id": external,
            "submit": None,
            "close": None,
            "clear_on_close": False,
            "notify_on_close": False,
        }
        return {
            **defaults,
            **view,
            **self._identity,
            "id": made,
            "blocks": blocks.with_ids(view["blocks"], secrets.token_hex(2)),
            "state": {"values": {}},
            "hash": f"{self._messages.mint().partition('.')[0]}.{secrets.token_hex(4)}",
            "root_view_id": below[0]["id"] if below else made,
            "previous_view_id": below[-1]["id"] if below else None,
        }

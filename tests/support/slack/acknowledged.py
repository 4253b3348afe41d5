"""What an acknowledgement does: modals that close or show errors, words for who typed a command, and what people see
when there was none."""

from collections import defaultdict
from typing import Any

from tests.support.slack import views
from tests.support.slack.answering import answer
from tests.support.slack.delivery import Delivery
from tests.support.slack.refusal import Refused
from tests.support.slack.state import State

TROUBLE = {
    "view_submission": "We had some trouble connecting. Try again?",
    "view_closed": "",
    "block_actions": "This app responded with an error or not in time.",
    "command": 'failed with the error "operation_timeout"',
}


class Outcomes:
    """What people see of it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.troubles: defaultdict[str, list[str]] = defaultdict(list)
        """what Slack itself said to people because the app didn't answer, or badly"""
        self.errors: dict[str, dict[str, str]] = {}
        """under which inputs of the top modal somebody sees errors"""

    def settle(self, delivery: Delivery) -> None:
        """Do what the acknowledgement says; a bad one makes the delivery fail."""
        if delivery.kind in ("events_api", "url_verification") or delivery.user is None:
            return
        kind = delivery.payload.get("type", "command")
        if delivery.acknowledged:
            try:
                self._apply(kind, delivery, delivery.user)
            except Refused as refused:
                delivery.failure = f"invalid_acknowledgement: {refused}"
        if not delivery.acknowledged and TROUBLE[kind]:
            self.troubles[delivery.user].append(TROUBLE[kind])

    def _apply(self, kind: str, delivery: Delivery, user: str) -> None:
        body = delivery.body
        if kind == "command" and body:
            told = body if isinstance(body, dict) else {"text": body}
            answer(self._state, user, delivery.payload["channel_id"], None, told)
        elif kind == "view_submission":
            self._submitted(delivery, user, {} if body in (None, "") else body)

    def _submitted(self, delivery: Delivery, user: str, body: Any) -> None:
        if not isinstance(body, dict) or (body and "response_action" not in body):
            raise Refused("no response_action")
        stack = self._state.views.stack(user)
        action, top = body.get("response_action"), delivery.payload["view"]
        if not stack or stack[-1]["id"] != top["id"]:
            _check(body, top)
            return  # the same submission once more: the modal is gone
        self.errors.pop(user, None)
        match action:
            case None:
                stack.pop()
            case "clear":
                stack.clear()
            case "errors":
                self.errors[user] = _errors(body, top)
            case "update":
                self._state.views.update(top["id"], None, None, body.get("view"))
            case "push":
                self._state.views.pushed(user, views.checked(body.get("view")))
            case _:
                raise Refused(f"unknown response_action {action}")


def _check(body: dict[str, Any], top: dict[str, Any]) -> None:
    if body.get("response_action") == "errors":
        _errors(body, top)
    elif body.get("response_action") in ("update", "push"):
        views.checked(body.get("view"))


def _errors(body: dict[str, Any], top: dict[str, Any]) -> dict[str, str]:
    errors = body.get("errors")
    inputs = {block["block_id"] for block in top["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise Refused("errors must be an object")
    if unknown := set(errors) - inputs:
        raise Refused(f"no input blocks {sorted(unknown)}")
    if not all(isinstance(text, str) and text for text in errors.values()):
        raise Refused("errors must be texts")
    return dict(errors)

"""Filling in a modal as Slack's client lets people do it, and `state.values` in the shape of each element."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from tests.support.slack.elements import TYPED, options
from tests.support.slack.refusal import Impossible

Values = Mapping[str, Mapping[str, Any]]
Payload = dict[str, Any]


def filled(view: Payload, values: Values, known_users: Mapping[str, Any]) -> dict[str, dict[str, Payload]]:
    """Return `state.values` after somebody filled in `values` over what stood there; Impossible if nobody could."""
    left = {block: dict(parts) for block, parts in values.items()}
    state: dict[str, dict[str, Payload]] = {}
    for block in view["blocks"]:
        part = block.get("element") or block.get("accessory") or {}
        parts = block["elements"] if block["type"] == "actions" else [part]
        for found in parts:
            if found.get("type") not in SHAPES:
                continue
            given = left.get(block["block_id"], {})
            value = given.pop(found["action_id"]) if found["action_id"] in given else _initial(found)
            made = _entered(block, found, value, known_users)
            state.setdefault(block["block_id"], {})[found["action_id"]] = made
    if unknown := {block: parts for block, parts in left.items() if parts or block not in state}:
        raise Impossible(f"the modal has no such input: {unknown}; it has {_names(state)}")
    return state


def _names(state: dict[str, dict[str, Payload]]) -> dict[str, list[str]]:
    return {block: list(parts) for block, parts in state.items()}


def _entered(block: Payload, part: Payload, value: Any, known_users: Mapping[str, Any]) -> Payload:
    kind = part["type"]
    name, empty, check = SHAPES[kind]
    where = f"{block['block_id']}/{part['action_id']}"
    if value in (None, "", []):
        if block["type"] == "input" and not block.get("optional"):
            raise Impossible(f"{where} is required")
        return {"type": kind, name: empty}
    if kind in ("users_select", "multi_users_select"):
        chosen = value if isinstance(value, list) else [value]
        if unknown := [user for user in chosen if user not in known_users]:
            raise Impossible(f"{where}: nobody is called {unknown}")
    return {"type": kind, name: check(part, value, where)}


def _initial(part: Payload) -> Any:
    """What stands in an element before anybody touches it, as `values` would say it."""
    for name in ("initial_value", "initial_date", "initial_time", "initial_date_time", "initial_user"):
        if part.get(name) is not None:
            return part[name]
    if part.get("initial_option"):
        return part["initial_option"]["value"]
    return [option["value"] for option in part.get("initial_options") or []] or part.get("initial_users")


def _refuse(where: str, what: str) -> Impossible:
    return Impossible(f"{where}: {what}")


def _typed(part: Payload, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _refuse(where, "people type text")
    least, most = part.get("min_length", 0), part.get("max_length", 3000)
    if not least <= len(value) <= most:
        raise _refuse(where, f"{len(value)} characters, {least} to {most} are allowed")
    if "\n" in value and not part.get("multiline"):
        raise _refuse(where, "one line only")
    return value


def _email(part: Payload, value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
        raise _refuse(where, "no email address")
    return value


def _url(part: Payload, value: Any, where: str) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or " " in value:
        raise _refuse(where, "no URL")
    return str(value)


def _number(part: Payload, value: Any, where: str) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _refuse(where, "no number") from None
    if not number.is_finite() or re.search(r"[eE]", str(value)):
        raise _refuse(where, "no number that Slack takes")
    if number != number.to_integral_value() and not part["is_decimal_allowed"]:
        raise _refuse(where, "whole numbers only")
    least, most = part.get("min_value"), part.get("max_value")
    if (least is not None and number < Decimal(least)) or (most is not None and number > Decimal(most)):
        raise _refuse(where, f"{least} to {most} are allowed")
    return str(value)


def _date(part: Payload, value: Any, where: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _refuse(where, "no date") from None


def _time(part: Payload, value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise _refuse(where, "no time of day")
    return value


def _moment(part: Payload, value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9_999_999_999:
        raise _refuse(where, "no moment in seconds since 1970")
    return value


def _option(part: Payload, value: Any, where: str) -> Payload:
    for option in options(part):
        if option["value"] == value:
            return option
    raise _refuse(where, f"no option {value!r}; there are {[option['value'] for option in options(part)]}")


def _options(part: Payload, value: Any, where: str) -> list[Payload]:
    found = [_option(part, one, where) for one in _several(part, value, where)]
    return [option for option in options(part) if option in found]


def _user(part: Payload, value: Any, where: str) -> Any:
    return value


def _several(part: Payload, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > part.get("max_selected_items", 100):
        raise _refuse(where, f"a list of {part.get('max_selected_items', 100)} at most")
    return value


_CHECKS: dict[str, Callable[[Payload, Any, str], Any]] = {
    "plain_text_input": _typed,
    "email_text_input": _email,
    "url_text_input": _url,
    "number_input": _number,
}
SHAPES: dict[str, tuple[str, Any, Callable[[Payload, Any, str], Any]]] = {
    **{kind: ("value", None, _CHECKS[kind]) for kind in TYPED},
    "static_select": ("selected_option", None, _option),
    "radio_buttons": ("selected_option", None, _option),
    "multi_static_select": ("selected_options", [], _options),
    "checkboxes": ("selected_options", [], _options),
    "datepicker": ("selected_date", None, _date),
    "timepicker": ("selected_time", None, _time),
    "datetimepicker": ("selected_date_time", None, _moment),
    "users_select": ("selected_user", None, _user),
    "multi_users_select": ("selected_users", [], _several),
}
"""for each type of element: where its value stands, what stands there if there is none, and what makes it"""

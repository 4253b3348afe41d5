"""Every element of Block Kit that Slack's messages and modals know, its fields and its limits."""

from typing import Any

from tests.support.slack.shapes import (
    Check,
    Problems,
    anything,
    flag,
    items,
    one_of,
    pattern,
    plain,
    record,
    string,
    text,
    whole,
    wrong,
)

OPTION = record({"text": plain(75), "value": string(150, 1)}, {"description": plain(75)})
RICH_OPTION = record({"text": text(75), "value": string(150, 1)}, {"description": text(75)})
LINK_OPTION = record(
    {"text": plain(75), "value": string(150)}, {"description": plain(75), "url": string(3000)}
)
GROUP = record({"label": plain(75), "options": items(100, OPTION)}, {})
CONFIRM = record(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
DATE = pattern(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date YYYY-MM-DD")
TIME = pattern(r"([01]\d|2[0-3]):[0-5]\d", "a time HH:mm")
NUMBER = pattern(r"-?\d+(\.\d+)?", "a number in a string")

_HEAD: dict[str, Check] = {"type": anything}
_ACTED: dict[str, Check] = {"action_id": string(255, 1), "confirm": CONFIRM}
_FOCUS: dict[str, Check] = {"focus_on_load": flag}
_HINTED: dict[str, Check] = {"placeholder": plain(150)}
_TYPED: dict[str, Check] = {
    "action_id": string(255, 1),
    **_HINTED,
    **_FOCUS,
    "dispatch_action_config": anything,
}
_LISTED: dict[str, Check] = {**_ACTED, **_FOCUS, **_HINTED}
_CHOSEN: dict[str, Check] = {**_LISTED, "options": items(100, OPTION), "option_groups": items(100, GROUP)}
_MANY: dict[str, Check] = {"max_selected_items": whole(1, 100)}


def _element(required: dict[str, Check], *optional: dict[str, Check]) -> Check:
    merged = {name: check for part in optional for name, check in part.items()}
    return record({**_HEAD, **required}, merged)


ELEMENTS: dict[str, Check] = {
    "button": _element(
        {"text": plain(75)},
        _ACTED,
        {
            "url": string(3000),
            "value": string(2000),
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75),
        },
    ),
    "image": _element({"image_url": string(3000, 1), "alt_text": string(2000)}),
    "overflow": _element({"options": items(5, LINK_OPTION)}, _ACTED),
    "checkboxes": _element(
        {"options": items(10, RICH_OPTION)}, _ACTED, _FOCUS, {"initial_options": items(10, RICH_OPTION)}
    ),
    "radio_buttons": _element(
        {"options": items(10, RICH_OPTION)}, _ACTED, _FOCUS, {"initial_option": RICH_OPTION}
    ),
    "static_select": _element({}, _CHOSEN, {"initial_option": OPTION}),
    "multi_static_select": _element({}, _CHOSEN, _MANY, {"initial_options": items(100, OPTION)}),
    "users_select": _element({}, _LISTED, {"initial_user": string(20, 1)}),
    "multi_users_select": _element({}, _LISTED, _MANY, {"initial_users": items(100, string(20, 1))}),
    "datepicker": _element({}, _LISTED, {"initial_date": DATE}),
    "timepicker": _element({}, _LISTED, {"initial_time": TIME, "timezone": string(100)}),
    "datetimepicker": _element({}, _ACTED, _FOCUS, {"initial_date_time": whole(0, 9_999_999_999)}),
    "plain_text_input": _element(
        {},
        _TYPED,
        {
            "initial_value": string(3000),
            "multiline": flag,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
    ),
    "email_text_input": _element({}, _TYPED, {"initial_value": string(3000)}),
    "url_text_input": _element({}, _TYPED, {"initial_value": string(3000)}),
    "number_input": _element(
        {"is_decimal_allowed": flag},
        _TYPED,
        {"initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
}
"""what each type of element may carry"""

_INTERACTIVE = (
    "button",
    "overflow",
    "checkboxes",
    "radio_buttons",
    "static_select",
    "users_select",
    "datepicker",
    "timepicker",
)
_CHOICES = tuple(kind for kind in _INTERACTIVE if kind not in ("button", "overflow"))
MULTIPLE = ("multi_static_select", "multi_users_select")
ACTIONS = (*_INTERACTIVE, "datetimepicker")
ACCESSORIES = (*_INTERACTIVE, *MULTIPLE, "image")
TYPED = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
INPUTS = (*_CHOICES, *MULTIPLE, "datetimepicker", *TYPED)


def element(*allowed: str) -> Check:
    """An element of one of these types."""

    def check(value: Any, where: str, problems: Problems) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in allowed or kind not in ELEMENTS:
            wrong(problems, f"unsupported type: {kind}", f"{where}/type")
            return
        ELEMENTS[kind](value, where, problems)
        _agrees(value, where, problems)

    return check


def options(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all options of an element, those in groups too."""
    grouped = [option for group in found.get("option_groups") or [] for option in group["options"]]
    return [*(found.get("options") or []), *grouped]


def _agrees(found: dict[str, Any], where: str, problems: Problems) -> None:
    """What holds between the fields of one element."""
    kind = found["type"]
    if kind in ("static_select", "multi_static_select") and ("options" in found) == (
        "option_groups" in found
    ):
        wrong(problems, "must have either options or option_groups", where)
    if not isinstance(found.get("options", []), list) or not isinstance(found.get("option_groups", []), list):
        return
    given = found.get("initial_options") or [found.get("initial_option")]
    if any(option is not None and option not in options(found) for option in given):
        wrong(problems, "initial option must be one of the options", where)
    values = [option.get("value") for option in options(found) if isinstance(option, dict)]
    if len(set(values)) < len(values):
        wrong(problems, "option values must be unique", where)
    least, most = found.get("min_length"), found.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        wrong(problems, "min_length must not exceed max_length", where)

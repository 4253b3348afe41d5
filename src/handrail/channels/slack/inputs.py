"""The fields of a form as input blocks of Slack, filled with their first values."""

from collections.abc import Sequence

from handrail.channels.slack.block import LONGEST_LABEL, LONGEST_OPTION, Block, Element, plain
from handrail.channels.slack.field import (
    Day,
    Field,
    Json,
    Many,
    Moment,
    Number,
    One,
    Option,
    Text,
    first_text,
    number_text,
)
from handrail.channels.slack.picker import seconds_of
from handrail.requests.reading import NOTHING
from handrail.requests.shape import same

ACTION = "value"
"""the `action_id` of every input; its block says which one it is"""
FEW = 10
"""choices up to which all are seen at once"""
MOST = 100
"""choices of one list; more are put into groups"""


def input_block(field: Field) -> Block:
    """Return the block of one field."""
    block = {
        "type": "input",
        "block_id": field.block_id,
        "label": plain(field.title, LONGEST_LABEL),
        "element": {**_element(field), "action_id": ACTION},
        "optional": _may_be_empty(field),
    }
    return block | ({"hint": plain(field.hint, LONGEST_LABEL)} if field.hint else {})


def _may_be_empty(field: Field) -> bool:
    """Whether Slack takes it without a value: also where none is a value, such as a list without entries."""
    if isinstance(field.kind, Many):
        return True
    empties = field.nullable or (field.blank and isinstance(field.kind, Text))
    return not field.required or (empties and not isinstance(field.kind, One))


def _element(field: Field) -> Element:
    match field.kind:
        case Text(form="email"):
            return _typed("email_text_input", field)
        case Text(form="uri"):
            return _typed("url_text_input", field)
        case Text(long=long, least=least, most=most):
            bounds = {"max_length": most} | ({"min_length": least} if least and field.required else {})
            return _typed("plain_text_input", field) | {"multiline": long} | bounds
        case Json():
            return _typed("plain_text_input", field) | {"multiline": True}
        case Number(exact=False):
            return _typed("plain_text_input", field)
        case Number(whole=whole, low=low, high=high):
            found = _typed("number_input", field) | {"is_decimal_allowed": not whole}
            limits = [("min_value", low), ("max_value", high)]
            return found | {name: number_text(each) for name, each in limits if each is not None}
        case Day():
            return {"type": "datepicker"} | ({} if _is_empty(field) else {"initial_date": field.value})
        case Moment():
            moment: Element = {} if _is_empty(field) else {"initial_date_time": seconds_of(field.value)}
            return {"type": "datetimepicker", **moment}
        case One(options):
            kind = "radio_buttons" if len(options) <= FEW else "static_select"
            chosen = [each for each in _written(options, field) if each[1]]
            first = {"initial_option": chosen[0][0]} if chosen else {}
            return {"type": kind, **_choices(options), **first}
        case Many(options):
            kind = "checkboxes" if len(options) <= FEW else "multi_static_select"
            ticked = [option for option, is_chosen in _written(options, field) if is_chosen]
            return {"type": kind, **_choices(options), **({"initial_options": ticked} if ticked else {})}


def _is_empty(field: Field) -> bool:
    return field.value is NOTHING or field.value is None


def _typed(kind: str, field: Field) -> Element:
    text = first_text(field.kind, field.value)
    return {"type": kind} | ({"initial_value": text} if text else {})


def _choices(options: Sequence[Option]) -> Element:
    shown = [_option(number, option) for number, option in enumerate(options)]
    if len(shown) <= MOST:
        return {"options": shown}
    groups = [
        {"label": plain(f"{start + 1}–{min(start + MOST, len(shown))}", LONGEST_OPTION), "options": part}
        for start in range(0, len(shown), MOST)
        if (part := shown[start : start + MOST])
    ]
    return {"option_groups": groups}


def _option(number: int, option: Option) -> Element:
    return {"text": plain(option.label, LONGEST_OPTION), "value": str(number)}


def _written(options: Sequence[Option], field: Field) -> list[tuple[Element, bool]]:
    """Return each option as it is shown, and whether it is chosen at first."""
    first = field.value if isinstance(field.kind, Many) else [field.value]
    wanted = [] if field.value is NOTHING else first
    return [
        (
            _option(number, option),
            option.value is not NOTHING and any(same(option.value, one) for one in wanted),
        )
        for number, option in enumerate(options)
    ]

"""From what was typed into a modal to the answer: what doesn't read or fit is said beside its field.

Values are read as the form was made: its fields are made anew from the schema, and each looks for its own block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handrail.channels.slack import words
from handrail.channels.slack.field import Day, Field, Form, Json, Many, Moment, Number, One, Option, Text
from handrail.channels.slack.form import answer_form, edit_form
from handrail.channels.slack.inputs import ACTION
from handrail.channels.slack.picker import LATEST, read_day, read_seconds
from handrail.channels.slack.text import one_line
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import FieldProblem, InvalidDecision
from handrail.requests.reading import NOTHING, Unreadable, free, number
from handrail.requests.reference import Schema
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems
from handrail.requests.shape import same
from handrail.requests.validation import check_decision

LONGEST_FAULT = 300
COMMENT = "comment"
"""the block of the words that a verb takes"""
Values = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""`view.state.values` of Slack: by block, then by action"""


@dataclass(frozen=True, slots=True)
class Payload:
    """What was answered, fit to be decided with."""

    value: JSON


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong, by the block it is said beside."""

    errors: dict[str, str]

    @property
    def response(self) -> dict[str, JSON]:
        """What Slack is answered, so that the modal stays open and shows it."""
        return {"response_action": "errors", "errors": self.errors}


def answer_of(schema: Schema, values: Values) -> Payload | Faults:
    """Return the answer that was typed into the modal of a response schema, or what is wrong with it.

    >>> answer_of({"type": "integer"}, {"answer": {"value": {"type": "number_input", "value": "3"}}})
    Payload(value=3)
    """
    form = answer_form(schema)
    read = read_form(form, values)
    if isinstance(read, Faults):
        return read
    found = problems(schema, read.value)
    return Faults(beside(form, found)) if found else read


def edit_of(request: HumanRequest, values: Values) -> Payload | Faults:
    """Return the changed keys of what is proposed, or what is wrong with them."""
    form = edit_form(request)
    read = read_form(form, values)
    if isinstance(read, Faults):
        return read
    proposal = request.draft.proposal
    changes = {key: value for key, value in read.value.items() if _differs(value, proposal.get(key))}
    if not changes:
        return Faults({form.fields[0].block_id: words.NO_CHANGE})
    try:
        check_decision(request, Verb.EDIT, changes, None)
    except InvalidDecision as error:
        return Faults(beside(form, error.fields))
    return Payload(changes)


def comment_of(values: Values) -> Payload | Faults:
    """Return the words that were typed into the modal of a verb that takes them."""
    text = values.get(COMMENT, {}).get(ACTION, {}).get("value")
    return Payload(text) if isinstance(text, str) and text.strip() else Faults({COMMENT: words.FILL_IN})


def read_form(form: Form, values: Values) -> Payload | Faults:
    """Return the value of a form, not yet checked against its schema."""
    wrong: dict[str, str] = {}
    found: list[tuple[tuple[str, ...], JSON]] = [(path, {}) for path in form.objects]
    for field in form.fields:
        try:
            value = read(field, values.get(field.block_id, {}).get(ACTION, {}))
        except Unreadable as problem:
            wrong[field.block_id] = str(problem)
        else:
            found += [] if value is NOTHING else [(field.path, value)]
    return Faults(wrong) if wrong else Payload(_assembled(found))


def _assembled(found: Sequence[tuple[tuple[str, ...], JSON]]) -> JSON:
    whole: JSON = None
    for path, value in found:
        if not path:
            whole = value
            continue
        place = whole if isinstance(whole, dict) else (whole := {})
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place.setdefault(path[-1], value)
    return whole


def read(field: Field, state: Mapping[str, Any]) -> JSON:
    """Return the value of one field; NOTHING for one that is left out. Raises `Unreadable`."""
    match field.kind:
        case One(options):
            return _one(field, options, state.get("selected_option"))
        case Many(options):
            listed = state.get("selected_options")
            chosen = {_place(each) for each in listed} if isinstance(listed, list) else set()
            ticked = [option.value for place, option in enumerate(options) if place in chosen]
            return ticked if ticked or field.required else NOTHING
        case Day():
            day = state.get("selected_date")
            return day if isinstance(day, str) and read_day(day) else _empty(field)
        case Moment():
            seconds = state.get("selected_date_time")
            if isinstance(seconds, int) and 0 <= seconds < LATEST:
                return read_seconds(seconds)
            return _empty(field)
    text = state.get("value")
    if not isinstance(text, str) or not text:
        return _empty(field)
    match field.kind:
        case Number(whole=whole):
            return number(text.strip(), whole=whole) if text.strip() else _empty(field)
        case Json(loose=loose):
            return free(text, loose) if text.strip() else _empty(field)
        case _:
            return text


def _one(field: Field, options: Sequence[Option], chosen: object) -> JSON:
    place = _place(chosen)
    if place is not None and place < len(options):
        return options[place].value
    if field.required:
        raise Unreadable(words.CHOOSE)
    return NOTHING


def _place(chosen: object) -> int | None:
    match chosen:
        case {"value": str(text)} if text.isascii() and text.isdigit():
            return int(text)
    return None


def _empty(field: Field) -> JSON:
    """Return what a field is that was left empty."""
    if field.blank and isinstance(field.kind, Text):
        return None if field.value is None else ""
    if not field.required:
        return NOTHING
    if field.nullable:
        return None
    raise Unreadable(words.FILL_IN)


def _differs(one: JSON, other: JSON) -> bool:
    """Whether a value was changed; Slack may take blanks away around a text, and writes line ends its own way."""
    if isinstance(one, str) and isinstance(other, str):
        return one.replace("\r\n", "\n").strip() != other.replace("\r\n", "\n").strip()
    return not same(one, other)


def beside(form: Form, problems: Sequence[FieldProblem]) -> dict[str, str]:
    """Return what is wrong by the block it is said beside: the nearest there is, else the first."""
    told: dict[str, list[str]] = {}
    for problem in problems:
        told.setdefault(_nearest(form, problem.path), []).append(problem.message)
    return {block: one_line(_sentence(messages), LONGEST_FAULT).text for block, messages in told.items()}


def _nearest(form: Form, path: str) -> str:
    best, nearest = -1, form.fields[0].block_id
    for field in form.fields:
        own = ".".join(field.path)
        is_at = path == own or path.startswith(f"{own}.") or own.startswith(f"{path}.") or not own
        alike = min(len(own), len(path))
        if is_at and alike > best:
            best, nearest = alike, field.block_id
    return nearest


def _sentence(messages: Sequence[str]) -> str:
    text = "; ".join(dict.fromkeys(messages)) or words.WRONG
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"

"""The fields of a modal, made from a JSON Schema: objects flattened, what no input carries as JSON.

What can't be shown whole makes no form: a text or a label too long for Slack, too many fields, characters that an
input would hide. Then the page is the place to answer.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from urllib.parse import quote

from handrail.channels.slack import words
from handrail.channels.slack.block import LONGEST_ID, LONGEST_LABEL, LONGEST_OPTION, LONGEST_TEXT
from handrail.channels.slack.field import (
    Day,
    DoesNotFit,
    Field,
    Form,
    Json,
    Kind,
    Many,
    Moment,
    Number,
    One,
    Option,
    Text,
    first_text,
    number_text,
)
from handrail.channels.slack.inputs import input_block
from handrail.channels.slack.picker import read_day, read_seconds, seconds_of
from handrail.channels.slack.text import escape, length
from handrail.requests import labels, telling
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.formats import CHECKS
from handrail.requests.reading import NOTHING
from handrail.requests.reference import Schema, resolve
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems
from handrail.requests.shape import (
    Amount,
    Anything,
    Asked,
    Choice,
    Offer,
    Parts,
    Ticks,
    Words,
    asked,
    index_of,
)
from handrail.requests.visible import visible

MOST_FIELDS = 90
MOST_CHARACTERS = 200_000
"""of all fields as they are sent: Slack takes modals of 250 KB"""
MOST_OPTIONS = 1000
DEEPEST = 4
"""levels of objects that become fields; what lies deeper is JSON"""
SHORT = 200
"""`maxLength` up to which a text has a single line"""
_AS_JSON: Schema = {"x-form": "json"}


def answer_form(schema: Schema) -> Form:
    """Return the form of an answer, filled with the defaults of its schema. Raises `DoesNotFit`.

    >>> [field.title for field in answer_form({"properties": {"pay_to": {"type": "string"}}}).fields]
    ['Pay to']
    """
    return _Building(schema, "answer").form(schema, NOTHING)


def edit_form(request: HumanRequest) -> Form:
    """Return the form of what is proposed, one or more fields for each key. Raises `DoesNotFit`.

    A choice that the model wasn't sure of isn't made for who edits.
    """
    proposal, whole = request.draft.proposal, request.draft.proposal_schema or {}
    told = resolve(whole, whole).get("properties")
    known = told if isinstance(told, dict) else {}
    properties = {key: known.get(key, _inferred(value)) for key, value in proposal.items()}
    schema: Schema = {"type": "object", "properties": properties, "required": [*proposal]}
    building = _Building(whole, "edit", blank=True, unled=telling.is_unsure(request))
    return building.form(schema, proposal)


def fits(request: HumanRequest, verb: Verb) -> bool:
    """Whether a modal can be made for editing or answering a request."""
    try:
        form = edit_form(request) if verb is Verb.EDIT else answer_form(request.draft.response_schema or {})
    except DoesNotFit:
        return False
    return bool(form.fields)


def _inferred(value: JSON) -> Schema:
    match value:
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
    return _AS_JSON


@dataclass(frozen=True)
class _Building:
    root: Schema
    prefix: str
    blank: bool = False
    unled: bool = False

    def form(self, schema: Schema, value: JSON) -> Form:
        objects: list[tuple[str, ...]] = []
        fields: list[Field] = []
        for field in self._fields(schema, (), (), True, value, objects):
            fields.append(field)
            if len(fields) > MOST_FIELDS:
                raise DoesNotFit("it has too many fields")
        if len(json.dumps([input_block(field) for field in fields])) > MOST_CHARACTERS:
            raise DoesNotFit("it is too large")
        return Form(tuple(fields), tuple(objects))

    def _fields(
        self,
        schema: object,
        path: tuple[str, ...],
        titles: tuple[str, ...],
        required: bool,
        value: JSON,
        objects: list[tuple[str, ...]],
    ) -> Iterator[Field]:
        found = asked(schema, self.root)
        if value is NOTHING and not self.blank:
            value = self._default(resolve(schema, self.root))
        inner = found.shape
        if isinstance(inner, Parts) and len(path) < DEEPEST and self._flattens(found, inner, value):
            if required or value is not NOTHING:
                objects.append(path)
            given = value if isinstance(value, dict) else {}
            for key, each in inner.known:
                name = labels.title(each, key)
                here = required and key in inner.required
                yield from self._fields(
                    each, (*path, key), (*titles, name), here, given.get(key, NOTHING), objects
                )
        else:
            yield self._field(found, path, titles, required, value)

    def _flattens(self, found: Asked, inner: Parts, value: JSON) -> bool:
        if found.nullable or not inner.known:
            return False
        return value is NOTHING or (isinstance(value, dict) and value.keys() <= dict(inner.known).keys())

    def _default(self, schema: Schema) -> JSON:
        """Return the default of a schema, if it has one that fits."""
        if "default" not in schema:
            return NOTHING
        definitions: Schema = {key: self.root[key] for key in ("$defs", "definitions") if key in self.root}
        value = schema["default"]
        try:
            return NOTHING if problems({**definitions, **schema}, value) else value
        except InvalidInput:  # it refers to something outside of itself
            return NOTHING

    def _field(
        self, found: Asked, path: tuple[str, ...], titles: tuple[str, ...], required: bool, value: JSON
    ) -> Field:
        kind = _kind(found, required, value)
        if not _holds(kind, value):
            kind = Json()
        if self.unled and isinstance(kind, One):
            value = NOTHING
        own = found.schema.get("title")
        title = ": ".join(titles) or (own if isinstance(own, str) and own.strip() else words.ANSWER_ASK)
        hint = _hint(found, kind)
        if length(escape(title)) > LONGEST_LABEL or length(escape(hint)) > LONGEST_LABEL:
            raise DoesNotFit("a label is too long")
        _check_shown(kind, value)
        block_id = _block_id(self.prefix, path)
        return Field(path, block_id, title, hint, required, found.nullable, kind, value, self.blank)


def _block_id(prefix: str, path: tuple[str, ...]) -> str:
    """Return the name of a field's block: its path as a pointer, of printable characters."""
    name = "/".join([prefix, *(quote(part, safe="") for part in path)])
    if len(name) > LONGEST_ID:
        raise DoesNotFit("a name is too long")
    return name


def _kind(found: Asked, required: bool, value: JSON) -> Kind:
    schema = found.schema
    match found.shape:
        case Choice(offers) if offers:
            extra = [*([] if required else [Option(words.NO_ANSWER, NOTHING)])]
            extra += [Option(words.NONE, None)] if found.nullable else []
            return One(_options(offers, extra))
        case Ticks(offers) if offers and not found.nullable:
            return Many(_options(offers, []))
        case Amount(whole):
            return _number(schema, whole, value)
        case Words():
            return _text(schema, value)
        case Anything(loose=loose):
            return Json(loose and not isinstance(value, str))
    return Json()


def _options(offers: tuple[Offer, ...], extra: list[Option]) -> tuple[Option, ...]:
    told = labels.values([offer.value for offer in offers])
    names = [offer.title or said for offer, said in zip(offers, told, strict=True)]
    found = [Option(name, offer.value) for name, offer in zip(names, offers, strict=True)] + extra
    shown = [" ".join(visible(option.label).split()) for option in found]
    if any(not each or length(escape(each)) > LONGEST_OPTION for each in shown):
        raise DoesNotFit("a choice is too long")
    if len(set(shown)) < len(shown) or len(found) > MOST_OPTIONS:
        raise DoesNotFit("choices can't be told apart")
    return tuple(found)


def _number(schema: Schema, whole: bool, value: JSON) -> Number:
    low, high = _bound(schema.get("minimum")), _bound(schema.get("maximum"))
    if whole:  # an input for whole numbers takes no bounds with decimals
        over, under = _bound(schema.get("exclusiveMinimum")), _bound(schema.get("exclusiveMaximum"))
        low = max((*_each(ceil, low), *(each + 1 for each in _each(floor, over))), default=None)
        high = min((*_each(floor, high), *(each - 1 for each in _each(ceil, under))), default=None)
    if (low is not None and high is not None and low > high) or _is_beyond(value, low, high):
        low = high = None
    whole = whole and not isinstance(value, float)  # 3.0 is one, and has a decimal all the same
    return Number(whole, low, high, value is NOTHING or number_text(value) is not None)


def _is_beyond(value: JSON, low: float | None, high: float | None) -> bool:
    """Whether an input with these bounds would not take its first value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (low is not None and value < low) or (high is not None and value > high)


def _each(rounded: Callable[[float], int], bound: float | None) -> list[int]:
    return [] if bound is None else [rounded(bound)]


def _bound(value: object) -> int | float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and number_text(value) is not None else None  # type: ignore[return-value]


def _text(schema: Schema, value: JSON) -> Kind:
    match schema.get("format"):
        case "date" if _is_open(value) or _is_day(value):
            return Day()
        case "date-time" if _is_open(value) or _is_moment(value):
            return Moment()
    form = schema.get("format")
    least, most = schema.get("minLength"), schema.get("maxLength")
    lower = least if isinstance(least, int) else 0
    upper = most if isinstance(most, int) else None
    if lower > LONGEST_TEXT:
        raise DoesNotFit("a text has to be longer than Slack takes")
    if form in ("email", "uri") and (_is_open(value) or _is_address(str(form), value)):
        return Text(False, form=str(form))
    long = upper is None or upper > SHORT or (isinstance(value, str) and "\n" in value)
    longest = max(1, min(upper or LONGEST_TEXT, LONGEST_TEXT))
    if isinstance(value, str) and length(value) > longest:
        longest = LONGEST_TEXT  # an input doesn't take a first value that is longer than it may be
    return Text(long, lower if lower <= longest else 0, longest)


def _is_open(value: JSON) -> bool:
    return value is NOTHING or value is None


def _is_address(form: str, value: JSON) -> bool:
    """Whether an input for addresses takes a text as its first value."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    if form == "email":
        name, _, host = value.partition("@")
        return bool(name) and "." in host and not {" ", "@"} & set(host + name)
    return CHECKS["uri"](value) and value.startswith(("http://", "https://"))


def _is_day(value: JSON) -> bool:
    return isinstance(value, str) and read_day(value) == value


def _is_moment(value: JSON) -> bool:
    seconds = seconds_of(value) if isinstance(value, str) else None
    return seconds is not None and read_seconds(seconds) == value


def _holds(kind: Kind, value: JSON) -> bool:
    """Whether an input of this kind can be filled with a value."""
    if value is NOTHING:
        return True
    match kind:
        case Text():
            return value is None or isinstance(value, str)
        case Number():
            return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        case One(options):
            return _index(options, value) is not None
        case Many(options):
            places = [_index(options, each) for each in value] if isinstance(value, list) else [None]
            known = [place for place in places if place is not None]
            return places == sorted(set(known))  # else it would be read back in another order
    return True


def _index(options: tuple[Option, ...], value: JSON) -> int | None:
    return index_of(tuple(Offer(each.value) for each in options if each.value is not NOTHING), value)


def _check_shown(kind: Kind, value: JSON) -> None:
    """Raise `DoesNotFit` for a text that an input would cut, or that has characters which it would hide."""
    text = first_text(kind, value)
    if length(text) > LONGEST_TEXT or visible(text) != text.replace("\r\n", "\n"):
        raise DoesNotFit("a text is too long, or has characters that can't be seen")


def _hint(found: Asked, kind: Kind) -> str:
    schema: Mapping[str, JSON] = found.schema
    told = schema.get("description")
    limits = ""
    match kind:
        case Number(whole=whole):
            limits = labels.of_number(found.schema, whole)
        case Text():
            limits = labels.of_text(found.schema)
        case Many():
            limits = labels.of_entries(found.schema)
        case Json(loose=loose):
            limits = words.JSON_OR_TEXT if loose else words.AS_JSON
    return " ".join(each for each in (told if isinstance(told, str) else "", limits) if each)

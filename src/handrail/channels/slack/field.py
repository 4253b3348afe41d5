"""What one input of a modal asks for: its kind, where its value belongs, and what it is filled with at first."""

from dataclasses import dataclass
from decimal import Decimal

from handrail.channels.slack.block import LONGEST_TEXT
from handrail.requests.content import JSON
from handrail.requests.prose.record import as_json
from handrail.requests.reading import NOTHING

_EXACT = 2**53
"""numbers beyond are typed as text: an input for numbers would round them"""
_LONGEST_NUMBER = 20


class DoesNotFit(Exception):
    """A form that Slack can't show whole."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text; `form` is `email`, `uri` or nothing."""

    long: bool = True
    least: int = 0
    most: int = LONGEST_TEXT
    form: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number; one that is not `exact` in an input for numbers is typed as a text."""

    whole: bool
    low: int | float | None = None
    high: int | float | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Day:
    """A date."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time, to the second."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of some values and its words; NOTHING stands for no answer."""

    label: str
    value: JSON


@dataclass(frozen=True, slots=True)
class One:
    """One of some values."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Many:
    """Any number of some values."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Json:
    """JSON; if `loose`, what isn't JSON is a text."""

    loose: bool = False


Kind = Text | Number | Day | Moment | One | Many | Json


@dataclass(frozen=True, slots=True)
class Field:
    """One input: where its value belongs, what is said beside it, and what it is filled with (or NOTHING).

    With `blank`, a text that is left empty is an empty one instead of a missing one.
    """

    path: tuple[str, ...]
    block_id: str
    title: str
    hint: str
    required: bool
    nullable: bool
    kind: Kind
    value: JSON = NOTHING
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The fields in their order, and the paths of the objects that are there even if nothing is in them."""

    fields: tuple[Field, ...]
    objects: tuple[tuple[str, ...], ...]


def number_text(value: JSON) -> str | None:
    """Return a number as an input for numbers takes it; None if it can't without rounding."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _EXACT:
        return None
    text = format(Decimal(repr(value)), "f")
    return text if len(text) <= _LONGEST_NUMBER else None


def first_text(kind: Kind, value: JSON) -> str:
    """Return the text that an input of texts is filled with; empty for none, and for other inputs."""
    if value is NOTHING:
        return ""
    match kind:
        case Json():
            return as_json(value)
        case Number(exact=False):
            return "" if value is None else str(value)
        case Number():
            return number_text(value) or ""
        case Text():
            return value or ""
    return ""

"""What a page shows of a form: a tree of facts that a template renders and that an answer is read from.

Each field has a name, which is the id of what people fill in as well, its words, and what was typed as it was typed.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from handrail.requests.content import JSON
from handrail.requests.reference import Schema
from handrail.web.form import names
from handrail.web.form.names import Pair

Step = str | int
UNTITLED = "Your answer"
"""what a form is called whose schema has no title: the same as the heading above it"""
FEW = 6
"""choices that are shown as radio buttons; more are a list to choose from"""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One place of the answer.

    `path` leads there (keys and positions); `limits` and `description` are hints; `state` is one of the states in
    `names`; `problems` are sentences.
    """

    kind: ClassVar[str]
    name: str
    path: tuple[Step, ...]
    title: str
    description: str = ""
    limits: str = ""
    required: bool = True
    nullable: bool = False
    state: str = ""
    problems: tuple[str, ...] = ()
    schema: Schema = field(default_factory=dict, repr=False, compare=False)
    """of its own, without null"""

    @property
    def target(self) -> str:
        """The id of what a link to the field leads to."""
        return self.name

    @property
    def must(self) -> bool:
        """Whether it can't be left empty."""
        return self.required and not self.nullable and self.state not in (names.NULL, names.EMPTY)

    @property
    def hint(self) -> str:
        """Limits and description in one paragraph."""
        none = "Left empty it is none." if self.required and self.nullable and self.is_typed else ""
        return " ".join(part for part in (self.limits, self.description, none) if part)

    @property
    def is_typed(self) -> bool:
        """Whether it is a text that can be left empty."""
        return isinstance(self, Line | Number | Moment | Prose | Json)

    @property
    def described_by(self) -> str:
        """The ids of its hint and of its problems."""
        found = (("hint", self.hint), ("error", self.problems))
        return " ".join(f"{self.name}:{part}" for part, there in found if there)

    @property
    def is_short(self) -> bool:
        """Whether two of its kind fit beside each other."""
        return isinstance(self, Number | Line) and len(self.hint) <= 60


@dataclass(frozen=True, kw_only=True)
class Line(Field):
    """A text of one line; `type` and `mode` are those of the input, `format` is the schema's."""

    kind = "line"
    text: str = ""
    type: str = "text"
    format: str = ""


@dataclass(frozen=True, kw_only=True)
class Prose(Field):
    """A text of several lines."""

    kind = "prose"
    text: str = ""
    rows: int = 4


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A number; bounds and step as the input takes them, empty where it can't."""

    kind = "number"
    text: str = ""
    whole: bool = False
    low: str = ""
    high: str = ""
    step: str = "any"
    unit: str = ""
    readable: bool = True
    """whether an input for numbers shows the text; it would drop any other"""


@dataclass(frozen=True, kw_only=True)
class Moment(Field):
    """A date with a time, and its offset from UTC."""

    kind = "moment"
    text: str = ""
    readable: bool = True
    offset: str = "Z"
    offsets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Json(Field):
    """JSON; if `loose`, what isn't JSON is a text."""

    kind = "json"
    text: str = ""
    loose: bool = False
    rows: int = 4


@dataclass(frozen=True)
class Option:
    """One choice: what is posted for it, what it says, what it stands for."""

    token: str
    label: str
    hint: str
    value: JSON
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of some values; `left` if it was said that there is none."""

    kind = "choice"
    options: tuple[Option, ...]
    left: bool = False

    @property
    def as_list(self) -> bool:
        """Whether there are too many for radio buttons."""
        return len(self.options) > FEW

    @property
    def target(self) -> str:
        """The first button, or the list."""
        return self.name if self.as_list else f"{self.name}:0"


@dataclass(frozen=True, kw_only=True)
class Ticks(Field):
    """Any number of some values."""

    kind = "ticks"
    options: tuple[Option, ...]

    @property
    def target(self) -> str:
        """The first box."""
        return f"{self.name}:0"


@dataclass(frozen=True, kw_only=True)
class Fixed(Field):
    """A value that is not asked for: it follows from the kind that was chosen."""

    kind = "fixed"
    value: JSON


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a list, or of an object whose keys people choose."""

    name: str
    number: int
    field: Field
    removable: bool
    key: str | None = None
    key_state: str = ""
    key_problems: tuple[str, ...] = ()

    @property
    def key_name(self) -> str:
        """The name of its key."""
        return names.entry_key(self.name)


@dataclass(frozen=True, kw_only=True)
class Entries(Field):
    """A list; or, if `keyed`, what people add to an object."""

    kind = "entries"
    entries: tuple[Entry, ...]
    noun: str
    keyed: bool = False
    can_add: bool = True


@dataclass(frozen=True, kw_only=True)
class Group(Field):
    """An object; `optional` ones are added by a button, and are there if `present`."""

    kind = "group"
    fields: tuple[Field, ...]
    optional: bool = False
    present: bool = True
    extra: Entries | None = None

    @property
    def rows(self) -> list[tuple[Field, ...]]:
        """The fields in rows of one or two."""
        found: list[tuple[Field, ...]] = []
        for each in self.fields:
            if each.is_short and found and len(found[-1]) == 1 and found[-1][0].is_short:
                found[-1] = (*found[-1], each)
            else:
                found.append((each,))
        return found


@dataclass(frozen=True, kw_only=True)
class Kinds(Field):
    """One of several kinds, and what the chosen one asks for; `kept` was typed for the others."""

    kind = "kinds"
    options: tuple[Option, ...]
    shown: str = ""
    field: Field | None = None
    kept: tuple[Pair, ...] = ()

    @property
    def as_list(self) -> bool:
        """Whether there are too many for radio buttons."""
        return len(self.options) > FEW

    @property
    def target(self) -> str:
        """The first button, or the list."""
        return names.which(self.name) if self.as_list else f"{names.which(self.name)}:0"


@dataclass(frozen=True)
class Wrong:
    """A line of the summary: which field, by the id to link to, and what."""

    target: str
    title: str
    message: str


@dataclass(frozen=True)
class Form:
    """A whole form: `root` is what it asks for, `draft` what it would be posted as without anybody touching it."""

    prefix: str
    root: Field
    wrong: tuple[Wrong, ...] = ()
    problems: tuple[str, ...] = ()
    """of the whole, beside no field"""

    @property
    def untitled(self) -> bool:
        """Whether the heading of the page says already what the one field of the form is called."""
        return self.root.title == UNTITLED and not isinstance(self.root, Group)

    @property
    def do(self) -> str:
        """The name of the buttons that change the form instead of sending it."""
        return names.doing(self.prefix)

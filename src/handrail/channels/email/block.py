"""What a mail consists of, whether it is read as text or as HTML: both say the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Title:
    """What the mail is about."""

    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """What the following blocks are."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of ours, behind a label if there is one; a quiet one is for those who look."""

    text: str
    label: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Prose:
    """What somebody wrote: Markdown where it is that."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """Short texts, one below the other."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Data, as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What a person said."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A link to follow; the first of a mail is what most want to do."""

    text: str
    url: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A line that has come (`+`) or gone (`-`), or none of that (``); of each piece whether it is what differs."""

    sign: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed, one line below the other."""

    lines: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One of several requests: where its page is, and what is told of it in a few lines."""

    title: str
    url: str
    lines: tuple[str, ...]


Block = Title | Head | Line | Prose | Items | Code | Quote | Action | Difference | Entry

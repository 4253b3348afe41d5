"""The names of inputs: where in the answer a text belongs, unambiguous whatever the keys hold.

A key is percent-encoded, so the signs that part a name (`/ [ ] @ ! :`) never come from a key. Nothing is ever decoded:
reading goes by the schema and asks for the names it would have given.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

Pair = tuple[str, str]
Draft = dict[str, tuple[str, ...]]
"""What was typed: the texts posted under each name."""

MOST_PAIRS = 5_000
"""inputs that one form may have"""
MOST_ENTRIES = 100
"""entries of one list"""
LONGEST_NAME = 10_000
"""characters of an input's name"""
DEEPEST_KIND = 20
LONGEST_POST = 2 * 1024 * 1024
"""characters of all texts of one form"""

JSON_STATE = "json"
"""the field holds JSON, not what its form would"""
NULL = "null"
"""left empty it is null"""
EMPTY = "empty"
"""left empty it is an empty text, or a list without entries"""
PRESENT = "on"
"""an optional part is there"""
NEW = "new"
"""it was just added, and is filled with its defaults"""

_ENTRY = re.compile(r"0|[1-9][0-9]{0,5}")


def key(name: str, part: str) -> str:
    """Return the name of an object's field.

    >>> key("answer", "a/b c")
    'answer/a%2Fb%20c'
    """
    return f"{name}/{quote(part, safe='', errors='surrogatepass')}"


def entry(name: str, number: int) -> str:
    """Return the name of an entry; its number stays when others are removed."""
    return f"{name}[{number}]"


def entries(name: str) -> str:
    """Return the name under which the numbers of all entries are posted, in their order."""
    return f"{name}[]"


def entry_key(name: str) -> str:
    """Return the name of the key of an entry that has one."""
    return f"{name}:key"


def variant(name: str, number: int) -> str:
    """Return the name of what one of several kinds is filled with."""
    return f"{name}@{number}"


def which(name: str) -> str:
    """Return the name under which the chosen kind is posted."""
    return f"{name}:kind"


def shown(name: str) -> str:
    """Return the name that tells for which kind fields were shown."""
    return f"{name}:shown"


def zone(name: str) -> str:
    """Return the name of a moment's offset."""
    return f"{name}:zone"


def state(name: str) -> str:
    """Return the name of what a field says about itself, see the states above."""
    return f"{name}!"


def doing(prefix: str) -> str:
    """Return the name of the buttons that change the form."""
    return f"{prefix}:do"


def text(draft: Draft, name: str) -> str | None:
    """Return the last text posted under a name."""
    return draft[name][-1] if draft.get(name) else None


def numbers(draft: Draft, name: str) -> list[int]:
    """Return the numbers of a list's entries, as many as a list may have; what is no number is ignored."""
    found = dict.fromkeys(
        int(each) for each in draft.get(entries(name), ()) if len(each) <= 6 and _ENTRY.fullmatch(each)
    )
    return list(found)[:MOST_ENTRIES]


def belongs(name: str, whole: str) -> bool:
    """Whether a name is that of `whole` or of a part of it."""
    return name == whole or (name.startswith(whole) and name[len(whole)] in "/[@!:")


def kinds_of(name: str) -> list[str]:
    """Return the names of the fields, one within the other, for one of whose kinds something was typed.

    >>> kinds_of("answer@1/a@0/b")
    ['answer', 'answer@1/a']
    """
    parts = name.split("@", DEEPEST_KIND)
    return ["@".join(parts[:count]) for count in range(1, len(parts))]


def draft_of(items: Iterable[tuple[str, object]], prefix: str) -> tuple[Draft, bool]:
    """Return the texts of one form and whether that was all: files, strange names and what is too much are left out."""
    found: dict[str, list[str]] = {}
    count = size = 0
    for name, typed in items:
        if not isinstance(typed, str) or len(name) > LONGEST_NAME or not belongs(name, prefix):
            continue
        if name.endswith("!") and typed == NEW:  # only this side says so
            continue
        count, size = count + 1, size + len(name) + len(typed)
        if count > MOST_PAIRS or size > LONGEST_POST:
            return _fixed(found), False
        found.setdefault(name, []).append(typed)
    return _fixed(found), True


def _fixed(found: dict[str, list[str]]) -> Draft:
    return {name: tuple(texts) for name, texts in found.items()}


def without(draft: Draft, name: str) -> Draft:
    """Return the draft without a part."""
    return {each: texts for each, texts in draft.items() if not belongs(each, name)}

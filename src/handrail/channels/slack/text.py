"""Text that can be handed to Slack: nothing in it mentions, links or hides, and its length is known.

Slack obeys `<…>` in texts and reads `&`, `<` and `>` only as entities. Rich text is not read at all: it takes the
text as it is. Odd characters are written out first, so people see them: `[U+202E]`.
"""

import re
import unicodedata
from dataclasses import dataclass

from handrail.requests.visible import visible

ELLIPSIS = "…"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPED = re.compile("[&<>]")
_ENTITY = re.compile("&(amp|lt|gt);")
_BEGUN = re.compile(r"\[(U(\+[0-9A-F]{0,6})?)?$")
_OBEYED = re.compile(r"[*_~]|:[^\s:]+:|^&gt;")


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a text that fits, and whether that is not all of it."""

    text: str
    is_cut: bool


def escape(text: str) -> str:
    r"""Return a text for a text object of Slack, odd characters written out.

    >>> escape("<!channel> R&D \u202e")
    '&lt;!channel&gt; R&amp;D [U+202E]'
    """
    return _with_entities(visible(text))


def _with_entities(shown: str) -> str:
    return _ESCAPED.sub(lambda found: _ENTITIES[found[0]], shown)


def unescape(text: str) -> str:
    """Return what Slack shows for a text that was escaped.

    >>> unescape("&amp;lt;")
    '&lt;'
    """
    signs = {entity: sign for sign, entity in _ENTITIES.items()}
    return _ENTITY.sub(lambda found: signs[found[0]], text)


def length(text: str) -> int:
    """Return how long a text is at most to Slack, which doesn't say whether an emoji counts as one or two."""
    return len(text) if text.isascii() else len(text) + sum(each > "\uffff" for each in text)


def cut(text: str, limit: int, *, escaped: bool = True) -> Cut:
    """Return as much of a text as `limit` characters take, with an ellipsis if that isn't all.

    The text is made visible. With `escaped` it is counted, and returned, as `escape` gives it. What people see as one
    character is never parted.

    >>> cut("a & b", 7), cut("a & b", 9)
    (Cut(text='a…', is_cut=True), Cut(text='a &amp; b', is_cut=False))
    """
    shown = visible(text[: limit * 2 + 1])
    write = _with_entities if escaped else str
    whole = write(shown)
    if len(text) <= limit * 2 + 1 and length(whole) <= limit:
        return Cut(whole, False)
    end = _fitting(shown, limit - 1, escaped)
    return Cut(write(shown[:end].rstrip()) + ELLIPSIS, True)


def one_line(text: str, limit: int) -> Cut:
    """Return a text on a single line, escaped: for headers, labels and buttons."""
    # Written out first: some of what people can't see counts as a blank, and would be gone.
    found = cut(" ".join(visible(text[: limit * 8]).split()), limit)
    return found if len(text) <= limit * 8 or found.is_cut else Cut(found.text, True)


def quoted(text: str, limit: int = 200) -> str:
    """Return a name or a title as it can stand in a sentence of mrkdwn; one with signs that format stands as code.

    Mrkdwn has no way to write such a sign, so a backtick is written out.

    >>> quoted("alice"), quoted("*boss*"), quoted("a`b")
    ('alice', '`*boss*`', 'a[U+0060]b')
    """
    line = one_line(text, limit).text.replace("`", "[U+0060]")
    return f"`{line}`" if _OBEYED.search(line) else line


def _fitting(shown: str, limit: int, escaped: bool) -> int:
    """Return how many characters take `limit` at most, without parting any from what belongs to it."""
    taken = end = 0
    for end, character in enumerate(shown):  # noqa: B007 - the place where it stops
        taken += length(_ENTITIES.get(character, character) if escaped else character)
        if taken > limit:
            break
    else:
        end = len(shown)
    while 0 < end < len(shown) and _belongs(shown[end - 1], shown[end]):
        end -= 1
    if (begun := _BEGUN.search(shown[:end])) and shown[end : end + 1] != "":
        end = begun.start()
    return max(end, 0)


def _belongs(before: str, character: str) -> bool:
    """Whether a character is part of how the one before it is seen."""
    return (
        before in "\u200c\u200d"
        or character in "\u200c\u200d\ufe0e\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= character <= "\U0001f1ff")
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )

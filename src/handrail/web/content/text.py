"""Plain text as HTML: escaped, and whatever could hide, reorder or imitate text is named instead of obeyed.

Control, format and bidirectional characters, invisible letters and lone surrogates are shown as `U+202E`, marked and
with their name. Joiners stay where a script or an emoji needs them; line ends and tabs stay.
"""

import unicodedata
from html import escape
from itertools import islice

from markupsafe import Markup

from handrail.requests.visible import SUSPECT, code, is_needed, plain, visible

__all__ = ["code", "marked", "plain", "visible"]

_SPECIAL_NAMES = {"Cc": "CONTROL CHARACTER", "Cs": "LONE SURROGATE", "Co": "PRIVATE USE CHARACTER"}
_MOST_NAMES = 8


def marked(text: str) -> Markup:
    r"""Return `text` escaped, with odd characters named and marked. Line ends of Windows become plain ones.

    >>> marked("<b>\u202egnp.exe")
    Markup('&lt;b&gt;<span class="odd" title="RIGHT-TO-LEFT OVERRIDE">U+202E</span>gnp.exe')
    """
    text = text.replace("\r\n", "\n")
    parts: list[str] = []
    odd: list[str] = []
    end = 0
    for found in SUSPECT.finditer(text):
        if is_needed(text, found.start()):
            continue
        if found.start() > end:
            parts += _named(odd), escape(text[end : found.start()])
            odd = []
        odd.append(found.group())
        end = found.end()
    return Markup("".join([*parts, _named(odd), escape(text[end:])]))


def _named(odd: list[str]) -> str:
    """Name characters that follow one another, in one mark."""
    if not odd:
        return ""
    names = ", ".join(dict.fromkeys(map(_name, islice(odd, _MOST_NAMES))))
    return f'<span class="odd" title="{names}">{" ".join(map(code, odd))}</span>'


def _name(character: str) -> str:
    found = unicodedata.name(character, "")
    return found or _SPECIAL_NAMES.get(unicodedata.category(character), "UNASSIGNED CHARACTER")

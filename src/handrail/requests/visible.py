"""Text with whatever could hide, reorder or imitate text written out instead of obeyed.

Control, format and bidirectional characters, invisible letters and lone surrogates are written as `[U+202E]`. Joiners
stay where a script or an emoji needs them; line ends and tabs stay.
"""

import re
import unicodedata

SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U00013455\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_JOINERS = "\u200c\u200d"
_CHOSEN_LOOK = "\ufe0e\ufe0f"


def visible(text: str) -> str:
    r"""Return `text` with odd characters written out, not escaped for any format.

    >>> visible("user\u202egnp.exe")
    'user[U+202E]gnp.exe'
    """
    text = text.replace("\r\n", "\n")
    return SUSPECT.sub(
        lambda found: found[0] if is_needed(text, found.start()) else f"[{code(found[0])}]", text
    )


def plain(text: str, limit: int = 200) -> str:
    r"""Return `text` on one line of at most `limit` characters: for titles in lists, never for what is judged.

    The result is not escaped.

    >>> plain("one\ntwo   three", 9)
    'one two …'
    """
    line = " ".join(visible(text[: limit * 8]).split())
    if len(line) <= limit and len(text) <= limit * 8:
        return line
    return f"{line[: limit - 1]}…"


def code(character: str) -> str:
    """Return how Unicode counts a character, as `U+202E`."""
    return f"U+{ord(character):04X}"


def is_needed(text: str, place: int) -> bool:
    """Whether the character at `place` is part of how its neighbours are written."""
    character = text[place]
    before = text[place - 1] if place else ""
    after = text[place + 1] if place + 1 < len(text) else ""
    if character in _JOINERS:
        if character == "\u200d" and _is_picture(after):
            return _is_picture(before) or before == "\ufe0f" or "\U0001f3fb" <= before <= "\U0001f3ff"
        return _joins(before) and (_joins(after) or character == "\u200d")
    if character in _CHOSEN_LOOK:
        return _is_picture(before) or (before != "" and before in "#*0123456789©®‼⁉↔↕↖↗↘↙↩↪〰〽")
    return "\ufe00" <= character <= "\ufe0f" and unicodedata.category(before or " ") == "Sm"


def _is_picture(character: str) -> bool:
    return character != "" and unicodedata.category(character) == "So"


def _joins(character: str) -> bool:
    """Whether a character belongs to a script that is written with joiners (Arabic to Mongolian)."""
    return "\u0600" <= character <= "\u109f" or "\u1780" <= character <= "\u18af"

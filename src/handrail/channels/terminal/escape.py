"""Content never drives the terminal: what could move the cursor, colour, hide or reorder text is shown as its escape.

Everything that comes from data, from people or from a model passes through here before it is printed.
"""

import unicodedata

_HARMLESS = frozenset("\n\t\u200c\u200d")
"""The joiners are needed to write Persian, Hindi and many emoji."""
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
"""Arabic and Syriac signs that Unicode counts as formats though they are seen."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""Return `text` with control, format and bidirectional characters written as escapes.

    Line ends and tabs stay; the line end of Windows becomes a plain one.

    >>> visible("go\x1b[2J \u202egnp.exe")
    'go\\x1b[2J \\u202egnp.exe'
    """
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(map(_shown, text))


def one_line(text: str, limit: int = 200) -> str:
    """Return `text` on a single line, cut with an ellipsis: for titles in lists, never for what is judged."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _shown(character: str) -> str:
    if character in _HARMLESS or character in _VISIBLE_FORMATS:
        return character
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

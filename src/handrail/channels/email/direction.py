"""Which way a text runs: that of its first letter. Mail programs don't all find it out by themselves (`dir="auto"`)."""

import unicodedata

LONGEST_HEAD = 1000
"""characters within which the first letter is looked for"""


def direction(text: str) -> str:
    """Return the attribute for a text that runs from right to left, with a blank before it; nothing for any other.

    >>> direction("\u0645\u0631\u062d\u0628\u0627"), direction("hello")
    (' dir="rtl"', '')
    """
    for character in text[:LONGEST_HEAD]:
        match unicodedata.bidirectional(character):
            case "R" | "AL":
                return ' dir="rtl"'
            case "L":
                return ""
    return ""

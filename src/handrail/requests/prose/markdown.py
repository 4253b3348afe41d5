"""Whether a text was written as Markdown: a guess by its signs."""

import re

READ = 64 * 1024
"""characters of a text that are looked at"""
_SIGNS = re.compile(
    r"^ {0,3}(?:#{1,6} |[-*+] \S|\d{1,9}[.)] \S|> ?\S|```|~~~|\|.*\|)"
    r"|^[ |:-]*-[ |:-]*\|[ |:-]*$|\]\(|^\[[^\]\n]+\]:|`[^`\n]+`|~~\S"
    r"|(?<![\w*])\*{1,3}[^\s*][^*\n]*\*|(?<![\w_])_{1,3}[^\s_][^_\n]*_(?!\w)|<https?://|^\S.*\n(?:===+|---+)[ ]*$",
    re.MULTILINE,
)


def looks_like_markdown(text: str) -> bool:
    """Guess whether a text was written as Markdown.

    >>> looks_like_markdown("# Exports now run every hour"), looks_like_markdown("2 * 3 is 6")
    (True, False)
    """
    return _SIGNS.search(text[:READ]) is not None

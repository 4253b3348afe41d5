"""What a key is called on a page: its words, with the key itself behind them where it is written otherwise."""

import re
from html import escape

from markupsafe import Markup

from handrail.web.content.text import marked, visible

_JOINTS = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
_WORDS = re.compile(r"[a-z]+(?: [a-z0-9]+)+")
_LONGEST = 60


def label(key: str) -> str:
    """Return the words of a key; a key that is no name stays as it is.

    >>> label("max_retries"), label("createdAt"), label("HTTPCode"), label("read as"), label("what is so?")
    ('Max retries', 'Created at', 'HTTP code', 'Read as', 'what is so?')
    """
    if len(key) <= _LONGEST and _WORDS.fullmatch(key):
        return key[0].upper() + key[1:]
    if len(key) > _LONGEST or not _KEY.fullmatch(key):
        return key
    first, *others = (
        word if word.isupper() and len(word) > 1 else word.lower() for word in _JOINTS.split(key)
    )
    return " ".join([first[:1].upper() + first[1:], *others])


def label_html(key: str) -> Markup:
    """Return a key's words as HTML.

    >>> label_html("max_retries")
    Markup('<span title="max_retries">Max retries</span>')
    """
    words = label(key)
    if words.lower() == key.lower():
        return marked(words or "(no name)")
    return Markup(f'<span title="{escape(visible(key))}">{marked(words)}</span>')

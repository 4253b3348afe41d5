"""What a key is called on a page: its words, with the key itself behind them where it is written otherwise."""

from html import escape

from markupsafe import Markup

from handrail.requests.wording import label
from handrail.web.content.text import marked, visible


def label_html(key: str) -> Markup:
    """Return a key's words as HTML.

    >>> label_html("max_retries")
    Markup('<span title="max_retries">Max retries</span>')
    """
    words = label(key)
    if words.lower() == key.lower():
        return marked(words or "(no name)")
    return Markup(f'<span title="{escape(visible(key))}">{marked(words)}</span>')

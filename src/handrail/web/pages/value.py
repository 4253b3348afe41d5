"""JSON as people read it: indented, escaped, and cut where it would make a page unusable."""

import json

from markupsafe import Markup

from handrail.requests.content import JSON
from handrail.web.content.text import marked

MOST = 20_000
"""characters of one value on a page"""


def shown(value: JSON, most: int = MOST) -> Markup:
    """Return a value as text for a `pre`; a text alone is shown as it is.

    >>> shown({"content": "<b>"})
    Markup('{\\n  &#34;content&#34;: &#34;&lt;b&gt;&#34;\\n}')
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) <= most:
        return marked(text)
    return marked(text[:most]) + Markup("\n… {:,} of {:,} characters are shown.").format(most, len(text))

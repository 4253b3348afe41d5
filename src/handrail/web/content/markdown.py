"""Text that people judge: Markdown where it is Markdown and rendering hides nothing, else as it is written.

Nothing in it can reach the page: no HTML, no script, nothing loaded from elsewhere.
"""

from markupsafe import Markup

from handrail.requests.prose.markdown import looks_like_markdown
from handrail.requests.prose.passage import passages
from handrail.requests.prose.picture import with_pictures, without_pictures
from handrail.web.content.layout import layout
from handrail.web.content.rendered import SHOWN, Rendered, head, rendered, size
from handrail.web.content.safe import safe
from handrail.web.content.text import marked

_AS_WRITTEN = Markup(
    '<p class="meta">Shown as written: rendered as Markdown, parts of it would be hidden.</p>'
)


def prose_html(text: str, *, limit: int | None = SHOWN) -> Rendered:
    """Return a text as HTML: as Markdown if it looks like it, else as plain text.

    `limit` is how many characters are shown, None for all; so much Markdown is shown as written.
    """
    return markdown_html(text, limit=limit) if looks_like_markdown(text) else text_html(text, limit=limit)


def markdown_html(text: str, *, limit: int | None = SHOWN) -> Rendered:
    """Return Markdown as HTML; text that would be hidden, or too much of it, is shown as written.

    >>> markdown_html("**bold** <b>").html
    Markup('<div class="prose"><p><strong>bold</strong> &lt;b&gt;</p>\\n</div>')
    """
    short, pictures = without_pictures(text)
    part = head(short, limit)
    if len(part) > SHOWN:
        return source_html(text, limit=limit)
    part = with_pictures(part, pictures)
    found = passages(part)
    if found is None:
        shown = source_html(part, limit=None).html
        html = _AS_WRITTEN + shown
    else:
        html = Markup('<div class="prose">') + safe(layout(found)) + Markup("</div>")
    return rendered(html, shown=size(part), total=size(text))


def text_html(text: str, *, limit: int | None = SHOWN) -> Rendered:
    """Return plain text as HTML that keeps its line ends."""
    part = head(text, limit)
    html = Markup('<div class="prose"><p class="text">') + marked(part) + Markup("</p></div>")
    return rendered(html, shown=size(part), total=size(text))


def source_html(text: str, *, limit: int | None = SHOWN) -> Rendered:
    """Return a text as it is written, character by character."""
    part = head(text, limit)
    html = (
        Markup('<pre class="source" tabindex="0" role="group" aria-label="Text as written"><code>')
        + marked(part)
        + Markup("</code></pre>")
    )
    return rendered(html, shown=size(part), total=size(text))

"""The last look at HTML made from content: what is not on this list is not in the page.

Handrail's own renderer writes nothing else already; this stands behind it in case it is wrong.
"""

import re

import nh3
from markupsafe import Markup

_INLINE = {"a", "br", "code", "del", "em", "img", "ins", "s", "span", "strong"}
_BLOCKS = {"blockquote", "div", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES = {"caption", "table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {
    "a": {"href"},
    "div": {"aria-label", "role", "tabindex"},
    "img": {"alt", "src"},
    "ol": {"start"},
    "pre": {"aria-label", "role", "tabindex"},
    "span": {"title"},
    "td": {"colspan", "data-side"},
    "th": {"scope"},
}
_CLASSES = {
    "caption": {"vh"},
    "div": {"prose", "scroll-x"},
    "h2": {"h1"},
    "p": {"gap", "text"},
    "pre": {"source"},
    "span": {"host", "odd"},
    "table": {"split"},
    "td": {"new", "old"},
    "tr": {"gap"},
}
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    match tag, attribute:
        case "a", "href":
            return value if _LINK.match(value) else None
        case "img", "src":
            return value if _PICTURE.match(value) else None
    return value


def safe(html: str) -> Markup:
    """Return `html` with nothing in it but what content may have.

    >>> safe('<p onclick="x()">a<script>b</script></p>')
    Markup('<p>a</p>')
    """
    return Markup(
        nh3.clean(
            html,
            tags=_INLINE | _BLOCKS | _TABLES,
            attributes=_ATTRIBUTES,
            allowed_classes=_CLASSES,
            attribute_filter=_filtered,
            url_schemes={"http", "https", "mailto", "data"},
            link_rel="noopener noreferrer nofollow",
            set_tag_attribute_values={"a": {"target": "_blank"}},
            generic_attribute_prefixes=set(),
        )
    )

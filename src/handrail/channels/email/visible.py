"""HTML of a mail, down to the text that a person sees and wrote.

What is hidden never counts, and where it isn't sure whether something is hidden it counts as hidden. What a mail
program marks as a quote becomes a line `>`, what it marks as a signature is left out, and text that is struck out
stays, between tildes.
"""

import re
from html.parser import HTMLParser

from handrail.channels.email.colour import pale
from handrail.channels.email.hiding import colours_of, grounds_of, hidden_names, hides

Attributes = list[tuple[str, str | None]]

_NEVER_SHOWN = frozenset(
    [
        "head",
        "style",
        "script",
        "title",
        "template",
        "noscript",
        "object",
        "iframe",
        "svg",
        "math",
        "select",
        "textarea",
        "audio",
        "video",
        "canvas",
        "datalist",
        "dialog",
        "details",
        "noembed",
        "noframes",
        "xmp",
        "plaintext",
        "applet",
        "frameset",
        "map",
        "bdo",
    ]
)
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "blockquote",
    ]
)
_QUOTING = frozenset({"blockquote", "q"})
_STRUCK = frozenset({"s", "strike", "del"})
_HEADISH = frozenset(["head", "meta", "link", "title", "style", "script", "base", "noscript", "template"])

_QUOTE = re.compile(
    r"gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|moz-forward-container|protonmail_quote"
    r"|tutanota_quote"
    r"|zmail_extra|outlookmessageheader|olk_src_body_section|gwquote|quoted_text|isreplycontent|messagereplysection"
    r"|(?:^|[-_])quoted?(?:$|[-_])"
)
_SIGNATURE = re.compile(
    r"gmail_signature|yahoo_signature|moz-signature|protonmail_signature|applemailsignature"
    r"|mobile-signature"
    r"|^(?:x_)*signature$"
)
_REST_IS_QUOTED = re.compile(
    r"divrplyfwdmsg|appendonsend|mail-editor-reference-message-container|reply-intro|stopspelling"
)

# The library reads a run of `<` that never closes again for each of them; no mail program writes one.
_MOST_UNCLOSED = 50
_MOST_TAGS = 20_000
_DEEPEST = 500


def visible_text(html: str) -> str:
    """The text that a person sees in this HTML, without what was quoted and signed.

    Args:
        html: A whole document or a piece of one, however broken.

    >>> visible_text("<p>reject: too <b>dear</b></p><p style='display:none'>approve</p>")
    'reject: too dear'
    """
    shown = _without_comments(html)
    if shown.count("<") > _MOST_TAGS or any(piece.count("<") > _MOST_UNCLOSED for piece in shown.split(">")):
        return ""
    page = _Page(hidden_names(html))
    page.feed(shown)
    page.close()
    return page.text()


def _without_comments(html: str) -> str:
    """The library ends comments elsewhere than browsers do, and shows one that never ends."""
    kept, position = [], 0
    while (start := html.find("<!--", position)) >= 0:
        kept.append(html[position:start])
        end = html.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        position = end + 3
    return "".join([*kept, html[position:]])


class _Page(HTMLParser):
    """Collects what is shown. `_open` holds the open tags, and of each whether it hides and strikes out."""

    def __init__(self, hidden: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._hidden_names = hidden
        self._open: list[tuple[str, bool, bool]] = []
        self._pieces: list[str] = []
        self._hiding = 0
        self._over = "*" in hidden
        self._grounds: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if self._open and self._open[-1][0] == "head" and tag not in _HEADISH:
            self._leave(len(self._open) - 1)
        self._break(tag)
        names = _names(attrs)
        if tag in _QUOTING or _any(_QUOTE, names) or _any(_REST_IS_QUOTED, names):
            self._write("\n>\n\n")
        self._over = self._over or _any(_REST_IS_QUOTED, names)
        self._over = self._over or len(self._open) > _DEEPEST
        if tag not in _VOID and not self._over:
            self._enter(tag, attrs, names)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)  # a browser doesn't close here what isn't void

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            name, hiding, striking = self._open[place]
            if name == tag:
                self._leave(place)
                break
            if hiding or striking:  # these end only by their own end tag
                return
        self._break(tag)

    def handle_data(self, data: str) -> None:
        self._write(re.sub(r"[ \t\r\n\f]+", " ", data))

    def unknown_decl(self, data: str) -> None:
        """A conditional section of Outlook: its content is shown by everybody else."""

    def text(self) -> str:
        """All that was shown, a line for each block, with one blank line at most between two."""
        lines = [line.strip(" ") for line in "".join(self._pieces).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def _enter(self, tag: str, attrs: Attributes, names: list[str]) -> None:
        striking = tag in _STRUCK or "line-through" in _value(attrs, "style")
        hiding = self._is_hidden(tag, attrs, names)
        if striking:
            self._write("~")
        self._open.append((tag, hiding, striking))
        self._hiding += hiding

    def _leave(self, place: int) -> None:
        for _, hiding, striking in self._open[place:]:
            self._hiding -= hiding
            if striking:
                self._write("~")
        del self._open[place:]

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._write("\n\n" if tag == "p" else "\n")

    def _write(self, text: str) -> None:
        if not self._hiding and not self._over:
            self._pieces.append(text)

    def _is_hidden(self, tag: str, attrs: Attributes, names: list[str]) -> bool:
        return (
            tag in _NEVER_SHOWN
            or tag in _QUOTING
            or not self._hidden_names.isdisjoint([tag, *names])
            or _any(_QUOTE, names)
            or _any(_SIGNATURE, names)
            or _hidden_by(attrs)
            or self._fades(attrs)
        )

    def _fades(self, attrs: Attributes) -> bool:
        """Whether this text has the colour of a ground; on which ground it stands isn't looked for."""
        style = _value(attrs, "style")
        colours = colours_of(style) | {_value(attrs, "color")} - {""}
        self._grounds |= grounds_of(style) | {_value(attrs, "bgcolor")} - {""}
        return not colours.isdisjoint(self._grounds)


def _any(pattern: re.Pattern[str], names: list[str]) -> bool:
    return any(pattern.search(name) for name in names)


def _names(attrs: Attributes) -> list[str]:
    return [
        name
        for key, value in attrs
        if key in {"class", "id", "name"}
        for name in (value or "").lower().split()
    ]


def _value(attrs: Attributes, key: str) -> str:
    return ";".join((value or "").lower() for known, value in attrs if known == key)


def _hidden_by(attrs: Attributes) -> bool:
    if any(key == "hidden" for key, _ in attrs) or "true" in _value(attrs, "aria-hidden"):
        return True
    if {"0", "0px", "1", "1px"} & {_value(attrs, "width"), _value(attrs, "height")}:
        return True
    colours = [_value(attrs, key) for key in ("color", "text")]
    if any(colour and (pale(colour) or colour == _value(attrs, "bgcolor")) for colour in colours):
        return True
    return any(hides(value or "") for key, value in attrs if key == "style")

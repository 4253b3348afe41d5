"""Looks at HTML made from content as a strict reader: what is in it, whether it is well-formed, what it says."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

EMPTY = {"br", "hr", "img"}
_INLINE = {"a", "br", "code", "del", "em", "img", "ins", "s", "span", "strong"}
BLOCKS = {
    *(
        "blockquote",
        "caption",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
    ),
    *("pre", "section", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
TAGS = _INLINE | BLOCKS
ATTRIBUTES = {
    *(
        "alt",
        "aria-hidden",
        "aria-label",
        "class",
        "colspan",
        "data-side",
        "href",
        "id",
        "rel",
        "role",
        "scope",
    ),
    *("src", "start", "tabindex", "target", "title"),
}


class Reader(HTMLParser):
    """Raises at once for what must not be there."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[tuple[str, bool]] = []
        self.said: list[str] = []
        self.ids: list[str] = []
        self._without = set(without)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, f"<{tag}>"
        for name, value in attrs:
            assert name in ATTRIBUTES, f"{tag} {name}"
            self._check(tag, name, value or "")
        if tag in BLOCKS or tag == "br":
            self.said.append(" ")
        if tag not in EMPTY:
            ours = "host" in (dict(attrs).get("class") or "").split()
            self.opened.append((tag, ours or tag in self._without))

    def _check(self, tag: str, name: str, value: str) -> None:
        if name == "href":
            assert re.match(r"https?://|mailto:|#[\w-]+$", value), value
        if name == "src":
            assert tag == "img"
            assert re.match(r"data:image/(png|jpeg|gif|webp);base64,", value), value[:50]
        if name == "id":
            self.ids.append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/>")

    def handle_endtag(self, tag: str) -> None:
        assert self.opened, f"</{tag}> closes nothing"
        opened, _ = self.opened.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"
        if tag in BLOCKS:
            self.said.append(" ")

    def handle_data(self, data: str) -> None:
        if not any(skipped for _, skipped in self.opened):
            self.said.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("a processing instruction")


def read(html: object, without: Iterable[str] = ()) -> str:
    """Return the words of HTML, blanks made even; fail if it is not well-formed or not allowed."""
    reader = Reader(without)
    reader.feed(str(html))
    reader.close()
    assert not reader.opened, f"left open: {reader.opened}"
    assert len(reader.ids) == len(set(reader.ids)), "an id stands twice"
    str(html).encode()
    return " ".join("".join(reader.said).split())

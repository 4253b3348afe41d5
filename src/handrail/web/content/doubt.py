"""Unsure passages: what the model says it is not sure of, numbered and linked into the text.

The context's `unsure` lists them, each with the words as they stand in the text and a reason:
`{"unsure": [{"text": "from nine hours to 38 minutes", "reason": "no source"}]}`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape

from markupsafe import Markup

from handrail.requests.content import JSON
from handrail.requests.prose.passage import passages
from handrail.web.content.text import marked

MOST = 20
LONGEST = 500
_TAG = re.compile(r'<(/?)([a-z0-9]+)((?:[^<>"]|"[^"]*")*)>')
_WITHIN = frozenset({"a", "br", "code", "del", "em", "img", "ins", "s", "span", "strong"})
"""Tags that don't end a passage."""
_EMPTY = frozenset({"br", "hr", "img"})


@dataclass(frozen=True)
class Doubt:
    """One unsure passage; `is_found` once it is marked in the text."""

    number: int
    text: str
    reason: str
    is_found: bool = False


def doubts(context: dict[str, JSON]) -> tuple[Doubt, ...]:
    """Return the unsure passages a request's context tells; what is not of that form is passed over.

    >>> doubts({"unsure": [{"text": "38 minutes", "reason": "no source"}]})
    (Doubt(number=1, text='38 minutes', reason='no source', is_found=False),)
    """
    told = context.get("unsure")
    spots = [*_told(told)] if isinstance(told, list) else []
    return tuple(Doubt(number, *spot) for number, spot in enumerate(spots[:MOST], 1))


def _told(told: list[JSON]) -> Iterator[tuple[str, str]]:
    for each in told:
        match each:
            case str(text) if text.strip():
                yield text, ""
            case {"text": str(text), **more} if text.strip():
                reason = more.get("reason")
                yield text, reason if isinstance(reason, str) else ""


def with_doubts(
    html: Markup, found: Sequence[Doubt], back: str = "why-h", prefix: str = "doubt"
) -> tuple[Markup, tuple[Doubt, ...]]:
    """Return rendered content with the first place of each doubt marked, and the doubts with what was found.

    `back` is the id of the list the numbers link back to. `prefix` begins the ids: one page may show the content in
    several views, and each id stands only once.

    >>> with_doubts(Markup("<p>fell to 38 minutes</p>"), doubts({"unsure": ["38 minutes"]}))[0]
    Markup('<p>fell to <span class="doubt" id="doubt-1">38 minutes</span><a class="doubt-n" href="#why-h" \
aria-label="Unsure passage 1">1</a></p>')
    """
    out: list[Doubt] = []
    nodes, read = _texts(html)
    for doubt in found:
        place = _place(read, doubt.text)
        out.append(replace(doubt, is_found=place is not None))
        if place is not None:
            html = Markup(_marked(str(html), [*_spans(nodes, *place)], doubt, back, prefix))
            nodes, read = _texts(html)
    return html, tuple(out)


def doubts_html(found: Sequence[Doubt], prefix: str = "doubt") -> Markup:
    """Return the list of doubts, each linked to its place if it was found."""
    items = []
    for doubt in found:
        words = Markup("“{}”{}").format(
            marked(doubt.text[:LONGEST]),
            Markup(": {}").format(marked(doubt.reason[:LONGEST])) if doubt.reason else "",
        )
        if doubt.is_found:
            words = Markup('<a href="#{}-{}">{}</a>').format(prefix, doubt.number, words)
        number = Markup('<span class="doubt-n" aria-hidden="true">{}</span>').format(doubt.number)
        items.append(Markup("<li>{}<span>{}</span></li>").format(number, words))
    return Markup('<ol class="points">{}</ol>').format(Markup().join(items)) if items else Markup()


@dataclass(frozen=True)
class _Text:
    """A text node: where it is in the markup, and where its characters are in what is read."""

    start: int
    raw: str
    read: int


def _marked(html: str, spans: Sequence[tuple[int, int]], doubt: Doubt, back: str, prefix: str) -> str:
    out: list[str] = []
    end = 0
    for number, (start, stop) in enumerate(spans):
        identity = "" if number else f' id="{prefix}-{doubt.number}"'
        out += html[end:start], f'<span class="doubt"{identity}>', html[start:stop], "</span>"
        end = stop
    after = _outside_link(html, end)
    link = f'<a class="doubt-n" href="#{back}" aria-label="Unsure passage {doubt.number}">{doubt.number}</a>'
    return "".join([*out, html[end:after], link, html[after:]])


def _texts(html: str) -> tuple[list[_Text], str]:
    """Return the text nodes that are searched, and all they say; blocks stand apart."""
    nodes: list[_Text] = []
    read: list[str] = []
    length = end = skipped = 0
    for tag in _TAG.finditer(html):
        if tag.start() > end and not skipped:
            nodes.append(_Text(end, html[end : tag.start()], length))
            read.append(unescape(nodes[-1].raw))
            length += len(read[-1])
        closes, name, attributes = tag.groups()
        if name not in _EMPTY and (skipped or _is_skipped(name, attributes)):
            skipped += -1 if closes else 1
        if name not in _WITHIN:
            read.append("\x00")
            length += 1
        end = tag.end()
    return nodes, "".join(read)


def _is_skipped(name: str, attributes: str) -> bool:
    """Whether a tag holds what is gone, or what Handrail itself wrote."""
    own = ('class="odd"', 'class="doubt-n"', 'class="label"', 'class="cut"', 'class="gap"')
    return name in ("del", "summary") or any(each in attributes for each in own)


def _place(read: str, text: str) -> tuple[int, int] | None:
    """Return where the words stand, whatever is blank between them; as Markdown would show them if not as they are."""
    for wanted in (text, _as_shown(text)):
        words = wanted[:LONGEST].split()
        if words and (found := re.search(r"\s+".join(map(re.escape, words)), read)):
            return found.span()
    return None


def _as_shown(text: str) -> str:
    found = passages(text[:LONGEST]) or ()
    return " ".join("".join(piece.text for cell in each.cells for piece in cell) for each in found)


def _spans(nodes: Sequence[_Text], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches of markup, within text nodes, that show the characters from `start` to `stop`."""
    for node in nodes:
        if node.read + len(node.raw) <= start or node.read >= stop:
            continue
        length = len(unescape(node.raw))
        first, last = max(start - node.read, 0), min(stop - node.read, length)
        if first < last:
            yield node.start + _raw_place(node.raw, first), node.start + _raw_place(node.raw, last)


_CHARACTER = re.compile(r"&(?:#\d+|#x[0-9a-f]+|\w+);|.", re.DOTALL)


def _raw_place(raw: str, place: int) -> int:
    """Return where the character at `place` begins in text with entities."""
    at = 0
    for number, found in enumerate(_CHARACTER.finditer(raw)):
        if number == place:
            return found.start()
        at = found.end()
    return at


def _outside_link(html: str, place: int) -> int:
    """Return the first place from here on that is in no link: links can't be nested."""
    opened, closed = html.rfind("<a ", 0, place), html.rfind("</a>", 0, place)
    return html.index("</a>", place) + 4 if opened > closed else place

"""Which styles hide text from a person: no size, no place, no colour, or none that stands out.

White counts as hidden on any ground: an answer isn't written in white. A style that can't be read hides, too.
"""

import re

from handrail.channels.email.colour import pale

# Spaces and comments are taken out before these are looked for.
_END = r"(?=!|;|$)"
_NO_SIZE = r"0(?:\.0+)?[a-z%]*"
_HIDING = re.compile(
    r"(?:^|;)(?:-\w+-)?(?:display:none|visibility:(?:hidden|collapse)|opacity:0?(?:\.0\d*)?(?![\d.])|content-visibility"
    rf"|opacity:[0-9](?:\.\d*)?%|scale:|zoom:0|letter-spacing:-(?:[1-9]|0?\.[3-9])[\d.]*r?em"
    rf"|font-size:(?:[0-3]?(?:\.\d+)?(?:px|pt)|{_NO_SIZE}|0?\.[01]\d*r?em|\d(?:\.\d+)?%){_END}"
    rf"|(?:max-)?(?:height|width):(?:[01]?(?:\.\d+)?(?:px|pt)|{_NO_SIZE}){_END}|line-height:{_NO_SIZE}{_END}"
    r"|font:(?:[^;]*(?<![\d.])[0-3](?:\.\d+)?(?:px|pt)|0)|text-indent:-?\d{3}|(?:left|top|right|bottom):-\d{3}"
    r"|margin(?:-\w+)?:[^;]*-\d{2}(?:\d|[.\d]*r?em)|position:(?:absolute|fixed)|clip(?:-path)?:|transform:|filter:|mask|animation"
    r"|text-fill-color)|mso-hide:(?!none)|var\(|calc\(|bidi-override|\\"
)
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:([^;!]*)")
_GROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:([^;!]*)")
# A sheet may also strike text out, or put words before it.
_REWRITES = re.compile(r"line-through|content\s*:")
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_NAME = re.compile(r"[.#]((?:[\w-]|\\[^\da-f])+)")
_ESCAPED = re.compile(r"\\[\da-f]")
_TAG = re.compile(r"[a-z][\w-]*")


_LONGEST_STYLE = 10_000
_MOST_RULES = 5_000


def hides(style: str) -> bool:
    """Whether these declarations, of a `style` attribute or a rule, hide text.

    >>> hides("color: #FFFFFF"), hides("color: #333; font-size: 11pt")
    (True, False)
    """
    plain = _CSS_COMMENT.sub("", style.lower())
    if len(style) > _LONGEST_STYLE or _HIDING.search("".join(plain.split())):
        return True
    colours = colours_of(plain)
    return any(map(pale, colours)) or not colours.isdisjoint(grounds_of(plain))


def colours_of(style: str) -> set[str]:
    """The colours that these declarations give to text, in lower case."""
    return _told(_COLOUR.findall(style.lower()))


def grounds_of(style: str) -> set[str]:
    """The colours that these declarations give to what is behind a text, in lower case."""
    return _told(_GROUND.findall(style.lower()))


def _told(colours: list[str]) -> set[str]:
    return {colour.strip() for colour in colours} - {"", "inherit", "initial", "unset", "none", "auto"}


def hidden_names(html: str) -> frozenset[str]:
    """The classes, ids and tags that a style sheet of this HTML hides, in lower case; `*` is everything.

    >>> sorted(hidden_names("<style>.note, #x { display: none } p { margin: 0 }</style>"))
    ['note', 'x']
    """
    found: set[str] = set()
    sheets = html.lower().split("<style")[1:]
    if sum(sheet.count("}") for sheet in sheets) > _MOST_RULES:
        return frozenset("*")
    for sheet in sheets:
        rules = sheet.partition("</style")[0].partition(">")[2]
        for rule in _CSS_COMMENT.sub("", rules).replace("<!--", "").replace("-->", "").split("}"):
            selectors, _, declarations = rule.rpartition("{")
            if hides(declarations) or _REWRITES.search(declarations):
                found.update(_selected(selectors.rpartition("{")[2]))
    return frozenset(found)


def _selected(selectors: str) -> set[str]:
    if selectors.strip().startswith("@"):
        return set()
    found: set[str] = set()
    for selector in selectors.split(","):
        if _ESCAPED.search(selector):  # a name in another spelling
            return {"*"}
        last = re.split(r"[\s>+~]+", selector.strip())[-1]
        tag = _TAG.match(last)
        if tag and tag[0] == "a" and ":" in last:  # how links look when they are pointed at
            continue
        names = [name.replace("\\", "") for name in _NAME.findall(last)]
        found.update(names or [tag[0] if tag else "*"])
    return found

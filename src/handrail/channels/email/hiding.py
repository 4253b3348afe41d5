"""Which styles hide text from a person: no size, no place, no colour, or none that stands out.

White counts as hidden on any ground: an answer isn't written in white. A style that can't be read hides, too.
"""

import re

# Spaces and comments are taken out before these are looked for.
_END = r"(?=!|;|$)"
_NO_SIZE = r"0(?:\.0+)?[a-z%]*"
_HIDING = re.compile(
    r"(?:^|;)(?:-\w+-)?(?:display:none|visibility:(?:hidden|collapse)|opacity:0?(?:\.0\d*)?(?![\d.])|content-visibility"
    rf"|font-size:(?:[0-3]?(?:\.\d+)?(?:px|pt)|{_NO_SIZE}|0?\.[01]\d*r?em|\d(?:\.\d+)?%){_END}"
    rf"|(?:max-)?(?:height|width):(?:[01]?(?:\.\d+)?(?:px|pt)|{_NO_SIZE}){_END}|line-height:{_NO_SIZE}{_END}"
    r"|font:(?:[^;]*(?<![\d.])[0-3](?:\.\d+)?(?:px|pt)|0)|text-indent:-\d{3}|(?:left|top|right|bottom):-\d{3}"
    r"|margin(?:-\w+)?:[^;]*-\d{3}|position:(?:absolute|fixed)|clip(?:-path)?:|transform:|filter:|mask|animation"
    r"|text-fill-color)|mso-hide:(?!none)|var\(|\\"
)
_PALE = (
    r"(?:#f[c-f]f[c-f]f[c-f](?:[\da-f]{2})?(?![\da-f])|#fff[\da-f]?(?![\da-f])"
    r"|#[\da-f]{6}0[\da-f](?![\da-f])|#[\da-f]{3}[0-3](?![\da-f])"
    r"|rgba?\(25[2-5],25[2-5],25[2-5]|rgba?\([^)]*[,/]0?(?:\.[01]\d*)?\)|rgba?\(100%,100%,100%"
    r"|hsla?\([^)]*,(?:100|99|98)%"
    r"|(?:white|transparent|snow|ivory|ghostwhite|whitesmoke|floralwhite|azure|mintcream)(?![a-z]))"
)
_PALE_TEXT = re.compile(rf"(?:^|;)color:{_PALE}")
_PALE_COLOUR = re.compile(_PALE)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_GROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
# A sheet may also strike text out, or put words before it.
_REWRITES = re.compile(r"line-through|content\s*:")
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_NAME = re.compile(r"[.#]([\w-]+)")
_TAG = re.compile(r"[a-z][\w-]*")


def hides(style: str) -> bool:
    """Whether these declarations, of a `style` attribute or a rule, hide text.

    >>> hides("color: #FFFFFF"), hides("color: #333; font-size: 11pt")
    (True, False)
    """
    plain = "".join(_CSS_COMMENT.sub("", style.lower()).split())
    if _HIDING.search(plain) or _PALE_TEXT.search(plain):
        return True
    colour, ground = _COLOUR.search(plain), _GROUND.search(plain)
    return bool(colour and ground and colour[1] == ground[1])


def pale(colour: str) -> bool:
    """Whether text of this colour can't be seen on white."""
    plain = colour.strip().lower()
    return bool(_PALE_COLOUR.match(plain) or _PALE_COLOUR.match(f"#{plain}"))


def hidden_names(html: str) -> frozenset[str]:
    """The classes, ids and tags that a style sheet of this HTML hides, in lower case; `*` is everything.

    >>> sorted(hidden_names("<style>.note, #x { display: none } p { margin: 0 }</style>"))
    ['note', 'x']
    """
    found: set[str] = set()
    for sheet in html.lower().split("<style")[1:]:
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
        last = re.split(r"[\s>+~]+", selector.strip())[-1]
        tag = _TAG.match(last)
        if tag and tag[0] == "a" and ":" in last:  # how links look when they are pointed at
            continue
        found.update(_NAME.findall(last) or [tag[0] if tag else "*"])
    return found

"""Which colours can't be read on white paper. One that isn't understood counts as such."""

import re

_HEX = re.compile(r"#?(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})")
_FUNCTION = re.compile(r"(?P<name>rgb|hsl)a?\((?P<values>[\d.,%/\s]{1,80})\)")
_NUMBER = re.compile(r"(\d*\.?\d+)(%?)")
_NAME = re.compile(r"[a-z]{2,30}")
_PALE_NAMES = re.compile(
    r"transparent|white|snow|ivory|ghostwhite|whitesmoke|floralwhite|azure|mintcream|aliceblue|honeydew|seashell"
    r"|lavenderblush|oldlace|lightyellow|lightcyan|cornsilk|linen|canvas|buttonface|window|field|background"
)
_PALE, _CLEAR = 245, 0.2
"""Of 255, from which on all of red, green and blue are pale; and the opacity under which a colour is clear"""


def pale(colour: str) -> bool:
    """Whether text of this colour can't be seen on white.

    >>> pale("rgb(255 255 255)"), pale("#fff"), pale("rgb(0, 0, 0)"), pale("rgba(0, 0, 0, 0)"), pale("teal")
    (True, True, False, True, False)
    """
    plain = colour.strip().lower()
    if _HEX.fullmatch(plain):
        return _is_pale(*_of_hex(plain.lstrip("#")))
    if _NAME.fullmatch(plain):
        return bool(_PALE_NAMES.fullmatch(plain))
    found = _FUNCTION.fullmatch(plain)
    if found is None:
        return True
    numbers = _NUMBER.findall(found["values"])
    if len(numbers) not in (3, 4):
        return True
    red, green, blue = (_of(255, *each) for each in numbers[:3])
    opacity = next((_of(1, *each) for each in numbers[3:]), 1.0)
    if found["name"] == "hsl":
        red = green = blue  # the third says how light it is
    return _is_pale(red, green, blue, opacity)


def _of_hex(digits: str) -> tuple[float, float, float, float]:
    pairs = [each * 2 for each in digits] if len(digits) < 6 else re.findall("..", digits)
    red, green, blue, *opacity = [float(int(pair, 16)) for pair in pairs]
    return red, green, blue, opacity[0] / 255 if opacity else 1.0


def _of(whole: int, number: str, percent: str) -> float:
    return float(number) * whole / 100 if percent else float(number)


def _is_pale(red: float, green: float, blue: float, opacity: float) -> bool:
    return min(red, green, blue) >= _PALE or opacity < _CLEAR

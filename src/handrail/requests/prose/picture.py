"""Pictures that a text carries as data: taken out while it is read, so that they cost neither time nor its limit."""

import re

_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]{64,}", re.IGNORECASE)
_PLACE = re.compile(r"data:image/[a-z]+;base64,~(\d{1,6})~")


def without_pictures(text: str) -> tuple[str, list[str]]:
    """Return the text with a short mark for each long picture, and the pictures.

    >>> text, pictures = without_pictures("![logo](data:image/png;base64," + "A" * 64 + ")")
    >>> text
    '![logo](data:image/png;base64,~0~)'
    """
    found: list[str] = []

    def mark(match: re.Match[str]) -> str:
        found.append(match.group())
        kind = match.group()[: match.group().index(",")].lower()
        return f"{kind},~{len(found) - 1}~"

    return (_DATA.sub(mark, text), found) if "base64," in text else (text, found)


def with_pictures(text: str, pictures: list[str]) -> str:
    """Return the text with its pictures put back."""
    if not pictures or ",~" not in text:
        return text

    def back(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return pictures[number] if number < len(pictures) else match.group()

    return _PLACE.sub(back, text)

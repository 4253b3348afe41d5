"""Where a link leads: only to the web or to a mailbox, and never to another place than its text says.

An address that is neither is shown as text. Nothing is loaded from elsewhere.
"""

import re
import unicodedata
from urllib.parse import urlsplit

from markdown_it.common.normalize_url import normalizeLink

_ALLOWED = re.compile(r"https?://[^\s/\\?#]|mailto:[^\s]", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+[.])+[^\W\d_]{2,}", re.IGNORECASE)
LARGEST_PICTURE = 512 * 1024
"""Characters of a picture's data up to which it is shown."""


def address(href: str) -> str | None:
    """Return what a link may lead to, as browsers read it; None where it must not be a link.

    >>> address("HTTPS://example.com/a b")
    'HTTPS://example.com/a%20b'
    >>> address("javascript:alert(1)")
    """
    if not _ALLOWED.match(href) or any(ord(each) < 0x20 for each in href):
        return None
    try:
        found = normalizeLink(href)
        return found if _ALLOWED.match(found) and (host(found) or found[:7].lower() == "mailto:") else None
    except (ValueError, UnicodeError):
        return None


def host(found: str) -> str:
    """Return the host of an address, the domain of a mailbox; empty if it has none."""
    if found[:7].lower() == "mailto:":
        return found[7:].partition("?")[0].rpartition("@")[2].lower()
    try:
        return urlsplit(found).hostname or ""
    except ValueError:
        return ""


def pretends(text: str, found: str) -> bool:
    """Whether a link's text names another host than it leads to, or its address hides the host behind a name.

    >>> pretends("www.bank.example", "https://evil.example/login")
    True
    >>> pretends("our notes", "https://notes.example/")
    False
    """
    real = host(found).removeprefix("www.")
    if "@" in found and found[:7].lower() != "mailto:":
        return True
    named = [
        each.casefold().removeprefix("www.") for each in _HOST.findall(unicodedata.normalize("NFKC", text))
    ]
    return any(each != real for each in named)


def is_picture(source: str) -> bool:
    """Whether an image's address is its own data, of a kind and size that may be shown."""
    return len(source) <= LARGEST_PICTURE and _PICTURE.fullmatch(source) is not None

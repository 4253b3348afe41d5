"""What a browser calls itself, in words: only to tell sessions apart."""

from handrail.web.content.text import plain

BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
"""marks in their order: each browser also carries the marks of those that come later"""
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def told(agent: str | None) -> str:
    """Return the name of a browser and its system, or what it says itself.

    >>> (
    ...     told("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ...     told("curl/8.5"),
    ...     told(None),
    ... )
    ('Firefox on Linux', 'curl/8.5', 'Unknown')
    """
    given = agent or ""
    name = next((word for mark, word in BROWSERS.items() if mark in given), "")
    system = next((word for mark, word in SYSTEMS.items() if mark in given), "")
    if not name:
        return plain(given, 90) or "Unknown"
    return f"{name} on {system}" if system else name

"""By which names requests say who carries them: a channel, and after a colon whom or where to, in its own words."""

import re
from collections.abc import Iterable

from handrail.requests.errors import FieldProblem, InvalidInput

LONGEST = 200
"""characters of a channel with whom or where to"""
_NAME = re.compile(r"[\w.-]{1,50}")


def check_channels(given: object) -> tuple[str, ...]:
    """Return channels as a request has them, each once. Raises `InvalidInput`, naming the field.

    >>> check_channels(["slack:#deploys", "email", "slack:#deploys"])
    ('slack:#deploys', 'email')
    """
    if not isinstance(given, str | Iterable):
        raise _refused(f"not {type(given).__name__}")
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if not isinstance(name, str):
            raise _refused(f"not {type(name).__name__}")
        if not name.partition(":")[0].strip():
            raise _refused("with the channel's name first")
        if not name.isprintable():
            raise _refused("without control characters")
        if len(name) > LONGEST:
            raise _refused(f"of at most {LONGEST} characters")
    return tuple(dict.fromkeys(names))


def check_channel_name(name: str) -> str:
    """Return the name of a channel: a word, as it stands in addresses too. Raises `InvalidInput`, naming the field.

    >>> check_channel_name("slack")
    'slack'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not name.strip("."):
        told = "a word of 1 to 50 letters, digits, _, - and ., such as slack"
        raise InvalidInput(
            f"a channel is named by {told}", fields=[FieldProblem("channel", f"must be {told}")]
        )
    return name


def _refused(what: str) -> InvalidInput:
    told = f"must be texts such as slack or slack:#deploys, {what}"
    return InvalidInput(f"channels {told}", fields=[FieldProblem("channels", told)])

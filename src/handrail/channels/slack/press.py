"""What a button of a message carries: the verb, the request, what was shown of it, and the choice it stands for.

A decision is bound to what was shown, so the hash of the content goes with every button.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from handrail.requests.decision import Verb

PREFIX = "handrail"
LINK = f"{PREFIX}:open"
"""the action of buttons that only lead to a page; Slack tells of them as well"""
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed; `choice` is which of the offered answers it stands for."""

    verb: Verb
    request_id: str
    content_hash: str
    choice: int | None = None

    @property
    def action(self) -> str:
        """The `action_id` of its button, unique in its message."""
        number = "" if self.choice is None else f":{self.choice}"
        return f"{PREFIX}:{self.verb}{number}"

    @property
    def value(self) -> str:
        """The `value` of its button."""
        return f"{self.request_id}{_SEPARATOR}{self.content_hash}"


def pressed(action: Mapping[str, object]) -> Press | None:
    """Return what Slack's `action` says was pressed; None if it is none of these buttons.

    >>> press = Press(Verb.ANSWER, "req_1", "ab" * 32, 2)
    >>> pressed({"action_id": press.action, "value": press.value}) == press
    True
    """
    match action:
        case {"action_id": str(name), "value": str(value)}:
            prefix, _, rest = name.partition(":")
            verb, _, number = rest.partition(":")
            request_id, separator, content_hash = value.partition(_SEPARATOR)
            known = prefix == PREFIX and verb in tuple(Verb) and (not number or _is_number(number))
            if known and separator and request_id and content_hash:
                return Press(Verb(verb), request_id, content_hash, int(number) if number else None)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4

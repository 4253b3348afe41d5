"""One call of the Web API: what was sent, as its method reads it, and what was answered."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.slack.refusal import Refused


@dataclass
class Call:
    """A call, kept for tests to look at."""

    method: str
    arguments: dict[str, Any]
    at: float
    status: int | None = None
    """None while it isn't answered, and if its answer was dropped"""
    answer: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument as it was sent."""
        return self.arguments.get(name, default)

    def flag(self, name: str) -> bool:
        """Return an argument that is true or false, in any of the ways Slack knows."""
        return self.get(name) in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number from one to `most`."""
        try:
            found = int(self.get(name, default))
        except (TypeError, ValueError):
            raise Refused("invalid_limit") from None
        if not 1 <= found <= most:
            raise Refused("invalid_limit")
        return found

    def json(self, name: str, error: str) -> Any:
        """Return an argument that is JSON, or a string of it; None if it wasn't sent."""
        found = self.get(name)
        if not isinstance(found, str):
            return found
        try:
            return json.loads(found)
        except ValueError:
            raise Refused(error) from None

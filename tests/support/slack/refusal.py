"""How Slack refuses a call: `ok` false, a code, and for what was sent badly a list of what is wrong where."""

from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """A call that Slack answers with `error`."""

    def __init__(
        self,
        error: str,
        problems: Sequence[str] = (),
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(f"{error}: {'; '.join(problems)}" if problems else error)
        self.error = error
        self.problems = tuple(problems)
        self.status = status
        self.headers = headers or {}
        self.more = more

    def body(self) -> dict[str, Any]:
        """What is answered."""
        body: dict[str, Any] = {"ok": False, "error": self.error, **self.more}
        if self.problems:
            body["errors"] = list(self.problems)
            body["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return body


class Impossible(AssertionError):
    """What no person could do in Slack's client: an error of the test."""

"""An approval in the web inbox: only a person who is logged in there may decide, and the result says where that was."""

import os
from typing import Literal, Unpack
from urllib.parse import quote

from handrail.flows.approval import HumanApprovalNode, asked, settled
from handrail.flows.execution import Data, current
from handrail.flows.human import NOTHING, Asking
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import OnTimeout

DEFAULT_URL = "http://127.0.0.1:8000"


def web_url(served: str | None = None) -> str:
    """Return where the web inbox is: `HANDRAIL_URL`, else where it is `served`, else where that is by default."""
    return (os.environ.get("HANDRAIL_URL") or served or DEFAULT_URL).rstrip("/")


def request_url(request_id: str, base: str | None = None) -> str:
    """Return the address of a request in the web inbox, which is at `base`.

    >>> request_url("req_1", "https://inbox.example.com/")
    'https://inbox.example.com/requests/req_1'
    """
    return f"{(base or web_url()).rstrip('/')}/requests/{quote(request_id, safe='')}"


class WebUIApprovalNode(HumanApprovalNode):
    """Ask for approval in the web inbox, of people who are logged in there.

    Args:
        timeout, on_timeout, on_reject, title and what follows: as in `HumanApprovalNode`. `require` is `"session"` by
            default: the command line and links can look, and not decide.
        url: where the web inbox is; by default `HANDRAIL_URL`, else where `handrail serve` has last served this
            store, else `http://127.0.0.1:8000`.

    The result is that of `HumanApprovalNode` with `task_url`, the address of the request.

    >>> node = WebUIApprovalNode(timeout=3600, url="https://inbox.example.com", audience="group:editors")
    >>> node.policy.require.name
    'SESSION'
    """

    repeatable = True

    def __init__(
        self,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        on_reject: Literal["continue", "stop"] = "continue",
        *,
        url: str | None = None,
        **options: Unpack[Asking],
    ) -> None:
        super().__init__(timeout, on_timeout, on_reject, **{"require": "session", **options})  # type: ignore[arg-type]
        self.url = url

    def check_input(self, data: Data) -> None:
        """Raise `InvalidInput` where there is nothing to show."""
        if not data and type(self).execute is WebUIApprovalNode.execute:
            raise InvalidInput(NOTHING)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Ask, and add the decision and where it was made to the data."""
        result = await asked(self, data)
        execution = current()
        base = self.url or web_url(execution.web_url if execution else None)
        return settled(self, {**result, "task_url": request_url(result["request_id"], base)})

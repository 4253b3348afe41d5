"""Calls Slack's Web API, one attempt each: what goes wrong is told in the words of the outbox, which tries again.

Nothing is retried here: a call whose answer was lost may have been done, and only the outbox knows how to find out.
"""

import json
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from handrail.requests.errors import ChannelDown, ChannelError, RateLimited

PATIENCE = 15
"""seconds that one call may take"""
SHUT_OUT = frozenset(
    {
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
"""what Slack says to an app whose token it doesn't take"""
OUT_OF_ORDER = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
"""what Slack says when something is wrong with itself"""
HINTS = {
    "channel_not_found": "there is no such channel, or the app isn't in it: invite it with /invite",
    "is_archived": "the channel is archived: unarchive it, or name another one",
    "is_inactive": "the channel is archived: unarchive it, and the message is changed",
    "missing_scope": "the app lacks a scope: install it anew with the manifest of the documentation",
    "not_in_channel": "the app isn't in the channel: invite it with /invite",
    "users_not_found": "nobody there has this person's email: add their Slack id with `handrail users identity`",
}


class Client:
    """Slack's Web API with one bot token.

    Args:
        token: of the bot (`xoxb-...`).
        url: where the API is, if not at Slack.
    """

    def __init__(self, token: str, url: str | None = None) -> None:
        self._token = token
        self._url = url or AsyncWebClient.BASE_URL
        self._web: AsyncWebClient | None = None

    @property
    def web(self) -> AsyncWebClient:
        """The client of Slack's SDK, for those who work with that."""
        if self._web is None:
            self._web = AsyncWebClient(self._token, self._url, timeout=PATIENCE, retry_handlers=[])
        return self._web

    def socket(self) -> AsyncWebClient:
        """Return a client for the connections of Socket Mode, which have a token of their own."""
        return AsyncWebClient(base_url=self._url, timeout=PATIENCE)

    async def open(self) -> aiohttp.ClientSession:
        """Keep connections from now on; whoever opens it closes the session that this returns."""
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        self.web.session = session
        return session

    def close(self) -> None:
        """Go back to a connection for each call."""
        self._web = None

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method (`chat.postMessage`) and return its answer.

        Raises `RateLimited`, `ChannelDown` where Slack can't be reached or takes nothing of this app, else
        `ChannelError` with Slack's own code as `code`.
        """
        try:
            answer = await self.web.api_call(method, data=_form(arguments))
        except SlackApiError as error:
            raise _refused(method, error) from error
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
            raise ChannelDown(f"Slack can't be reached for {method} ({type(error).__name__})") from error
        found: dict[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        return found


def _form(arguments: dict[str, Any]) -> dict[str, str]:
    """Return arguments as a form, which every method takes; only some take JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in arguments.items()
        if value is not None
    }


class SlackRefused(ChannelError):
    """Slack answered with an error; `code` is its word for it."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def _refused(method: str, error: SlackApiError) -> ChannelError:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    code = str(data.get("error", ""))
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return RateLimited(f"Slack takes no more {method} for now", retry_after=_seconds(response))
    if status >= 500 or code in OUT_OF_ORDER or not code:
        return ChannelDown(f"Slack is out of order: it answered {method} with {status} {code}".rstrip())
    if code in SHUT_OUT:
        return ChannelDown(
            f"Slack takes nothing with this token ({code}): install the app anew and give its new token"
        )
    hint = f": {HINTS[code]}" if code in HINTS else ""
    needed = f" (needed: {data['needed']})" if code == "missing_scope" and data.get("needed") else ""
    return SlackRefused(f"Slack refused {method} ({code}){needed}{hint}", code=code)


def _seconds(response: Any) -> float:
    headers = {name.lower(): value for name, value in dict(getattr(response, "headers", None) or {}).items()}
    try:
        return float(headers.get("retry-after", 1))
    except ValueError:
        return 1.0

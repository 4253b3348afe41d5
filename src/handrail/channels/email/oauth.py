"""Access tokens for mail servers that take no passwords (XOAUTH2): asked of the provider, and kept while they last.

A token is asked for anew shortly before it expires, and after a mail server has refused it. Where there is no refresh
token, the client asks for itself (client credentials). Nothing of tokens and secrets is told or logged.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from handrail.channels.email.server import is_loopback
from handrail.outgoing.address import allowed
from handrail.outgoing.call import CallFailed, Outgoing
from handrail.requests.errors import ChannelDown, InvalidInput

EARLY = 120.0
"""seconds before its end that a token is asked for anew; half of its time, if that is less"""
UNKNOWN = 600.0
"""seconds that a token lasts of which nobody says it"""
_CODE = re.compile(r"[a-z_]{1,40}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where access tokens come from.

    Args:
        url: the token URL of the provider, by https.
        client: the id by which we are registered there.
        secret: what proves that it is us.
        refresh_token: what somebody has consented with once; without, the client asks for itself.
        scope: what the token is for, where the provider wants to hear it.

    Raises `InvalidInput` for a URL that secrets may not be sent to.

    >>> OAuth("https://oauth2.googleapis.com/token", "client", "secret", refresh_token="refresh")
    OAuth(url='https://oauth2.googleapis.com/token', client='client', scope=None)
    """

    url: str
    client: str
    secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise InvalidInput("the token URL of OAuth begins with https://")
        if not (self.client and self.secret):
            raise InvalidInput("OAuth needs both: the id of the client and its secret")

    @property
    def host(self) -> str:
        """The host of the token URL."""
        return urlsplit(self.url).hostname or ""


class Tokens:
    """The access tokens of one client."""

    def __init__(self, oauth: OAuth) -> None:
        self._oauth = oauth
        self._outgoing = Outgoing(allowed([urlsplit(oauth.url).netloc]))  # whoever keeps this server names it
        self._refresh = oauth.refresh_token
        self._token: str | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that lasts. Raises `ChannelDown` where the provider gives none now."""
        async with self._lock:
            if self._token is None or time.monotonic() >= self._until:
                self._keep(await self._asked())
            assert self._token is not None
            return self._token

    def refused(self, token: str) -> None:
        """Forget a token that a mail server doesn't take."""
        if token == self._token:
            self._token = None

    def _keep(self, given: dict[str, Any]) -> None:
        token, lasts, refresh = (given.get(name) for name in ("access_token", "expires_in", "refresh_token"))
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ChannelDown(f"{self._oauth.host} answers without an access token: is it the token URL?")
        seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else UNKNOWN
        self._token, self._until = token, time.monotonic() + max(seconds - EARLY, seconds / 2)
        if isinstance(refresh, str) and refresh:  # some providers give a new one each time
            self._refresh = refresh

    async def _asked(self) -> dict[str, Any]:
        oauth, host = self._oauth, self._oauth.host
        form = {"client_id": oauth.client, "client_secret": oauth.secret, "grant_type": "client_credentials"}
        if self._refresh:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh}
        if oauth.scope:
            form["scope"] = oauth.scope
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        try:
            answer = await self._outgoing.post(oauth.url, urlencode(form).encode(), headers)
            given = json.loads(answer.body)
        except (CallFailed, InvalidInput) as error:
            raise ChannelDown(f"{host} can't be asked for an access token: {error}") from error
        except ValueError:
            given = {}
        if answer.status != 200 or not isinstance(given, dict):
            code = given.get("error") if isinstance(given, dict) else None
            known = f" {code}" if isinstance(code, str) and _CODE.fullmatch(code) else ""
            raise ChannelDown(
                f"{host} gives no access token ({answer.status}{known}): see HANDRAIL_EMAIL_OAUTH_URL"
            )
        return given

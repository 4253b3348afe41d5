"""Delivery by HTTP: signed with Slack's own code, form-encoded or JSON, acknowledged by a 200."""

import json
import time
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from tests.support.slack.delivery import Delivery, Payload


class ByHttp:
    """Sends to the app's Request URL."""

    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Let go of all connections."""
        await self._session.close()

    async def send(self, delivery: Delivery, url: str, patience: float) -> None:
        """Send it, signed now unless its bytes are there already, and note what comes back."""
        delivery.via = "http"
        delivery.sent = headers, body = delivery.sent or self._signed(delivery)
        started = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=patience)
        try:
            post = self._session.post(
                url, data=body.encode(), headers=headers, timeout=timeout, allow_redirects=False
            )
            async with post as response:
                text = await response.text()
                delivery.status = response.status
                delivery.no_retry = response.headers.get("X-Slack-No-Retry") == "1"
                delivery.body = _read(response.content_type, text)
                good = range(200, 300) if delivery.kind == "events_api" else (200,)
                delivery.failure = None if response.status in good else "http_error"
        except TimeoutError:
            delivery.late, delivery.failure = True, "http_timeout"
        except aiohttp.ClientError:
            delivery.failure = "connection_failed"
        delivery.seconds = time.monotonic() - started

    def _signed(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        how, payload = delivery.how, delivery.payload
        kind, body = _encoded(delivery, payload)
        headers = {"Content-Type": kind, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        if delivery.retry:
            headers |= {
                "X-Slack-Retry-Num": str(delivery.retry),
                "X-Slack-Retry-Reason": delivery.reason or "",
            }
        if how.signature != "missing":
            at = str(int(time.time() - how.age))
            secret = self._secret if how.signature == "right" else "f" * 32
            signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body)
            headers |= {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": str(signature)}
        if how.change:
            body = _encoded(delivery, how.change(payload))[1]
        return headers, body


def _encoded(delivery: Delivery, payload: Payload) -> tuple[str, str]:
    form = "application/x-www-form-urlencoded"
    if delivery.kind == "interactive":
        return form, urlencode({"payload": json.dumps(payload)})
    if delivery.kind == "slash_commands":
        return form, urlencode(payload)
    return "application/json", json.dumps(payload)


def _read(kind: str, text: str) -> object:
    if kind == "application/json" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text or None

"""Signatures by Standard Webhooks, version 1 (HMAC-SHA256), and the secrets that they are made with.

    webhook-id: evt_7d1f...                 the same in every attempt
    webhook-timestamp: 1748779200           of this attempt
    webhook-signature: v1,K5oZfzN9...       of "<id>.<timestamp>.<body>"; several, while a secret is being replaced

A secret is made from the store's own key, so that nothing secret lies in the database: whose it is, and its version.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from handrail.people.secret import Secret
from handrail.webhooks.facts import Inbound, Webhook

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
TOLERANCE = 300.0
"""seconds by which the moment of a signature may differ from our clock"""
OVERLAP = timedelta(days=1)
"""how long the secret before goes on to count"""
LONGEST_ID = 200

Wrong = Literal["incomplete", "stale", "forged"]
"""why a signature doesn't count"""


def keys(secret: Secret, whose: Webhook | Inbound, now: datetime) -> list[bytes]:
    """Return the keys that count now, the newest first: for a day after a new one was made two of them."""
    found = [_key(secret, whose, whose.version)]
    if whose.rotated_at is not None and now < whose.rotated_at + OVERLAP:
        found.append(_key(secret, whose, whose.version - 1))
    return found


def _key(secret: Secret, whose: Webhook | Inbound, version: int) -> bytes:
    purpose = "webhook" if isinstance(whose, Webhook) else "inbound webhook"
    return secret.key(f"{purpose} {whose.id} {version}")


def written(key: bytes) -> str:
    """Return a key as the other side gets it.

    >>> written(b"0" * 24)
    'whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw'
    """
    return PREFIX + base64.b64encode(key).decode()


def key_of(text: str) -> bytes:
    """Return the key that a secret stands for; what a receiver does."""
    return base64.b64decode(text.removeprefix(PREFIX))


def headers(body: bytes, *, event_id: str, keys: Iterable[bytes], now: datetime) -> dict[str, str]:
    """Return the headers that go with a body.

    >>> from datetime import UTC
    >>> at = datetime(2025, 6, 1, 12, tzinfo=UTC)
    >>> headers(b"{}", event_id="evt_1", keys=[b"0" * 24], now=at)["webhook-timestamp"]
    '1748779200'
    """
    timestamp = str(int(now.timestamp()))
    signed = " ".join(signature(body, event_id, timestamp, key) for key in keys)
    return {ID: event_id, TIMESTAMP: timestamp, SIGNATURE: signed}


def signature(body: bytes, event_id: str, timestamp: str, key: bytes) -> str:
    """Return one signature."""
    mac = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"


def what_is_wrong(
    body: bytes, *, event_id: str, timestamp: str, signed: str, keys: Iterable[bytes], now: datetime
) -> Wrong | None:
    """Return why a signature doesn't count, or None for a good one. All are compared, each in constant time."""
    if not (event_id and signed and len(event_id) <= LONGEST_ID and _is_plain(event_id)):
        return "incomplete"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        return "incomplete"
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE:
        return "stale"
    expected = [signature(body, event_id, timestamp, key).encode() for key in keys]
    given = [one.encode("utf-8", "replace") for one in signed.split(" ")[:10]]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    return None if any(matches) else "forged"


def _is_plain(event_id: str) -> bool:
    return event_id.isascii() and event_id.isprintable() and " " not in event_id

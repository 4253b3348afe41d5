"""The channel that tells a program that its request has ended: a signed POST to the URL it came with.

    POST <url>
    Content-Type: application/json
    Handrail-Delivery: msg_0198...                  the same in every attempt: use it to recognise a repetition
    Handrail-Signature: t=1748779200,v1=5257a869e7  HMAC-SHA256, in hex, of "<t>.<body>" with the signing secret

An answer of 2xx is a delivery; anything else is tried again with growing pauses, for two days. Every attempt is signed
anew, with its own moment.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.outside import OutsideTransaction
from handrail.inbox.ports import Clock, Message, Store
from handrail.outgoing.call import CallFailed, Outgoing
from handrail.people.secret import Secret
from handrail.requests.identifier import utc_text
from handrail.requests.record import public
from handrail.requests.request import HumanRequest

SIGNATURE = "Handrail-Signature"
DELIVERY = "Handrail-Delivery"
TOLERANCE = 300.0
"""seconds by which the moment of a signature may differ from the receiver's clock"""


def signing_secret(secret: Secret) -> str:
    """Return by what calls of this store are signed, as its operator hands it to receivers.

    >>> len(signing_secret(Secret(None)))
    64
    """
    return secret.key("callback").hex()


def signature(body: bytes, *, secret: str, now: datetime) -> str:
    """Return the header that goes with a body.

    >>> from datetime import UTC
    >>> signature(b"{}", secret="00" * 32, now=datetime(2025, 6, 1, 12, tzinfo=UTC))
    't=1748779200,v1=2d3b...'
    """
    at = str(int(now.timestamp()))
    return f"t={at},v1={_mac(secret, at, body)}"


def is_signed(body: bytes, header: str, *, secret: str, now: datetime, tolerance: float = TOLERANCE) -> bool:
    """Whether a body came from who knows the secret, within `tolerance` seconds: what a receiver checks."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    at, given = parts.get("t", ""), parts.get("v1", "")
    if not (at.isascii() and at.isdigit() and len(at) < 16 and given.isascii()):
        return False
    fresh = abs(now.timestamp() - int(at)) <= tolerance
    return hmac.compare_digest(_mac(secret, at, body), given) and fresh


def _mac(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def told(message: Message, request: HumanRequest) -> dict[str, Any]:
    """Return what a receiver is told: how the request ended, and not what it showed."""
    whole = public(request)
    return {
        "event": "request.ended",
        "delivery": message.id,
        "request_id": request.id,
        "thread": request.thread,
        "revision": request.revision,
        "run_id": request.run_id,
        "flow": request.flow,
        "status": request.status.value,
        "ended_at": utc_text(request.ended_at) if request.ended_at else None,
        "superseded_by": request.superseded_by,
        "outcome": whole["outcome"],
    }


@dataclass(frozen=True)
class Callbacks(Channel):
    """The channel.

    Args:
        store: where the URLs are.
        clock: tells the moment of a signature.
        secret: of the store; `signing_secret` is derived from it.
        outgoing: calls the URLs.
    """

    store: Store
    clock: Clock
    secret: Secret
    outgoing: Outgoing
    follows = False

    async def deliver(self, delivery: Delivery) -> None:
        """Tell a program that its request has ended; of anything else it isn't told.

        Raises `CallFailed` or `InvalidInput` to be called again later.
        """
        message, request = delivery.message, delivery.request
        if message.occasion != "ended":
            return
        if (url := await self.store.read(_callback_of, request_id=request.id)) is None:
            return
        body = json.dumps(told(message, request)).encode()
        answer = await self.outgoing.post(url, body, self._headers(message, body))
        if not 200 <= answer.status < 300:
            raise CallFailed(f"the callback was answered with {answer.status}", status=answer.status)

    def _headers(self, message: Message, body: bytes) -> Mapping[str, str]:
        signed = signature(body, secret=signing_secret(self.secret), now=self.clock.now())
        return {"content-type": "application/json", DELIVERY: message.id, SIGNATURE: signed}


def _callback_of(tx: OutsideTransaction, *, request_id: str) -> str | None:
    return tx.callback_of(request_id)

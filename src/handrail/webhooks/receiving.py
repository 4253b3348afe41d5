"""Decisions that come in by a signed call: the signature says which service account decides, and each call counts once.

What is refused is logged by its reason and changes nothing. A signed call that was refused once stays refused: whoever
sends it again takes a new id.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from handrail.inbox import moves
from handrail.inbox.inbox import Inbox
from handrail.inbox.ports import Clock, Store
from handrail.people import rights
from handrail.people.rights import Caller, Right
from handrail.people.secret import Secret
from handrail.requests.content import as_stored
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import Conflict, HandrailError, NotAllowed, Repeated, StoreError
from handrail.requests.request import HumanRequest
from handrail.webhooks import signing
from handrail.webhooks.facts import Inbound
from handrail.webhooks.ports import WebhookTransaction

logger = logging.getLogger(__name__)

CHANNEL = "webhook"
REMEMBERED = timedelta(days=7)
"""how long it is known what was received; a signature counts for minutes"""
RULE = "signature"


class Decided(Protocol):
    """What a call says: read from its body once its signature was found good."""

    request_id: str
    verb: Any
    payload: Any
    comment: str | None
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose signature is good: where it came in, its id, and as whom it acts."""

    inbound_id: str
    event_id: str
    person: str


class Receiver:
    """Takes decisions that are signed.

    Args:
        store: where everything is kept.
        clock: tells the time.
        secret: of the store; the secrets of callers are made from it.
        inbox: by which requests change.
    """

    def __init__(self, store: Store, clock: Clock, secret: Secret, inbox: Inbox) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._inbox = inbox

    async def verify(self, inbound_id: str, headers: Mapping[str, str], body: bytes) -> Call:
        """Return a call whose signature is good. Raises `NotAllowed` (rule `signature`) for any other."""
        inbound = await self._store.read(_known, inbound_id=inbound_id)
        event_id = headers.get(signing.ID, "")
        now = self._clock.now()
        wrong = signing.what_is_wrong(
            body,
            event_id=event_id,
            timestamp=headers.get(signing.TIMESTAMP, ""),
            signed=headers.get(signing.SIGNATURE, ""),
            keys=signing.keys(self._secret, inbound or _NOBODY, now),
            now=now,
        )
        if inbound is None or inbound.revoked_at is not None or wrong is not None:
            reason = "unknown" if inbound is None else wrong or "revoked"
            logger.warning("a call to inbound webhook %r was refused: %s", inbound_id[:40], reason)
            raise NotAllowed(_REFUSED, rule=RULE)
        return Call(inbound.id, event_id, inbound.person)

    async def decide(self, call: Call, said: Decided) -> HumanRequest:
        """Let the account decide. Raises what the inbox raises, and `Repeated` for a call that came before."""
        payload = as_stored(said.payload, "the payload") if said.payload is not None else None
        given = {
            "verb": said.verb,
            "payload": payload,
            "comment": said.comment,
            "seen_hash": said.content_hash,
        }
        now = self._clock.now()
        try:
            return await self._inbox.do(
                _decide,
                inbound_id=call.inbound_id,
                event_id=call.event_id,
                request_id=said.request_id,
                given=given,
                now=now,
            )
        except StoreError:  # the store will be there again: then it can be received
            raise
        except HandrailError as error:
            await self.refuse(call, error)
            raise

    async def refuse(self, call: Call, error: HandrailError) -> None:
        """Log that a signed call was refused, and let it stay so."""
        told = (call.inbound_id, call.event_id, type(error).__name__)
        logger.warning("the call to inbound webhook %r with the id %r was refused: %s", *told)
        if not isinstance(error, Repeated):
            now = self._clock.now()
            await self._store.do(_received, inbound_id=call.inbound_id, event_id=call.event_id, now=now)


_REFUSED = (
    "the signature doesn't count: sign `<webhook-id>.<webhook-timestamp>.<body>` with the secret of this address, "
    "within five minutes"
)
_NOBODY = Inbound("", "", "", datetime.min, "")
"""whose key is compared where nobody is meant: whether there is somebody takes no other time"""


def _known(tx: WebhookTransaction, *, inbound_id: str) -> Inbound | None:
    return tx.inbound(inbound_id)


def _received(tx: WebhookTransaction, *, inbound_id: str, event_id: str, now: datetime) -> bool:
    tx.forget_received(now - REMEMBERED)
    return tx.receive(f"{CHANNEL}:{inbound_id}", event_id, now)


def _decide(
    tx: WebhookTransaction,
    *,
    inbound_id: str,
    event_id: str,
    request_id: str,
    given: dict[str, Any],
    now: datetime,
) -> HumanRequest | Conflict:
    if not _received(tx, inbound_id=inbound_id, event_id=event_id, now=now):
        raise Repeated(
            "this call was received before; nothing was changed: a new call takes a new webhook-id"
        )
    inbound = tx.inbound(inbound_id)
    owner = tx.person(inbound.person) if inbound is not None else None
    if inbound is None or inbound.revoked_at is not None or owner is None or not owner.active:
        raise NotAllowed("the account of this webhook was switched off", rule="identity")
    caller = Caller(owner, Actor(owner.name, Strength.CHANNEL, CHANNEL))
    # Whose audience it isn't is told so only if it may read it: see `moves.decide`.
    rights.check(caller, Right.DECIDE)
    tx.update_inbound(replace(inbound, used_at=now))
    return moves.decide(tx, request_id=request_id, actor=caller.actor, now=now, **given)

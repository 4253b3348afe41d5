"""The door through which a channel brings in what people do: see `inbox.channel.Door`.

Who acts is looked up, judged and noted in the transaction that acts; what was received before is never done twice.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from handrail import killpoints
from handrail.inbox import moves, outbox, views
from handrail.inbox.carrying import LONGEST_ERROR
from handrail.inbox.inbox import Inbox
from handrail.inbox.outbox import MOST_MESSAGES
from handrail.inbox.ports import Clock, InboxTransaction, Message, Sent, Store
from handrail.people import access, identity, link, rights
from handrail.people.facts import Kind
from handrail.people.ports import PeopleTransaction
from handrail.people.rights import Caller, Right
from handrail.people.secret import Secret
from handrail.requests.content import JSON, as_stored
from handrail.requests.decision import SYSTEM, Actor, Verb
from handrail.requests.errors import Conflict, HandrailError, Repeated, StoreError
from handrail.requests.identifier import new_id
from handrail.requests.lifecycle import Decided, refusal
from handrail.requests.request import HumanRequest

REMEMBERED = timedelta(days=7)
"""how long it is known at least what was received; what is about a request is known until that has ended"""


class Transaction(InboxTransaction, PeopleTransaction, Protocol):
    """What is read and written."""

    def members(self, group: str) -> Any: ...
    def set_members(self, group: str, people: Any) -> None: ...
    def append_event(self, *args: Any, **kwargs: Any) -> None: ...
    def groups_of(self, person: str) -> tuple[str, ...]: ...


class ChannelDoor:
    """The door of one channel.

    Args:
        channel: its name.
        store: where everything is kept.
        clock: tells the time.
        inbox: by which requests change.
        link: gives the address of a request's page.
        secret: signs links, and what the channel signs by itself.
    """

    def __init__(
        self,
        channel: str,
        store: Store,
        clock: Clock,
        inbox: Inbox,
        link: Callable[[str], str],
        secret: Secret,
    ) -> None:
        self.channel = channel
        self.link = link
        self._secret = secret
        self._store = store
        self._clock = clock
        self._inbox = inbox

    async def name(self, address: str) -> str:
        """Return whose address it is."""
        return (await self._store.read(identity.caller, self.channel, address)).name

    async def request(self, address: str, request_id: str) -> HumanRequest:
        """Return a request that this person may read."""
        return await self._store.read(_readable, channel=self.channel, address=address, request_id=request_id)

    async def look(self, request_id: str) -> HumanRequest:
        """Return a request, for words about what this channel shows anyway."""
        return await self._store.read(_found, request_id=request_id)

    async def latest(self, request_id: str) -> HumanRequest:
        """Return the revision by which a request was replaced while it was open, or itself."""
        return await self._store.read(_latest, request_id=request_id)

    async def may_decide(self, address: str, request_id: str) -> HumanRequest:
        """Return a request that this person may decide now."""
        return await self._store.read(
            _decidable, channel=self.channel, address=address, request_id=request_id
        )

    async def work(self, address: str, limit: int = 100) -> list[HumanRequest]:
        """Return what waits for this person, the most urgent first."""
        caller = await self._store.read(identity.caller, self.channel, address)
        if not rights.may(caller, Right.DECIDE):
            return []
        return await views.open_for(self._store, caller.actor, now=self._clock.now(), limit=limit)

    async def decide(
        self,
        address: str,
        request_id: str,
        verb: Verb | str,
        *,
        payload: JSON = None,
        comment: str | None = None,
        seen_hash: str | None = None,
        once: str | None = None,
        first: bool = False,
    ) -> HumanRequest:
        """Let this person decide."""
        if payload is not None:
            payload = as_stored(payload, "the payload")
        given = {"verb": verb, "payload": payload, "comment": comment, "seen_hash": seen_hash}
        unit = _decided_first if first else moves.decide
        killpoints.reach("decide:before")
        decided = await self._act(unit, Right.DECIDE, address, request_id, once, given)
        killpoints.reach("decide:after")
        return decided

    async def comment(
        self, address: str, request_id: str, text: str, *, place: str | None = None, once: str | None = None
    ) -> HumanRequest:
        """Let this person say something."""
        given = {"text": text, "place": place}
        return await self._act(moves.comment, Right.COMMENT, address, request_id, once, given)

    async def sent(self, request_id: str) -> list[Sent]:
        """Return what this channel has sent for a request."""
        return await self._store.read(_sent, request_id=request_id, channel=self.channel)

    async def sent_at(self, place: str) -> Sent | None:
        """Return what this channel has sent to a place."""
        return await self._store.read(_sent_at, channel=self.channel, place=place)

    async def keep(self, request_id: str, place: str, *, to: str, message_id: str) -> None:
        """Note something that was sent and isn't known."""
        now = self._clock.now()
        message = Message(message_id, request_id, self.channel, "opened", now, to=to)
        await self._store.do(_kept, message=message, place=place)

    async def addresses(self, person: str) -> list[str]:
        """Return what a person who can decide is known by on this channel."""
        return await self._store.read(_addresses, person=person, channel=self.channel)

    async def email(self, person: str) -> str | None:
        """Return the email of a person who can decide."""
        return await self._store.read(_email, person=person)

    async def zone(self, person: str) -> str:
        """Return the time zone by whose clock a person is told moments."""
        return await self._store.read(_zone, person=person)

    async def learn(self, address: str, email: str) -> str | None:
        """Note that an address belongs to whoever has an email; returns who that is."""
        now = self._clock.now()
        return await self._store.do(
            identity.learn, channel=self.channel, address=address, email=email, now=now
        )

    async def decide_link(self, request_id: str, person: str, *, message_id: str) -> str:
        """Return a link by which this person decides a request once: the same for the same message."""
        key, now = self._secret.key("link"), self._clock.now()
        nonce = link.nonce_for(self.key("link"), f"{message_id} {person}")
        token = await self._store.do(
            link.made,
            key=key,
            nonce=nonce,
            kind=Kind.DECIDE,
            person=person,
            now=now,
            actor=SYSTEM,
            request_id=request_id,
        )
        return f"{self.link('')}/decide/{token}"

    def key(self, purpose: str) -> bytes:
        """Return a key for what this channel signs by itself."""
        return self._secret.key(f"channel {self.channel} {purpose}")

    async def reply(
        self, request_id: str, place: str, *, to: str, detail: dict[str, Any], once: str | None = None
    ) -> None:
        """Tell something about a request to one recipient."""
        now = self._clock.now()
        told = Message(
            new_id("msg", now), request_id, self.channel, "answered", now, to=to, place=place, detail=detail
        )
        await self._store.do(_told, message=told, once=once, now=now)

    async def undelivered(self, message_id: str, why: str) -> None:
        """Note that a message which was sent has come back."""
        await self._store.do(_came_back, channel=self.channel, message_id=message_id, why=why)

    async def _act(
        self,
        unit: Callable[..., HumanRequest | Conflict],
        right: Right,
        address: str,
        request_id: str,
        once: str | None,
        given: dict[str, Any],
    ) -> HumanRequest:
        now = self._clock.now()
        try:
            return await self._inbox.do(
                _acted,
                unit,
                channel=self.channel,
                address=address,
                right=right,
                request_id=request_id,
                once=once,
                given=given,
                now=now,
            )
        except (Repeated, StoreError):
            raise  # nothing was judged: the same may come again
        except HandrailError:
            if once is not None:  # what was refused once stays refused, whatever has changed since
                await self._store.do(_noted, channel=self.channel, once=once, now=now, request_id=request_id)
            raise


def _acted(
    tx: Transaction,
    unit: Callable[..., HumanRequest | Conflict],
    *,
    channel: str,
    address: str,
    right: Right,
    request_id: str,
    once: str | None,
    given: dict[str, Any],
    now: datetime,
) -> HumanRequest | Conflict:
    if once is not None and not _noted(tx, channel=channel, once=once, now=now, request_id=request_id):
        raise Repeated(f"{channel} has received {once[:80]} before; nothing was changed")
    caller = identity.caller(tx, channel, address)
    # What a channel shows to a whole room is no secret there: who isn't asked is told so, and why.
    rights.check_request(caller, right, moves.find(tx, request_id), tx.members)
    return unit(tx, request_id=request_id, actor=caller.actor, now=now, **given)


def _decided_first(
    tx: Transaction, *, request_id: str, actor: Actor, now: datetime, **given: Any
) -> HumanRequest | Conflict:
    for event in tx.events(request_id):
        match event.move:
            case Decided(decision) if (decision.actor, decision.channel) == (actor.name, actor.channel):
                raise Conflict(
                    f"{actor.name!r} has decided {request_id} through {actor.channel} before: "
                    "change it on its page",
                    winner=actor.name,
                    about="taken",
                )
    return moves.decide(tx, request_id=request_id, actor=actor, now=now, **given)


def _told(tx: Transaction, *, message: Message, once: str | None, now: datetime) -> None:
    about = message.request_id
    if once is None or _noted(tx, channel=message.channel, once=once, now=now, request_id=about):
        tx.add_message(message)
        tx.signal("message", message.channel)


def _came_back(tx: InboxTransaction, *, channel: str, message_id: str, why: str) -> None:
    message = tx.message(message_id)
    if message is not None and message.channel == channel and message.state == "sent":
        tx.update_message(replace(message, state="failed", error=why[:LONGEST_ERROR]))


def _found(tx: InboxTransaction, *, request_id: str) -> HumanRequest:
    return moves.find(tx, request_id)


def _latest(tx: InboxTransaction, *, request_id: str) -> HumanRequest:
    return moves.latest(tx, request_id)


def _noted(tx: InboxTransaction, *, channel: str, once: str, now: datetime, request_id: str) -> bool:
    tx.forget_received(now - REMEMBERED)
    return tx.receive(channel, once, now, request_id)


def _readable(tx: Transaction, *, channel: str, address: str, request_id: str) -> HumanRequest:
    return access.readable(tx, caller=identity.caller(tx, channel, address), request_id=request_id)


def _decidable(tx: Transaction, *, channel: str, address: str, request_id: str) -> HumanRequest:
    caller: Caller = identity.caller(tx, channel, address)
    request = moves.find(tx, request_id)
    rights.check(caller, Right.DECIDE)
    if request.ended:
        raise refusal(request, Decided)
    if (refused := access.refusal(tx, caller=caller, right=Right.DECIDE, request=request)) is not None:
        raise refused
    return request


def _sent(tx: InboxTransaction, *, request_id: str, channel: str) -> list[Sent]:
    return tx.sent(request_id, channel)


def _sent_at(tx: InboxTransaction, *, channel: str, place: str) -> Sent | None:
    return tx.sent_at(channel, place)


def _kept(tx: InboxTransaction, *, message: Message, place: str) -> None:
    if (request := tx.request(message.request_id)) is not None:
        known = (each.to for each in tx.messages(request.id, MOST_MESSAGES) if each.id == message.id)
        message = replace(message, to=next(known, message.to))
        outbox.keep(tx, message, place, message.due_at)
        outbox.tell_again(tx, request, message, place)


def _addresses(tx: PeopleTransaction, *, person: str, channel: str) -> list[str]:
    known = tx.person(person)
    if known is None or not known.active:
        return []
    return identity.addresses(tx, person=person, channel=channel)


def _email(tx: PeopleTransaction, *, person: str) -> str | None:
    found = tx.person(person)
    return found.email if found is not None and found.active and not found.service else None


def _zone(tx: PeopleTransaction, *, person: str) -> str:
    wishes = tx.own_wishes(person) or tx.own_wishes(None)
    return wishes.zone if wishes is not None else "UTC"

"""The channel email: sends requests to people, each with a link and an address of their own, and takes their answers.

`to` is a person (`@alice`) or an address that belongs to one (`alice@example.com`); a request that only names the
channel goes to everybody who is asked. What was sent stays as it was: claims and votes send nothing, and when a request
ends a last mail says how.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial

from handrail.channels.email import sentences
from handrail.channels.email.envelope import Envelope, message_id, written
from handrail.channels.email.gathered import digest_letter, digest_title
from handrail.channels.email.imap import watching
from handrail.channels.email.letter import (
    Letter,
    Links,
    answer_letter,
    ended_letter,
    how_it_ended,
    request_letter,
    said_letter,
)
from handrail.channels.email.lmtp import check_local, listening
from handrail.channels.email.mailbox import Mailbox, check_plain
from handrail.channels.email.oauth import OAuth, Tokens
from handrail.channels.email.place import Place, read_place
from handrail.channels.email.receiving import REPLY_KEY, Receiving, Trust, Verify
from handrail.channels.email.sender_policy import Records, look_up_records
from handrail.channels.email.sending import MAY_HAVE_ARRIVED, Sending
from handrail.channels.email.server import read_server
from handrail.channels.email.signature import Lookup, look_up, verified
from handrail.channels.email.token import bounce_token, reply_token
from handrail.flows.web_approval import request_url
from handrail.inbox.channel import Channel, Delivery, Door
from handrail.inbox.outbox import ASKING
from handrail.inbox.quiet import zone_of
from handrail.requests.errors import (
    ChannelError,
    Conflict,
    InvalidInput,
    NotAllowed,
    UnknownId,
)
from handrail.requests.request import HumanRequest

logger = logging.getLogger(__name__)

MOST_ENDED = 10_000
"""last mails that are remembered, so that none goes out twice"""


class Email(Channel):
    """Requests by email.

    Args:
        smtp: the mail server that takes our mails: `smtp://user:password@host:587`, `smtps://...`.
        sender: who writes: `Handrail <handrail@example.com>`.
        reply_to: where answers go, with the place of the token: `handrail+{token}@example.com`, or
            `{token}@replies.example.com`. Without, mails can be decided by their links only.
        receive: where answers come in: `imaps://user:password@host/INBOX`, or `lmtp://127.0.0.1:8024` for the mail
            server of this machine.
        authserv_id: what our mail server calls itself in the Authentication-Results headers that it writes. Without it
            mails are taken over LMTP only, and their DKIM signatures and SPF are checked here.
        oauth: where access tokens come from, for servers whose URL names a user and no password.
        trust_loopback: whether mails that were never on another machine need no such results; for tests.
        lookup: asks the DNS for texts, for tests.
        records: asks the DNS for what SPF needs, for tests.

    Raises `InvalidInput` for what doesn't go together.

    >>> email = Email("smtp://127.0.0.1:25", "Handrail <handrail@example.com>")
    """

    reaches_people = True
    silent = False

    def __init__(
        self,
        smtp: str,
        sender: str,
        *,
        reply_to: str | None = None,
        receive: str | None = None,
        authserv_id: str | None = None,
        oauth: OAuth | None = None,
        trust_loopback: bool = False,
        lookup: Lookup = look_up,
        records: Records = look_up_records,
    ) -> None:
        self.box = Mailbox(sender, reply_to)
        self.tokens = Tokens(oauth) if oauth is not None else None
        self.sending = Sending(read_server(smtp, "smtp"), self.tokens)
        self.receive = read_server(receive, "imap", "lmtp") if receive is not None else None
        servers = [self.sending.server, *([self.receive] if self.receive is not None else [])]
        if oauth is not None and not any(each.by_token for each in servers):
            raise InvalidInput(
                "with OAuth a mail server's URL names the user and no password: smtps://handrail%40example.com@host"
            )
        if (reply_to is None) != (receive is None):
            raise InvalidInput(
                "answers need both: reply_to (HANDRAIL_EMAIL_REPLY_TO), where they go, and receive "
                "(HANDRAIL_EMAIL_RECEIVE), where they come in"
            )
        if trust_loopback and authserv_id is not None:
            raise InvalidInput("with an authserv_id every mail needs its results: leave trust_loopback away")
        verify: Verify | None = None
        if self.receive is not None and self.receive.scheme == "lmtp":
            check_local(self.receive)
            if not authserv_id:
                verify = partial(verified, lookup=lookup, records=records)
        elif self.receive is not None and not (authserv_id or (trust_loopback and self.receive.is_loopback)):
            raise InvalidInput(
                "a mailbox needs authserv_id (HANDRAIL_EMAIL_AUTHSERV_ID): the word behind the topmost "
                "Authentication-Results: in the source of any mail there"
            )
        self.trust = Trust(authserv_id, verify, trust_loopback)
        self.door: Door | None = None
        self._ended: dict[str, None] = {}

    # -- whom ---------------------------------------------------------------------------------------------------------

    def recipients(self, request: HumanRequest) -> Sequence[str]:
        """Return everybody who is asked."""
        return ("",) if request.asked is None else tuple(f"@{name}" for name in request.asked)

    async def _whom(self, delivery: Delivery) -> tuple[str, str]:
        """Return the person and the address that a message is for."""
        to, door = delivery.to, self._door()
        if not to:
            raise ChannelError(
                f"request {delivery.request.id} asks everybody and names nobody: EmailApprovalNode(to=...), "
                "an audience, or channels=['email:@alice']"
            )
        if not to.startswith("@") and "@" in to:
            try:
                return await door.name(to), _plain(to)
            except NotAllowed as error:
                raise ChannelError(str(error)) from error
        person = to.removeprefix("@")
        address = await door.email(person) or next(iter(await door.addresses(person)), None)
        if address is None:
            raise ChannelError(
                f"nobody knows the email of {person!r}: give them an account with one, `handrail users add {person} "
                "--email ...`"
            )
        return person, _plain(address)

    def _door(self) -> Door:
        if self.door is None:
            raise ChannelError("the channel isn't open: work on the app inside `async with app:`")
        return self.door

    # -- what goes out ------------------------------------------------------------------------------------------------

    async def deliver(self, delivery: Delivery) -> str | None:
        """Send a request, a reminder or a comment."""
        person, address = await self._whom(delivery)
        request = delivery.request
        if delivery.occasion == "ended":  # news for somebody who was sent nothing of it
            links = Links(delivery.url, newer=_newer(request, delivery.url))
            letter = ended_letter(request, links, await self._zone(person))
            await self._send(delivery, letter, person, address, await self._before(delivery, address))
            return None
        links, zone = await self._links(delivery, person), await self._zone(person)
        answerable = self._token(delivery, person) is not None
        if delivery.occasion in ASKING:
            letter = request_letter(
                request, links, answerable=answerable, previous=delivery.previous, zone=zone
            )
            await self._send(delivery, letter, person, address, await self._before(delivery, address))
            return str(Place(delivery.message.id, address))
        said = said_letter(
            request, delivery.occasion, delivery.message.detail, links, answerable=answerable, zone=zone
        )
        if said is not None:
            await self._send(delivery, said, person, address, self._own(delivery, address))
        return None

    async def digest(self, to: str, deliveries: Sequence[Delivery]) -> None:
        """Send one list: a mail of its own, in no other's thread."""
        first = deliveries[0]
        person, address = await self._whom(first)
        letter = digest_letter(deliveries, self._door().link(""), await self._zone(person))
        mark, title = first.message.place or first.message.id, digest_title(deliveries)
        envelope = Envelope(address, f"digest.{mark}", first.request.id, f"digest.{mark}", title)
        back = self.box.with_token(bounce_token(self._door().key(REPLY_KEY), mark))
        await self._post(envelope, letter, returns=back or self.box.address)

    async def update(self, delivery: Delivery, place: str) -> None:
        """Say what can't be seen in what was sent: an escalation, or what became of somebody's answer."""
        address = read_place(place).address
        if delivery.occasion == "answered":
            await self._answer(delivery, place)
        elif delivery.occasion in ASKING:
            try:
                person = await self._door().name(address)
            except NotAllowed:  # it is nobody's address any more: they needn't know
                return
            letter = said_letter(
                delivery.request,
                delivery.occasion,
                None,
                Links(delivery.url),
                answerable=False,
                zone=await self._zone(person),
            )
            if letter is not None:
                await self._send(delivery, letter, person, address, self._at(place))

    async def withdraw(self, delivery: Delivery, place: str) -> None:
        """Say how the request has ended, in a last mail."""
        if delivery.occasion == "answered":
            await self._answer(delivery, place)
        if delivery.occasion != "ended" or place in self._ended:
            return
        request, at = delivery.request, read_place(place)
        links = Links(delivery.url, newer=_newer(request, delivery.url))
        ended = Envelope(
            at.address,
            f"ended.{at.message}",
            request.id,
            request.thread,
            request.draft.title,
            self._at(place),
        )
        letter = ended_letter(request, links, await self._zone_at(at.address))
        await self._post(ended, letter, returns=self.box.address)
        self._ended[place] = None
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    async def find(self, delivery: Delivery) -> Sequence[str]:
        """Return what may have been sent of a request that has ended since: its recipient is told how.

        Nobody can be asked what a mailbox has; while a request is open its mail is sent again, as the same message.
        """
        error = delivery.message.error
        if delivery.occasion not in ASKING or not delivery.request.ended:
            return ()
        if error is not None and MAY_HAVE_ARRIVED not in error:
            return ()
        _, address = await self._whom(delivery)
        return (str(Place(delivery.message.id, address)),)

    async def _answer(self, delivery: Delivery, place: str) -> None:
        """Write to somebody whose mail decided nothing."""
        request, detail = delivery.request, delivery.message.detail or {}
        zone = await self._zone(str(detail.get("person")))
        why = detail.get("why")
        if request.ended and why == sentences.USED:  # what was decided can't be changed any more
            why = None
        told = str(why or how_it_ended(request, zone))
        answerable = self._token(delivery, str(detail.get("person"))) is not None
        letter = answer_letter(request, told, Links(delivery.url), answerable=answerable)
        answers = detail.get("answers")
        before = (*self._at(place), *([answers] if isinstance(answers, str) else []))
        await self._send(
            delivery, letter, str(detail.get("person")), read_place(place).address, before, to_a_mail=True
        )

    async def _send(
        self,
        delivery: Delivery,
        letter: Letter,
        person: str,
        address: str,
        answers: tuple[str, ...],
        *,
        to_a_mail: bool = False,
    ) -> None:
        message, request = delivery.message, delivery.request
        reply_to = None if request.ended else self.box.with_token(self._token(delivery, person))
        envelope = Envelope(
            address, message.id, request.id, request.thread, request.draft.title, answers, reply_to, to_a_mail
        )
        back = self.box.with_token(bounce_token(self._door().key(REPLY_KEY), message.id))
        await self._post(envelope, letter, returns=back or self.box.address)

    async def _post(self, envelope: Envelope, letter: Letter, *, returns: str) -> None:
        mail = written(envelope, letter.blocks, self.box, datetime.now(UTC))
        await self.sending.send(mail, to=envelope.to, returns=returns)

    async def _zone(self, person: str) -> tzinfo:
        """Return by which clock somebody is told moments."""
        return zone_of(await self._door().zone(person))

    async def _zone_at(self, address: str) -> tzinfo:
        try:
            return await self._zone(await self._door().name(address))
        except NotAllowed:  # it is nobody's address any more
            return UTC

    def _token(self, delivery: Delivery, person: str) -> str | None:
        if self.receive is None:
            return None
        return reply_token(self._door().key(REPLY_KEY), delivery.request.id, person)

    async def _links(self, delivery: Delivery, person: str) -> Links:
        """Return where the links of a mail lead, with a link of the person's own while there is something to decide."""
        if delivery.request.ended:
            return Links(delivery.url)
        try:
            decide = await self._door().decide_link(
                delivery.request.id, person, message_id=delivery.message.id
            )
        except (UnknownId, Conflict, InvalidInput) as error:
            raise ChannelError(str(error)) from error
        return Links(delivery.url, decide=decide)

    # -- threads ------------------------------------------------------------------------------------------------------

    def _at(self, place: str) -> tuple[str, ...]:
        at = read_place(place).message
        return (message_id(at, self.box.domain),) if at else ()

    def _own(self, delivery: Delivery, address: str) -> tuple[str, ...]:
        """Return the mail by which somebody got the request."""
        return tuple(
            found
            for each in delivery.sent[:1]
            if read_place(each.place).address == address
            for found in self._at(each.place)
        )

    async def _before(self, delivery: Delivery, address: str) -> tuple[str, ...]:
        """Return the mail by which somebody got the revision before."""
        if delivery.previous is None:
            return ()
        sent = await self._door().sent(delivery.previous.id)
        places = [each.place for each in sent if read_place(each.place).address == address]
        return self._at(places[-1]) if places else ()

    # -- what comes in ------------------------------------------------------------------------------------------------

    def serve(self, door: Door) -> AbstractAsyncContextManager[None]:
        """Receive answers: from a mailbox, or by LMTP."""
        return self._serve(door)

    @asynccontextmanager
    async def _serve(self, door: Door) -> AsyncIterator[None]:
        self.door = door
        try:
            async with AsyncExitStack() as stack:
                if self.receive is not None:
                    receiving = Receiving(self.box, door, self.trust)
                    by_lmtp = self.receive.scheme == "lmtp"
                    way = listening if by_lmtp else partial(watching, tokens=self.tokens)
                    await stack.enter_async_context(way(self.receive, receiving.take))
                yield
        finally:
            await self.sending.close()


def _plain(address: str) -> str:
    try:
        return check_plain(address)
    except InvalidInput as error:
        raise ChannelError(str(error)) from error


def _newer(request: HumanRequest, url: str) -> str | None:
    """Return the page of the revision that replaced a request: beside its own."""
    if request.superseded_by is None:
        return None
    return request_url(request.superseded_by, url.removesuffix(f"/requests/{request.id}"))

"""What becomes of a mail that came in: a decision, one question back, or nothing but a line in the log.

In this order: automatic mails are ignored; the address names the request; the sender is the person that the address
was made for; the mail is authentic; then what it says decides. Before all of that has passed nobody is answered.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from handrail.channels.email import sentences
from handrail.channels.email.authenticity import was_never_elsewhere, why_not
from handrail.channels.email.automatic import Kind
from handrail.channels.email.incoming import Incoming, Unreadable, parse
from handrail.channels.email.letter import what_is_offered
from handrail.channels.email.mailbox import Mailbox
from handrail.channels.email.place import Place, read_place
from handrail.channels.email.results import Result, results_of
from handrail.channels.email.sender_policy import Origin, origin_of
from handrail.channels.email.token import is_reply_of, message_of, request_of
from handrail.channels.email.verdict import Approve, Automatic, Changes, Reject, Unclear, Verdict, verdict_of
from handrail.inbox.channel import Door
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, HandrailError, InvalidDecision, NotAllowed, Repeated, UnknownId
from handrail.requests.request import HumanRequest

logger = logging.getLogger(__name__)

REPLY_KEY = "reply"
_FAILED = re.compile(rb"^action:[ \t]*failed", re.IGNORECASE | re.MULTILINE)
_DELAYED = re.compile(rb"^action:[ \t]*(?:delayed|relayed|delivered|expanded)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(rb"^status:[ \t]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_HEAD_OF_BOUNCE = 256 * 1024

Verify = Callable[[bytes, str, Origin | None], tuple[Result, ...]]
"""Finds out whether a mail is of a domain, given where it comes from"""


@dataclass(frozen=True, slots=True)
class Trust:
    """By what a mail is known to be authentic: see `authenticity`."""

    authserv_id: str | None = None
    verify: Verify | None = None
    """where nobody else has checked it"""
    loopback: bool = False
    """whether mails that were never elsewhere need no results"""


class Receiving:
    """Takes the mails that came in."""

    def __init__(self, box: Mailbox, door: Door, trust: Trust) -> None:
        self._box = box
        self._door = door
        self._trust = trust
        self._key = door.key(REPLY_KEY)

    async def take(self, raw: bytes, recipients: tuple[str, ...] = (), returns: str = "") -> None:
        """Deal with a mail; `recipients` and `returns` are those of its envelope, where that is known.

        Raises what keeps it from that now (`StoreError`, `ChannelError`): then it should be given again.
        """
        try:
            mail, verdict = await asyncio.to_thread(_read, raw)
        except Unreadable as error:
            logger.warning("a mail was ignored: %s", error)
            return
        if isinstance(verdict, Automatic):
            tokens = self._box.tokens((*recipients, *mail.delivered_to, *mail.to, *mail.cc))
            await self._ignored(mail, verdict.kind, tokens, raw)
            return
        # Whom it was written to, its sender says; to whom it was handed over says whoever sent it on.
        replies = [token for token in self._box.tokens((*mail.to, *mail.cc)) if token[0] == "r"]
        if len(replies) != 1:
            _refused(mail, "it names no request" if not replies else "it names several requests")
            return
        if (person := await self._sender(mail, replies[0])) is None:
            return
        if (doubt := await self._doubt(mail, raw, returns)) is not None:
            _refused(mail, doubt, request_of(replies[0]))
            return
        await self._act(mail, verdict, replies[0], person)

    async def _ignored(self, mail: Incoming, kind: Kind, tokens: list[str], raw: bytes) -> None:
        """Pass over a mail that nobody wrote as an answer; one of ours that comes back is noted."""
        bounced = [token for token in tokens if token[0] == "b"]
        if kind is Kind.BOUNCE and len(bounced) == 1 and (message := message_of(self._key, bounced[0])):
            if (why := _why_it_came_back(raw)) is not None:
                logger.warning("message %s came back: %s", message, why)
                await self._door.undelivered(message, why)
            return
        logger.info("mail %s was ignored: %s", mail.identity[:80], kind)

    async def _sender(self, mail: Incoming, token: str) -> str | None:
        """Return who sent a mail, if the token was made for them."""
        if mail.sender is None:
            _refused(mail, "nobody clearly sent it", request_of(token))
            return None
        try:
            person = await self._door.name(mail.sender)
        except NotAllowed:
            _refused(mail, "its sender is nobody here", request_of(token))
            return None
        if not is_reply_of(self._key, token, person):
            _refused(mail, f"its address wasn't made for {person}", request_of(token))
            return None
        return person

    async def _doubt(self, mail: Incoming, raw: bytes, returns: str) -> str | None:
        """Return why a mail may not be of its sender; None if it is."""
        domain = (mail.sender or "").rpartition("@")[2]
        if self._trust.authserv_id is not None:
            return why_not(results_of(mail.headers, self._trust.authserv_id), domain)
        if self._trust.loopback and was_never_elsewhere(mail.headers):
            return None
        if self._trust.verify is None:
            return "it was not only on this machine, and nobody has checked it"
        origin = origin_of(mail.headers, returns)
        return why_not(await asyncio.to_thread(self._trust.verify, raw, domain, origin), domain)

    async def _act(self, mail: Incoming, verdict: Verdict, token: str, person: str) -> None:
        """Do what an authentic mail says."""
        try:
            request = await self._door.look(request_of(token))
        except UnknownId:
            _refused(mail, "there is no such request", request_of(token))
            return
        match verdict:
            case Approve(comment):
                await self._decide(mail, request, token, person, Verb.APPROVE, comment)
            case Reject(reason):
                await self._decide(mail, request, token, person, Verb.REJECT, reason)
            case Changes(feedback):
                await self._decide(mail, request, token, person, Verb.REQUEST_CHANGES, feedback)
            case Unclear(why):
                _refused(mail, f"it is unclear ({why})", request.id)
                await self._answer(mail, request, token, person, why, "asked")

    async def _decide(
        self, mail: Incoming, request: HumanRequest, token: str, person: str, verb: Verb, comment: str
    ) -> None:
        assert mail.sender is not None
        if not request.ended and verb not in what_is_offered(request, answerable=True).replies:
            _refused(mail, "it says what can't be decided by mail", request.id)
            await self._answer(mail, request, token, person, sentences.NOT_OFFERED, "not offered")
            return
        try:
            await self._door.decide(
                mail.sender,
                request.id,
                verb,
                comment=comment or None,
                seen_hash=request.content_hash,
                once=f"mail {mail.identity[:300]}",
                first=True,
            )
        except Repeated:
            logger.info("mail %s was received before", mail.identity[:80])
        except (NotAllowed, Conflict, InvalidDecision) as error:
            kind = f"{type(error).__name__} {getattr(error, 'rule', getattr(error, 'about', ''))}".strip()
            _refused(mail, kind, request.id)
            await self._answer(mail, request, token, person, _why(request, error), kind)

    async def _answer(
        self, mail: Incoming, request: HumanRequest, token: str, person: str, why: str, kind: str
    ) -> None:
        """Say why a mail decided nothing: once for each reason, and never more than once for the same mail."""
        assert mail.sender is not None
        whose = mail.sender.casefold()
        places = [read_place(each.place) for each in await self._door.sent(request.id)]
        message = next((each.message for each in reversed(places) if each.address.casefold() == whose), "")
        await self._door.reply(
            request.id,
            str(Place(message, mail.sender)),
            to=mail.sender,
            detail={"why": why, "answers": mail.message_id, "person": person},
            once=f"told {token} {kind}",
        )


def _read(raw: bytes) -> tuple[Incoming, Verdict]:
    mail = parse(raw)
    try:
        return mail, verdict_of(mail)
    except Exception as error:  # else the mail server would give it again for ever
        raise Unreadable("the mail can't be understood; answer it by its link instead") from error


def _refused(mail: Incoming, why: str, request_id: str = "") -> None:
    about = f" about {request_id}" if request_id else ""
    logger.warning("mail %s%s decided nothing: %s", mail.identity[:80], about, why)


def _why(request: HumanRequest, error: HandrailError) -> str:
    """Return what somebody is told whose decision was refused."""
    match error:
        case NotAllowed(rule="excluded"):
            return sentences.EXCLUDED
        case NotAllowed(rule="initiator"):
            return sentences.INITIATOR
        case NotAllowed(rule="audience"):
            return sentences.NOT_ASKED
        case NotAllowed(rule="claimed"):
            return sentences.HELD.format(request.claimed_by or "")
        case NotAllowed(rule="strength"):
            return sentences.SESSION
        case NotAllowed(rule="in line"):
            return sentences.IN_LINE
        case NotAllowed():
            return sentences.NOT_ALLOWED
        case Conflict(about="taken"):
            return sentences.USED
        case Conflict(about="content"):
            return sentences.CHANGED_SINCE
        case InvalidDecision(fields=fields) if fields:
            return sentences.NOT_FITTING.format("; ".join(each.message for each in fields))
    return ""  # how it has ended, which is told when it is written


def _why_it_came_back(raw: bytes) -> str | None:
    """Return why a mail of ours came back, by its codes only; None for one that is only late."""
    head = raw[:_HEAD_OF_BOUNCE]
    if not _FAILED.search(head) and _DELAYED.search(head):
        return None
    status = _STATUS.search(head)
    code = f" ({status[1].decode()})" if status else ""
    return f"it came back: the recipient's mail server could not deliver it{code}"

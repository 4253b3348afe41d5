"""What people do in Slack, as acts on requests: a button, a modal that is sent, a word in a thread, `/handrail`.

Who acts is what Slack says of them, never what a message holds; a decision is bound to what the message showed. What
was received before changes nothing.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from handrail.channels.slack import words
from handrail.channels.slack.address import Addresses
from handrail.channels.slack.answer import Faults, Payload, answer_of, beside, comment_of, edit_of
from handrail.channels.slack.client import Client, SlackRefused
from handrail.channels.slack.form import answer_form, edit_form
from handrail.channels.slack.history import History
from handrail.channels.slack.listing import MOST, Waiting, listing
from handrail.channels.slack.modal import Meant, View, decided, meant, modal, refused, replaced
from handrail.channels.slack.offer import quick_answers
from handrail.channels.slack.place import About, Place, about_of, read_place
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.press import Press, pressed
from handrail.channels.slack.refusal import refusal, stranger
from handrail.channels.slack.text import unescape
from handrail.inbox.channel import Door
from handrail.inbox.ports import Sent
from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import (
    ChannelError,
    Conflict,
    HandrailError,
    InvalidDecision,
    NotAllowed,
    Repeated,
    StoreError,
    UnknownId,
)
from handrail.requests.request import HumanRequest

logger = logging.getLogger(__name__)

AT_ONCE = frozenset({Verb.APPROVE, Verb.ABSTAIN})
"""verbs that need no words"""
OPENED = "exchanged_trigger_id"
"""what Slack says when a press that it told twice has opened its modal already"""
TOO_LATE = frozenset({"expired_trigger_id", "invalid_trigger_id", "trigger_expired"})
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is said: what is shown changes by itself."""


@dataclass(frozen=True, slots=True)
class Whisper:
    """Words for whoever acted, and nobody else."""

    posting: Posting


@dataclass(frozen=True, slots=True)
class Shown:
    """What a modal becomes."""

    view: View


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with what was typed, by the block it is said beside."""

    errors: dict[str, str]


Reply = Done | Whisper | Shown | Wrong


class Acting:
    """Acts on requests for people in Slack."""

    def __init__(self, client: Client, addresses: Addresses, door: Door) -> None:
        self._client = client
        self._addresses = addresses
        self._door = door
        self._history = History(client)

    # -- buttons ------------------------------------------------------------------------------------------------------

    async def pressed(self, body: dict[str, Any]) -> Reply:
        """A button was pressed: decide, or open the modal in which the rest is typed."""
        press = pressed(body["actions"][0])
        if press is None:
            return Done()  # a button that only leads to a page
        await self._remember(body, press)
        address = await self._who(body)
        try:
            if press.verb in AT_ONCE or press.choice is not None:
                return await self._decided_at_once(body, press, address)
            return await self._opened(body, press, address)
        except Repeated:
            return _repeated(body)
        except HandrailError as error:
            return Whisper(await self._why(press.request_id, error, address))

    async def _decided_at_once(self, body: dict[str, Any], press: Press, address: str) -> Reply:
        payload: JSON = None
        if press.choice is not None:
            answers = quick_answers(await self._door.look(press.request_id))
            if press.choice >= len(answers):
                return Whisper(posting(words.CHANGED_SINCE))
            payload = answers[press.choice].value
        await self._door.decide(
            address,
            press.request_id,
            press.verb,
            payload=payload,
            seen_hash=press.content_hash,
            once=body["trigger_id"],
        )
        return Done()

    async def _opened(self, body: dict[str, Any], press: Press, address: str) -> Reply:
        request = await self._door.may_decide(address, press.request_id)
        place = _place(body)
        where = {"channel": place.room, "ts": place.ts} if place is not None else {}
        if (
            request.content_hash != press.content_hash
            or (view := modal(request, press.verb, **where)) is None
        ):
            return Whisper(posting(words.CHANGED_SINCE))
        method = "views.push" if body.get("view") else "views.open"
        try:
            await self._client.call(method, trigger_id=body["trigger_id"], view=view)
        except SlackRefused as error:
            if error.code == OPENED:
                return Done()
            if error.code not in TOO_LATE:
                raise
            logger.info("a modal for request %s came too late (%s)", request.id, error.code)
            return Whisper(posting(words.TOO_LATE))
        return Done()

    async def _remember(self, body: dict[str, Any], press: Press) -> None:
        """Keep true what was pressed, too, if it is a repetition that nobody knew of."""
        place = _place(body)
        if place is None or body["container"].get("is_ephemeral"):
            return
        if await self._door.sent_at(str(place)) is not None:
            return
        about = about_of(body.get("message") or {}) or About("", press.request_id)
        with suppress(UnknownId):
            await self._keep(place, about)

    async def _keep(self, place: Place, about: About) -> None:
        """Note a message of ours that nobody knew of: it is for whom those beside it are."""
        sent = await self._door.sent(about.request_id)
        beside = (each.to for each in sent if read_place(each.place).room == place.room)
        to = next(beside, "")
        await self._door.keep(about.request_id, str(place), to=to, message_id=about.message_id)

    # -- modals -------------------------------------------------------------------------------------------------------

    async def submitted(self, body: dict[str, Any]) -> Reply:
        """A modal was sent: read it and decide."""
        view = body["view"]
        about = meant(view.get("private_metadata", ""))
        if about is None:
            return Done()
        address = await self._who(body)
        request = await self._door.look(about.request_id)
        given = _read(request, about.verb, view["state"]["values"])
        if isinstance(given, Faults):
            return Wrong(given.errors)
        typed = about.verb in (Verb.EDIT, Verb.ANSWER)
        try:
            await self._door.decide(
                address,
                about.request_id,
                about.verb,
                payload=given.value if typed else None,
                comment=None if typed else str(given.value),
                seen_hash=about.content_hash,
                once=body["trigger_id"],
            )
        except Repeated:
            return _repeated(body)
        except HandrailError as error:
            return await self._not_decided(request, about, error, address)
        return Done()

    async def _not_decided(
        self, request: HumanRequest, about: Meant, error: HandrailError, address: str
    ) -> Reply:
        link = self._door.link(request.id)
        if isinstance(error, Conflict):
            latest = await self._door.latest(request.id)
            if latest.id != request.id and not latest.ended:
                return Shown(replaced(latest, link=self._door.link(latest.id)))
            return Shown(decided(latest, link=self._door.link(latest.id)))
        if isinstance(error, InvalidDecision):
            return _wrong(request, about.verb, error)
        return Shown(refused(request, error, link=link))

    # -- words --------------------------------------------------------------------------------------------------------

    async def said(self, body: dict[str, Any]) -> Reply:
        """Somebody wrote in a thread beneath a request: a comment."""
        event = body["event"]
        user, thread = event.get("user"), event.get("thread_ts")
        if (
            event.get("subtype") not in (None, "thread_broadcast")
            or event.get("bot_id")
            or not (user and thread)
        ):
            return Done()
        place = Place(event["channel"], thread)
        sent = await self._door.sent_at(str(place)) or await self._unknown(place, body)
        text = unescape(str(event.get("text") or "")).strip()
        if sent is None or not text:
            return Done()
        address = await self._addresses.acting(str(event.get("user_team") or body["team_id"]), str(user))
        try:
            await self._door.comment(address, sent.request_id, text, place=str(place), once=body["event_id"])
        except Repeated:
            return Done()  # Slack tells again what it thinks nobody heard
        except StoreError:
            raise  # it isn't acknowledged, and Slack tells it again
        except HandrailError as error:
            told = await self._why(sent.request_id, error, address)
            await self._client.call(
                "chat.postEphemeral", channel=place.room, user=user, thread_ts=thread, text=told.text
            )
        return Done()

    async def _unknown(self, place: Place, body: dict[str, Any]) -> Sent | None:
        """Return what is known, asked of Slack, of a message of ours that we posted without noting it."""
        app: dict[str, Any] = next(iter(body.get("authorizations") or ()), {})
        if app.get("user_id") is None or body["event"].get("parent_user_id") != app["user_id"]:
            return None
        about = await self._history.first(place)
        if about is None:
            return None
        await self._keep(place, about)
        return await self._door.sent_at(str(place))

    async def listed(self, body: dict[str, Any]) -> Reply:
        """`/handrail`: what waits for whoever asks."""
        address = await self._addresses.acting(str(body["team_id"]), str(body["user_id"]))
        try:
            work = await self._door.work(address, MOST_COUNTED)
        except NotAllowed:
            return Whisper(stranger(address))
        waiting = [Waiting(request, self._door.link(request.id)) for request in work[:MOST]]
        return Whisper(listing(waiting, total=len(work), inbox=self._door.link("")))

    # -- who ----------------------------------------------------------------------------------------------------------

    async def _who(self, body: dict[str, Any]) -> str:
        user = body["user"]
        team = user.get("team_id") or (body.get("team") or {}).get("id") or ""
        return await self._addresses.acting(str(team), str(user["id"]))

    async def _why(self, request_id: str, error: HandrailError, address: str) -> Posting:
        """Return why nothing was done, for whoever did it; and log it."""
        kind = f"{type(error).__name__} {getattr(error, 'rule', '')}".strip()
        logger.warning("%s did nothing with request %s: %s", address, request_id, kind)
        if isinstance(error, NotAllowed) and error.rule == "identity":
            return stranger(address)
        if isinstance(error, ChannelError):
            return posting(words.TRY_AGAIN)
        try:
            request = await self._door.look(request_id)
        except UnknownId:
            return posting(words.UNCHANGED)
        return refusal(request, error, link=self._door.link(request_id))


def _place(body: dict[str, Any]) -> Place | None:
    container = body.get("container") or {}
    room, ts = container.get("channel_id"), container.get("message_ts")
    return Place(room, ts) if room and ts else None


def _repeated(body: dict[str, Any]) -> Reply:
    logger.warning("what Slack sent was received before, and refused: %s", str(body.get("trigger_id"))[:40])
    return Done()


def _read(request: HumanRequest, verb: Verb, values: dict[str, Any]) -> Payload | Faults:
    """Return what was typed into the modal of a verb."""
    match verb:
        case Verb.EDIT:
            return edit_of(request, values)
        case Verb.ANSWER:
            return answer_of(request.draft.response_schema or {}, values)
    return comment_of(values)


def _wrong(request: HumanRequest, verb: Verb, error: InvalidDecision) -> Reply:
    """Return what doesn't fit, each beside its field."""
    match verb:
        case Verb.EDIT:
            return Wrong(beside(edit_form(request), error.fields))
        case Verb.ANSWER:
            return Wrong(beside(answer_form(request.draft.response_schema or {}), error.fields))
    return Shown(refused(request, error, link=None))

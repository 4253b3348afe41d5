"""What people do in Slack, as acts on requests: a button, a modal that is sent, a word in a thread, `/handrail`.

Who acts is what Slack says of them, never what a message holds; a decision is bound to what the message showed. What
was received before changes nothing.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from handrail.channels.slack import words
from handrail.channels.slack.address import Addresses, address_of
from handrail.channels.slack.answer import Faults, Payload, answer_of, beside, comment_of, edit_of
from handrail.channels.slack.client import Client, SlackRefused
from handrail.channels.slack.form import answer_form, edit_form
from handrail.channels.slack.history import History
from handrail.channels.slack.listing import MOST, Waiting, listing
from handrail.channels.slack.modal import (
    View,
    decided,
    meant,
    modal,
    noted,
    refused,
    replaced,
    told_later,
)
from handrail.channels.slack.offer import quick_answers
from handrail.channels.slack.place import About, Place, about_of, read_place
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.press import Press, pressed
from handrail.channels.slack.reading import as_read
from handrail.channels.slack.refusal import refusal, stranger
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
SPOKEN = frozenset({None, "thread_broadcast", "file_share"})
"""kinds of messages by which somebody says something; others tell of changes, or of who came and went"""
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
        """A button was pressed: decide, or open the modal in which the rest is typed.

        In a modal there is nobody to whisper to: what is said, and that it is done, is shown there.
        """
        press = pressed(body["actions"][0])
        if press is None:
            return Done()  # a button that only leads to a page
        try:
            reply = await self._pressed(body, press)
        except Repeated:
            return _repeated(body)
        except HandrailError as error:
            if body.get("view") and isinstance(error, Conflict):
                return await self._too_late(press.request_id, _address(body))
            reply = Whisper(await self._why(press.request_id, error, _address(body)))
        return Shown(noted(reply.posting)) if body.get("view") and isinstance(reply, Whisper) else reply

    async def _pressed(self, body: dict[str, Any], press: Press) -> Reply:
        await self._remember(body, press)
        address = await self._who(body)
        if press.verb not in AT_ONCE and press.choice is None:
            return await self._opened(body, press, address)
        reply = await self._decided_at_once(body, press, address)
        return _stored() if body.get("view") and isinstance(reply, Done) else reply

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
        if body.get("view"):
            return Shown(view)
        try:
            await self._client.call("views.open", trigger_id=body["trigger_id"], view=view)
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
        try:
            request = await self._door.look(about.request_id)
        except UnknownId:
            return Shown(noted(posting(words.UNCHANGED)))
        given = _read(request, about.verb, view["state"]["values"])
        if isinstance(given, Faults):
            return Wrong(given.errors)
        typed = about.verb in (Verb.EDIT, Verb.ANSWER)
        try:
            await self._door.decide(
                await self._who(body),
                about.request_id,
                about.verb,
                payload=given.value if typed else None,
                comment=None if typed else str(given.value),
                seen_hash=about.content_hash,
                once=body["trigger_id"],
            )
        except Repeated:
            return _repeated(body)
        except Conflict:
            return await self._too_late(request.id, _address(body))
        except InvalidDecision as error:
            return _wrong(request, about.verb, error)
        except HandrailError as error:
            return Shown(noted(await self._why(request.id, error, _address(body))))
        return Done()

    async def _too_late(self, request_id: str, address: str) -> Reply:
        """Show what a request has become meanwhile: its later revision, or how it ended."""
        logger.info("%s came too late for request %s", address, request_id)
        latest = await self._door.latest(request_id)
        link = self._door.link(latest.id)
        if latest.id != request_id and not latest.ended:
            return Shown(replaced(latest, link=link))
        return Shown(decided(latest, link=link))

    # -- words --------------------------------------------------------------------------------------------------------

    async def said(self, body: dict[str, Any]) -> Reply:
        """Somebody wrote in a thread beneath a request: a comment."""
        event = body["event"]
        user, thread = event.get("user"), event.get("thread_ts")
        if event.get("subtype") not in SPOKEN or event.get("bot_id") or not (user and thread):
            return Done()
        place = Place(event["channel"], thread)
        text = event.get("text")
        if not isinstance(text, str) or not text.strip():
            return Done()
        if (sent := await self._beneath(place, event.get("parent_user_id"))) is None:
            return Done()
        address = await self._addresses.acting(_team_of_speaker(body), str(user))
        said = await as_read(text, self._addresses.called)
        try:
            await self._door.comment(address, sent.request_id, said, place=str(place), once=body["event_id"])
        except Repeated:
            logger.info("event %s was received before", str(body["event_id"])[:40])
        except StoreError:
            raise  # it isn't acknowledged, and Slack tells it again
        except HandrailError as error:
            await self._whisper(place, str(user), await self._why(sent.request_id, error, address))
        return Done()

    async def _beneath(self, place: Place, author: object) -> Sent | None:
        """Return what was sent to a place; Slack is asked about a message of ours that isn't known yet."""
        sent = await self._door.sent_at(str(place))
        if sent is not None or author != await self._addresses.bot():
            return sent
        if (about := await self._history.first(place)) is None:
            return None
        await self._keep(place, about)
        return await self._door.sent_at(str(place))

    async def _whisper(self, place: Place, user: str, told: Posting) -> None:
        """Say something in a thread to one person; a word that can't be said is none that is tried again."""
        where = {"channel": place.room, "thread_ts": place.ts}
        try:
            await self._client.call(
                "chat.postEphemeral", user=user, text=told.text, blocks=told.blocks or None, **where
            )
        except ChannelError as error:
            logger.warning("a word in Slack for %s could not be said: %s", user, error)

    async def listed(self, body: dict[str, Any]) -> Reply:
        """`/handrail`: what waits for whoever asks."""
        team, user = str(body["team_id"]), str(body["user_id"])
        try:
            work = await self._door.work(await self._addresses.acting(team, user), MOST_COUNTED)
        except NotAllowed:
            return Whisper(stranger(address_of(team, user)))
        except ChannelError:
            return Whisper(posting(words.TRY_AGAIN))
        waiting = [Waiting(request, self._door.link(request.id)) for request in work[:MOST]]
        return Whisper(listing(waiting, total=len(work), inbox=self._door.link("")))

    # -- who ----------------------------------------------------------------------------------------------------------

    async def _who(self, body: dict[str, Any]) -> str:
        return await self._addresses.acting(*_team_and_user(body))

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


def _team_and_user(body: dict[str, Any]) -> tuple[str, str]:
    user = body["user"]
    return str(user.get("team_id") or (body.get("team") or {}).get("id") or ""), str(user["id"])


def _team_of_speaker(body: dict[str, Any]) -> str:
    """Return the workspace of who wrote; Slack may name their organisation, which for our own is this workspace."""
    event, here = body["event"], body.get("authorizations") or []
    team = str(event.get("user_team") or event.get("team") or body["team_id"])
    organisations = [body.get("enterprise_id"), *(each.get("enterprise_id") for each in here)]
    return str(body["team_id"]) if team in organisations else team


def _address(body: dict[str, Any]) -> str:
    return address_of(*_team_and_user(body))


def _stored() -> Shown:
    return Shown(told_later(words.DONE_TITLE, words.DONE))


def _place(body: dict[str, Any]) -> Place | None:
    container = body.get("container") or {}
    room, ts = container.get("channel_id"), container.get("message_ts")
    return Place(room, ts) if room and ts and not container.get("is_ephemeral") else None


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

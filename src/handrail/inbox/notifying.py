"""Who is told what by their wishes, through which channels and when: pure functions of wishes, a request and a moment.

Beside the channels that a request names itself, each person gets one message for each channel that they wish the news
by. It waits for their digest or the end of their quiet hours, unless that is too late for the request:

* a request with a priority above 0 waits for nothing;
* one with a deadline waits as long as a quarter of the time that is left now is left then; else not even for a digest
  it can't wait for, and in the end it is told at once, quiet hours or not;
* reminders and escalations wait for quiet hours, never for a digest.

What a request names itself goes where it says; to a person (`slack:@alice`) it keeps their quiet hours by this rule.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from handrail.inbox import quiet
from handrail.inbox.channel import Delivery
from handrail.inbox.ports import InboxTransaction, Message
from handrail.inbox.wishes import News, Wishes
from handrail.requests.identifier import new_id
from handrail.requests.request import HumanRequest

PERSON = "@"
"""what stands before the name of a person as whom a message is for"""
KEPT = "kept"
"""as which news a message is stored that only keeps true what was told by somebody's wishes"""
DIGEST: Final = "digest"
QUIET: Final = "quiet"
ASKING = frozenset({"opened", "escalated", "reassigned"})
"""occasions on which a request comes before people who may not have it yet"""
SAYING = frozenset({"reminded", "commented"})
"""occasions on which something is said to those who have it"""
CHANGING = frozenset({"claimed", "released", "decided", "changed", "escalated", "reassigned", "ended"})
"""occasions after which what was told isn't how things stand any more"""


@dataclass(frozen=True, slots=True)
class Due:
    """When a message is to be delivered, and for what it waits until then."""

    at: datetime
    waits: Literal["digest", "quiet"] | None = None


def due(wishes: Wishes, news: News, request: HumanRequest, now: datetime) -> Due:
    """Return when news is told to somebody: see the rule above."""
    if wishes.gathers(news):
        at = quiet.end_of_quiet(wishes, quiet.next_digest(wishes, now))
        if may_wait(request, now, at):
            return Due(at, DIGEST)
    at = end_of_quiet(wishes, request, now)
    return Due(at, QUIET if at > now else None)


def end_of_quiet(wishes: Wishes, request: HumanRequest, now: datetime) -> datetime:
    """Return when somebody may be called for a request: now, or when their quiet hours end."""
    at = quiet.end_of_quiet(wishes, now)
    return at if may_wait(request, now, at) else now


def may_wait(request: HumanRequest, now: datetime, until: datetime) -> bool:
    """Whether news of a request may wait until a moment."""
    if request.draft.priority > 0:
        return False
    if request.ended or request.deadline is None:
        return True
    return request.deadline - until >= (request.deadline - now) / 4


# -- who --------------------------------------------------------------------------------------------------------------


def concerned(
    request: HumanRequest, occasion: str, by: str | None, told: Collection[str]
) -> tuple[str, ...] | None:
    """Return whom an occasion concerns, by name; None for everybody who wishes to hear what asks everybody.

    Not who did it themselves, and not who has decided. `told` are those who were told of the request by their wishes.
    """
    done = {by, *(decision.actor for decision in request.decisions)}
    if occasion == "ended":
        return _left(request, done, told)
    if occasion not in ASKING | SAYING:
        return ()
    if request.asked is None:
        return None
    return tuple(name for name in request.asked if name not in done)


def _left(request: HumanRequest, done: Collection[str | None], told: Collection[str]) -> tuple[str, ...]:
    """Return who hears that a request has ended: those asked who didn't decide it, and who has started it."""
    if request.superseded_by:  # its next revision is asked
        return ()
    asked = told if request.asked is None else request.asked
    if request.draft.pool is not None and request.worker is None:
        asked = ()  # it waited in line, and came before nobody
    people = dict.fromkeys([*asked, *([request.initiator] if request.initiator else [])])
    return tuple(name for name in people if name not in done and name != request.ended_by)


def may_hear(request: HumanRequest, name: str, by: str | None) -> bool:
    """Whether somebody hears of a request that asks everybody: who may decide it, hasn't yet, and didn't do it."""
    audience = request.audience
    if name in audience.excluded or (audience.not_initiator and name == request.initiator):
        return False
    return name != by and all(decision.actor != name for decision in request.decisions)


# -- what, and through which channels ---------------------------------------------------------------------------------


def kind(request: HumanRequest, occasion: str, wishes: Wishes) -> News | None:
    """Return as which news an occasion is told to somebody."""
    match occasion:
        case "reminded":
            return News.REMINDED
        case "commented":
            return News.COMMENTED
        case "ended":
            return News.ENDED
        case "escalated" if wishes.through(News.REMINDED):
            return News.REMINDED
        case _ if occasion in ASKING:
            return News.ASKED if request.asked is not None else News.OPEN
    return None


def reaches(request: HumanRequest, channel: str, name: str) -> bool:
    """Whether the request itself tells a person through a channel: by their name there, or as one of all asked."""
    channels = request.draft.channels
    asked = request.asked is not None and name in request.asked
    return f"{channel}:{PERSON}{name}" in channels or (channel in channels and asked)


def notices(
    request: HumanRequest,
    occasion: str,
    wishes: Mapping[str, Wishes],
    told: Collection[Message],
    now: datetime,
) -> Iterator[Message]:
    """Yield the messages for people who are concerned; `told` are those that wishes have stored for the request before.

    Nobody is told the same twice by the same channel. Of a message that its recipient is about to get anyway, a
    reminder is none.
    """
    have = {(message.channel, message.to) for message in told if message.news != KEPT}
    begun = {(message.channel, message.to) for message in told if message.attempts}
    coming = {
        (message.channel, message.to) for message in told if _is_coming(message) and message.waits != DIGEST
    }
    for name, wished in wishes.items():
        if (news := kind(request, occasion, wished)) is None:
            continue
        to, when = PERSON + name, due(wished, news, request, now)
        for channel in wished.through(news):
            if news is not News.ENDED and reaches(request, channel, name):
                continue
            if occasion == "reassigned" and (channel, to) in have:
                continue
            if news is News.REMINDED and (channel, to) in coming - begun:
                continue
            message_id = new_id("msg", now)
            yield Message(
                message_id, request.id, channel, occasion, when.at, to=to, news=str(news), waits=when.waits
            )


def _is_coming(message: Message) -> bool:
    """Whether a message will put the request before its recipient, and nobody has begun to deliver it."""
    is_untried = message.state == "pending" and message.attempts == 0
    return is_untried and message.occasion in ASKING and message.news != KEPT


def overtaken(new: Collection[Message], told: Collection[Message]) -> Iterator[Message]:
    """Yield what waits for a digest and needn't any more: a reminder brings the request before its recipient now."""
    now = {(message.channel, message.to) for message in new if message.news == News.REMINDED}
    for message in told:
        if _is_coming(message) and message.waits == DIGEST and (message.channel, message.to) in now:
            yield replace(message, state="sent", waits=None)


def kept(
    request: HumanRequest,
    occasion: str,
    new: Collection[Message],
    told: Collection[Message],
    now: datetime,
) -> Iterator[Message]:
    """Yield the messages that keep true what was told by wishes."""
    if occasion not in CHANGING:
        return
    anew = {(message.channel, message.to) for message in new if occasion in ASKING}
    for channel, to in sorted(
        {(each.channel, each.to) for each in told if each.attempts or each.state != "pending"}
    ):
        if (channel, to) not in anew:
            yield Message(new_id("msg", now), request.id, channel, occasion, now, to=to, news=KEPT)


def notify(
    tx: InboxTransaction,
    request: HumanRequest,
    occasion: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
    by: str | None = None,
) -> None:
    """Store what people are told by their wishes. It costs one look where nobody has any."""
    if not tx.has_wishes():
        return
    told = tx.told_by_wishes(request.id) if occasion != "opened" else []
    names = {message.to.removeprefix(PERSON): None for message in told}
    whom = concerned(request, occasion, by, tuple(names))
    wishes = tx.wishes(whom) if whom is None or whom else {}
    if whom is None:
        wishes = {name: wished for name, wished in wishes.items() if may_hear(request, name, by)}
    new = list(notices(request, occasion, wishes, told, now))
    for message in overtaken(new, told):
        tx.update_message(message)
    for message in [*kept(request, occasion, new, told, now), *new]:
        tx.add_message(replace(message, detail=detail))
        tx.signal("message", message.channel)


# -- when it is delivered ---------------------------------------------------------------------------------------------


def is_news(delivery: Delivery) -> bool:
    """Whether what was stored by somebody's wishes is still news for them."""
    message, request = delivery.message, delivery.request
    if message.news in (None, KEPT, News.ENDED):
        return True
    name = message.to.removeprefix(PERSON)
    if request.ended or any(decision.actor == name for decision in request.decisions):
        return False
    return request.asked is None or name in request.asked


def held(delivery: Delivery, wishes: Mapping[str, Wishes], now: datetime, *, silent: bool) -> datetime | None:
    """Return until when a message must wait that is due while its recipient isn't to be called; None if it needn't.

    Quiet hours may have begun while it was tried in vain, or while nobody was there to deliver it. What only changes
    something that is there calls nobody, where the channel is `silent` about that.
    """
    message = delivery.message
    wished = wishes.get(message.to.removeprefix(PERSON)) if message.to.startswith(PERSON) else None
    if wished is None or (silent and changes_only(delivery)):
        return None
    until = end_of_quiet(wished, delivery.request, now)
    return until if until > now else None


def changes_only(delivery: Delivery) -> bool:
    """Whether a message only changes what its recipient has."""
    message = delivery.message
    if message.place is not None or message.news == KEPT:
        return True
    if message.news == News.ENDED or message.occasion in SAYING:
        return False
    return message.occasion not in ASKING or any(sent.to == message.to for sent in delivery.sent)


def parts(delivery: Delivery) -> list[Message]:
    """Return what a message that wishes have stored comes to, for a channel that follows.

    Who doesn't have the request on this channel gets that instead of a reminder, and before a comment.
    """
    message = delivery.message
    mine = [sent for sent in delivery.sent if sent.to == message.to]
    if message.occasion == "ended" and message.news != KEPT:
        return [message]
    if message.occasion in SAYING and not mine:
        if delivery.request.ended or "." in message.id:
            return []
        first = replace(message, occasion="opened")
        return [first] if message.occasion == "reminded" else [first, message]
    if message.occasion in SAYING or (message.occasion in ASKING and not mine and message.news != KEPT):
        return [message]
    return [replace(message, place=sent.place) for sent in mine]


def says_enough(delivery: Delivery, *, follows: bool, silent: bool) -> bool:
    """Whether a message by wishes needs no delivery: it isn't news any more, or the channel says it anyway.

    A channel that isn't silent says of what it has sent how it ended.
    """
    message = delivery.message
    if not is_news(delivery):
        return True
    if message.news == KEPT:
        return not follows
    if message.news != News.ENDED:
        return False
    name = message.to.removeprefix(PERSON)
    if follows:
        return not silent and any(sent.to == message.to for sent in delivery.sent)
    return reaches(delivery.request, message.channel, name)

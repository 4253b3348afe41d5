"""Deciding with a one-time link: bound to a person and a request, looked at as often as one likes, used once.

The decision and the use of the link are one transaction. A link is weaker than a login: where the policy demands a
session it shows nothing and says to sign in. What was cut can't be approved with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from handrail.inbox import moves
from handrail.inbox.ports import InboxTransaction
from handrail.people import link, rights
from handrail.people.facts import Kind, Link, Person
from handrail.people.ports import PeopleTransaction
from handrail.people.rights import Caller, Right
from handrail.requests.decision import SYSTEM, Actor, Strength, Verb
from handrail.requests.errors import Conflict, NotAllowed
from handrail.requests.lifecycle import Decided, refusal
from handrail.requests.request import HumanRequest
from handrail.requests.routing import check_may_act, check_not_claimed
from handrail.web.face import Face

CHANNEL = "link"
VERBS = (Verb.APPROVE, Verb.REQUEST_CHANGES, Verb.REJECT)
"""what can be decided with a link; what needs more than a word needs the page of the request"""


class Transaction(InboxTransaction, PeopleTransaction, Protocol):
    """What is read and written."""

    def members(self, group: str) -> Any: ...
    def set_members(self, group: str, people: Any) -> None: ...
    def append_event(self, *args: Any, **kwargs: Any) -> None: ...
    def groups_of(self, person: str) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """A link that can be used: whose it is and what it is about."""

    person: Person
    request: HumanRequest


@dataclass(frozen=True, slots=True)
class Used:
    """A link that was used before."""

    link: Link


@dataclass(frozen=True, slots=True)
class TooLate:
    """A link to a request that has ended meanwhile, or is another one's now."""

    request: HumanRequest
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class TooWeak:
    """A link to a request that takes decisions only of who has signed in."""

    request_id: str


Seen = Looked | Used | TooLate | TooWeak


def look(tx: Transaction, *, key: bytes, token: str, now: datetime) -> Seen:
    """Look at a link; changes nothing.

    Raises `NotAllowed` for one that doesn't work, and where its person may not decide with it; the rule says why.
    """
    found, person = _found(tx, key, token, now)
    if found.used_at is not None:
        return Used(found)
    request = moves.find(tx, found.request_id or "")
    actor = _actor(person)
    try:
        check_may_act(request, actor, tx.members)
    except NotAllowed as error:
        if error.rule == "strength":
            return TooWeak(request.id)
        raise
    if request.ended:
        return TooLate(request, refusal(request, Decided))
    check_not_claimed(request, actor)
    return Looked(person, request)


def act(
    tx: Transaction, *, key: bytes, token: str, now: datetime, verb: Verb, comment: str | None, seen_hash: str
) -> Seen:
    """Decide with a link, and use it up; nothing else can be done with it afterwards.

    Returns what it was about if that is done, else why not. Raises what `look` and a decision raise.
    """
    found, person = _found(tx, key, token, now)
    if found.used_at is not None:
        return Used(found)
    decided = moves.decide(
        tx,
        request_id=found.request_id or "",
        verb=verb,
        actor=_actor(person),
        now=now,
        comment=comment,
        seen_hash=seen_hash,
    )
    if isinstance(decided, Conflict):
        return TooLate(moves.find(tx, found.request_id or ""), decided)
    link.use(tx, key=key, token=token, now=now, used_for=str(verb))
    return Looked(person, decided)


def _found(tx: Transaction, key: bytes, token: str, now: datetime) -> tuple[Link, Person]:
    found, person = link.look(tx, key=key, token=token, now=now)
    if found.kind is not Kind.DECIDE:
        raise NotAllowed("this link is for something else: open it as it was sent", rule="link")
    rights.check(Caller(person, _actor(person)), Right.DECIDE)
    return found, person


def _actor(person: Person) -> Actor:
    return Actor(person.name, Strength.LINK, CHANNEL)


async def looked_at(face: Face, token: str) -> Seen:
    """Look at a link: see `look`."""
    return await face.store.read(look, key=face.people.secret.key("link"), token=token, now=face.clock.now())


async def decided(face: Face, token: str, verb: Verb, comment: str | None, seen_hash: str) -> Seen:
    """Decide with a link: see `act`."""
    key = face.people.secret.key("link")
    while True:
        try:
            return await face.store.do(
                act,
                key=key,
                token=token,
                now=face.clock.now(),
                verb=verb,
                comment=comment,
                seen_hash=seen_hash,
            )
        except moves.LostRace:
            continue


async def link_for(face: Face, request: HumanRequest, person: str, *, lasts: float | None = None) -> str:
    """Make a link by which somebody can decide a request once, and return its URL.

    `lasts` is in seconds, a week by default. Send it to nobody else. Raises `UnknownId` for a stranger, `Conflict`
    and `InvalidInput` for somebody who gets no links.
    """
    token = await face.people.make_link(Kind.DECIDE, person, actor=SYSTEM, request_id=request.id, lasts=lasts)
    return face.link(f"/decide/{token}")

"""One-time links: to log in, or to decide one request. Looking at one changes nothing, using it works once.

A link is `<nonce>.<signature>`. Of the nonce only the hash is stored; the signature covers what is stored with it, by
a key that lies outside the database: neither who reads the database nor who writes there can make a link.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from handrail.people import person as people
from handrail.people.entry import enter
from handrail.people.facts import Kind, Link, Person
from handrail.people.ports import PeopleTransaction
from handrail.people.proof import digest
from handrail.requests.content import SEPARATOR
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, InvalidInput, NotAllowed
from handrail.requests.identifier import utc_text
from handrail.requests.policy import seconds

LOGIN_LIFE = 900.0
"""seconds that a link to log in works"""
DECIDE_LIFE = 7 * 86400.0
"""seconds that a link to decide works"""
REMEMBERED = timedelta(days=30)
"""how long after its end a link can still say what it was used for"""
LONGEST_USE = 200


def new_nonce() -> str:
    """Return what makes a link one that nobody can guess."""
    return secrets.token_urlsafe(24)


def nonce_for(key: bytes, what: str) -> str:
    """Return what makes a link one that nobody can guess, the same each time it is made for the same thing."""
    return base64.urlsafe_b64encode(hmac.digest(key, what.encode(), hashlib.sha256)[:24]).decode()


def _signature(key: bytes, link: Link) -> str:
    covered = (link.id, link.kind, link.person, link.request_id or "", link.expires_at.isoformat())
    mac = hmac.digest(key, SEPARATOR.join(covered).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:24]).decode()


def make(
    tx: PeopleTransaction,
    *,
    key: bytes,
    kind: Kind | str,
    person: str,
    now: datetime,
    nonce: str,
    actor: Actor,
    request_id: str | None = None,
    lasts: float | None = None,
) -> str:
    """Make a link for somebody and return what stands in its URL; `nonce` comes from `new_nonce`.

    `lasts` is in seconds. Raises `UnknownId`, `InvalidInput`, or `Conflict` if the person is switched off.
    """
    kind, owner = Kind(kind), people.find(tx, who=person)
    if not owner.active:
        raise Conflict(f"{owner.name!r} is switched off: switch them on before making a link", about="state")
    if owner.service:
        raise InvalidInput(f"{owner.name!r} is a service account: links are for people, make a key for it")
    if (kind is Kind.DECIDE) != (request_id is not None):
        raise InvalidInput("a link to decide is about a request, and one to log in is not")
    life = seconds(lasts, "lasts") if lasts else (LOGIN_LIFE if kind is Kind.LOGIN else DECIDE_LIFE)
    link = Link(digest(nonce), kind, owner.name, request_id, now, now + timedelta(seconds=life))
    tx.delete_links(now - REMEMBERED)
    tx.insert_link(link)
    enter(tx, "link_made", _told(link), now=now, actor=actor.name)
    return f"{nonce}.{_signature(key, link)}"


def made(
    tx: PeopleTransaction,
    *,
    key: bytes,
    kind: Kind | str,
    person: str,
    now: datetime,
    nonce: str,
    actor: Actor,
    request_id: str | None = None,
) -> str:
    """Return a link as `make` does, the one that was made with this nonce if there is one."""
    if (known := tx.link(digest(nonce))) is not None:
        return f"{nonce}.{_signature(key, known)}"
    return make(
        tx, key=key, kind=kind, person=person, now=now, nonce=nonce, actor=actor, request_id=request_id
    )


def _told(link: Link) -> dict[str, object]:
    return {"person": link.person, "kind": str(link.kind), "request": link.request_id}


def look(tx: PeopleTransaction, *, key: bytes, token: str, now: datetime) -> tuple[Link, Person]:
    """Return a link and whose it is, used or not; only reads.

    Raises `NotAllowed` (rule `link`) for one that nobody made, that has expired, or whose person was switched off.
    """
    nonce, _, signature = token.partition(".")
    link = tx.link(digest(nonce))
    if link is None or not hmac.compare_digest(
        _signature(key, link).encode(), signature.encode("utf-8", "surrogatepass")
    ):
        raise NotAllowed("this link doesn't work: ask for a new one", rule="link")
    owner = tx.person(link.person)
    if owner is None or not owner.active:
        raise NotAllowed("this link belongs to somebody who is switched off", rule="link")
    if link.used_at is None and link.expires_at <= now:
        raise NotAllowed(
            f"this link expired on {utc_text(link.expires_at)}: ask for a new one, or log in", rule="link"
        )
    return link, owner


def use(
    tx: PeopleTransaction, *, key: bytes, token: str, now: datetime, used_for: str
) -> tuple[Link, Person]:
    """Use a link up, for what `used_for` says in a word or two; raises as `look` does.

    Raises `Conflict` for a used one, saying when and for what.
    """
    link, owner = look(tx, key=key, token=token, now=now)
    if link.used_at is not None:
        raise Conflict(
            f"this link was used on {utc_text(link.used_at)} ({link.used_for}): it works once, ask for a new one",
            winner=link.person,
        )
    tx.use_link(link.id, now, used_for[:LONGEST_USE])
    enter(tx, "link_used", {**_told(link), "for": used_for[:LONGEST_USE]}, now=now, actor=owner.name)
    return link, owner

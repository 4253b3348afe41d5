"""Sessions: who has logged in, found by a secret of which only the hash is stored.

One ends `IDLE` after it was last seen and `LONGEST` after it began, whichever comes first.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from handrail.people.facts import Person, Session
from handrail.people.ports import PeopleTransaction
from handrail.people.proof import digest

IDLE = 12 * 3600.0
"""seconds without being seen until a session ends"""
LONGEST = 7 * 86400.0
"""seconds that a session lasts at most"""
TOUCH = 60.0
"""seconds in which seeing a session again isn't written down"""
LONGEST_AGENT = 300
"""characters"""


def _expiry(created_at: datetime, seen_at: datetime) -> datetime:
    return min(seen_at + timedelta(seconds=IDLE), created_at + timedelta(seconds=LONGEST))


def begin(
    tx: PeopleTransaction, *, person: str, secret: str, now: datetime, agent: str | None = None
) -> Session:
    """Begin a session; `secret` comes from `new_secret` and goes into the cookie."""
    tx.delete_expired_sessions(now)
    told = agent[:LONGEST_AGENT] if agent else None
    begun = Session(digest(secret), person, now, now, _expiry(now, now), told)
    tx.insert_session(begun)
    return begun


def find(tx: PeopleTransaction, *, secret: str, now: datetime) -> tuple[Session, Person] | None:
    """Return a session and whose it is; None if it has ended or the person was switched off. Only reads."""
    session = tx.session(digest(secret))
    if session is None or session.expires_at <= now:
        return None
    person = tx.person(session.person)
    return (session, person) if person is not None and person.active else None


def is_stale(session: Session, now: datetime) -> bool:
    """Whether it is time to write down that a session was seen."""
    return now - session.seen_at >= timedelta(seconds=TOUCH)


def touch(tx: PeopleTransaction, *, id: str, now: datetime) -> None:
    """Write down that a session was seen, which makes it last longer; a session that has ended stays so."""
    session = tx.session(id)
    if session is not None and session.expires_at > now and is_stale(session, now):
        tx.update_session(replace(session, seen_at=now, expires_at=_expiry(session.created_at, now)))


def end(tx: PeopleTransaction, *, id: str) -> None:
    """End a session; one that has ended already stays so."""
    tx.delete_session(id)


def end_all(tx: PeopleTransaction, *, person: str, keep: str | None = None) -> None:
    """End every session of a person but `keep` (its id)."""
    tx.delete_sessions(person, keep)


def listed(tx: PeopleTransaction, *, person: str, now: datetime) -> list[Session]:
    """Return the sessions of a person that haven't ended, the last seen one first."""
    return [session for session in tx.sessions(person) if session.expires_at > now]

"""Logging in: an attempt is counted before its password is looked at, and taken back if that was right.

So however many try at once, no more than the free ones get an answer. Who doesn't exist is refused as slowly and with
the same words as who has another password.
"""

from dataclasses import dataclass
from datetime import datetime

from handrail.people import link, session, throttle
from handrail.people.entry import enter
from handrail.people.facts import Attempt, Kind, Person, Session
from handrail.people.naming import folded
from handrail.people.ports import PeopleTransaction
from handrail.people.proof import digest
from handrail.requests.decision import SYSTEM
from handrail.requests.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session has begun; `secret` goes into the cookie, and nowhere else."""

    secret: str
    session: Session
    person: Person


@dataclass(frozen=True, slots=True)
class Refused:
    """No. `wait` is over 0 if nothing was tried: seconds until it is worth trying again."""

    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whose password is to be looked at; nobody, if the name leads to no one who has one."""

    name: str | None
    password: str | None
    subjects: tuple[str, ...]
    """by what the attempt was counted: the name, then the address"""
    is_logged: bool
    """whether a refusal is worth a line of the log: not each one of a flood"""


def admit(tx: PeopleTransaction, *, who: str, address: str | None, now: datetime) -> Candidate | Refused:
    """Count an attempt of `who` (a name or an email) from an address as failed, unless too many have failed."""
    person = tx.person_called(folded(who))
    counted = [(throttle.subject("name", person.name if person else folded(who)), throttle.FREE_BY_NAME)]
    if address:
        counted.append((throttle.subject("address", address), throttle.FREE_BY_ADDRESS))
    before = [tx.attempt(subject) for subject, _ in counted]
    if waits := max(throttle.wait(attempt, now) for attempt in before):
        return Refused(waits)
    after = [
        throttle.after_failure(attempt, subject, now, free)
        for attempt, (subject, free) in zip(before, counted, strict=True)
    ]
    for attempt in after:
        tx.put_attempt(attempt)
    tx.purge_attempts(now - throttle.FORGOTTEN, throttle.MOST)
    able = person is not None and person.active and not person.service
    return Candidate(
        name=person.name if person else None,
        password=tx.password(person.name) if person is not None and able else None,
        subjects=tuple(subject for subject, _ in counted),
        is_logged=_is_logged(after[-1]),
    )


def _is_logged(attempt: Attempt) -> bool:
    """Whether a failure is one of the first few, or as many as a power of two."""
    count = attempt.failures
    return count <= throttle.FREE_BY_NAME or count & (count - 1) == 0


def refuse(tx: PeopleTransaction, *, candidate: Candidate, address: str | None, now: datetime) -> None:
    """Log a failed attempt: whom it was about only if there is such a person, never what was typed."""
    if candidate.is_logged:
        data = {"person": candidate.name, "address": address}
        enter(tx, "login_refused", data, now=now, actor=candidate.name or SYSTEM.name)


def accept(
    tx: PeopleTransaction, *, candidate: Candidate, rehashed: str | None, now: datetime
) -> Person | None:
    """Take the attempt back and return who it is; None if the person was changed since `admit`."""
    person = tx.person(candidate.name or "")
    if person is None or not person.active or tx.password(person.name) != candidate.password:
        return None
    name, *others = candidate.subjects
    tx.delete_attempt(name)
    for subject in others:
        if (attempt := tx.attempt(subject)) is not None:
            if (before := throttle.taken_back(attempt)) is None:
                tx.delete_attempt(subject)
            else:
                tx.put_attempt(before)
    if rehashed is not None:
        tx.set_password(person.name, rehashed, person.changed_at)
    return person


def log_in(
    tx: PeopleTransaction,
    *,
    candidate: Candidate,
    rehashed: str | None,
    address: str | None,
    secret: str,
    agent: str | None,
    now: datetime,
    instead: str | None = None,
) -> LoggedIn | Refused:
    """Begin the session of somebody whose password was right; `rehashed` is its hash with today's parameters.

    `instead` is the secret of a session that ends.
    """
    person = accept(tx, candidate=candidate, rehashed=rehashed, now=now)
    return _begin(tx, person, "password", address, secret, agent, now, instead) if person else Refused()


def by_link(
    tx: PeopleTransaction,
    *,
    key: bytes,
    token: str,
    address: str | None,
    secret: str,
    agent: str | None,
    now: datetime,
    instead: str | None = None,
) -> LoggedIn:
    """Use up a link to log in, and begin the session; raises as `link.use` does."""
    found, _ = link.look(tx, key=key, token=token, now=now)
    if found.kind is not Kind.LOGIN:
        raise NotAllowed("this link is for deciding a request, not to log in", rule="link")
    _, person = link.use(tx, key=key, token=token, now=now, used_for="logged in")
    return _begin(tx, person, "link", address, secret, agent, now, instead)


def _begin(
    tx: PeopleTransaction,
    person: Person,
    means: str,
    address: str | None,
    secret: str,
    agent: str | None,
    now: datetime,
    instead: str | None = None,
) -> LoggedIn:
    if instead is not None:
        session.end(tx, id=digest(instead))
    begun = session.begin(tx, person=person.name, secret=secret, now=now, agent=agent)
    data = {"person": person.name, "by": means, "address": address}
    enter(tx, "logged_in", data, now=now, actor=person.name)
    return LoggedIn(secret, begun, person)

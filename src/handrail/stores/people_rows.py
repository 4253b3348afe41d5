"""People, sessions, keys, links, attempts, groups and guidelines as rows of SQLite."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from handrail.inbox.ports import Deciding
from handrail.people.facts import Attempt, Guideline, Identity, Key, Kind, Link, Person, Role, Scope, Session
from handrail.people.identity import EMAIL
from handrail.people.naming import folded
from handrail.people.rights import TABLE, Right
from handrail.requests.moments import to_moment, to_moment_or_none, to_number, to_number_or_none
from handrail.stores.statements import statements

SQL = statements("people")
DECIDE, _ = TABLE[Right.DECIDE]


class PeopleRows:
    """The port of people, on SQLite."""

    connection: sqlite3.Connection

    def person(self, name: str) -> Person | None:
        row = self.connection.execute(SQL["person"], {"name": name}).fetchone()
        return _person(row) if row else None

    def person_called(self, folded: str) -> Person | None:
        row = self.connection.execute(SQL["person_called"], {"folded": folded}).fetchone()
        return _person(row) if row else None

    def people(self) -> list[Person]:
        return [_person(row) for row in self.connection.execute(SQL["people"])]

    def deciders(self, names: Collection[str]) -> dict[str, Deciding] | None:
        if self.connection.execute(SQL["anybody"]).fetchone() is None:
            return None
        known = {
            name: (role, active)
            for name, role, active in self.connection.execute(SQL["deciders"], (json.dumps(list(names)),))
        }
        return {name: _deciding(*known.get(name, (None, True))) for name in names}

    def name_of(self, email: str) -> str | None:
        if (known := self.identity(EMAIL, folded(email))) is not None:
            return known.person
        found = self.person_called(folded(email))
        return found.name if found is not None else None

    def insert_person(self, person: Person, folded: str, password: str | None) -> None:
        self.connection.execute(
            SQL["insert_person"],
            (
                person.name,
                folded,
                person.display,
                person.email,
                person.role.value,
                password,
                person.service,
                person.active,
                to_number(person.created_at),
                to_number(person.changed_at),
            ),
        )

    def update_person(self, person: Person) -> None:
        changed_at = to_number(person.changed_at)
        row = (person.display, person.email, person.role.value, person.active, changed_at, person.name)
        self.connection.execute(SQL["update_person"], row)

    def active_admins(self) -> int:
        count: int = self.connection.execute(SQL["active_admins"]).fetchone()[0]
        return count

    def password(self, name: str) -> str | None:
        row = self.connection.execute(SQL["password"], {"name": name}).fetchone()
        return row[0] if row else None

    def set_password(self, name: str, password: str, at: datetime) -> None:
        values = {"name": name, "password": password, "at": to_number(at)}
        self.connection.execute(SQL["set_password"], values)

    def insert_session(self, session: Session) -> None:
        moments = map(to_number, (session.created_at, session.seen_at, session.expires_at))
        self.connection.execute(SQL["insert_session"], (session.id, session.person, *moments, session.agent))

    def session(self, session_id: str) -> Session | None:
        row = self.connection.execute(SQL["session"], {"hash": session_id}).fetchone()
        return _session(row) if row else None

    def sessions(self, person: str) -> list[Session]:
        return [_session(row) for row in self.connection.execute(SQL["sessions"], {"person": person})]

    def update_session(self, session: Session) -> None:
        seen_at, expires_at = to_number(session.seen_at), to_number(session.expires_at)
        values = {"hash": session.id, "seen_at": seen_at, "expires_at": expires_at}
        self.connection.execute(SQL["update_session"], values)

    def delete_session(self, session_id: str) -> None:
        self.connection.execute(SQL["delete_session"], {"hash": session_id})

    def delete_sessions(self, person: str, keep: str | None) -> None:
        self.connection.execute(SQL["delete_sessions"], {"person": person, "keep": keep})

    def delete_expired_sessions(self, now: datetime) -> None:
        self.connection.execute(SQL["delete_expired_sessions"], {"now": to_number(now)})

    def insert_key(self, key: Key, hashed: str) -> None:
        ends = map(to_number_or_none, (key.expires_at, key.used_at, key.revoked_at))
        made = (to_number(key.created_at), key.created_by)
        scopes = json.dumps(key.scopes)
        row = (key.id, hashed, key.label, key.person, scopes, *made, *ends)
        self.connection.execute(SQL["insert_key"], row)

    def key(self, key_id: str) -> tuple[Key, str] | None:
        row = self.connection.execute(SQL["key"], {"id": key_id}).fetchone()
        return (_key(row[:-1]), row[-1]) if row else None

    def keys(self, person: str | None) -> list[Key]:
        if person is None:
            return [_key(row) for row in self.connection.execute(SQL["keys"])]
        return [_key(row) for row in self.connection.execute(SQL["keys_of"], {"person": person})]

    def update_key(self, key: Key) -> None:
        used_at, revoked_at = to_number_or_none(key.used_at), to_number_or_none(key.revoked_at)
        values = {"id": key.id, "used_at": used_at, "revoked_at": revoked_at}
        self.connection.execute(SQL["update_key"], values)

    def insert_link(self, link: Link) -> None:
        moments = (to_number(link.created_at), to_number(link.expires_at), to_number_or_none(link.used_at))
        row = (link.id, link.kind.value, link.person, link.request_id, *moments, link.used_for)
        self.connection.execute(SQL["insert_link"], row)

    def link(self, link_id: str) -> Link | None:
        row = self.connection.execute(SQL["link"], {"hash": link_id}).fetchone()
        return _link(row) if row else None

    def use_link(self, link_id: str, at: datetime, used_for: str) -> bool:
        values = {"hash": link_id, "at": to_number(at), "used_for": used_for}
        return self.connection.execute(SQL["use_link"], values).rowcount == 1

    def delete_links(self, before: datetime) -> None:
        self.connection.execute(SQL["delete_links"], {"before": to_number(before)})

    def delete_unused_links(self, person: str, kind: Kind | None) -> None:
        self.connection.execute(SQL["delete_unused_links"], {"person": person, "kind": kind})

    def attempt(self, subject: str) -> Attempt | None:
        row = self.connection.execute(SQL["attempt"], {"subject": subject}).fetchone()
        return Attempt(row[0], row[1], to_moment(row[2]), to_moment(row[3])) if row else None

    def put_attempt(self, attempt: Attempt) -> None:
        values = {
            "subject": attempt.subject,
            "failures": attempt.failures,
            "last_at": to_number(attempt.last_at),
            "blocked_until": to_number(attempt.blocked_until),
        }
        self.connection.execute(SQL["put_attempt"], values)

    def delete_attempt(self, subject: str) -> None:
        self.connection.execute(SQL["delete_attempt"], {"subject": subject})

    def purge_attempts(self, before: datetime, most: int) -> None:
        self.connection.execute(SQL["old_attempts"], {"before": to_number(before)})
        (count,) = self.connection.execute(SQL["count_attempts"]).fetchone()
        if count > most:
            self.connection.execute(SQL["oldest_attempts"], {"count": count - most})

    def groups(self) -> dict[str, tuple[str, ...]]:
        rows = self.connection.execute(SQL["groups"])
        return {
            name: tuple(person for _, person in members) for name, members in groupby(rows, itemgetter(0))
        }

    def insert_identity(self, identity: Identity) -> None:
        at = to_number(identity.at)
        row = (identity.channel, identity.address, identity.person, at, identity.added_by)
        self.connection.execute(SQL["insert_identity"], row)

    def identity(self, channel: str, address: str) -> Identity | None:
        row = self.connection.execute(SQL["identity"], {"channel": channel, "address": address}).fetchone()
        return _identity(row) if row else None

    def identities(self, person: str | None) -> list[Identity]:
        return [_identity(row) for row in self.connection.execute(SQL["identities"], {"person": person})]

    def delete_identity(self, channel: str, address: str) -> None:
        self.connection.execute(SQL["delete_identity"], {"channel": channel, "address": address})

    def groups_of(self, person: str) -> tuple[str, ...]:
        rows = self.connection.execute(SQL["groups_of"], {"person": person})
        return tuple(group for (group,) in rows)

    def insert_guideline(self, guideline: Guideline) -> None:
        made = (to_number(guideline.created_at), guideline.created_by)
        row = (guideline.flow, guideline.version, guideline.text, *made)
        self.connection.execute(SQL["insert_guideline"], row)

    def guideline(self, flow: str) -> Guideline | None:
        row = self.connection.execute(SQL["guideline"], {"flow": flow}).fetchone()
        return _guideline(row) if row else None

    def guideline_text(self, flow: str) -> str | None:
        row = self.connection.execute(SQL["guideline_text"], {"flow": flow}).fetchone()
        return row[0] or None if row else None

    def guidelines(self, flow: str | None) -> list[Guideline]:
        if flow is None:
            return [_guideline(row) for row in self.connection.execute(SQL["guidelines"])]
        rows = self.connection.execute(SQL["guideline_history"], {"flow": flow})
        return [_guideline(row) for row in rows]


def _deciding(role: str | None, active: bool) -> Deciding:
    if role is None:
        return "unknown"
    if not active:
        return "off"
    return "able" if role in DECIDE else "viewer"


def _person(row: tuple[Any, ...]) -> Person:
    name, display, role, created_at, changed_at, email, service, active, has_password = row
    moments = to_moment(created_at), to_moment(changed_at)
    return Person(name, display, Role(role), *moments, email, bool(service), bool(active), bool(has_password))


def _session(row: tuple[Any, ...]) -> Session:
    session_id, person, created_at, seen_at, expires_at, agent = row
    return Session(
        session_id, person, to_moment(created_at), to_moment(seen_at), to_moment(expires_at), agent
    )


def _key(row: tuple[Any, ...]) -> Key:
    key_id, label, person, scopes, created_at, created_by, *ends = row
    expires_at, used_at, revoked_at = map(to_moment_or_none, ends)
    kept = tuple(Scope(scope) for scope in json.loads(scopes))
    return Key(
        key_id, label, person, kept, to_moment(created_at), created_by, expires_at, used_at, revoked_at
    )


def _link(row: tuple[Any, ...]) -> Link:
    link_id, kind, person, request_id, created_at, expires_at, used_at, used_for = row
    moments = to_moment(created_at), to_moment(expires_at), to_moment_or_none(used_at)
    return Link(link_id, Kind(kind), person, request_id, *moments, used_for)


def _guideline(row: tuple[Any, ...]) -> Guideline:
    flow, version, text, created_at, created_by = row
    return Guideline(flow, version, text, to_moment(created_at), created_by)


def _identity(row: tuple[Any, ...]) -> Identity:
    channel, address, person, at, added_by = row
    return Identity(channel, address, person, to_moment(at), added_by)

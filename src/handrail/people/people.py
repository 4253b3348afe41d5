"""Who may: the door for all that a face asks about people. To the units it adds time, threads and secrets."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from handrail.people import (
    groups,
    guideline,
    identity,
    key,
    link,
    login,
    notifications,
    password,
    person,
    session,
)
from handrail.people.facts import Guideline, Identity, Key, Kind, Link, Person, Role, Scope, Session
from handrail.people.login import Candidate, LoggedIn, Refused
from handrail.people.notifications import Notifications
from handrail.people.ports import Clock, Store
from handrail.people.proof import new_secret
from handrail.people.rights import Caller
from handrail.people.secret import Secret
from handrail.requests.decision import Actor, Strength

HASHED_AT_ONCE = 2
"""passwords; each takes 64 MiB for a moment"""


class People:
    """People, sessions, keys, links, groups and guidelines of a store.

    Methods raise `UnknownId`, `InvalidInput`, `Conflict` or `NotAllowed` as the units of the same name say.
    """

    def __init__(self, store: Store, clock: Clock, secret: Secret) -> None:
        self.secret = secret
        self._store = store
        self._clock = clock
        self._hashing = asyncio.Semaphore(HASHED_AT_ONCE)

    # -- people -------------------------------------------------------------------------------------------------------

    async def everybody(self) -> list[Person]:
        """Return everybody, by name."""
        return await self._store.read(person.everybody)

    async def is_empty(self) -> bool:
        """Whether nobody was ever added."""
        return not await self.everybody()

    async def find(self, who: str) -> Person:
        """Return who has a name or an email, whatever its case."""
        return await self._store.read(person.find, who=who)

    async def add(
        self,
        name: str,
        *,
        actor: Actor,
        role: Role | str = Role.REVIEWER,
        display: str | None = None,
        email: str | None = None,
        service: bool = False,
        password: str | None = None,
    ) -> Person:
        """Add somebody; without a password they log in by link."""
        hashed = await self._hashed(name, password) if password is not None else None
        return await self._store.do(
            person.add,
            name=name,
            actor=actor,
            now=self._clock.now(),
            role=role,
            display=display,
            email=email,
            service=service,
            password=hashed,
        )

    async def change(
        self,
        name: str,
        *,
        actor: Actor,
        role: Role | str | None = None,
        display: str | None = None,
        email: str | None = None,
        active: bool | None = None,
        password: str | None = None,
        keep: Session | None = None,
    ) -> Person:
        """Change what is given; an empty email takes it away. With a password, sessions end, but `keep`."""
        hashed = await self._hashed(name, password) if password is not None else None
        return await self._store.do(
            person.change,
            name=name,
            actor=actor,
            now=self._clock.now(),
            role=role,
            display=display,
            email=email,
            active=active,
            password=hashed,
            keep=keep.id if keep else None,
        )

    async def set_password(
        self, name: str, password: str, *, actor: Actor, keep: Session | None = None
    ) -> Person:
        """Give somebody a password; their sessions end, but `keep`."""
        hashed = await self._hashed(name, password)
        return await self._store.do(
            person.set_password,
            name=name,
            password=hashed,
            actor=actor,
            now=self._clock.now(),
            keep=keep.id if keep else None,
        )

    async def change_password(
        self,
        name: str,
        old: str,
        new: str,
        *,
        actor: Actor,
        address: str | None = None,
        keep: Session | None = None,
    ) -> Person | Refused:
        """Give somebody who knows the old password a new one; tries are counted as those of a login are."""
        password.check(new, name=name)
        candidate = await self._admitted(name, old, address)
        if isinstance(candidate, Refused):
            return candidate
        now = self._clock.now()
        if await self._store.do(login.accept, candidate=candidate, rehashed=None, now=now) is None:
            return Refused()
        return await self.set_password(name, new, actor=actor, keep=keep)

    # -- logging in ---------------------------------------------------------------------------------------------------

    async def log_in(
        self,
        who: str,
        password: str,
        *,
        address: str | None,
        agent: str | None = None,
        instead: str | None = None,
    ) -> LoggedIn | Refused:
        """Begin a session for who knows the password of `who`, a name or an email.

        `instead` is the secret of a session that ends then: the one that the browser has had.
        """
        candidate = await self._admitted(who, password, address)
        if isinstance(candidate, Refused):
            return candidate
        return await self._store.do(
            login.log_in,
            candidate=candidate,
            rehashed=await self._rehashed(candidate, password),
            address=address,
            secret=new_secret(),
            agent=agent,
            instead=instead,
            now=self._clock.now(),
        )

    async def log_in_by_link(
        self, token: str, *, address: str | None = None, agent: str | None = None, instead: str | None = None
    ) -> LoggedIn:
        """Use up a link to log in, and begin the session; `instead` as of `log_in`."""
        return await self._store.do(
            login.by_link,
            key=self.secret.key("link"),
            token=token,
            address=address,
            secret=new_secret(),
            agent=agent,
            instead=instead,
            now=self._clock.now(),
        )

    async def session(self, secret: str) -> Caller | None:
        """Return who has a session by its secret; None if it has ended."""
        now = self._clock.now()
        if (found := await self._store.read(session.find, secret=secret, now=now)) is None:
            return None
        begun, who = found
        if session.is_stale(begun, now):
            await self._store.do(session.touch, id=begun.id, now=now)
        return Caller(who, Actor(who.name, Strength.SESSION, "web"), session=begun)

    async def sessions(self, who: str) -> list[Session]:
        """Return the sessions of a person, the last seen one first."""
        return await self._store.read(session.listed, person=who, now=self._clock.now())

    async def log_out(self, begun: Session) -> None:
        """End a session."""
        await self._store.do(session.end, id=begun.id)

    async def _admitted(self, who: str, password: str, address: str | None) -> Candidate | Refused:
        """Count the attempt, and look whether the password is right."""
        now = self._clock.now()
        candidate = await self._store.do(login.admit, who=who, address=address, now=now)
        if isinstance(candidate, Refused):
            return candidate
        if await self._verified(candidate.password, password):
            return candidate
        await self._store.do(login.refuse, candidate=candidate, address=address, now=self._clock.now())
        return Refused()

    async def _verified(self, stored: str | None, given: str) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(password.verify, stored, given)

    async def _hashed(self, name: str, given: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(password.hashed, given, name=name)

    async def _rehashed(self, candidate: Candidate, given: str) -> str | None:
        """Return a hash with today's parameters, if the stored one has others."""
        if candidate.password is None or not password.is_outdated(candidate.password):
            return None
        async with self._hashing:
            return await asyncio.to_thread(password.hashed_again, given)

    # -- keys and links -----------------------------------------------------------------------------------------------

    async def key(self, text: str) -> Caller | None:
        """Return whose key this is; None if it is wrong or has ended."""
        now = self._clock.now()
        if (found := await self._store.read(key.find, text=text, now=now)) is None:
            return None
        made, who = found
        if key.is_stale(made, now):
            await self._store.do(key.touch, id=made.id, now=now)
        return Caller(who, Actor(who.name, Strength.CHANNEL, "api"), made.scopes)

    async def keys(self, who: str | None = None) -> list[Key]:
        """Return the keys of a person, or all, the newest first."""
        return await self._store.read(key.listed, person=who)

    async def make_key(
        self,
        who: str,
        label: str,
        scopes: Iterable[Scope | str],
        *,
        actor: Actor,
        expires_in: float | None = None,
    ) -> tuple[Key, str]:
        """Make a key; returns it and its text, which is shown once. `expires_in` is in seconds."""
        secret = new_secret()
        made = await self._store.do(
            key.make,
            person=who,
            label=label,
            scopes=tuple(scopes),
            actor=actor,
            now=self._clock.now(),
            secret=secret,
            expires_in=expires_in,
        )
        return made, key.written(made, secret)

    async def revoke_key(self, key_id: str, *, actor: Actor) -> Key:
        """End a key."""
        return await self._store.do(key.revoke, id=key_id, actor=actor, now=self._clock.now())

    async def make_link(
        self,
        kind: Kind | str,
        who: str,
        *,
        actor: Actor,
        request_id: str | None = None,
        lasts: float | None = None,
    ) -> str:
        """Make a one-time link and return what stands in its URL; `lasts` is in seconds."""
        return await self._store.do(
            link.make,
            key=self.secret.key("link"),
            kind=kind,
            person=who,
            now=self._clock.now(),
            nonce=link.new_nonce(),
            actor=actor,
            request_id=request_id,
            lasts=lasts,
        )

    async def look_at_link(self, token: str) -> tuple[Link, Person]:
        """Return a link and whose it is, used or not."""
        now = self._clock.now()
        return await self._store.read(link.look, key=self.secret.key("link"), token=token, now=now)

    async def use_link(self, token: str, *, used_for: str) -> tuple[Link, Person]:
        """Use a link up."""
        now = self._clock.now()
        return await self._store.do(
            link.use, key=self.secret.key("link"), token=token, now=now, used_for=used_for
        )

    # -- channels -----------------------------------------------------------------------------------------------------

    async def identities(self, who: str | None = None) -> list[Identity]:
        """Return the addresses of a person on channels, or all."""
        return await self._store.read(identity.listed, person=who)

    async def add_identity(self, who: str, channel: str, address: str, *, actor: Actor) -> Identity:
        """Say that an address on a channel belongs to somebody."""
        now = self._clock.now()
        return await self._store.do(
            identity.add, name=who, channel=channel, address=address, actor=actor, now=now
        )

    async def remove_identity(
        self, channel: str, address: str, *, actor: Actor, who: str | None = None
    ) -> Identity:
        """Take an address on a channel away from whose it is, or from `who` only."""
        now = self._clock.now()
        return await self._store.do(
            identity.remove, channel=channel, address=address, actor=actor, now=now, name=who
        )

    async def notifications(self, who: str | None) -> Notifications:
        """Return what somebody wishes to hear; for None what all do who have no wishes of their own."""
        return await self._store.read(notifications.shown, name=who)

    async def set_notifications(
        self,
        who: str | None,
        given: Mapping[str, Any],
        *,
        actor: Actor,
        channels: Collection[str] | None = None,
    ) -> Notifications:
        """Set what somebody wishes to hear, or for None what all do who have no wishes of their own.

        `channels` are those that they may choose from, any for None.
        """
        now = self._clock.now()
        return await self._store.do(
            notifications.put, name=who, given=given, channels=channels, actor=actor, now=now
        )

    async def default_notifications(self, who: str, *, actor: Actor) -> Notifications:
        """Let somebody hear what all do who have no wishes of their own."""
        return await self._store.do(notifications.follow, name=who, actor=actor, now=self._clock.now())

    # -- groups and guidelines ----------------------------------------------------------------------------------------

    async def groups(self) -> dict[str, tuple[str, ...]]:
        """Return every group with its members, both by name."""
        return await self._store.read(groups.groups)

    async def groups_of(self, who: str) -> tuple[str, ...]:
        """Return the groups that somebody belongs to."""
        return await self._store.read(groups.groups_of, person=who)

    async def set_group(self, name: str, people: Iterable[str], *, actor: Actor) -> tuple[str, ...]:
        """Make `people` the whole group; nobody removes it."""
        now, members = self._clock.now(), tuple(people)
        return await self._store.do(groups.set_group, name=name, people=members, actor=actor, now=now)

    async def guideline(self, flow: str) -> Guideline | None:
        """Return the guideline of a flow."""
        return await self._store.read(guideline.current, flow=flow)

    async def guidelines(self) -> list[Guideline]:
        """Return the guidelines of all flows, by flow."""
        return await self._store.read(guideline.all_current)

    async def guideline_history(self, flow: str) -> list[Guideline]:
        """Return all versions, the newest first."""
        return await self._store.read(guideline.history, flow=flow)

    async def set_guideline(self, flow: str, text: str, *, actor: Actor) -> Guideline:
        """Make `text` the guideline of a flow from now on; an empty one takes it away."""
        now = self._clock.now()
        return await self._store.do(guideline.set_text, flow=flow, text=text, actor=actor, now=now)

"""A store with people, a clock to turn, and short ways to log in and to read the log."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher

from handrail.people import password as passwords
from handrail.people.facts import Person
from handrail.people.login import LoggedIn
from handrail.people.people import People
from handrail.requests.decision import Actor
from tests.support.requests_desk import Desk, desk

KEEPER = Actor("keeper")
PASSWORD = "correct horse battery staple"
HERE = "192.0.2.1"


@dataclass
class PeopleDesk:
    """One open store, as a test of people uses it."""

    desk: Desk
    people: People

    def turn(self, seconds: float) -> None:
        self.desk.clock.turn(seconds)

    async def add(self, name: str, password: str | None = None, **options: Any) -> Person:
        return await self.people.add(name, actor=KEEPER, password=password, **options)

    async def log_in(self, who: str, password: str = PASSWORD, address: str | None = HERE) -> Any:
        return await self.people.log_in(who, password, address=address)

    async def session_of(self, who: str) -> LoggedIn:
        found = await self.log_in(who)
        assert isinstance(found, LoggedIn), found
        return found

    async def do(self, unit: Any, **arguments: Any) -> Any:
        return await self.desk.app.store.do(unit, now=self.desk.clock.now(), **arguments)

    async def log(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return kind, actor and data of each line, in order."""
        entries = await self.desk.app.store.read(lambda tx: tx.log(0, 10_000))
        assert not any(entry.request_id for entry in entries), "only moves of a request name it"
        return [(entry.kind, entry.actor, json.loads(entry.data)) for entry in entries]

    async def kinds(self) -> list[str]:
        return [kind for kind, _, _ in await self.log()]


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[PasswordHasher]:
    """Hash as always, with parameters that take a hundredth of the time."""
    hasher = PasswordHasher(time_cost=1, memory_cost=512)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    passwords._nobodys.cache_clear()
    yield hasher
    passwords._nobodys.cache_clear()


@asynccontextmanager
async def people_desk() -> AsyncIterator[PeopleDesk]:
    """Open a store without anybody; its log is checked in the end."""
    async with desk() as opened:
        yield PeopleDesk(opened, opened.app.people)

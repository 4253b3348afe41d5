"""Logging in: passwords, sessions that end, and what becomes of guessing."""

import asyncio
import sys

import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from handrail.people import password, session, throttle
from handrail.people.login import LoggedIn, Refused
from handrail.requests.decision import Strength
from handrail.requests.errors import InvalidInput
from tests.support.people_desk import HERE, KEEPER, PASSWORD, people_desk

WRONG = "wrong horse battery staple"

pytestmark = pytest.mark.usefixtures("quick_passwords")


# -- passwords -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("short", "at least 12"),
        ("é" * 513, "at most 1024 bytes"),
        ("Alice in Wonderland", "can't be the name"),
        ("aaaaaaaaaaaaaaaa", "again and again"),
    ],
)
def test_a_poor_password_is_refused_with_what_to_do(given: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        password.hashed(given, name="alice in wonderland")


def test_a_password_fits_its_own_hash_only_however_it_is_composed() -> None:
    stored = password.hashed("Grüße an den Hafen", name="alice")
    assert stored.startswith("$argon2id$")
    assert password.verify(stored, "Gru\u0308ße an den Hafen")
    assert not password.verify(stored, "Grüße an den hafen")
    assert not password.verify(None, "Grüße an den Hafen")
    assert not password.verify("not a hash", "Grüße an den Hafen")
    assert not password.verify(stored, "x" * 5000)
    assert not password.verify(stored, "\ud800" * 20)


async def test_a_hash_of_weaker_parameters_is_made_anew_at_the_next_login() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        weak = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
        store, now = opened.desk.app.store, opened.desk.clock.now()
        await store.do(lambda tx: tx.set_password("alice", weak, now))
        assert not isinstance(await opened.log_in("alice", WRONG), LoggedIn)
        assert await store.read(lambda tx: tx.password("alice")) == weak
        await opened.session_of("alice")
        renewed = await store.read(lambda tx: tx.password("alice"))
        assert not password.is_outdated(renewed)
        await opened.session_of("alice")
        assert await store.read(lambda tx: tx.password("alice")) == renewed


def test_without_argon2_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # of the quick ones
    password._hasher.cache_clear()
    monkeypatch.setitem(sys.modules, "argon2", None)
    with pytest.raises(InvalidInput, match=r"pip install 'handrail\[web\]'"):
        password.hashed(PASSWORD, name="alice")


def test_passwords_are_hashed_with_the_defaults_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    stored = password.hashed(PASSWORD, name="alice")
    expected = RFC_9106_LOW_MEMORY
    assert f"m={expected.memory_cost},t={expected.time_cost},p={expected.parallelism}$" in stored


# -- sessions --------------------------------------------------------------------------------------------


async def test_who_knows_the_password_gets_a_session_by_name_or_email() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD, email="alice@example.com")
        for who in ("alice", "ALICE", "Alice@example.com"):
            begun = await opened.session_of(who)
            caller = await opened.people.session(begun.secret)
            assert caller is not None
            assert (caller.name, caller.scopes, caller.session) == ("alice", None, begun.session)
            assert (caller.actor.name, caller.actor.strength) == ("alice", Strength.SESSION)
        assert await opened.people.session("guess") is None
        assert await opened.people.session(begun.session.id) is None, "the hash is no secret"


async def test_a_session_ends_when_it_is_idle_and_at_the_latest_after_a_week() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        idle, used = await opened.session_of("alice"), await opened.session_of("alice")
        opened.turn(session.IDLE - 1)
        assert await opened.people.session(used.secret)
        opened.turn(1)
        assert await opened.people.session(idle.secret) is None
        steps = 0
        while await opened.people.session(used.secret):
            opened.turn(session.IDLE / 2)
            steps += 1
        assert steps == pytest.approx(2 * (session.LONGEST / session.IDLE - 1), abs=1)


async def test_a_session_is_written_down_as_seen_once_a_minute() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        begun = await opened.session_of("alice")
        for seconds, seen in ((session.TOUCH - 1, 0), (1, session.TOUCH), (1, session.TOUCH)):
            opened.turn(seconds)
            assert await opened.people.session(begun.secret)
            (kept,) = await opened.people.sessions("alice")
            assert (kept.seen_at - begun.session.seen_at).total_seconds() == seen


async def test_logging_out_ends_one_session_and_a_new_password_the_others() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        first, second, third = [await opened.session_of("alice") for _ in range(3)]
        await opened.people.log_out(first.session)
        assert await opened.people.session(first.secret) is None
        new = PASSWORD + " two"
        for old in (WRONG, new):
            assert await opened.people.change_password("alice", old, new, actor=KEEPER) == Refused()
        await opened.people.change_password("alice", PASSWORD, new, actor=KEEPER, keep=second.session)
        assert await opened.people.session(second.secret)
        assert await opened.people.session(third.secret) is None
        assert await opened.log_in("alice") == Refused()
        assert isinstance(await opened.log_in("alice", new), LoggedIn)
        await opened.people.set_password("alice", PASSWORD, actor=KEEPER)
        assert await opened.people.sessions("alice") == []


# -- refusals --------------------------------------------------------------------------------------------


async def test_every_refusal_looks_the_same() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        await opened.add("bob")
        await opened.add("robot", service=True)
        await opened.add("carol", PASSWORD)
        await opened.people.change("carol", actor=KEEPER, active=False)
        for who in ("alice", "bob", "robot", "nobody", "", "\ud800", "x" * 100_000):
            assert await opened.log_in(who, WRONG, None) == Refused()
        assert await opened.log_in("carol", PASSWORD, None) == Refused()


async def test_after_five_failures_even_the_right_password_has_to_wait() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD, email="alice@example.com")
        for who in ("alice", "ALICE", "alice@example.com", "alice", "alice"):
            assert await opened.log_in(who, WRONG) == Refused()
        assert await opened.log_in("alice") == Refused(1.0)
        opened.turn(1)
        assert await opened.log_in("alice", WRONG) == Refused()
        assert await opened.log_in("alice@example.com", address="192.0.2.2") == Refused(2.0)
        opened.turn(2)
        await opened.session_of("alice")
        for _ in range(4):
            assert await opened.log_in("alice", WRONG) == Refused(), "success has cleared the name"
        await opened.session_of("alice")


async def test_one_address_cant_try_name_after_name() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        for number in range(throttle.FREE_BY_ADDRESS):
            assert await opened.log_in(f"name {number}", WRONG) == Refused()
        assert await opened.log_in("alice") == Refused(1.0)
        assert isinstance(await opened.log_in("alice", address="192.0.2.2"), LoggedIn)
        assert await opened.log_in("alice") == Refused(1.0), "success clears the name, not the address"


async def test_many_who_log_in_from_one_address_dont_block_it() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        for _ in range(throttle.FREE_BY_ADDRESS + 2):
            await opened.session_of("alice")


async def test_guesses_made_at_once_get_no_more_answers_than_one_after_the_other() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        found = await asyncio.gather(*(opened.log_in("alice", WRONG, None) for _ in range(12)))
        assert [refused.wait for refused in found] == [0.0] * 5 + [1.0] * 7


async def test_of_a_flood_the_log_keeps_a_few_lines_and_no_name_that_was_typed() -> None:
    async with people_desk() as opened:
        await opened.add("alice", PASSWORD)
        await opened.log_in("alice", WRONG)
        for number in range(40):
            opened.turn(1000)
            assert await opened.log_in(f"secret {number}", WRONG) == Refused()
        lines = [line for line in await opened.log() if line[0] == "login_refused"]
        assert lines[0] == ("login_refused", "alice", {"person": "alice", "address": HERE})
        assert lines[1] == ("login_refused", "handrail", {"person": None, "address": HERE})
        assert len(lines) == 5 + 3, "the first five, the 8th, 16th and 32nd"

"""API keys: shown once, found by their secret, narrowed by scopes, ended by time, by hand and with their person."""

import pytest

from handrail.people import key
from handrail.people.facts import Scope
from handrail.requests.decision import Strength
from handrail.requests.errors import InvalidInput, UnknownId
from tests.support.people_desk import KEEPER, people_desk


async def test_a_key_tells_whose_it_is_and_what_it_may() -> None:
    async with people_desk() as opened:
        await opened.add("robot", service=True)
        scopes = ["runs:write", "decide", "decide"]
        made, text = await opened.people.make_key("Robot", " nightly ", scopes, actor=KEEPER)
        assert text.startswith(f"hr_{made.id}_")
        assert (made.label, made.person, made.created_by) == ("nightly", "robot", "keeper")
        caller = await opened.people.key(text)
        assert caller is not None
        assert (caller.name, caller.actor.strength, caller.actor.channel) == (
            "robot",
            Strength.CHANNEL,
            "api",
        )
        assert caller.scopes == made.scopes == (Scope.DECIDE, Scope.RUNS_WRITE)


async def test_a_wrong_key_is_nobodys() -> None:
    async with people_desk() as opened:
        await opened.add("robot", service=True)
        made, text = await opened.people.make_key("robot", "nightly", ["decide"], actor=KEEPER)
        secret = text.removeprefix(f"hr_{made.id}_")
        for wrong in (
            "",
            secret,
            made.id,
            f"hr_{made.id}_",
            f"hr_{made.id}_{secret[:-1]}",
            f"hr__{secret}",
            f"hr_\ud800_{secret}",
            f"xx_{made.id}_{secret}",
            f"hr_{made.id}_{secret}\ud800",
        ):
            assert await opened.people.key(wrong) is None, wrong
        assert await opened.people.key(text)


async def test_a_key_ends_by_its_expiry_and_by_being_revoked() -> None:
    async with people_desk() as opened:
        await opened.add("robot", service=True)
        short, text = await opened.people.make_key("robot", "a", ["decide"], actor=KEEPER, expires_in=60)
        long, other = await opened.people.make_key("robot", "b", ["decide"], actor=KEEPER)
        opened.turn(59)
        assert await opened.people.key(text)
        opened.turn(1)
        assert await opened.people.key(text) is None
        revoked = await opened.people.revoke_key(long.id, actor=KEEPER)
        assert await opened.people.key(other) is None
        opened.turn(1)
        assert await opened.people.revoke_key(long.id, actor=KEEPER) == revoked
        assert (await opened.kinds()).count("key_revoked") == 1
        assert {one.id for one in await opened.people.keys("robot")} == {short.id, long.id}
        assert await opened.people.keys("alice") == []
        with pytest.raises(UnknownId, match="keys list"):
            await opened.people.revoke_key("none", actor=KEEPER)


async def test_the_use_of_a_key_is_written_down_once_a_minute() -> None:
    async with people_desk() as opened:
        await opened.add("robot", service=True)
        _, text = await opened.people.make_key("robot", "a", ["decide"], actor=KEEPER)
        start = opened.desk.clock.now()
        for seconds, used in ((0, 0), (key.TOUCH - 1, 0), (1, key.TOUCH)):
            opened.turn(seconds)
            assert await opened.people.key(text)
            (kept,) = await opened.people.keys()
            assert kept.used_at is not None
            assert (kept.used_at - start).total_seconds() == used


@pytest.mark.parametrize(
    ("label", "scopes", "expires_in"),
    [("", ["decide"], None), ("a", [], None), ("a", ["all"], None), ("a", ["decide"], 0)],
)
async def test_a_key_that_cant_be_meant_is_refused(
    label: str, scopes: list[str], expires_in: float | None
) -> None:
    async with people_desk() as opened:
        await opened.add("robot", service=True)
        with pytest.raises(InvalidInput):
            await opened.people.make_key("robot", label, scopes, actor=KEEPER, expires_in=expires_in)
        with pytest.raises(UnknownId):
            await opened.people.make_key("nobody", "a", ["decide"], actor=KEEPER)
        assert await opened.people.keys() == []

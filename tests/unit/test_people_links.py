"""One-time links: looking changes nothing, using works once, and nobody else can make one."""

import asyncio

import pytest

from handrail.inbox import moves
from handrail.people import link
from handrail.people.login import LoggedIn
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import Conflict, InvalidDecision, InvalidInput, NotAllowed
from tests.support.people_desk import KEEPER, people_desk


async def test_a_login_link_works_once() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        token = await opened.people.make_link("login", "alice", actor=KEEPER)
        for _ in range(2):
            found, person = await opened.people.look_at_link(token)
            assert (found.used_at, person.name) == (None, "alice")
        begun = await opened.people.log_in_by_link(token, agent="a browser")
        assert isinstance(begun, LoggedIn)
        assert begun.session.agent == "a browser"
        assert await opened.people.session(begun.secret)
        opened.turn(60)
        with pytest.raises(Conflict, match="was used on 2026-01-01T12:00:00Z \\(logged in\\)") as refused:
            await opened.people.log_in_by_link(token)
        assert refused.value.winner == "alice"
        assert len(await opened.people.sessions("alice")) == 1
        assert (await opened.people.look_at_link(token))[0].used_for == "logged in"


async def test_of_many_who_use_a_link_at_once_one_gets_in() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        token = await opened.people.make_link("login", "alice", actor=KEEPER)
        tries = (opened.people.log_in_by_link(token) for _ in range(16))
        found = await asyncio.gather(*tries, return_exceptions=True)
        assert [type(one) for one in found].count(LoggedIn) == 1
        assert [type(one) for one in found].count(Conflict) == 15


@pytest.mark.parametrize(("kind", "life"), [("login", link.LOGIN_LIFE), ("decide", link.DECIDE_LIFE)])
async def test_a_link_expires(kind: str, life: float) -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        about = "req_1" if kind == "decide" else None
        token = await opened.people.make_link(kind, "alice", actor=KEEPER, request_id=about)
        opened.turn(life - 1)
        assert (await opened.people.look_at_link(token))[0].request_id == about
        opened.turn(1)
        with pytest.raises(NotAllowed, match="expired on") as refused:
            await opened.people.use_link(token, used_for="approve")
        assert refused.value.rule == "link"


async def test_a_link_that_was_tampered_with_doesnt_work() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.add("bob", role="admin")
        token = await opened.people.make_link("login", "alice", actor=KEEPER)
        nonce, signature = token.split(".")
        for wrong in ("", ".", nonce, f"{nonce}.", f"x.{signature}", f"{nonce}.{signature[:-1]}\ud800"):
            with pytest.raises(NotAllowed, match="doesn't work"):
                await opened.people.look_at_link(wrong)
        store = opened.desk.app.store
        await store.do(lambda tx: tx.connection.execute("UPDATE link SET person = 'bob'") and None)
        with pytest.raises(NotAllowed, match="doesn't work"):
            await opened.people.log_in_by_link(token)


async def test_a_link_is_for_one_thing_and_for_people() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.add("robot", service=True)
        decides = await opened.people.make_link("decide", "alice", actor=KEEPER, request_id="req_1")
        with pytest.raises(NotAllowed, match="not to log in"):
            await opened.people.log_in_by_link(decides)
        assert (await opened.people.look_at_link(decides))[0].used_at is None
        for kind, who, about in (
            ("login", "alice", "req_1"),
            ("decide", "alice", None),
            ("login", "robot", None),
        ):
            with pytest.raises(InvalidInput):
                await opened.people.make_link(kind, who, actor=KEEPER, request_id=about)


async def test_a_link_is_used_up_together_with_its_decision_or_not_at_all() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        request = await opened.desk.open()
        token = await opened.people.make_link("decide", "alice", actor=KEEPER, request_id=request.id)

        def decide(tx, *, verb, now):
            link.use(tx, key=opened.people.secret.key("link"), token=token, now=now, used_for=verb)
            actor = Actor("alice", Strength.LINK, "email")
            return moves.decide(tx, request_id=request.id, verb=verb, actor=actor, now=now)

        with pytest.raises(InvalidDecision):
            await opened.do(decide, verb="edit")
        assert (await opened.people.look_at_link(token))[0].used_at is None
        decided = await opened.do(decide, verb="approve")
        assert decided.decisions[0].strength is Strength.LINK
        assert (await opened.people.look_at_link(token))[0].used_for == "approve"


async def test_links_that_ended_long_ago_are_forgotten() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.people.make_link("login", "alice", actor=KEEPER)
        opened.turn(link.LOGIN_LIFE)
        opened.turn(link.REMEMBERED)
        await opened.people.make_link("login", "alice", actor=KEEPER)
        count = "SELECT count(*) FROM link"
        read = opened.desk.app.store.read
        assert await read(lambda tx: tx.connection.execute(count).fetchone()[0]) == 2
        opened.turn(1)
        await opened.people.make_link("login", "alice", actor=KEEPER)
        assert await read(lambda tx: tx.connection.execute(count).fetchone()[0]) == 2

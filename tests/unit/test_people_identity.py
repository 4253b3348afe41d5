"""Addresses on channels: each belongs to one person, who was added or vouched for; the log says who did it."""

import json

import pytest

from handrail.people.identity import LONGEST
from handrail.requests.errors import Conflict, InvalidInput, NotAllowed, UnknownId
from tests.support.people_desk import KEEPER, PeopleDesk, people_desk


async def add(opened: PeopleDesk, who: str, address: str, channel: str = "slack") -> None:
    await opened.people.add_identity(who, channel, address, actor=KEEPER)


def listed(found: list) -> list[tuple[str, str, str]]:
    return [(each.person, each.channel, each.address) for each in found]


async def owner(opened: PeopleDesk, channel: str, address: str) -> str | None:
    try:
        return await opened.desk.app.door(channel).name(address)
    except NotAllowed:
        return None


async def test_an_address_belongs_to_whom_it_was_given_until_it_is_taken_away() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.add("bob")
        for who, address in (("Alice", " T1:U1 "), ("alice", "T2:U1"), ("bob", "T1:U2")):
            await add(opened, who, address)
        everything = [("alice", "slack", "T1:U1"), ("bob", "slack", "T1:U2"), ("alice", "slack", "T2:U1")]
        assert listed(await opened.people.identities()) == everything
        assert listed(await opened.people.identities("ALICE")) == [everything[0], everything[2]]
        assert await owner(opened, "slack", "T1:U1") == "alice"
        removed = await opened.people.remove_identity("slack", "T1:U1", actor=KEEPER)
        assert (removed.person, removed.added_by) == ("alice", "keeper")
        assert await owner(opened, "slack", "T1:U1") is None
        with pytest.raises(UnknownId):
            await opened.people.remove_identity("slack", "T1:U1", actor=KEEPER)


async def test_an_address_that_was_taken_away_is_not_learnt_again_but_can_be_given() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.people.change("alice", actor=KEEPER, email="alice@example.com")
        door = opened.desk.app.door("slack")
        assert await door.learn("T1:U1", "alice@example.com") == "alice"
        await opened.people.remove_identity("slack", "T1:U1", actor=KEEPER)
        assert await door.learn("T1:U1", "alice@example.com") is None
        assert await owner(opened, "slack", "T1:U1") is None
        assert await opened.people.identities() == []
        await add(opened, "alice", "T1:U1")
        assert await owner(opened, "slack", "T1:U1") == "alice"


async def test_nobody_gets_an_email_that_is_an_address_of_somebody_else() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.add("bob")
        await add(opened, "bob", "shared@example.com", "email")
        with pytest.raises(Conflict, match="'bob' has that email"):
            await opened.people.change("alice", actor=KEEPER, email="shared@example.com")


async def test_an_address_is_given_once_and_to_one_person() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await opened.add("bob")
        for _ in range(2):
            await add(opened, "alice", "U1")
        assert len(await opened.people.identities()) == 1
        with pytest.raises(Conflict, match="'alice' has that address") as refused:
            await add(opened, "bob", "U1")
        assert refused.value.about == "taken"
        await add(opened, "bob", "U1", "other")
        assert await owner(opened, "slack", "U1") == "alice"
        assert await owner(opened, "other", "U1") == "bob"


async def test_the_log_says_who_gave_and_took_an_address() -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        await add(opened, "alice", "U1")
        await add(opened, "alice", "U1")
        await opened.people.remove_identity("slack", "U1", actor=KEEPER)
        entries = [entry for entry in await opened.log() if entry[0].startswith("identity")]
        assert [(kind, actor, data["person"], data["channel"]) for kind, actor, data in entries] == [
            ("identity_added", "keeper", "alice", "slack"),
            ("identity_removed", "keeper", "alice", "slack"),
        ]
        assert "U1" not in json.dumps(entries)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("", "U1"),
        ("slack:x", "U1"),
        ("sl\nack", "U1"),
        ("s" * 51, "U1"),
        ("slack", "  "),
        ("slack", "U\u202e1"),
        ("slack", "U\n1"),
        ("slack", "U" * (LONGEST + 1)),
    ],
)
async def test_what_can_be_no_address_is_refused(channel: str, address: str) -> None:
    async with people_desk() as opened:
        await opened.add("alice")
        with pytest.raises(InvalidInput):
            await add(opened, "alice", address, channel)
        assert await opened.people.identities() == []


async def test_strangers_and_service_accounts_get_none() -> None:
    async with people_desk() as opened:
        await opened.add("robot", service=True)
        with pytest.raises(UnknownId):
            await add(opened, "eve", "U1")
        with pytest.raises(InvalidInput, match="service account"):
            await add(opened, "robot", "U1")
        assert await opened.people.identities() == []


# -- email ------------------------------------------------------------------------------------------------------------


async def test_on_the_channel_email_everybodys_email_is_theirs_and_others_can_be_added() -> None:
    async with people_desk() as opened:
        await opened.add("alice", email="alice@example.com")
        await opened.add("bob", email="bob@example.com")
        assert await owner(opened, "email", "ALICE@example.com") == "alice"
        assert await owner(opened, "slack", "alice@example.com") is None, "only there"
        assert await owner(opened, "email", "alice") is None, "a name is no address"
        with pytest.raises(Conflict):
            await add(opened, "bob", "Alice@Example.com", "email")
        await add(opened, "alice", "A.Liddell@Example.com", "email")
        assert await owner(opened, "email", "a.liddell@example.com") == "alice"
        door = opened.desk.app.door("email")
        assert await door.addresses("alice") == ["a.liddell@example.com", "alice@example.com"]


async def test_an_email_that_was_taken_away_is_nobodys() -> None:
    async with people_desk() as opened:
        await opened.add("alice", email="alice@example.com")
        await opened.people.change("alice", email="", actor=KEEPER)
        assert await owner(opened, "email", "alice@example.com") is None


# -- what a channel vouches for ---------------------------------------------------------------------------------------


async def test_an_address_is_learnt_once_and_stays_when_the_email_changes() -> None:
    async with people_desk() as opened:
        await opened.add("alice", email="alice@example.com")
        door = opened.desk.app.door("slack")
        assert await door.learn("U1", "alice@example.com") == "alice"
        await opened.people.change("alice", email="a@example.com", actor=KEEPER)
        await opened.add("bob", email="alice@example.com")
        assert await door.learn("U1", "alice@example.com") == "alice", "what is known isn't guessed again"
        (entry,) = [entry for entry in await opened.log() if entry[0] == "identity_added"]
        assert entry[1] == "slack"


@pytest.mark.parametrize("change", [{"active": False}, None])
async def test_nothing_is_learnt_of_whom_nobody_knows_or_who_is_switched_off(change: dict | None) -> None:
    async with people_desk() as opened:
        await opened.add("robot", email="robot@example.com", service=True)
        if change is not None:
            await opened.add("alice", email="alice@example.com")
            await opened.people.change("alice", actor=KEEPER, **change)
        door = opened.desk.app.door("slack")
        for email in ("alice@example.com", "robot@example.com", "", "alice"):
            assert await door.learn("U1", email) is None
        assert await opened.people.identities() == []


async def test_what_cant_be_an_address_is_not_learnt() -> None:
    async with people_desk() as opened:
        await opened.add("alice", email="alice@example.com")
        with pytest.raises(InvalidInput):
            await opened.desk.app.door("slack").learn("U\u202e1", "alice@example.com")
        assert await opened.people.identities() == []

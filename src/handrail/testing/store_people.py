"""What a store must keep of people, sessions, keys, links, attempts, groups and guidelines."""

from dataclasses import replace
from datetime import time
from typing import Any

from handrail.inbox.wishes import Digest, News, Quiet, Wishes
from handrail.people.facts import Attempt, Guideline, Identity, Key, Kind, Link, Person, Role, Scope, Session
from handrail.people.naming import folded
from handrail.testing.store_samples import NOW, ODD_TEXT, moment
from handrail.testing.store_units import OpenStore, error_of


def person(name: str, **fields: Any) -> Person:
    """Return a reviewer who was added at `NOW`."""
    given = {"display": name, "role": Role.REVIEWER, "created_at": NOW, "changed_at": NOW, **fields}
    return Person(name, **given)


def session(session_id: str, **fields: Any) -> Session:
    """Return a session of alice that lasts an hour."""
    given = {"person": "alice", "created_at": NOW, "seen_at": NOW, "expires_at": moment(3600), **fields}
    return Session(session_id, **given)


def key(key_id: str, **fields: Any) -> Key:
    """Return a key of alice."""
    given = {"label": "nightly", "person": "alice", "scopes": (Scope.DECIDE,), **fields}
    return Key(key_id, **{"created_at": NOW, "created_by": "alice", **given})


def link(link_id: str, **fields: Any) -> Link:
    """Return a link by which alice logs in within an hour."""
    given = {"kind": Kind.LOGIN, "person": "alice", "request_id": None, **fields}
    return Link(link_id, **{"created_at": NOW, "expires_at": moment(3600), **given})


class PeopleContract:
    """The port of people."""

    async def add(self, store: OpenStore, *people: Person, password: str | None = None) -> None:
        for one in people:
            await store.do(lambda tx, one: tx.insert_person(one, folded(one.name), password), one)

    async def test_people_come_back_as_they_were(self, store: OpenStore) -> None:
        carol = person(
            "carol", display=ODD_TEXT, role=Role.ADMIN, email="carol@example.com", active=False, service=True
        )
        await self.add(store, person("bob"), carol, person("Alice"))
        assert await store.read(lambda tx: tx.people()) == [person("Alice"), person("bob"), carol]
        assert await store.read(lambda tx: tx.person("carol")) == carol
        assert await store.read(lambda tx: tx.person("alice")) is None, "an exact name"
        newer = replace(
            carol, display="C", role=Role.VIEWER, email=None, active=True, changed_at=moment(9.000001)
        )
        await store.do(lambda tx: tx.update_person(newer))
        assert await store.read(lambda tx: tx.people()) == [person("Alice"), person("bob"), newer]

    async def test_names_and_emails_are_taken_once(self, store: OpenStore) -> None:
        await self.add(store, person("Alice", email="alice@example.com"))
        for taken in (person("Alice"), person("alice"), person("bob", email="alice@example.com")):
            assert await error_of(self.add(store, taken)) is not None, taken
        await self.add(store, person("bob"), person("carol"))
        assert len(await store.read(lambda tx: tx.people())) == 3, "many may have no email"

    async def test_people_are_found_by_name_before_email(self, store: OpenStore) -> None:
        bob, carol = person("Bob", email="bob@example.com"), person("Straße")
        await self.add(store, bob, carol)
        for text, who in (("bob", bob), ("bob@example.com", bob), ("strasse", carol), ("Bob", None)):
            assert await store.read(lambda tx, text: tx.person_called(text), text) == who
        mean = person("carol", email="bob")
        await self.add(store, mean)
        assert await store.read(lambda tx: tx.person_called("bob")) == bob

    async def test_only_admins_who_can_log_in_count(self, store: OpenStore) -> None:
        await self.add(store, person("a"), person("b", role=Role.ADMIN, active=False))
        await self.add(store, person("c", role=Role.ADMIN, service=True))
        assert await store.read(lambda tx: tx.active_admins()) == 0
        await self.add(store, person("d", role=Role.ADMIN), person("e", role=Role.ADMIN))
        assert await store.read(lambda tx: tx.active_admins()) == 2

    async def test_who_can_decide_is_known_once_there_is_anybody(self, store: OpenStore) -> None:
        names = ("a", "b", "c", "d", "a'%")
        assert await store.read(lambda tx: tx.deciders(names)) is None
        await self.add(store, person("a"), person("b", role=Role.VIEWER), person("c", active=False))
        found = await store.read(lambda tx: tx.deciders(names))
        assert found == {"a": "able", "b": "viewer", "c": "off", "d": "unknown", "a'%": "unknown"}
        assert await store.read(lambda tx: tx.deciders(())) == {}

    async def test_a_password_is_kept_beside_its_person(self, store: OpenStore) -> None:
        await self.add(store, person("alice"))
        await self.add(store, person("bob"), password="hash of bob")
        assert await store.read(lambda tx: tx.password("alice")) is None
        assert await store.read(lambda tx: tx.password("bob")) == "hash of bob"
        await store.do(lambda tx: tx.set_password("alice", "another", moment(5)))
        assert await store.read(lambda tx: tx.password("alice")) == "another"
        changed = person("alice", has_password=True, changed_at=moment(5))
        assert await store.read(lambda tx: tx.person("alice")) == changed
        assert (await store.read(lambda tx: tx.person("bob"))).has_password

    async def test_sessions_come_back_the_last_seen_first(self, store: OpenStore) -> None:
        old, new = session("1", agent=ODD_TEXT), session("2", seen_at=moment(60))
        other = session("3", person="bob")
        for one in (old, new, other):
            await store.do(lambda tx, one: tx.insert_session(one), one)
        assert await store.read(lambda tx: tx.sessions("alice")) == [new, old]
        assert await store.read(lambda tx: tx.session("3")) == other
        seen = replace(old, seen_at=moment(90), expires_at=moment(7200))
        await store.do(lambda tx: tx.update_session(seen))
        assert await store.read(lambda tx: tx.sessions("alice")) == [seen, new]

    async def test_sessions_end_alone_together_and_by_time(self, store: OpenStore) -> None:
        for number in range(4):
            one = session(str(number), expires_at=moment(number))
            await store.do(lambda tx, one: tx.insert_session(one), one)
        await store.do(lambda tx: tx.insert_session(session("bob", person="bob")))
        await store.do(lambda tx: tx.delete_expired_sessions(moment(1)))
        assert [one.id for one in await store.read(lambda tx: tx.sessions("alice"))] == ["2", "3"]
        await store.do(lambda tx: tx.delete_sessions("alice", "3"))
        assert [one.id for one in await store.read(lambda tx: tx.sessions("alice"))] == ["3"]
        await store.do(lambda tx: tx.delete_sessions("alice", None))
        await store.do(lambda tx: tx.delete_session("none"))
        assert await store.read(lambda tx: tx.sessions("alice")) == []
        await store.do(lambda tx: tx.delete_session("bob"))
        assert await store.read(lambda tx: tx.session("bob")) is None

    async def test_keys_come_back_with_the_hash_of_their_secret(self, store: OpenStore) -> None:
        first = key("1", scopes=tuple(Scope), expires_at=moment(9), label=ODD_TEXT)
        later, other = key("2", created_at=moment(1)), key("3", person="bob", created_at=moment(2))
        for one in (first, later, other):
            await store.do(lambda tx, one: tx.insert_key(one, f"hash of {one.id}"), one)
        assert await store.read(lambda tx: tx.key("1")) == (first, "hash of 1")
        assert await store.read(lambda tx: tx.key("4")) is None
        assert await store.read(lambda tx: tx.keys("alice")) == [later, first]
        assert await store.read(lambda tx: tx.keys(None)) == [other, later, first]
        ended = replace(first, used_at=moment(3), revoked_at=moment(4))
        await store.do(lambda tx: tx.update_key(ended))
        assert await store.read(lambda tx: tx.keys("alice")) == [later, ended]

    async def test_a_link_is_used_once(self, store: OpenStore) -> None:
        made = link("1", kind=Kind.DECIDE, request_id="req_0001")
        await store.do(lambda tx: tx.insert_link(made))
        assert await store.do(lambda tx: tx.use_link("1", moment(1), "approve"))
        assert not await store.do(lambda tx: tx.use_link("1", moment(2), "reject"))
        assert not await store.do(lambda tx: tx.use_link("2", moment(2), "reject")), "an unknown one"
        used = replace(made, used_at=moment(1), used_for="approve")
        assert await store.read(lambda tx: tx.link("1")) == used

    async def test_links_are_deleted_by_time_and_by_person(self, store: OpenStore) -> None:
        made = {
            "old": link("old", expires_at=moment(0)),
            "login": link("login"),
            "decide": link("decide", kind=Kind.DECIDE, request_id="req_0001"),
            "used": link("used"),
            "bob": link("bob", person="bob"),
        }
        for one in made.values():
            await store.do(lambda tx, one: tx.insert_link(one), one)
        await store.do(lambda tx: tx.use_link("used", NOW, "logged in"))
        await store.do(lambda tx: tx.delete_links(moment(1)))
        assert await self._left(store, made) == ["login", "decide", "used", "bob"]
        await store.do(lambda tx: tx.delete_unused_links("alice", Kind.LOGIN))
        assert await self._left(store, made) == ["decide", "used", "bob"]
        await store.do(lambda tx: tx.delete_unused_links("alice", None))
        assert await self._left(store, made) == ["used", "bob"]

    async def _left(self, store: OpenStore, made: dict[str, Link]) -> list[str]:
        return [name for name in made if await store.read(lambda tx, name: tx.link(name), name)]

    async def test_attempts_are_replaced_and_purged(self, store: OpenStore) -> None:
        for number in range(5):
            for failures in (1, 2):
                one = Attempt(f"name:{number}", failures, moment(number), moment(number + failures))
                await store.do(lambda tx, one: tx.put_attempt(one), one)
        assert await store.read(lambda tx: tx.attempt("name:4")) == Attempt("name:4", 2, moment(4), moment(6))
        assert await store.read(lambda tx: tx.attempt("name:9")) is None
        await store.do(lambda tx: tx.purge_attempts(moment(1), 10))
        assert await self._subjects(store) == [1, 2, 3, 4]
        await store.do(lambda tx: tx.purge_attempts(moment(1), 2))
        assert await self._subjects(store) == [3, 4], "the oldest go first"
        await store.do(lambda tx: tx.delete_attempt("name:3"))
        assert await self._subjects(store) == [4]

    async def _subjects(self, store: OpenStore) -> list[int]:
        return [n for n in range(5) if await store.read(lambda tx, n: tx.attempt(f"name:{n}"), n)]

    async def test_an_address_on_a_channel_belongs_to_one_person(self, store: OpenStore) -> None:
        made = [
            Identity("email", "b@example.com", "bob", NOW, "carol"),
            Identity("slack", ODD_TEXT, "bob", moment(5), "carol"),
            Identity("slack", "T1:U1", "alice", moment(0.000001), ODD_TEXT),
        ]
        for one in reversed(made):
            await store.do(lambda tx, one: tx.insert_identity(one), one)
        assert await store.read(lambda tx: tx.identities(None)) == made
        assert await store.read(lambda tx: tx.identities("bob")) == made[:2]
        assert await store.read(lambda tx: tx.identities("dave")) == []
        assert await store.read(lambda tx: tx.identity("slack", "T1:U1")) == made[2]
        for channel, address in (("email", "T1:U1"), ("slack", "t1:u1"), ("slack", "T1:U2")):
            assert await store.read(lambda tx, c, a: tx.identity(c, a), channel, address) is None
        taken = replace(made[2], person="bob")
        assert await error_of(store.do(lambda tx: tx.insert_identity(taken))) is not None
        await store.do(lambda tx: tx.delete_identity("slack", "T1:U1"))
        await store.do(lambda tx: tx.delete_identity("slack", "none"))
        assert await store.read(lambda tx: tx.identities(None)) == made[:2]

    async def test_groups_are_listed_with_their_members(self, store: OpenStore) -> None:
        assert await store.read(lambda tx: tx.groups()) == {}
        await store.do(lambda tx: tx.set_members("legal", ["bob", "alice"]))
        await store.do(lambda tx: tx.set_members("board", ["bob", ODD_TEXT]))
        await store.do(lambda tx: tx.set_members("gone", []))
        expected = {"board": tuple(sorted(["bob", ODD_TEXT])), "legal": ("alice", "bob")}
        found = await store.read(lambda tx: tx.groups())
        assert found == expected
        assert list(found) == list(expected)
        assert await store.read(lambda tx: tx.groups_of("bob")) == ("board", "legal")
        assert await store.read(lambda tx: tx.groups_of("carol")) == ()

    async def test_guidelines_keep_their_versions(self, store: OpenStore) -> None:
        assert await store.read(lambda tx: tx.guideline("a")) is None
        assert await store.read(lambda tx: tx.guideline_text("a")) is None
        made = [
            Guideline("a", 1, ODD_TEXT, NOW, "alice"),
            Guideline("a", 2, "second", moment(1), ODD_TEXT),
            Guideline("b", 1, "other", NOW, "bob"),
            Guideline("c", 1, "", NOW, "bob"),
        ]
        for one in made:
            await store.do(lambda tx, one: tx.insert_guideline(one), one)
        assert await error_of(store.do(lambda tx: tx.insert_guideline(made[0]))) is not None
        assert await store.read(lambda tx: tx.guideline("a")) == made[1]
        assert await store.read(lambda tx: tx.guidelines("a")) == [made[1], made[0]]
        assert await store.read(lambda tx: tx.guidelines(None)) == made[1:]
        assert await store.read(lambda tx: tx.guideline_text("a")) == "second"
        assert await store.read(lambda tx: tx.guideline_text("c")) is None, "one that was taken away"

    async def test_wishes_come_back_as_they_were(self, store: OpenStore) -> None:
        assert not await store.read(lambda tx: tx.has_wishes())
        await self.add(store, person("alice"), person("bob"))
        whole = Wishes(
            {News.ASKED: ("slack", "email"), News.ENDED: ("email",)},
            "Europe/Berlin",
            Quiet(time(22), time(7), ("sunday",)),
            Digest("daily", time(8, 30), True, (News.ENDED,)),
        )
        for who, wishes in (("alice", Wishes()), ("alice", whole), (None, Wishes())):
            await store.do(lambda tx, who, wishes: tx.put_wishes(who, wishes, NOW, "keeper"), who, wishes)
            assert await store.read(lambda tx, who: tx.own_wishes(who), who) == wishes
        assert await store.read(lambda tx: tx.own_wishes("bob")) is None
        await store.do(lambda tx: tx.put_wishes("alice", None, NOW, "alice"))
        assert await store.read(lambda tx: tx.own_wishes("alice")) is None
        assert await store.read(lambda tx: tx.has_wishes()), "what was told by them is kept true"

    async def test_wishes_count_of_who_has_an_account_and_by_default_those_of_all(
        self, store: OpenStore
    ) -> None:
        people = (person("alice"), person("bob"), person("off", active=False), person("robot", service=True))
        await self.add(store, *people, person("carol", role=Role.VIEWER))
        own, default = Wishes({News.OPEN: ("slack",)}), Wishes({News.ASKED: ("email",)})
        names = ("alice", "bob", "carol", "off", "robot", "nobody")

        async def put(who: str | None, wishes: Wishes | None) -> None:
            await store.do(lambda tx: tx.put_wishes(who, wishes, NOW, "keeper"))

        async def counting(names: tuple[str, ...] | None) -> dict[str, Wishes]:
            return dict(await store.read(lambda tx: tx.wishes(names)))

        for who in ("alice", "off", "robot", "carol"):
            await put(who, own)
        mine = {"alice": own, "carol": own}
        assert await counting(names) == mine
        assert await counting(None) == {"alice": own}, "carol decides nothing"
        await put(None, default)
        assert await counting(names) == {**mine, "bob": default}
        assert await counting(None) == {"alice": own}
        await put("alice", default)
        await put("carol", None)
        assert await counting(None) == {}
        await put(None, own)
        assert await counting(None) == {"bob": own}

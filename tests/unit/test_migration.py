"""A database is brought to the newest level in one transaction, or stays as it is."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from handrail.inbox.filing import NEVER
from handrail.requests.errors import StoreCorrupt, StoreTooNew
from handrail.stores.migration import APPLICATION, check, level_of, migrations, upgrade
from handrail.stores.sqlite import SQLiteStore

ONE = (1, "-- first\nCREATE TABLE person (name TEXT NOT NULL);\nINSERT INTO person VALUES ('alice; bob');\n")
TWO = (
    2,
    "ALTER TABLE person\n  ADD COLUMN age INTEGER;\n"
    "CREATE TRIGGER t AFTER INSERT ON person BEGIN\n"
    "  UPDATE person SET age = 1;\n  UPDATE person SET age = age + 1;\nEND;\n",
)
THREE = (3, "UPDATE person SET age = 40 WHERE name LIKE 'alice%'  -- no semicolon at the end")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "handrail.db", isolation_level=None)) as connection:
        yield connection


def dump(connection: sqlite3.Connection) -> list[str]:
    return [*connection.iterdump(), f"level {level_of(connection)}"]


def test_the_shipped_migrations_are_numbered_without_gaps() -> None:
    assert [level for level, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_database_gets_every_migration(connection: sqlite3.Connection) -> None:
    assert upgrade(connection, "handrail.db") == (0, len(migrations()))
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == {
        *("request", "event", "member", "message", "run", "journal", "wakeup", "worker", "watch"),
        *(
            "person",
            "session",
            "api_key",
            "link",
            "attempt",
            "guideline",
            "team",
            "card",
            "card_text",
            "dependency",
            "feedback",
            "aside",
            "callback",
            "once",
            "sent",
            "received",
            "identity",
            "webhook",
            "delivery",
            "inbound",
            "wish",
        ),
    }
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert upgrade(connection, "handrail.db") == (len(migrations()),) * 2


def test_an_older_database_is_upgraded_and_keeps_its_data(connection: sqlite3.Connection) -> None:
    assert upgrade(connection, "x", (ONE,)) == (0, 1)
    connection.execute("INSERT INTO person VALUES ('carol')")
    assert upgrade(connection, "x", (ONE, TWO, THREE)) == (1, 3)
    assert level_of(connection) == 3
    assert connection.execute("SELECT name, age FROM person ORDER BY name").fetchall() == [
        ("alice; bob", 40),
        ("carol", None),
    ]
    connection.execute("INSERT INTO person VALUES ('dave', 7)")
    assert connection.execute("SELECT DISTINCT age FROM person").fetchall() == [(2,)], "the trigger is whole"


def test_the_last_statement_needs_no_semicolon(connection: sqlite3.Connection) -> None:
    upgrade(connection, "x", (ONE, TWO, (3, "UPDATE person SET age = 5")))
    assert connection.execute("SELECT age FROM person").fetchone() == (5,)


@pytest.mark.parametrize(
    "bad",
    [
        "CREATE TABLE other (x);\nCREATE TABLE person (x);\n",
        "UPDATE person SET name = 'bob';\nINSERT INTO person VALUES (NULL);\n",
        "DROP TABLE person;\nno SQL at all;\n",
        "DELETE FROM person;\nno SQL at all",
        "DELETE FROM person;\nCOMMIT;\nROLLBACK;\n",
    ],
    ids=["table", "constraint", "syntax", "syntax at the end", "transaction"],
)
def test_a_failing_migration_leaves_the_database_as_it_was(connection: sqlite3.Connection, bad: str) -> None:
    upgrade(connection, "x", (ONE,))
    before = dump(connection)
    with pytest.raises(sqlite3.Error):
        upgrade(connection, "x", (ONE, TWO, (3, bad)))
    assert not connection.in_transaction
    if "COMMIT" not in bad:  # nothing helps against a script that commits by itself; the level shows it
        assert dump(connection) == before
    assert level_of(connection) < 3


def test_a_failing_first_migration_leaves_an_empty_file(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    with pytest.raises(sqlite3.Error):
        upgrade(connection, "x", (ONE, (2, "no SQL at all;")))
    assert dump(connection) == ["BEGIN TRANSACTION;", "COMMIT;", "level 0"]
    assert connection.execute("PRAGMA application_id").fetchone() == (0,)
    assert upgrade(connection, "x", (ONE, TWO)) == (0, 2)


def test_a_newer_database_is_refused(connection: sqlite3.Connection) -> None:
    upgrade(connection, "x", (ONE, TWO))
    before = dump(connection)
    for refuse in (upgrade, check):
        with pytest.raises(
            StoreTooNew, match=r"x\.db has level 2, this Handrail knows up to 1: upgrade Handrail"
        ):
            refuse(connection, "x.db", (ONE,))
    assert dump(connection) == before


@pytest.mark.parametrize("level", [0, 1, 2])
def test_somebody_elses_database_is_refused(connection: sqlite3.Connection, level: int) -> None:
    connection.execute("CREATE TABLE theirs (x)")
    connection.execute(f"PRAGMA user_version = {level}")
    before = dump(connection)
    for refuse in (upgrade, check):
        with pytest.raises(StoreCorrupt, match=r"x\.db is a SQLite database, but not one of Handrail"):
            refuse(connection, "x.db", (ONE, TWO))
    assert dump(connection) == before


def test_whoever_comes_second_finds_it_done(connection: sqlite3.Connection, tmp_path: Path) -> None:
    upgrade(connection, "x", (ONE,))
    with closing(sqlite3.connect(tmp_path / "handrail.db", isolation_level=None)) as other:
        check(other, "x", (ONE, TWO))
        assert upgrade(connection, "x", (ONE, TWO)) == (1, 2)
        assert upgrade(other, "x", (ONE, TWO)) == (2, 2)


def test_level_two_files_requests_by_the_priority_they_have(connection: sqlite3.Connection) -> None:
    upgrade(connection, "handrail.db", migrations()[:1])
    insert = (
        "INSERT INTO request (id, version, status, thread, draft, state) VALUES (?, 1, 'OPEN', ?, ?, '{}')"
    )
    for request_id, draft in (("a", '{"priority": 7}'), ("b", '{"priority": 0}'), ("c", "{}")):
        connection.execute(insert, (request_id, request_id, draft))
    assert upgrade(connection, "handrail.db", migrations()[:2]) == (1, 2)
    found = connection.execute("SELECT id, priority, key, pool, worker FROM request ORDER BY id").fetchall()
    assert found == [("a", 7, None, None, None), ("b", 0, None, None, None), ("c", 0, None, None, None)]


def test_level_four_files_requests_by_whom_they_ask(connection: sqlite3.Connection) -> None:
    upgrade(connection, "handrail.db", migrations()[:3])
    audience: dict[str, Any] = {"users": [], "groups": []}
    state = {"deadline": "2026-03-01T12:30:15.000007Z", "ended_at": None, "initiator": None, "decisions": []}
    asked = {
        "all": (audience, {}),
        "one": (audience | {"users": ["alice"]}, {"initiator": "bob", "deadline": None}),
        "group": (audience | {"groups": ["legal"]}, {"deadline": "2026-03-01T12:30:15Z"}),
        "two": (audience | {"users": ["alice"], "groups": ["legal"]}, {"decisions": [{"actor": "alice"}]}),
        "over": (audience, {"ended_at": "2026-03-01T12:30:15.5Z"}),
    }
    for name, (who, more) in asked.items():
        connection.execute(
            "INSERT INTO request (id, version, status, thread, flow, draft, state) VALUES (?, 1, ?, ?, ?, ?, ?)",
            (
                name,
                "RESOLVED" if name == "over" else "OPEN",
                name,
                None if name == "all" else "publish",
                json.dumps({"title": f"{name}?" * 100}),
                json.dumps({**state, **more, "audience": who}),
            ),
        )
    assert upgrade(connection, "handrail.db", migrations()[:4]) == (3, 4)
    found = {
        name: (lot and lot.split("\x1f"), moment, title and len(title))
        for name, lot, moment, title in connection.execute("SELECT id, lot, moment, title FROM request")
    }
    at = 1_772_368_215_000_000
    assert found == {
        "all": (["", "*", "~"], at + 7, 200),
        "one": (["publish", "user:alice", "~"], NEVER, 200),
        "group": (["publish", "group:legal", "~"], at, 200),
        "two": (["publish", "#", "~"], at + 7, 200),
        "over": (None, at + 500_000, None),
    }
    aside = connection.execute("SELECT id, lot, moment FROM aside ORDER BY id, lot").fetchall()
    assert [(name, lot.split("\x1f")[1], moment) for name, lot, moment in aside] == [
        ("one", "user:bob", NEVER),
        ("two", "group:legal", at + 7),
        ("two", "user:alice", at + 7),
    ]


async def test_a_store_that_a_newer_handrail_upgrades_beneath_an_open_one_is_left_alone(
    tmp_path: Path,
) -> None:
    store = await SQLiteStore(tmp_path / "handrail.db").open()
    try:
        await store.do(lambda tx: tx.set_members("team", ["alice"]))
        with closing(sqlite3.connect(tmp_path / "handrail.db")) as newer:
            newer.execute(f"PRAGMA user_version = {migrations()[-1][0] + 1}")
        with pytest.raises(StoreTooNew, match="upgraded to level"):
            await store.do(lambda tx: tx.set_members("team", ["bob"]))
        with pytest.raises(StoreTooNew):
            await store.read(lambda tx: tx.members("team"))
    finally:
        await store.close()
    with closing(sqlite3.connect(tmp_path / "handrail.db")) as newer:
        assert newer.execute("SELECT person FROM member").fetchall() == [("alice",)]

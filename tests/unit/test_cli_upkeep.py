"""verify, doctor, db upgrade: what they say of a good store, a bad one, and none."""

import asyncio
import logging
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail import App, FunctionNode, StepFailed
from handrail.cli.execution import LogLevel, tell_on_stderr
from handrail.inbox.clock import sweep
from handrail.requests.decision import Verb
from handrail.requests.policy import escalation, policy
from handrail.requests.request import RequestDraft
from handrail.stores.migration import migrations
from handrail.testing.clock import TurnableClock
from tests.support import command_line_flows
from tests.support.command_line import FLOWS, CommandLine

NEWEST = migrations()[-1][0]


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("command", [("verify",), ("db", "upgrade")])
def test_a_missing_store_is_1_and_named(handrail: CommandLine, command: tuple[str, ...]) -> None:
    ended = handrail(*command, "--json")
    assert (ended.code, ended.data) == (1, [])
    assert str(handrail.database) in ended.err
    assert not handrail.database.exists()


def test_a_whole_store_verifies(handrail: CommandLine) -> None:
    request = handrail.ask()
    handrail.fine("decide", request.id, "approve")
    (found,) = handrail.fine("verify", "--json").data
    assert set(found) == {"ok", "store", "events", "requests", "head", "problems"}
    assert (found["ok"], found["requests"], found["problems"]) == (True, 1, [])
    assert found["events"] == 3
    out = handrail.fine("verify").out
    assert "3 events and 1 requests" in out
    assert found["head"] in out


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE event SET actor = 'mallory' WHERE sequence = 2",
        "DELETE FROM event WHERE sequence = 2",
        "UPDATE event SET data = 'no JSON' WHERE sequence = 2",
        "DELETE FROM request",
        "UPDATE request SET draft = replace(draft, 'first line', 'other line')",
        "UPDATE request SET state = 'no JSON'",
        "UPDATE request SET status = 'OPEN'",
        "UPDATE request SET run_id = 'another'",
        "UPDATE request SET due_at = 1",
        "DELETE FROM event WHERE sequence = (SELECT max(sequence) FROM event)",
    ],
)
def test_what_was_tampered_with_is_found(handrail: CommandLine, tampering: str) -> None:
    request = handrail.ask()
    handrail.fine("decide", request.id, "approve")
    change(handrail.database, tampering)
    ended = handrail("verify", "--json")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert ended.data[0]["problems"]
    ended = handrail("verify")
    assert ended.code == 1
    assert "problem: " in ended.out


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE run SET status = 'PENDING'",
        "DELETE FROM run",
        "DELETE FROM event WHERE sequence = (SELECT max(sequence) FROM event)",
        "DELETE FROM event",
    ],
)
def test_what_was_tampered_with_about_runs_is_found(handrail: CommandLine, tampering: str) -> None:
    handrail.fine("run", f"{FLOWS}:shout", '{"content": "a"}', "--run-id", "r1")
    assert handrail.fine("verify", "--json").data[0]["ok"]
    change(handrail.database, tampering)
    ended = handrail("verify", "--json")
    assert ended.code == 1
    assert "run r1" in " ".join(ended.data[0]["problems"])


def test_an_older_database_is_upgraded(handrail: CommandLine) -> None:
    handrail.database.touch(0o600)
    ended = handrail("doctor", "--json")
    assert ended.code == 1
    assert [check["check"] for check in ended.data if not check["ok"]] == ["level"]
    (found,) = handrail.fine("db", "upgrade", "--json").data
    assert found == {"store": str(handrail.database), "before": 0, "after": NEWEST}
    assert handrail.fine("db", "upgrade").out == f"{handrail.database} has level {NEWEST} already\n"


def test_a_newer_database_is_refused(handrail: CommandLine) -> None:
    handrail.ask()
    change(handrail.database, f"PRAGMA user_version = {NEWEST + 1}")
    for command in (("db", "upgrade"), ("requests",), ("verify",), ("decide", "x", "approve")):
        ended = handrail(*command, "--json")
        assert (ended.code, ended.data) == (1, [])
        assert "upgrade Handrail" in ended.err
    ended = handrail("doctor")
    assert ended.code == 1
    assert "upgrade Handrail" in ended.out


def test_somebody_elses_file_is_refused(handrail: CommandLine) -> None:
    handrail.database.write_text("a letter " * 1000)
    for command in (("requests",), ("verify",), ("start", f"{FLOWS}:app", "tone", '{"topic": "x"}')):
        ended = handrail(*command, "--json")
        assert (ended.code, ended.data) == (1, [])
        assert str(handrail.database) in ended.err
    assert handrail("doctor").code == 1
    assert handrail.database.read_text().startswith("a letter")


def test_doctor_measures_a_healthy_store(handrail: CommandLine) -> None:
    before = {check["check"]: check for check in handrail.fine("doctor", "--json").data}
    assert set(before) >= {"handrail", "python", "sqlite", "extra llm", "store", "fsync"}
    assert "doesn't exist yet" in before["store"]["value"]
    assert not list(handrail.database.parent.iterdir())
    handrail.ask()
    handrail.fine("start", f"{FLOWS}:app", "tone", '{"topic": "x"}')
    after = {check["check"]: check for check in handrail.fine("doctor", "--json").data}
    assert all(set(check) == {"check", "value", "problem", "ok"} for check in after.values())
    assert after["sqlite"]["value"] == sqlite3.sqlite_version
    assert float(after["fsync"]["value"].split()[0]) > 0
    assert after["level"]["value"] == str(NEWEST)
    assert after["journal"]["value"] == "wal"
    assert after["permissions"]["value"] == "0600"
    assert after["workers"]["value"] == "0 alive, 0 dead"
    assert after["runs"]["value"] == "1 PENDING"
    assert after["requests"]["value"] == "1 open, 0 overdue"
    assert str(handrail.database) in handrail.fine("doctor").out


def test_doctor_finds_what_is_wrong(handrail: CommandLine) -> None:
    request = handrail.ask(policy_timeout=0.001)
    while datetime.now(UTC) <= request.deadline:  # type: ignore[operator] - it has one
        pass
    handrail.database.chmod(0o644)
    ended = handrail("doctor", "--json")
    assert ended.code == 1
    assert {check["check"] for check in ended.data if not check["ok"]} == {"permissions", "requests"}
    assert handrail.fine("requests", "--json").data[0]["status"] == "OPEN"


def test_doctor_counts_as_overdue_what_the_inbox_shows_as_late_after_an_escalation_too(
    handrail: CommandLine,
) -> None:
    clock = TurnableClock(datetime.now(UTC) - timedelta(hours=2))
    late = policy(
        audience="alice", timeout=3600, on_timeout="escalate", escalations=[escalation(3600, "bob")]
    )

    async def escalate_then_wait(_: App) -> None:
        async with App(clock=clock).connect() as app:
            await app.inbox.open(
                RequestDraft(
                    kind="approval",
                    title="Late",
                    proposal={"content": "x"},
                    verbs=(Verb.APPROVE,),
                    policy=late,
                )
            )
            clock.turn(timedelta(hours=2))
            await sweep(app.store, clock)

    handrail.inside(escalate_then_wait)
    (check,) = (each for each in handrail.fine("doctor", "--json").data if each["check"] == "requests")
    assert (check["value"], check["problem"]) == ("1 open, 1 overdue", None)


def test_doctor_counts_failed_runs_until_somebody_has_seen_to_them(handrail: CommandLine) -> None:
    command_line_flows.CALLS.append("broken")
    assert handrail("run", f"{FLOWS}:fragile", '{"a": 1}', "--run-id", "r1").code == 1
    ended = handrail("doctor", "--json")
    assert ended.code == 1
    assert [(check["check"], check["problem"]) for check in ended.data if not check["ok"]] == [
        ("runs", "1 failed: `handrail runs --status FAILED`")
    ]
    handrail.fine("cancel", "r1")
    handrail.fine("doctor")


def test_what_failed_in_its_callers_hands_is_the_callers(handrail: CommandLine) -> None:
    async def fail(app: App) -> None:
        async with app:
            with pytest.raises(StepFailed):
                await FunctionNode(lambda x: x["missing"], name="broken").execute({})

    asyncio.run(fail(App()))
    (run,) = handrail.fine("runs", "--status", "FAILED", "--json").data
    handrail.fine("doctor")
    assert "handrail retry" not in handrail.fine("show", run["id"]).out


def test_doctor_counts_what_is_not_in_the_file_yet(handrail: CommandLine) -> None:
    handrail.ask()
    with closing(sqlite3.connect(handrail.database)) as connection:
        connection.execute("CREATE TABLE beside (a)")
        connection.commit()
        log = handrail.database.with_name("handrail.db-wal").stat().st_size
        assert log > 0
        file = handrail.database.stat().st_size
        (size,) = [
            check["value"] for check in handrail.fine("doctor", "--json").data if check["check"] == "size"
        ]
    assert size == f"{file:,} bytes, {log:,} more in -wal"


def test_doctor_looks_at_the_folder(handrail: CommandLine, tmp_path: Path) -> None:
    ended = handrail("doctor", "--store", f"sqlite:///{tmp_path}/missing/handrail.db")
    assert ended.code == 1
    assert "create it" in ended.out
    assert not (tmp_path / "missing").exists()


def test_where_the_store_is(handrail: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("given.db", "environment.db"):
        monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{other}/{name}")
        handrail.ask(title=name)

    def title(*options: str) -> str:
        return str(handrail.fine("requests", "--json", *options).data[0]["title"])

    assert title() == "environment.db"
    assert title("--store", f"sqlite:///{other}/given.db") == "given.db"
    assert title("--store", "sqlite:///other/given.db") == "given.db"
    monkeypatch.setenv("HANDRAIL_STORE", "sqlite:///other/given.db")
    assert title() == "given.db"
    monkeypatch.delenv("HANDRAIL_STORE")
    assert os.path.join(os.getcwd(), "handrail.db") in handrail.fine("requests").out
    ended = handrail("requests", "--store", "mysql://x", "--json")
    assert (ended.code, ended.data) == (4, [])


def test_what_the_library_of_slack_says_of_its_retries_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    tell_on_stderr(LogLevel.INFO)
    retries = logging.getLogger("slack_sdk.web.async_base_client")
    assert not retries.isEnabledFor(logging.INFO)
    assert retries.isEnabledFor(logging.WARNING)

"""The commands about requests: what they print, what they change, and their exit codes."""

import asyncio
import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handrail import App, HumanApprovalNode, MapNode, settings
from handrail.requests.decision import Verb
from handrail.requests.policy import escalation
from handrail.requests.pool import Pool
from tests.support.command_line import CommandLine

KEYS = {
    *(
        "id",
        "status",
        "kind",
        "title",
        "flow",
        "run_id",
        "thread",
        "revision",
        "opened_at",
        "due_at",
        "next_due_at",
    ),
    *(
        "audience",
        "proposal",
        "context",
        "guideline",
        "effect",
        "verbs",
        "response_schema",
        "quorum",
        "on_timeout",
        "decisions",
    ),
    *("outcome", "channels", "priority", "previous", "proposal_schema", "content_hash", "asked", "address"),
    *(
        "initiator",
        "version",
        "claimed_by",
        "worker",
        "in_line",
        "superseded_by",
        "reminded",
        "escalated",
        "ended_at",
        "ended_by",
    ),
}


def test_a_missing_store_is_empty_named_and_not_made(handrail: CommandLine) -> None:
    ended = handrail.fine("requests")
    assert str(handrail.database) in ended.out
    ended = handrail.fine("requests", "--json")
    assert ended.data == []
    assert str(handrail.database) in ended.err
    assert not list(handrail.database.parent.iterdir())


def test_an_empty_list_names_the_absolute_path(handrail: CommandLine) -> None:
    request = handrail.ask()
    ended = handrail.fine("requests", "--status", "EXPIRED", "--store", "sqlite:///handrail.db")
    assert str(handrail.database) in ended.out
    assert request.id not in ended.out


def test_json_keys_are_the_words_of_the_design(handrail: CommandLine) -> None:
    request = handrail.ask(policy_timeout=60, policy_audience=["alice", "group:legal"])
    (found,) = handrail.fine("requests", "--json").data
    assert set(found) == KEYS
    assert (found["id"], found["status"], found["thread"], found["revision"]) == (
        request.id,
        "OPEN",
        request.id,
        1,
    )
    assert found["audience"] == {
        "users": ["alice"],
        "groups": ["legal"],
        "excluded": [],
        "not_initiator": False,
    }
    assert datetime.fromisoformat(found["due_at"]) == request.deadline


def test_statuses_choose(handrail: CommandLine) -> None:
    requests = [handrail.ask() for _ in range(3)]
    handrail.fine("decide", requests[0].id, "approve")
    handrail.fine("claim", requests[1].id, "--as", "bob")

    def listed(*options: str) -> list[int]:
        ids = [request.id for request in requests]
        return [ids.index(found["id"]) for found in handrail.fine("requests", "--json", *options).data]

    assert listed() == [0, 1, 2]
    assert listed("--status", "OPEN") == [2]
    assert listed("--status", "resolved", "--status", "open") == [0, 2]
    assert listed("--status", "OPEN,CLAIMED") == [1, 2]
    assert listed("--status", "pending") == [1, 2]
    assert listed("--limit", "2") == [1, 2]
    ended = handrail("requests", "--status", "DONE", "--json")
    assert (ended.code, ended.data) == (4, [])
    assert "OPEN, CLAIMED, RESOLVED" in ended.err


def test_the_table_has_whole_ids_and_no_colours(handrail: CommandLine) -> None:
    request = handrail.ask(title="Approve \x1b[31mred\u202e " + "long " * 60)
    out = handrail.fine("requests").out
    assert request.id in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert out.count("long") == 60
    assert len(out.splitlines()) == 2


class Terminal(io.StringIO):
    """A terminal to print on."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        (80, ["id", "status", "title", "rev"]),
        (100, ["id", "status", "title", "rev", "due"]),
        (200, ["id", "status", "title", "rev", "flow", "run_id", "due", "asked"]),
    ],
)
def test_on_a_narrow_terminal_the_title_has_the_room(
    handrail: CommandLine, monkeypatch: pytest.MonkeyPatch, columns: int, headings: list[str]
) -> None:
    title = "Approve the letter to all"
    request = handrail.ask(title=title, policy_timeout=1000)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    ended = handrail("requests")
    heading, row = re.sub(r"\x1b\[\d*m", "", terminal.getvalue()).splitlines()
    assert heading.split() == headings
    assert row.split()[0] == request.id
    assert title in row
    left = [name for name in ("run_id", "flow", "asked", "due") if name not in headings]
    assert (f"no room for {', '.join(left)}" in ended.err) == bool(left)


def test_the_questions_about_items_say_which_item(handrail: CommandLine) -> None:
    async def asked(app: App) -> None:
        app.flow("drafts", MapNode(HumanApprovalNode(), over="items"))
        async with app.work():
            run = await app.start("drafts", {"items": [{"number": n} for n in range(3)]})
            while (await app.runs.get(run.id)).status != "WAITING":  # noqa: ASYNC110 - what is waited for is stored
                await asyncio.sleep(0.01)

    asyncio.run(asked(App()))
    out = handrail.fine("requests").out
    assert sorted(re.findall(r"Approval required \[\d\]", out)) == [
        f"Approval required [{item}]" for item in range(3)
    ]


def test_the_first_decision_wins_and_the_second_is_told(handrail: CommandLine) -> None:
    request = handrail.ask()
    ended = handrail.fine("decide", request.id, "approve", "--as", "bob", "--comment", "well done")
    assert ended.out == f"request {request.id} is RESOLVED: approve by bob\n"
    late = handrail("decide", request.id, "reject", "--as", "alice", "--json")
    assert (late.code, late.data) == (3, [])
    assert "bob" in late.err
    (found,) = handrail.fine("show", request.id, "--json").data
    (decision,) = found["decisions"]
    assert (decision["verb"], decision["actor"], decision["comment"]) == ("approve", "bob", "well done")
    assert (decision["strength"], decision["channel"]) == ("asserted", "cli")


def test_by_default_the_user_of_the_machine_decides(handrail: CommandLine) -> None:
    request = handrail.ask()
    (found,) = handrail.fine("decide", request.id, "reject", "--json").data
    assert found["status"] == "RESOLVED"
    assert found["outcome"]["by"] == [settings.os_user()]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("aprove",), "approve, edit, request_changes, reject"),
        (("answer", "--payload", "1"), "approve, edit, request_changes, reject"),
        (("request_changes",), "comment"),
        (("edit",), """--payload '{"content": "the new text"}'"""),
        (("edit", "--payload", "the new text"), """--payload '{"content": "the new text"}'"""),
        (("edit", "--payload", '{"titel": "x"}'), "titel"),
        (("approve", "--payload", "{}"), "payload"),
        (("approve", "--as", "mallory"), "mallory"),
        (("edit", "--payload", '{"content": NaN}'), "payload"),
        (("edit", "--payload", "@missing.json"), "missing.json"),
    ],
)
def test_a_bad_decision_is_4_and_leaves_the_request_open(
    handrail: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    request = handrail.ask(policy_audience="bob")
    ended = handrail("decide", request.id, arguments[0], "--as", "bob", "--json", *arguments[1:])
    assert (ended.code, ended.data) == (4, [])
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert handrail.fine("requests", "--json").data[0]["status"] == "OPEN"


def test_verbs_may_have_a_hyphen(handrail: CommandLine) -> None:
    request = handrail.ask()
    (found,) = handrail.fine("decide", request.id, "Request-Changes", "--comment", "shorter", "--json").data
    assert (found["outcome"]["verb"], found["outcome"]["comment"]) == ("request_changes", "shorter")


def test_edits_come_from_the_line_a_file_or_stdin(handrail: CommandLine) -> None:
    given = json.dumps({"content": "better ü"})
    Path("edit.json").write_text(given, "utf-8")
    for payload in (given, "@edit.json", "-"):
        request = handrail.ask()
        found = handrail.fine("decide", request.id, "edit", "--payload", payload, "--json", stdin=given).data
        assert found[0]["outcome"]["payload"] == {"content": "better ü"}


def test_answers_are_json(handrail: CommandLine) -> None:
    request = handrail.ask(verbs=(Verb.ANSWER,), response_schema={"enum": ["dry", "warm"]})
    for payload, told in (("dry", "'\"dry\"'"), ('"cold"', "warm")):
        ended = handrail("decide", request.id, "answer", "--payload", payload)
        assert ended.code == 4
        assert told in ended.err
    ended = handrail("decide", request.id, "answer", "--comment", "dry")
    assert ended.code == 4
    assert "--payload" in ended.err
    (found,) = handrail.fine("decide", request.id, "answer", "--payload", '"dry"', "--json").data
    assert found["outcome"]["payload"] == "dry"


@pytest.mark.parametrize(
    "command",
    [
        ("show", "req_none"),
        ("decide", "req_none", "approve"),
        ("claim", "req_none"),
        ("release", "req_none"),
        ("comment", "req_none", "hello"),
        ("reassign", "req_none", "--to", "bob"),
        ("escalate", "req_none"),
        ("remind", "req_none"),
        ("withdraw", "req_none"),
        ("cancel", "run_none"),
        ("retry", "run_none"),
        ("migrate", "run_none", "--map", "a=b"),
    ],
)
def test_unknown_ids_are_5(handrail: CommandLine, command: tuple[str, ...]) -> None:
    ended = handrail(*command, "--json")
    assert (ended.code, ended.data) == (5, [])
    assert str(handrail.database) in ended.err
    assert not handrail.database.exists()
    handrail.ask()
    ended = handrail(*command, "--json")
    assert (ended.code, ended.data) == (5, [])
    assert "none" in ended.err


def test_what_is_overdue_moves_before_a_decision(handrail: CommandLine) -> None:
    request = handrail.ask(policy_timeout=0.001)
    while datetime.now(UTC) <= request.deadline:  # type: ignore[operator] - it has one
        pass
    assert handrail("decide", request.id, "approve").code == 3
    (found,) = handrail.fine("show", request.id, "--json").data
    assert (found["status"], found["outcome"]["cause"], found["outcome"]["verb"]) == (
        "RESOLVED",
        "timeout",
        "reject",
    )


def test_every_other_move(handrail: CommandLine) -> None:
    request = handrail.ask(
        policy_audience=["alice", "bob"], policy_escalations=[escalation(3600, "carol")], channels=("web",)
    )

    def moved(*arguments: str) -> dict[str, object]:
        (found,) = handrail.fine(arguments[0], request.id, *arguments[1:], "--json").data
        return found

    assert moved("claim", "--as", "bob")["claimed_by"] == "bob"
    assert handrail("decide", request.id, "approve", "--as", "alice").code == 4
    assert moved("release", "--as", "bob")["status"] == "OPEN"
    assert moved("comment", "please hurry", "--as", "bob")["status"] == "OPEN"
    assert moved("remind")["status"] == "OPEN"
    assert "carol" in moved("escalate")["asked"]  # type: ignore[operator] - a list
    assert handrail("escalate", request.id).code == 4
    assert moved("reassign", "--to", "dave", "erin", "--reason", "holiday")["asked"] == ["dave", "erin"]
    assert moved("withdraw", "--reason", "not needed")["status"] == "WITHDRAWN"
    assert handrail("withdraw", request.id).code == 3
    (found,) = handrail.fine("show", request.id, "--json").data
    assert [comment["text"] for comment in found["comments"]] == ["please hurry"]
    occasions = [message["occasion"] for message in handrail.fine("outbox", "--json").data]
    assert occasions[0] == "opened"
    assert {"commented", "reminded", "escalated", "reassigned", "ended"} <= set(occasions)


def test_outbox_keys(handrail: CommandLine) -> None:
    assert str(handrail.database) in handrail.fine("outbox").out
    request = handrail.ask(channels=("web",))
    (message,) = handrail.fine("outbox", "--json", "--request", request.id).data
    assert set(message) == {
        *(
            "id",
            "request_id",
            "channel",
            "recipient",
            "occasion",
            "state",
            "attempts",
            "due_at",
            "error",
            "news",
            "waits",
        )
    }
    assert (message["request_id"], message["channel"], message["state"]) == (request.id, "web", "pending")
    assert handrail.fine("outbox", "--json", "--request", "req_none").data == []


def test_show_tells_all_that_is_needed_to_judge(handrail: CommandLine) -> None:
    first = handrail.ask()
    handrail.fine("decide", first.id, "request_changes", "--comment", "warmer please", "--as", "alice")
    second = handrail.ask(
        previous=first.id,
        proposal={"content": "first line\nsecond warm line\x1b[2J", "score": 3},
        context={"source": "brief"},
        guideline="Be kind.",
        policy_audience=["alice", "group:legal"],
        policy_timeout=86400,
    )
    handrail.fine("comment", second.id, "is this better?", "--as", "alice")
    out = handrail.fine("show", second.id).out
    for text in (
        *(second.id, "OPEN", "revision", f"2 of thread {first.id}", "alice, group:legal", "quorum first"),
        *("silence means reject", "request_changes", "Be kind.", "source: brief", "score: 3"),
        *(
            "-second line",
            "+second warm line",
            "is this better?",
            f"http://127.0.0.1:8000/requests/{second.id}",
            f"handrail decide {second.id} approve",
        ),
    ):
        assert text in out, text
    assert "\x1b" not in out
    (found,) = handrail.fine("show", second.id, "--json").data
    assert set(found) == KEYS | {"previous_proposal", "comments", "log", "messages", "task_url"}
    ended = handrail.fine("show", first.id).out
    assert "warmer please" in ended
    assert "handrail decide" not in ended


def test_the_inbox_of_a_person_as_json(handrail: CommandLine) -> None:
    mine = handrail.ask(policy_audience="alice")
    handrail.ask(policy_audience="bob")
    assert [found["id"] for found in handrail.fine("inbox", "--as", "alice", "--json").data] == [mine.id]
    assert handrail.fine("inbox", "--as", "carol", "--json").data == []


def test_a_task_in_line_says_whom_it_waits_for(handrail: CommandLine) -> None:
    for number in range(3):
        handrail.ask(title=f"Task {number}", verbs=(Verb.ANSWER,), pool=Pool(("ann", "bob")))
    assert "in line for ann, bob" in handrail.fine("requests").out
    (waiting,) = [one for one in handrail.fine("requests", "--json").data if one["in_line"]]
    shown = handrail.fine("show", waiting["id"]).out
    assert "in line for ann, bob" in shown
    assert "decide with" not in shown
    refused = handrail("decide", waiting["id"], "answer", "--payload", "1", "--as", "ann")
    assert refused.code == 4
    assert "waits until one of its workers has room" in refused.err

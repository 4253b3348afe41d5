"""Every example, as a process of its own: each outcome it can come to, killed in its middle, and as `handrail run`."""

import ast
import asyncio
import json
import runpy
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import handrail
from handrail import Actor, App, Team
from handrail.requests.request import HumanRequest
from handrail.testing import ScriptedReviewer, TurnableClock, reviewing
from handrail.testing.script import Answers
from tests.support.journey_checks import same_result
from tests.support.journey_process import PATIENCE, ROOT, Site, until
from tests.support.terminal_session import Session

pytestmark = pytest.mark.journey

FOLDER = ROOT / "examples"
CHANNEL = FOLDER / "file_channel.py"
"""not a flow to be run, but what carries the requests of one: see the end"""
FILES = sorted(set(FOLDER.glob("*.py")) - {CHANNEL})
LONGEST = 60
HANDRAIL = (sys.executable, "-c", "from handrail.cli import main; main()")


@dataclass(frozen=True)
class Case:
    """One way an example can go: who answers what, and what comes of it."""

    example: str
    outcome: str
    people: dict[str, Answers]
    result: dict[str, Any]
    asked: int = 1
    files: dict[str, str | None] = field(default_factory=dict)
    """what is in a file afterwards; None for a file that must not be there"""
    data: dict[str, Any] | None = None

    def reviewers(self) -> list[ScriptedReviewer]:
        return [ScriptedReviewer(name, answers) for name, answers in self.people.items()]


def scored(score: float, comment: str = "") -> tuple[str, Any]:
    return "answer", {"score": score, **({"comment": comment} if comment else {})}


def worked(answer: str) -> list[Any]:
    return [("answer", {"answer": answer})]


def queue_answers(request: HumanRequest) -> Any:
    return "answer", ANSWERS[request.draft.title]


ANSWERS = {
    "What is the new service called?": "Harbour",
    "Who looks after it?": "carol",
    "Which language are its texts in?": "Portuguese",
}
STEEL = "A mug that keeps tea hot for an hour. It is made of steel."
TRANSLATED = {"by": "translator_1", "answer": "Hallo Welt"}
COMPLETE = [
    Case(
        "basic_approval",
        "approved",
        {"alice": ["approve"]},
        {"published": "post_1.md", "decided_by": "alice"},
        files={"post_1.md": "# A word about AI\n\nMuch is said"},
    ),
    Case(
        "feedback_loop",
        "revised",
        {"alice": [("request_changes", "shorter"), ("request_changes", "it whistles"), "approve"]},
        {"status": "approved", "iterations": 3, "decided_by": "alice"},
        asked=3,
        files={"product.md": f"{STEEL} It whistles.\n\n(Written by a stand-in"},
    ),
    Case(
        "multi_reviewer",
        "approved by two of three",
        {"alice": ["approve"], "bob": [("reject", "unclear")], "charlie": ["approve"]},
        {"approved": True, "votes": {"alice": True, "bob": False, "charlie": True}, "put_up": "notice.md"},
        files={"notice.md": "\n\nApproved by\n\n- alice\n- charlie\n"},
    ),
    Case(
        "conditional_intervention",
        "corrected",
        {"alice": [("edit", {"content": "sport"})]},
        {"category": "sport", "how": "human_corrected"},
        files={"filed.json": '"The bank\'s new app lets fans pay at the match": "sport"'},
    ),
    Case(
        "task_routing",
        "completed",
        {
            "translator_1": worked("Hallo Welt"),
            "reviewer_1": worked("We were there."),
            "annotator_1": worked("cat, mat"),
        },
        {"left": []},
        asked=3,
        files={"done.json": '"answer": "cat, mat"'},
    ),
    Case(
        "quality_control",
        "passed",
        {"alice": [scored(0.9), scored(0.7)]},
        {
            "passed": True,
            "scores": {"automated_check": 1.0, "peer_review": 0.9, "expert_review": 0.7},
            "published": "article.md",
        },
        asked=2,
        files={"article.md": "Store it first, then send it.\n"},
    ),
    Case(
        "human_queue",
        "answered",
        {"alice": queue_answers},
        {
            "answers": {"name": "Harbour", "owner": "carol", "language": "Portuguese"},
            "written": "answers.json",
        },
        asked=3,
        files={"answers.json": '"owner": "carol"'},
    ),
    Case(
        "tool_approval",
        "approved",
        {"alice": ["approve"]},
        {"receipt": "refunded 40 EUR for A-17"},
        files={"ledger.json": '"euros": 40'},
    ),
    Case(
        "product_team",
        "validated",
        {"alice": ["approve"]},
        {
            "status": "FINISHED",
            "task": "specification",
            "result": "- It is about a mug that keeps tea hot.\n\n(By a stand-in, not by a language model.)",
        },
    ),
    Case(
        "team_tools",
        "refunded",
        {"alice": ["approve"]},
        {
            "status": "FINISHED",
            "task": "task1",
            "result": "Dear customer, about your mug: refunded 18 for order 7.",
        },
        files={"refund-7.json": '{"amount": 18}'},
    ),
]
"""one for each example: the way that goes farthest"""
OTHERS = [
    Case(
        "basic_approval",
        "edited",
        {"alice": [("edit", {"content": "Ask first."})]},
        {"published": "post_1.md"},
        files={"post_1.md": "Ask first.\n"},
    ),
    Case(
        "basic_approval",
        "rejected",
        {"alice": [("reject", "too thin")]},
        {"published": None, "decided_by": "alice", "reason": "too thin"},
        files={"post_1.md": None},
        data={"prompt": "Write a blog post about rivers"},
    ),
    Case(
        "feedback_loop",
        "approved at once",
        {"alice": ["approve"]},
        {"status": "approved", "iterations": 1},
        files={"product.md": "every machine."},
    ),
    Case(
        "feedback_loop",
        "edited",
        {"alice": [("request_changes", "short"), ("edit", {"output": "A mug."})]},
        {"status": "approved", "iterations": 2, "final_output": "A mug."},
        asked=2,
        files={"product.md": "A mug.\n"},
    ),
    Case(
        "feedback_loop",
        "rejected",
        {"alice": [("reject", "no mugs")]},
        {"status": "rejected", "iterations": 1, "final_output": None},
        files={"product.md": None},
    ),
    Case(
        "feedback_loop",
        "out of rounds",
        {"alice": [("request_changes", f"wish {number}") for number in range(3)]},
        {"status": "max_iterations_reached", "iterations": 3},
        asked=3,
        files={"product.md": None},
    ),
    Case(
        "multi_reviewer",
        "rejected as soon as two say no",
        {"alice": [("reject", "too vague")], "bob": [("reject", "too vague")]},
        {"approved": False, "approval_rate": 0.0, "votes": {"alice": False, "bob": False}},
        files={"notice.md": None},
    ),
    Case(
        "conditional_intervention",
        "approved",
        {"alice": ["approve"]},
        {"category": "finance", "how": "human_approved"},
        files={"filed.json": '"finance"'},
    ),
    Case(
        "conditional_intervention",
        "rejected",
        {"alice": [("reject", "spam")]},
        {"category": None, "how": "rejected"},
        files={"filed.json": None},
    ),
    Case(
        "conditional_intervention",
        "sure",
        {"alice": []},
        {"category": "technology", "how": "auto_approved"},
        asked=0,
        files={"filed.json": '"technology"'},
        data={"text": "AI and machine learning news"},
    ),
    Case(
        "task_routing",
        "no such pool",
        {"alice": []},
        {"done": {}, "left": ["welding"]},
        asked=0,
        data={"tasks": [{"task_type": "welding", "priority": "low"}]},
    ),
    Case(
        "quality_control",
        "failed by the check",
        {"alice": []},
        {"passed": False, "failed_at": "automated_check", "scores": {"automated_check": 0.0}},
        asked=0,
        files={"article.md": None},
        data={"content": "TODO"},
    ),
    Case(
        "quality_control",
        "failed by the peer",
        {"alice": [scored(0.6, "no sources")]},
        {"passed": False, "failed_at": "peer_review", "comment": "no sources"},
        files={"article.md": None},
    ),
    Case(
        "quality_control",
        "failed by the expert",
        {"alice": [scored(0.9), scored(0.1)]},
        {"passed": False, "failed_at": "expert_review", "average_score": 0.66666},
        asked=2,
        files={"article.md": None},
    ),
    Case(
        "tool_approval",
        "changed",
        {"alice": [("edit", {"euros": 25})]},
        {"receipt": "refunded 25 EUR for A-17"},
        files={"ledger.json": '"euros": 25'},
    ),
    Case(
        "product_team",
        "sent back, then edited",
        {"alice": [("request_changes", "Say what it costs"), ("edit", {"content": "Hot tea for an hour"})]},
        {"status": "FINISHED"},
        asked=2,
    ),
    Case(
        "team_tools",
        "with another amount",
        {"alice": [("edit", {"amount": 9})]},
        {"result": "Dear customer, about your mug: refunded 9 for order 7."},
        files={"refund-7.json": '{"amount": 9}'},
    ),
    Case(
        "team_tools",
        "rejected",
        {"alice": [("reject", "no photo of it")]},
        {"status": "FINISHED"},
        files={"refund-7.json": None},
    ),
    Case(
        "tool_approval",
        "rejected",
        {"alice": [("reject", "not broken")]},
        {"receipt": None, "reason": "not broken"},
        files={"ledger.json": None},
    ),
]


def named(case: Case) -> str:
    return f"{case.example}: {case.outcome}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "examples")
    yield site
    site.close()


def command(case: Case) -> list[str]:
    given = [json.dumps(case.data)] if case.data is not None else []
    return [sys.executable, str(FOLDER / f"{case.example}.py"), *given]


def start(site: Site, case: Case, **environment: str) -> Any:
    return site.process([*command(case), "--store", site.store, "--run-id", "the-run"], **environment)


async def ended(process: Any) -> tuple[int, str]:
    out, _ = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
    return process.returncode, out


def questions(site: Site) -> Counter[str]:
    opened = site.rows("SELECT data FROM event WHERE kind = 'opened'")
    asked = [json.loads(data)["request"] for (data,) in opened]
    return Counter(f"{each['address']} {each['revision']}" for each in asked)


def check(site: Site, case: Case, printed: str) -> None:
    """The result is as expected, so are the files, and each question was asked once."""
    result = json.loads(printed)
    same_result(result, {**case.result, **near(case.result, result)})
    asked = questions(site)
    assert asked.total() == case.asked
    assert set(asked.values()) <= {1}
    for name, content in case.files.items():
        path = site.database.parent / name
        assert path.exists() == (content is not None)
        assert content is None or content in path.read_text(encoding="utf-8")


def near(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers that are what was expected, up to the last digits."""
    return {
        key: found[key]
        for key, value in expected.items()
        if isinstance(value, float) and found[key] == pytest.approx(value, abs=1e-3)
    }


@pytest.mark.parametrize("case", [*COMPLETE, *OTHERS], ids=named)
async def test_it_comes_to_each_of_its_outcomes(site: Site, case: Case) -> None:
    async with reviewing(site.store, *case.reviewers()):
        code, printed = await ended(start(site, case))
    assert code == 0, site.stderr()
    check(site, case, printed)


@pytest.mark.parametrize("case", COMPLETE, ids=named)
async def test_killed_while_it_waits_it_goes_on(site: Site, case: Case) -> None:
    process = start(site, case)

    def pull_the_plug(request: HumanRequest) -> None:
        process.kill()

    async with reviewing(site.store, *(ScriptedReviewer(name, pull_the_plug) for name in case.people)):
        code, _ = await ended(process)
    assert code == -9, site.stderr()
    before = questions(site)
    assert before
    process = start(site, case)
    async with reviewing(site.store, *case.reviewers()):
        code, printed = await ended(process)
    assert code == 0, site.stderr()
    assert before <= questions(site)
    check(site, case, printed)
    again = start(site, case)  # nothing is executed or asked again: the stored result is printed
    assert await ended(again) == (0, printed)
    check(site, case, printed)


@pytest.mark.parametrize("case", COMPLETE, ids=named)
async def test_killed_in_one_step_after_the_other_it_goes_on(site: Site, case: Case) -> None:
    """Each process gets a step further than the one before, and dies when a step is executed and not yet stored."""
    killed, code, printed = -1, -9, ""
    async with reviewing(site.store, *case.reviewers()):
        while code == -9:
            killed += 1
            code, printed = await ended(start(site, case, HANDRAIL_KILL_AT=f"step:executed@{killed + 1}"))
    assert code == 0, site.stderr()
    assert killed >= 2
    check(site, case, printed)


@pytest.mark.parametrize("case", COMPLETE, ids=named)
async def test_the_command_line_executes_it_too(
    site: Site, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, data = handed_over(case.example, monkeypatch)
    name = "team" if isinstance(flow, Team) else "flow"
    target = [*HANDRAIL, "run", f"examples.{case.example}:{name}", json.dumps(data), "--store", site.store]
    async with reviewing(site.store, *case.reviewers()):
        code, printed = await ended(site.process(target))
    assert code == 0, site.stderr()
    check(site, case, printed)


@pytest.mark.parametrize(
    ("example", "seconds", "result", "leftover"),
    [
        ("basic_approval", 3600, {"published": None, "decided_by": None, "reason": "timeout"}, "post_1.md"),
        ("tool_approval", 86_400, {"receipt": None, "reason": "timeout"}, "ledger.json"),
    ],
)
async def test_silence_is_a_no(
    example: str,
    seconds: float,
    result: dict[str, Any],
    leftover: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    flow, data = handed_over(example, monkeypatch)
    clock = TurnableClock()
    app = App(store="memory://", clock=clock)
    app.flow(example, flow)
    async with app:
        run = await app.start(example, data)
        await until(lambda: run.status == "WAITING", "it waits")
        clock.turn(seconds)
        assert await run.result(timeout=PATIENCE) == result
    assert not (tmp_path / leftover).exists()


def handed_over(example: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return the flow and the input that an example hands to `handrail.main`."""
    given: list[tuple[Any, Any]] = []
    monkeypatch.setattr(handrail, "main", lambda flow, data: given.append((flow, data)))
    runpy.run_path(str(FOLDER / f"{example}.py"), run_name="__main__")
    (found,) = given
    return found


def by_hand(folder: Path, example: str, *options: str) -> Session:
    return Session(folder, sys.executable, str(FOLDER / f"{example}.py"), *options)


async def test_by_hand_a_person_is_asked_and_sees_the_result(tmp_path: Path) -> None:
    with by_hand(tmp_path, "basic_approval", "--run-id", "post-1") as session:
        session.sees("Publish this post?")
        session.sees("Written by a stand-in, not by a language model.")
        session.prompted()
        session.types("a")
        session.sees('"published": "post_1.md"')
        session.ends()


async def test_by_hand_each_reviewer_votes_under_their_own_name(tmp_path: Path) -> None:
    with by_hand(tmp_path, "multi_reviewer", "--run-id", "notice-1", "--as", "alice") as alice:
        alice.sees("Put up this notice?")
        alice.prompted()
        alice.types("a")
        alice.sees("It stays open for the others.")
        with Session(tmp_path, *HANDRAIL, "inbox", "--as", "bob", "--once") as bob:
            bob.sees("Put up this notice?")
            bob.prompted()
            bob.types("a")
            bob.ends()
        alice.sees('"bob": true')
        alice.ends()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_short_says_how_to_run_it_and_is_listed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < LONGEST
    assert f"    python examples/{path.name} --run-id " in (ast.get_docstring(ast.parse(text)) or "")
    assert f"`python examples/{path.name} " in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_example_has_its_cases() -> None:
    assert [path.stem for path in FILES] == sorted(case.example for case in COMPLETE)


async def test_the_channel_carries_a_request_out_and_an_answer_back_past_a_death(site: Site) -> None:
    folder = site.database.parent
    desk = folder / "desk" / "alice"
    desk.mkdir(parents=True)
    app = App(store=site.store)
    async with app.connect():
        await app.people.add("alice", actor=Actor("keeper"))
        await app.people.add_identity("alice", "desk", "alice", actor=Actor("keeper"))
    worker = [*HANDRAIL, "worker", "examples.file_channel:app", "--store", site.store]
    dying = site.process(worker, HANDRAIL_KILL_AT="deliver:after")
    begin = [*HANDRAIL, "start", "examples.file_channel:app", "note", '{"content": "Cake at four."}']
    code, _ = await ended(site.process([*begin, "--run-id", "note-1", "--store", site.store]))
    assert code == 0, site.stderr()
    assert (await ended(dying))[0] == -9, site.stderr()
    (page,) = desk.glob("*.txt")
    assert "Cake at four." in page.read_text(encoding="utf-8")
    site.process(worker)
    page.with_suffix(".answer").write_text("approve gladly\n", encoding="utf-8")
    async with app.connect():
        run = await app.wait("note-1", timeout=PATIENCE)
    assert run.result is not None
    assert (run.result["decided_by"], run.result["comment"]) == ("alice", "gladly")
    await until(lambda: "RESOLVED by alice" in page.read_text(encoding="utf-8"), "its page says so")


def test_the_channel_is_short_says_how_to_run_it_and_is_listed() -> None:
    text = CHANNEL.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    run = "handrail worker examples.file_channel:app"
    assert run in (ast.get_docstring(ast.parse(text)) or "")
    assert f"`{run}`" in (FOLDER / "README.md").read_text(encoding="utf-8")

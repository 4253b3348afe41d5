"""People at real terminals: the demo, the inbox, and scripts that ask."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
import pytest

from handrail import Actor
from handrail.inbox import views
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.runs.interruption import NODE_SCHEMA
from tests.support.model_server import ModelServer
from tests.support.terminal_session import HANDRAIL, Session, at_store, editor, environment

pytestmark = pytest.mark.journey

SCRIPT = """
import asyncio, json, sys
from handrail import FunctionNode, HumanApprovalNode
flow = (
    FunctionNode(lambda x: {"id": "post_1", "content": x["content"]})
    | HumanApprovalNode(timeout=3600, audience=AUDIENCE)
    | FunctionNode(lambda x: {"published": x["approved"], "by": x["decided_by"], "content": x["content"]})
)
run_id = sys.argv[1] if len(sys.argv) > 1 else None
print(json.dumps(asyncio.run(flow.execute({"content": "Hello **world**"}, run_id=run_id))))
"""


def script(folder: Path, audience: str = "None") -> tuple[str, str]:
    path = folder / "script.py"
    path.write_text(SCRIPT.replace("AUDIENCE", audience))
    return sys.executable, str(path)


async def opened(folder: Path, proposal: dict[str, Any], **more: Any) -> HumanRequest:
    draft = RequestDraft("approval", more.pop("title", "Publish?"), proposal, **more)
    return await at_store(folder, lambda app: app.inbox.open(draft))


async def found(folder: Path, request: HumanRequest) -> HumanRequest:
    return await at_store(folder, lambda app: views.request(app.store, request.id))


async def waiting(folder: Path, name: str = "handrail.db") -> HumanRequest:
    [request] = await at_store(folder, lambda app: views.requests(app.store, ["OPEN"]), name)
    return request


def taken(path: Path) -> str:
    """Return the text of a file that nobody needs any more."""
    text = path.read_text()
    path.unlink()
    return text


def kill(session: Session) -> None:
    session.process.kill(signal.SIGKILL)
    session.process.wait()


# -- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demo_from_the_prompt_to_the_file(tmp_path: Path) -> None:
    with Session(tmp_path, *HANDRAIL, "demo", "--terminal") as demo:
        demo.sees("a scripted stand-in writes")
        demo.sees("What shall the model write?")
        demo.types("Write a post about careful deploys")
        demo.sees("Publish this post?")
        demo.sees("There is more to say about careful deploys")
        demo.prompted()
        demo.types("c")
        demo.sees("What should change?")
        demo.types("shorter, mention rollbacks and call it 'Ship slowly'")
        demo.sees("round 2")
        demo.sees("changed since round 1")
        demo.sees("- # Careful deploys")
        demo.sees("+ # Ship slowly")
        demo.sees("+ It also matters to mention rollbacks")
        demo.prompted()
        demo.types("approve")
        demo.sees("Published, approved by")
        demo.sees("handrail-demo/ship-slowly.md")
        demo.ends()
    [post] = (tmp_path / "handrail-demo").iterdir()
    text = post.read_text()
    assert text.startswith("# Ship slowly\n")
    assert "mention rollbacks" in text
    assert "Whoever has to live with the result" not in text
    assert "scripted stand-in" in text


@pytest.mark.parametrize("moment", ["while it waits", "decide:before", "decide:after"])
def test_a_killed_demo_goes_on_where_it_stood(tmp_path: Path, moment: str) -> None:
    by_itself = {} if moment == "while it waits" else {"HANDRAIL_KILL_AT": moment}
    with Session(tmp_path, *HANDRAIL, "demo", "--terminal", **by_itself) as demo:
        demo.sees("What shall the model write?")
        demo.types("")
        demo.prompted()
        if by_itself:
            demo.types("c")
            demo.sees("What should change?")
            demo.types("call it Anew")
            demo.process.wait()
        else:
            kill(demo)
        assert demo.process.signalstatus == signal.SIGKILL
    with Session(tmp_path, *HANDRAIL, "demo", "--terminal") as demo:
        demo.sees("Going on with demo-1 exactly where it stood")
        demo.sees("Publish this post?")
        demo.prompted()
        demo.types("y")
        screen = demo.ends()
    # The first draft is in the journal: only a revision that was asked for is written now.
    assert screen.count("is writing") == (1 if moment == "decide:after" else 0)
    [post] = (tmp_path / "handrail-demo").iterdir()
    assert (post.name == "anew.md") is (moment == "decide:after")
    with Session(tmp_path, *HANDRAIL, "demo", "--terminal") as demo:
        demo.sees("What shall the model write?")
        demo.types("A second one")
        demo.sees("run demo-2")
        demo.prompted()
        demo.process.sendintr()
        demo.sees("Nothing is lost")
        demo.ends(130)


def test_the_demo_calls_the_model_that_the_environment_names(tmp_path: Path) -> None:
    pytest.importorskip("pydantic_ai")
    with ModelServer() as server:
        server.say = lambda prompt: (
            "# Second\n\nBetter." if "User feedback" in prompt else "# First\n\nA draft."
        )
        model = {"OPENAI_BASE_URL": server.base_url, "HANDRAIL_MODEL": "tiny-1", "NO_PROXY": "127.0.0.1"}
        with Session(tmp_path, *HANDRAIL, "demo", "--terminal", **model) as demo:
            demo.sees("The model is tiny-1")
            demo.sees("What shall the model write?")
            demo.types("Anything at all")
            demo.sees("A draft.")
            demo.prompted()
            demo.types("c")
            demo.sees("What should change?")
            demo.types("make it better")
            demo.sees("+ # Second")
            demo.prompted()
            demo.types("a")
            demo.sees("handrail-demo/second.md")
            demo.ends()
        assert [call.body["model"] for call in server.calls] == ["tiny-1", "tiny-1"]
        assert "Anything at all" in server.calls[0].prompt
        assert "A draft." in server.calls[1].prompt
        assert "make it better" in server.calls[1].prompt


async def test_the_demo_without_a_terminal_says_how_to_go_on(tmp_path: Path) -> None:
    def demo() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*HANDRAIL, "demo", "--terminal"], cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    ended = demo()
    assert ended.returncode == 1
    assert "needs a terminal" in ended.stderr
    assert f"handrail inbox --store sqlite:///{tmp_path}/handrail-demo.db" in ended.stderr
    store = f"sqlite:///{tmp_path}/handrail-demo.db"
    with Session(tmp_path, *HANDRAIL, "inbox", "--store", store, "--once") as inbox:
        inbox.prompted()
        inbox.types("a")
        inbox.ends()
    ended = demo()
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / ended.stdout.strip()).read_text().startswith("# ")


# -- scripts that ask -------------------------------------------------------------------------------------------------


def test_a_script_asks_on_the_terminal_and_keeps_its_output_clean(tmp_path: Path) -> None:
    command = f"{shlex.join(script(tmp_path))} > out.json"
    with Session(tmp_path, "/bin/sh", "-c", command) as session:
        session.sees("Approve post_1")
        session.sees("due in 59 min")
        session.sees("Hello world")
        session.prompted()
        session.types("what?")
        session.sees("? explains them")
        session.prompted()
        session.types("n")
        session.sees("Why?")
        session.types("/")
        session.prompted()
        session.types("yes")
        session.sees("You approved")
        session.ends()
    out = (tmp_path / "out.json").read_text()
    assert out.startswith('{"published": true')
    assert out.count("\n") == 1


def test_markdown_and_changes_are_in_colour_on_a_terminal_that_has_it(tmp_path: Path) -> None:
    with Session(tmp_path, *script(tmp_path), TERM="xterm-256color") as session:
        session.process.expect(r"Hello \x1b\[1mworld\x1b\[0m")
        session.process.expect_exact("[a]")
        session.types("a")
        session.ends()


async def test_a_decision_from_elsewhere_ends_the_open_prompt_without_a_key(tmp_path: Path) -> None:
    with Session(tmp_path, *script(tmp_path)) as session:
        session.prompted()
        session.process.send("half a li")
        request = await waiting(tmp_path)
        await at_store(tmp_path, lambda app: app.inbox.decide(request.id, "approve", actor=Actor("alice")))
        session.sees("Decided meanwhile: alice approved.")
        session.sees('"by": "alice"')
        session.ends()


async def test_ctrl_d_stops_asking_and_the_run_goes_on_waiting(tmp_path: Path) -> None:
    with Session(tmp_path, *script(tmp_path)) as session:
        session.prompted()
        session.process.sendeof()
        session.sees("Nothing more is asked here; the run goes on waiting")
        session.sees("handrail decide")
        request = await waiting(tmp_path)
        await at_store(tmp_path, lambda app: app.inbox.decide(request.id, "approve", actor=Actor("alice")))
        session.sees('"by": "alice"')
        session.ends()


async def test_ctrl_c_leaves_a_run_with_an_id_as_it_is(tmp_path: Path) -> None:
    with Session(tmp_path, *script(tmp_path), "post-1") as session:
        session.prompted()
        session.process.sendintr()
        session.sees("run post-1 goes on waiting")
        session.sees("KeyboardInterrupt")
    before = await waiting(tmp_path)
    with Session(tmp_path, *script(tmp_path), "post-1") as session:
        session.sees(before.id)
        session.prompted()
        session.types("a")
        session.sees('"published": true')
        session.ends()


def test_without_a_terminal_one_line_says_what_to_type_and_that_works(tmp_path: Path) -> None:
    process = subprocess.Popen(
        script(tmp_path), cwd=tmp_path, env=environment(HANDRAIL_STORE=f"sqlite:///{tmp_path}/other.db"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Waiting for a decision: Approve post_1. Decide it with: handrail decide ")
        command = line.partition("Decide it with: handrail ")[2].partition("   (or")[0]
        decided = subprocess.run(
            [*HANDRAIL, *shlex.split(command)], cwd=tmp_path, env=environment(), timeout=60, check=False
        )
        assert decided.returncode == 0
        out, more = process.communicate(timeout=60)
        assert out.startswith('{"published": true')
        assert "Waiting" not in more
    finally:
        process.kill()
        process.communicate()


async def test_who_is_not_asked_is_told_for_whom_it_waits(tmp_path: Path) -> None:
    with Session(tmp_path, *script(tmp_path, audience="['alice']")) as session:
        session.sees("Waiting for a decision: Approve post_1")
        session.sees("it asks alice")
        request = await waiting(tmp_path)
        await at_store(tmp_path, lambda app: app.inbox.decide(request.id, "reject", actor=Actor("alice")))
        session.sees('"published": false')
        screen = session.ends()
    assert screen.count("Waiting for a decision") == 1
    assert "[a]pprove" not in screen


# -- the inbox --------------------------------------------------------------------------------------------------------


async def test_a_text_is_edited_in_the_persons_editor(tmp_path: Path) -> None:
    request = await opened(tmp_path, {"content": "Hello\nworld"})
    command = editor(tmp_path, "+", "Hello\nthere\n")
    with Session(tmp_path, *HANDRAIL, "inbox", "--as", "bob", "--once", EDITOR=command) as inbox:
        inbox.prompted()
        inbox.types("e")
        inbox.sees("Nothing has changed. Approve it as it is?")
        inbox.types("n")
        inbox.prompted()
        inbox.types("edit")
        inbox.sees("- world")
        inbox.sees("+ there")
        inbox.sees("Approve with these changes?")
        inbox.types("")
        inbox.sees("You approved with changes")
        inbox.ends()
    decided = await found(tmp_path, request)
    assert decided.outcome is not None
    assert decided.outcome.payload == {"content": "Hello\nthere"}
    assert decided.decisions[0].actor == "bob"
    assert decided.decisions[0].channel == "terminal"


async def test_an_edit_of_several_keys_sends_what_changed_and_survives_mistakes(tmp_path: Path) -> None:
    proposal = {"to": "alice@example.com", "amount": 10, "lines": ["a", "b"]}
    schema = {"type": "object", "properties": {"amount": {"maximum": 100}}}
    request = await opened(tmp_path, proposal, proposal_schema=schema)
    command = editor(
        tmp_path, "{not json", {"to": "x"}, {**proposal, "amount": 500}, {**proposal, "amount": 50}
    )
    with Session(tmp_path, *HANDRAIL, "inbox", "--once", EDITOR=command) as inbox:
        inbox.prompted()
        inbox.types("e")
        inbox.sees("That can't be taken over: Expecting property name")
        inbox.types("y")
        inbox.sees("amount, lines must stay")
        inbox.types("")
        inbox.sees("Approve with these changes?")
        inbox.types("y")
        inbox.sees("amount must be at most 100")
        inbox.sees("Edit again?")
        inbox.types("y")
        inbox.sees("Approve with these changes?")
        inbox.types("")
        inbox.ends()
    assert '"amount": 500' in (tmp_path / "editor-saw").read_text()  # nothing written was lost
    decided = await found(tmp_path, request)
    assert decided.outcome is not None
    assert decided.outcome.payload == {"amount": 50}


async def test_without_an_editor_the_new_values_are_typed(tmp_path: Path) -> None:
    request = await opened(tmp_path, {"content": "Hello", "count": 3, "same": True})
    with Session(tmp_path, *HANDRAIL, "inbox", "--once", PATH="/nowhere") as inbox:
        inbox.prompted()
        inbox.types("e")
        inbox.sees("No editor is installed (set EDITOR to use yours)")
        inbox.sees("content: type the new text; a line with only a dot ends it")
        inbox.types("Dear")
        inbox.types("  all")
        inbox.types(".")
        inbox.sees("count (JSON in one line)")
        inbox.types("four")
        inbox.sees("That is not JSON")
        inbox.types("4")
        inbox.sees("same (JSON in one line)")
        inbox.types("")
        inbox.sees("Approve with these changes?")
        inbox.types("y")
        inbox.ends()
    outcome = (await found(tmp_path, request)).outcome
    assert outcome is not None
    assert outcome.payload == {"content": "Dear\n  all", "count": 4}


async def test_an_editor_that_fails_changes_nothing(tmp_path: Path) -> None:
    request = await opened(tmp_path, {"content": "Hello"})
    for command in ("false", "/nowhere/editor"):
        with Session(tmp_path, *HANDRAIL, "inbox", "--once", EDITOR=command) as inbox:
            inbox.prompted()
            inbox.types("e")
            inbox.sees("The editor")
            inbox.prompted()
            inbox.types("q")
            inbox.ends()
    assert (await found(tmp_path, request)).decisions == ()


async def test_an_edit_that_came_too_late_is_kept(tmp_path: Path) -> None:
    request = await opened(tmp_path, {"content": "Hello"})
    with Session(tmp_path, *HANDRAIL, "inbox", "--once", EDITOR=editor(tmp_path, "My words")) as inbox:
        inbox.prompted()
        inbox.types("e")
        inbox.sees("Approve with these changes?")
        await at_store(tmp_path, lambda app: app.inbox.decide(request.id, "reject", actor=Actor("alice")))
        inbox.sees("Decided meanwhile: alice rejected.")
        inbox.sees("What you wrote is kept in")
        screen = inbox.ends()
    assert taken(Path(screen.rpartition("kept in ")[2].replace("\r\n", "").split()[0])) == "My words"


async def test_what_was_saved_in_an_editor_that_is_still_open_is_kept(tmp_path: Path) -> None:
    open_editor = tmp_path / "open_editor"
    open_editor.write_text('#!/bin/sh\nprintf "My words" > "$1"\necho saved >&2\nexec sleep 60\n')
    open_editor.chmod(0o755)
    with Session(tmp_path, *script(tmp_path), EDITOR=str(open_editor)) as session:
        session.prompted()
        session.types("e")
        session.sees("saved")
        request = await waiting(tmp_path)
        await at_store(tmp_path, lambda app: app.inbox.decide(request.id, "reject", actor=Actor("alice")))
        session.sees("What you wrote is kept in")
        screen = session.ends()
    kept = re.search(r"kept in (\S+?\.md)", screen.replace("\r\n", ""))
    assert kept is not None
    assert taken(Path(kept[1])) == "My words"
    assert "Decided meanwhile: alice rejected." in screen


async def test_a_key_that_was_meant_for_a_question_that_is_gone_does_not_answer_the_next(
    tmp_path: Path,
) -> None:
    first = await opened(tmp_path, {"content": "one"}, title="First?")
    second = await opened(tmp_path, {"content": "two"}, title="Second?")
    with Session(tmp_path, *HANDRAIL, "inbox", "--once") as inbox:
        inbox.sees("First?")
        inbox.prompted()
        await at_store(tmp_path, lambda app: app.inbox.decide(first.id, "reject", actor=Actor("alice")))
        inbox.sees("Decided meanwhile")
        inbox.types("a")
        inbox.sees("Second?")
        inbox.prompted()
        inbox.types("q")
        inbox.ends()
    assert (await found(tmp_path, second)).decisions == ()


async def test_the_inbox_asks_everything_in_turn_and_waits_for_more(tmp_path: Path) -> None:
    verbs = (Verb.APPROVE, Verb.REQUEST_CHANGES, Verb.REJECT)
    low = await opened(tmp_path, {"content": "low"}, title="Low?", verbs=verbs)
    high = await opened(tmp_path, {"content": "high"}, title="High?", verbs=verbs, priority=5)
    with Session(tmp_path, *HANDRAIL, "inbox", "--as", "bob") as inbox:
        inbox.sees("High?")
        inbox.prompted()
        inbox.types("?")
        inbox.sees("say no, with a reason if you like")
        inbox.prompted()
        inbox.types("m")
        inbox.sees("Your comment:")
        inbox.types("I am not sure")
        inbox.sees("comment is stored")
        inbox.prompted()
        inbox.types("s")
        inbox.sees("Low?")
        inbox.prompted()
        inbox.types("r")
        inbox.sees("Why?")
        inbox.types("too plain")
        inbox.sees("You rejected.")
        inbox.sees("1 skipped; Enter shows it again. Waiting for work, Ctrl-C to stop.")
        late = await opened(tmp_path, {"content": "late"}, title="Late?")
        inbox.sees("Late?")
        inbox.prompted()
        inbox.types("a")
        inbox.sees("1 skipped")
        inbox.types("")
        inbox.sees("High?")
        inbox.prompted()
        inbox.types("c")
        inbox.sees("What should change?")
        inbox.types("")
        inbox.sees("Nothing sent")
        inbox.prompted()
        inbox.types("changes")
        inbox.sees("What should change?")
        inbox.types("higher, \x1b[Dplease")
        inbox.sees("Nothing more waits for bob")
        inbox.process.sendintr()
        inbox.ends()
    outcomes = [(await found(tmp_path, each)).outcome for each in (low, high, late)]
    assert [outcome.verb for outcome in outcomes if outcome] == [
        "reject", "request_changes", "approve",
    ]  # fmt: skip
    assert (await found(tmp_path, high)).decisions[0].comment == "higher, please"
    detail = await at_store(tmp_path, lambda app: views.detail(app.store, high.id))
    assert [comment["text"] for comment in detail["comments"]] == ["I am not sure"]


async def test_what_was_typed_before_a_request_was_shown_does_not_decide_it(tmp_path: Path) -> None:
    first = await opened(tmp_path, {"content": "one"}, title="First?", priority=2)
    second = await opened(tmp_path, {"content": "two"}, title="Second?", priority=1)
    with Session(tmp_path, *HANDRAIL, "inbox", "--once") as inbox:
        inbox.prompted()
        inbox.process.send("a\na\n")
        inbox.sees("Second?")
        inbox.prompted()
        inbox.types("r")
        inbox.sees("Why?")
        inbox.types("")
        inbox.ends()
    outcomes = [(await found(tmp_path, each)).outcome for each in (first, second)]
    assert [outcome.verb for outcome in outcomes if outcome] == ["approve", "reject"]


async def test_a_deadline_that_passes_ends_the_open_prompt(tmp_path: Path) -> None:
    await opened(tmp_path, {"content": "w"}, title="First?")
    began = time.monotonic()
    with Session(tmp_path, *HANDRAIL, "inbox", "--once") as inbox:
        inbox.prompted()
        slow = time.monotonic() - began  # on such a machine the second one has to be there, before it is late
        await opened(tmp_path, {"content": "x"}, title="Second?", policy=policy(timeout=3 + 2 * slow))
        inbox.types("a")
        inbox.sees("due in")
        inbox.sees("Decided meanwhile: its deadline has passed, which counts as reject.")
        inbox.ends()


async def test_answers_are_given_in_forms(tmp_path: Path) -> None:
    def question(title: str, priority: int, schema: dict[str, Any]) -> dict[str, Any]:
        return {"title": title, "priority": priority, "response_schema": schema, "verbs": (Verb.ANSWER,)}

    tone = await opened(tmp_path, {"question": "Tone?"}, **question("Tone?", 3, {"enum": ["dry", "warm"]}))
    step = await opened(tmp_path, {"step": "pay"}, **question("Did it happen?", 2, NODE_SCHEMA))
    form = {
        "type": "object",
        "properties": {
            "score": {
                "type": "integer",
                "minimum": 1,
                "maximum": 5,
                "title": "Score",
                "description": "5 is best",
            },
            "reason": {"type": "string", "title": "Reason"},
        },
        "required": ["score"],
        "not": {"properties": {"score": {"const": 1}, "reason": {"const": "none"}}},
    }
    scored = await opened(tmp_path, {"content": "text"}, **question("How good?", 1, form))
    with Session(tmp_path, *HANDRAIL, "inbox", "--as", "bob", "--once") as inbox:
        inbox.sees("1 dry")
        inbox.sees("2 warm")
        inbox.sees("Your answer (1-2):")
        inbox.types("lukewarm")
        inbox.sees("Please type a number from 1 to 2")
        inbox.types("/")
        inbox.sees("[a]nswer [s]kip [q]uit [?]")
        inbox.sees(">")
        inbox.types("a")
        inbox.sees("Your answer (1-2):")
        inbox.types("2")
        inbox.sees("Did it happen?")
        inbox.sees("What is to be done? (1-3):")
        inbox.types("happened")
        inbox.sees("Its result, if it happened (JSON)")
        inbox.types('{"paid": true}')
        inbox.sees("5 is best")
        inbox.sees("Score (1 to 5):")
        inbox.types("1")
        inbox.sees("Reason (optional):")
        inbox.types("none")
        inbox.sees("That doesn't fit yet:")
        inbox.sees("Score (1 to 5) [1]:")
        inbox.types("")
        inbox.sees("Reason [none]:")
        inbox.types("too short")
        inbox.ends()
    outcomes = [(await found(tmp_path, each)).outcome for each in (tone, step, scored)]
    assert [outcome.payload for outcome in outcomes if outcome] == [
        "warm", {"what": "happened", "result": {"paid": True}}, {"score": 1, "reason": "too short"},
    ]  # fmt: skip


async def test_an_inbox_without_a_terminal_lists_what_waits(tmp_path: Path) -> None:
    request = await opened(tmp_path, {"content": "x"}, title="Really\x1b[2J?", policy=policy(audience="bob"))

    def inbox(person: str) -> str:
        ended = subprocess.run(
            [*HANDRAIL, "inbox", "--as", person], cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return ended.stdout

    assert f"handrail decide {request.id} approve --as bob" in inbox("bob")
    assert r"Really\x1b[2J?" in inbox("bob")
    assert f"Nothing waits for alice in {tmp_path / 'handrail.db'}" in inbox("alice")


async def test_an_open_prompt_costs_almost_nothing(tmp_path: Path) -> None:
    with Session(tmp_path, *script(tmp_path)) as session:
        session.prompted()
        for _ in range(5):  # what begins with the prompt may go on for a while on a slow machine
            before = _processor_seconds(session.process.pid)
            session.process.expect(["never printed", pexpect.TIMEOUT], timeout=3)
            if (used := _processor_seconds(session.process.pid) - before) < 0.3:
                break
        session.types("a")
        session.ends()
    assert used < 0.3


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""Code changes while runs wait: one process waits for a person with the old code, another one goes on with the new."""

import asyncio
import shlex
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor, App, FunctionNode
from handrail.inbox import views
from handrail.runs.history import suggestions
from handrail.runs.migration import parse_mapping
from tests.support.deployed import HEAD, Deployed

pytestmark = pytest.mark.journey


@pytest.fixture
def deployed(tmp_path: Path) -> Deployed:
    return Deployed(tmp_path)


def inside(deployed: Deployed, work: Callable[[App], Awaitable[Any]]) -> Any:
    """Do something with the store, beside the processes that work on it."""

    async def opened() -> Any:
        async with App(store=str(deployed.folder / "handrail.db")).connect() as app:
            return await work(app)

    return asyncio.run(opened())


def decide(deployed: Deployed, verb: str, given: Any = None, **which: Any) -> int:
    """Let bob say the same to everything that is asked; returns how much that is."""

    async def decided(app: App) -> int:
        requests = await views.requests(app.store, ["OPEN"], limit=1000, **which)
        for request in requests:
            await app.inbox.decide(request.id, verb, actor=Actor("bob"), payload=given)
        return len(requests)

    return int(inside(deployed, decided))


HUMAN = "'human' (HumanApprovalNode)"
NAMED = "'{}' (Node)"
A, C, N, X = map(NAMED.format, "acnx")

FITS = {
    "added after": (
        'node("a") | person() | node("b")',
        'node("a") | person() | node("n") | node("b")',
        "anb",
    ),
    "removed after": ('node("a") | person() | node("b")', 'node("a") | person()', "a"),
    "renamed after": ('node("a") | person() | node("b")', 'node("a") | person() | node("c")', "ac"),
    "inside what is done": (
        'Chain([node("a")], name="s") | person()',
        'Chain([node("c")], name="s") | person()',
        "a",
    ),
    "the other way of a branch": (
        'Branch(lambda x: True, node("a") | person(), node("b"), name="b")',
        'Branch(lambda x: False, node("a") | person(), node("c"), name="b")',
        "a",
    ),
}
"""before, after, the path in the end"""

STOPS = {
    "added before": (
        'node("a") | person() | node("b")',
        'node("a") | node("n") | person() | node("b")',
        f"at position 1 of the flow recorded is {HUMAN}, the flow has {N}",
        ["=n"],
        "anb",
    ),
    "removed before": (
        'node("a") | node("x") | person()',
        'node("a") | person()',
        f"at position 1 of the flow recorded is {X}, the flow has {HUMAN}",
        ["x="],
        "a",
    ),
    "renamed before": (
        'node("a") | person() | node("b")',
        'node("c") | person() | node("b")',
        f"at position 0 of the flow recorded is {A}, the flow has {C}",
        ["a=c"],
        "ab",
    ),
    "several renamed": (
        'node("a") | node("x") | person()',
        'node("c") | node("n") | person("boss")',
        f"at position 0 of the flow recorded is {A}, the flow has {C}",
        ["a=c", "x=n", "human=boss", "boss/0="],
        "ax",
    ),
    "another class": (
        'node("a") | person()',
        'Other("a", "a") | person()',
        f"at position 0 of the flow recorded is {A}, the flow has 'a' (Other)",
        ["a=a"],
        "a",
    ),
    "a position moved": (
        'Node("a") | Node("b") | person()',
        'Node("a") | FunctionNode(lambda x: x) | Node("b") | person()',
        "at position 1 of the flow recorded is '1' (Node), the flow has '1' (FunctionNode)",
        ["1=2"],
        "ab",
    ),
    "in a function": (
        'chained("a", "x")',
        'chained("a", "c")',
        f"at position 1 of the flow recorded is {X}, the flow has {C}",
        ["x=c"],
        "ax",
    ),
    "in parallel": (
        'Parallel(node("a") | person(), node("b"), merge=lambda all: all[0], name="p")',
        'Parallel(node("c") | person(), node("b"), merge=lambda all: all[0], name="p")',
        f"at position 0 in 'p/0[0]/0' recorded is {A}, the flow has {C}",
        ["p/0[0]/0/a=p/0[0]/0/c"],
        "a",
    ),
    "in a map": (
        'MapNode(node("a") | person(), over="items", name="m") | FunctionNode(lambda x: x["results"][0])',
        'MapNode(node("c") | person(), over="items", name="m") | FunctionNode(lambda x: x["results"][0])',
        f"at position 0 in 'm/0[0]/0' recorded is {A}, the flow has {C}",
        ["m/0[0]/0/a=m/0[0]/0/c"],
        "a",
    ),
    "in a branch": (
        'Branch(lambda x: True, node("a") | person(), name="b")',
        'Branch(lambda x: True, node("c") | person(), name="b")',
        f"at position 0 in 'b/1' recorded is {A}, the flow has {C}",
        ["b/1/a=b/1/c"],
        "a",
    ),
    "in a loop": (
        'Loop(node("a") | person(), until=lambda x: x["approved"], name="l")',
        'Loop(node("c") | person(), until=lambda x: x["approved"], name="l")',
        f"at position 0 in 'l/0' recorded is {A}, the flow has {C}",
        ["l/0/a=l/0/c"],
        "a",
    ),
}
"""before, after, the difference in words, the mapping, the path in the end"""

CHAINED = """
def chained(*names):
    async def flow(data):
        for name in names:
            data = await node(name).execute(data)
        return await person().execute(data)

    return flow


"""
DATA = {"content": "x", "items": [{"content": "y"}]}


def test_a_deploy_while_runs_wait(deployed: Deployed) -> None:
    cases = {**FITS, **STOPS}
    before = {name: case[0] for name, case in cases.items()}
    after = {name: case[1] for name, case in cases.items()}
    deployed.deploy(before, HEAD + CHAINED)
    mapped, kept = ([f"{name}, {what}" for name in cases] for what in ("mapped", "kept"))

    with deployed.worker():
        begin(deployed, cases)
        deployed.wait([*mapped, *kept], "WAITING")
        deployed.deploy(after, HEAD + CHAINED)
        told_beforehand(deployed)
    done = deployed.effects()

    with deployed.worker():
        assert decide(deployed, "approve") == 2 * len(cases)
        deployed.wait([run_id for run_id in [*mapped, *kept] if run_id.split(",")[0] in FITS], "FINISHED")
        stopped = [run_id for run_id in [*mapped, *kept] if run_id.split(",")[0] in STOPS]
        deployed.wait(stopped, "NEEDS_ATTENTION")
        for name, (_, _, why, mapping, _) in STOPS.items():
            told(deployed, f"{name}, mapped", why, mapping, by_command=name in BY_COMMAND)
        again = [f"{name}, mapped" for name in STOPS]
        deployed.wait([run_id for run_id in again if "several" not in run_id], "FINISHED")
        deployed.wait(["several renamed, mapped"], "WAITING")
        assert decide(deployed, "approve", run_id="several renamed, mapped") == 1, (
            "asked anew: it was dropped"
        )
        deployed.wait(again, "FINISHED")
    for name, case in cases.items():
        run = inside(deployed, lambda app, name=name: app.runs.get(f"{name}, mapped"))
        assert "".join(run.result["path"]) == case[-1]

    deployed.deploy(before, HEAD + CHAINED)
    code, out, _ = deployed.call("runs", "--check", "app:app", "--status", "needs_attention")
    assert (code, out.split(" (")[0]) == (0, f"{len(STOPS)} would go on")
    with deployed.worker():
        for name in STOPS:
            inside(deployed, lambda app, name=name: app.runs.retry(f"{name}, kept", actor="bob"))
        deployed.wait([f"{name}, kept" for name in STOPS], "FINISHED")
    assert "".join(deployed.result("removed before, kept")["path"]) == "ax"

    assert not [key for key, count in Counter(deployed.effects()).items() if count > 1], (
        "nothing was done twice"
    )
    assert deployed.effects()[: len(done)] == done
    assert deployed.data("verify")[0]["ok"]


def begin(deployed: Deployed, cases: Any) -> None:
    """Start two runs of each flow."""

    async def started(app: App) -> None:
        for name in cases:
            app.flow(name, FunctionNode(lambda x: x))
            for what in ("mapped", "kept"):
                await app.start(name, DATA, f"{name}, {what}")

    inside(deployed, started)


def told_beforehand(deployed: Deployed) -> None:
    """Before the deploy it is known which runs will stop, and why; the workers go on with the old code meanwhile."""
    done = deployed.effects()
    code, out, err = deployed.call("runs", "--check", "app:app")
    assert (code, err) == (1, "")
    for name, (_, _, why, _, _) in STOPS.items():
        assert len([line for line in out.splitlines() if line.startswith(name) and why in line]) == 2, out
    assert not [name for name in FITS if name in out]
    summary = f"{2 * len(STOPS)} would stop as NEEDS_ATTENTION, {2 * len(FITS)} would go"
    assert [line for line in out.splitlines() if line.startswith(summary)], out
    assert out.splitlines()[-1].startswith("what stops: put the old code back, or after the deploy")
    assert {run["status"] for run in deployed.data("runs")} == {"WAITING"}
    assert deployed.effects() == done


BY_COMMAND = ("added before", "removed before", "in parallel")
"""the others are mapped without a process of their own, which is quicker"""


def told(deployed: Deployed, run_id: str, why: str, mapping: list[str], *, by_command: bool) -> None:
    """What differs is said in words, beside how to go on; then the run is mapped."""
    stored = inside(deployed, lambda app: app.runs.get(run_id))
    assert why in stored.error["message"]
    assert mapping[0] in [suggestion.mapping for suggestion in suggestions(stored)]
    if not by_command:
        inside(deployed, lambda app: app.migrate(run_id, parse_mapping(mapping)))
        return
    shown = deployed.fine("show", run_id)
    assert why in shown
    assert f"handrail migrate '{run_id}' --map {shlex.quote(mapping[0])} " in shown
    assert f"handrail retry '{run_id}'" in shown
    assert f"handrail cancel '{run_id}'" in shown
    deployed.fine("migrate", run_id, "--map", *mapping)


def test_what_others_are_asked_stays_open_and_counts(deployed: Deployed) -> None:
    flow = 'Parallel(node({!r}) | person("left"), node("b") | person("right"), merge="names", name="p")'
    deployed.deploy({"p": flow.format("a")})
    with deployed.worker():
        deployed.fine("start", "app:app", "p", '{"content": "x"}', "--run-id", "r")
        deployed.wait(["r"], "WAITING")
    deployed.deploy({"p": flow.format("c")})
    with deployed.worker():
        left, right = sorted(deployed.data("requests"), key=lambda request: str(request["title"]))
        deployed.fine("decide", left["id"], "approve")
        deployed.wait(["r"], "NEEDS_ATTENTION")
        assert [request["id"] for request in deployed.data("requests", "--status", "OPEN")] == [right["id"]]
        deployed.fine("decide", right["id"], "approve")
        assert deployed.data("show", "r")[0]["status"] == "NEEDS_ATTENTION"
        deployed.fine("migrate", "r", "--map", "p/0[0]/0/a=p/0[0]/0/c")
        deployed.wait(["r"], "FINISHED")
    result = deployed.result("r")
    assert [result[name]["request_id"] for name in "01"] == [left["id"], right["id"]]
    assert len(deployed.effects()) == 2
    assert len(deployed.data("requests")) == 2


def test_a_run_that_stopped_is_cancelled_and_started_anew(deployed: Deployed) -> None:
    deployed.deploy({"f": 'node("a") | person()'})
    with deployed.worker():
        deployed.fine("start", "app:app", "f", '{"content": "x"}', "--run-id", "r")
        deployed.wait(["r"], "WAITING")
    deployed.deploy({"f": 'node("n") | node("a") | person()'})
    with deployed.worker():
        decide(deployed, "approve")
        deployed.wait(["r"], "NEEDS_ATTENTION")
        deployed.fine("cancel", "r")
        deployed.fine("start", "app:app", "f", '{"content": "x"}', "--run-id", "r-2")
        deployed.wait(["r-2"], "WAITING")
        decide(deployed, "approve")
        deployed.wait(["r-2"], "FINISHED")
    assert deployed.result("r-2")["path"] == ["n", "a"]
    assert deployed.data("show", "r")[0]["status"] == "CANCELLED"

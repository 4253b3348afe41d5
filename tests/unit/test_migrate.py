"""Code changes while runs wait: the future may differ, a past that doesn't match waits for an operator's mapping."""

from collections import Counter
from typing import Any

import pytest

from handrail import (
    App,
    Chain,
    Conflict,
    FunctionNode,
    InvalidInput,
    RunCancelled,
    RunNeedsAttention,
    UnknownId,
    ask,
    gather,
)
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.runs.migration import parse_mapping
from handrail.stores.memory import MemoryStore
from tests.support.changed_flows import CHANGES, FRAMES, Flows, Mark
from tests.support.journey_runs import BOB, asked, journal, reached, say, working

Data = dict[str, Any]


async def waiting(store: MemoryStore, flow: Any) -> None:
    async with working(flow, store=store) as app:
        await app.start("flow", {"content": "x"}, "r")
        await asked(app)


async def approve(app: App) -> None:
    (request,) = await views.requests(app.store, ["OPEN"])
    await app.inbox.decide(request.id, "approve", actor=BOB)


@pytest.mark.parametrize("shape", FRAMES)
@pytest.mark.parametrize(
    ("before", "after", "path"), [("A?B", "A?CB", "ACB"), ("a!b", "a!cdb", "acdb"), ("A?B", "A?", "A")]
)
async def test_what_comes_after_the_wait_may_change(
    shape: str, before: str, after: str, path: str, store: MemoryStore
) -> None:
    flows = Flows()
    await waiting(store, getattr(flows, shape)(before))
    async with working(getattr(flows, shape)(after), store=store) as app:
        await approve(app)
        result = await (await app.run("r")).result(10)
    assert [mark for mark in result["path"] if mark != "before"] == list(path)
    assert flows.counts["A"] + flows.counts["a"] == 1


@pytest.mark.parametrize("shape", FRAMES)
@pytest.mark.parametrize(("before", "after", "position", "was", "comes", "mapping", "path", "new"), CHANGES)
async def test_what_came_before_the_wait_is_mapped(
    shape: str,
    before: str,
    after: str,
    position: int,
    was: str,
    comes: str,
    mapping: list[str],
    path: str,
    new: str,
    store: MemoryStore,
) -> None:
    flows, frame = Flows(), FRAMES[shape]
    await waiting(store, getattr(flows, shape)(before))
    async with working(getattr(flows, shape)(after), store=store) as app:
        await approve(app)
        run = await app.run("r")
        with pytest.raises(RunNeedsAttention, match=f"position {position}") as caught:
            await run.result(10)
        difference = caught.value.difference
        assert (difference["frame"], difference["position"]) == (frame.rstrip("/"), position)
        assert (difference["recorded"]["name"], difference["flow"]["name"]) == (was, comes)
        assert f"recorded is '{was}'" in str(caught.value)
        assert f"the flow has '{comes}'" in str(caught.value)

        full = ["=".join(frame + name if name else "" for name in pair.split("=")) for pair in mapping]
        await app.migrate("r", parse_mapping(full))
        result = await run.result(10)

        assert [mark for mark in result["path"] if mark != "before"] == list(path), (
            "the past stays what it was"
        )
        del flows.counts["before"]
        assert flows.counts == Counter(letter for letter in before + new if letter not in "?!"), "each once"
        assert (await verify(app.store)).ok


async def test_a_mapping_that_is_not_enough_shows_the_next_difference(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("XY?C"), store=store) as app:
        await approve(app)
        run = await app.run("r")
        await reached(app, run, "NEEDS_ATTENTION")
        await app.migrate("r", parse_mapping(["A=X"]))
        with pytest.raises(RunNeedsAttention, match="'B'"):
            await run.result(10)
        await app.migrate("r", parse_mapping(["B=Y"]))
        assert (await run.result(10))["path"] == ["A", "B", "C"]


async def test_a_run_can_be_mapped_while_it_waits(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("AX?C"), store=store) as app:
        await app.migrate("r", parse_mapping(["B=X"]), actor="carol")
        await reached(app, "r", "WAITING")
        await approve(app)
        assert (await (await app.run("r")).result(10))["path"] == ["A", "B", "C"]
        logged = await app.store.read(
            lambda tx: [entry for entry in tx.log(0, 100) if entry.kind == "run_migrated"]
        )
    assert [(entry.actor, entry.data) for entry in logged] == [("carol", '{"mapping":["B=X"]}')]


async def test_the_question_stays_open_and_counts(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("AX?C"), store=store) as app:
        (request,) = await views.requests(app.store, ["OPEN"])
        await approve(app)
        await reached(app, "r", "NEEDS_ATTENTION")
        await app.migrate("r", parse_mapping(["B=X"]))
        result = await (await app.run("r")).result(10)
        assert result["request_id"] == request.id
        assert len(await views.requests(app.store)) == 1


async def test_what_lies_inside_a_renamed_step_moves_with_it(store: MemoryStore) -> None:
    flows = Flows()
    inner = lambda name: Mark("before", flows.counts) | Chain([flows._node(c) for c in "A?"], name=name)  # noqa: E731
    await waiting(store, inner("old"))
    async with working(inner("new"), store=store) as app:
        await approve(app)
        await reached(app, "r", "NEEDS_ATTENTION")
        await app.migrate("r", parse_mapping(["old=new"]))
        assert (await (await app.run("r")).result(10))["path"] == ["before", "A"]
        places = [address for address, _, _ in journal(app, "r")]
    assert "new/A/inner" in places
    assert not [place for place in places if place.startswith("old")]
    assert flows.counts == {"before": 1, "A": 1}


async def test_a_changed_question_is_dropped_and_asked_anew(store: MemoryStore) -> None:
    async def before(data: Data) -> Data:
        return {"answer": await ask("Which tone?", name="tone")}

    async def after(data: Data) -> Data:
        return {"answer": await ask("Which mood?", name="tone")}

    await waiting(store, before)
    async with working(after, store=store) as app:
        await app.inbox.decide((await asked(app))[0].id, "answer", actor=BOB, payload="dry")
        run = await app.run("r")
        with pytest.raises(RunNeedsAttention, match="asking something else"):
            await run.result(10)
        await app.migrate("r", parse_mapping(["tone="]))
        request = await say(app, "answer", "glad")
        assert request.draft.title == "Which mood?"
        assert await run.result(10) == {"answer": "glad"}


async def test_what_a_dropped_step_has_asked_is_withdrawn_and_nothing_else(store: MemoryStore) -> None:
    async def before(data: Data) -> Data:
        return {"all": await gather(lambda: ask("left?"), lambda: ask("right?", name="right"))}

    async def after(data: Data) -> Data:
        return {"all": await gather(lambda: ask("left?"), lambda: ask("Right?", name="right"))}

    async with working(before, store=store) as app:
        await app.start("flow", {}, "r")
        left, right = await asked(app, 2)
    async with working(after, store=store) as app:
        await app.migrate("r", parse_mapping(["0[1]/right="]), actor="carol")
        found = await asked(app, 2)
        assert [request.draft.title for request in found] == ["left?", "Right?"]
        assert found[0].id == left.id
        withdrawn = await views.request(app.store, right.id)
        assert (withdrawn.status, withdrawn.ended_by) == ("WITHDRAWN", "carol")
        for request in found:
            await app.inbox.decide(request.id, "answer", actor=BOB, payload="x")
        assert await (await app.run("r")).result(10) == {"all": ["x", "x"]}


async def test_a_run_that_needs_attention_can_be_cancelled_or_tried_with_the_old_code(
    store: MemoryStore,
) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("A?C"), store=store) as app:
        await approve(app)
        await reached(app, "r", "NEEDS_ATTENTION")
    async with working(flows.chain("AB?C"), store=store) as app:
        run = await app.run("r")
        await run.retry()
        assert (await run.result(10))["path"] == ["A", "B", "C"]

    await waiting_again(store, flows)
    async with working(flows.chain("A?C"), store=store) as app:
        await approve(app)
        await reached(app, "r2", "NEEDS_ATTENTION")
        await app.runs.cancel("r2", actor="bob")
        with pytest.raises(RunCancelled):
            await (await app.run("r2")).result(10)


async def waiting_again(store: MemoryStore, flows: Flows) -> None:
    async with working(flows.chain("AB?C"), store=store) as app:
        await app.start("flow", {"content": "y"}, "r2")
        await asked(app)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (["Z=Y"], "nothing is recorded as 'Z'.*there is A, B, human"),
        (["A=B"], "'B' is recorded already"),
        (["=N"], "did not stop there"),
        (["A=x/B"], "can't move into another one"),
        (["q/A=q/B"], "nothing is recorded as 'A' in 'q'"),
    ],
)
async def test_a_mapping_that_cannot_be_meant_changes_nothing(
    mapping: list[str], message: str, store: MemoryStore
) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with App(store=store).connect() as app:
        before = journal(app, "r")
        with pytest.raises(InvalidInput, match=message):
            await app.migrate("r", parse_mapping(mapping))
        assert journal(app, "r") == before
        assert (await app.runs.get("r")).status == "WAITING"


async def test_only_what_waits_can_be_mapped() -> None:
    async with working(FunctionNode(lambda x: x)) as app:
        run = await app.start("flow", {})
        await run.result(10)
        with pytest.raises(Conflict, match="FINISHED"):
            await app.migrate(run.id, parse_mapping(["0=1"]))
        with pytest.raises(UnknownId):
            await app.migrate("nobody", parse_mapping(["0=1"]))


@pytest.mark.parametrize("text", ["", "A", "=", " = ", "A:B"])
def test_a_mapping_has_a_form(text: str) -> None:
    with pytest.raises(InvalidInput, match="write OLD=NEW"):
        parse_mapping([text])


def test_a_mapping_is_read_with_spaces_around() -> None:
    assert parse_mapping(["a = b", "c=", "=d", "x/y=x/z"]) == [
        ("a", "b"),
        ("c", ""),
        ("", "d"),
        ("x/y", "x/z"),
    ]

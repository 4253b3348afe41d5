"""Code changes while runs wait: the future may differ, a past that doesn't match waits for an operator's mapping."""

import re
from collections import Counter
from typing import Any

import pytest

from handrail import (
    App,
    Chain,
    Conflict,
    FunctionNode,
    HumanApprovalNode,
    InvalidInput,
    MapNode,
    RunCancelled,
    RunNeedsAttention,
    UnknownId,
    ask,
    gather,
    sleep,
    step,
)
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.runs.history import read_steps, read_suggestions
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
        result = await (await app.run("r")).result(60)
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
            await run.result(60)
        difference = caught.value.difference
        assert (difference["frame"], difference["position"]) == (frame.rstrip("/"), position)
        assert (difference["recorded"]["name"], difference["flow"]["name"]) == (was, comes)
        assert f"recorded is '{was}'" in str(caught.value)
        assert f"the flow has '{comes}'" in str(caught.value)

        full = ["=".join(frame + name if name else "" for name in pair.split("=")) for pair in mapping]
        await app.migrate("r", parse_mapping(full))
        result = await run.result(60)

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
            await run.result(60)
        await app.migrate("r", parse_mapping(["B=Y"]))
        assert (await run.result(60))["path"] == ["A", "B", "C"]


async def test_a_run_can_be_mapped_while_it_waits(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("AX?C"), store=store) as app:
        await app.migrate("r", parse_mapping(["B=X"]), actor="carol")
        await reached(app, "r", "WAITING")
        await approve(app)
        assert (await (await app.run("r")).result(60))["path"] == ["A", "B", "C"]
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
        result = await (await app.run("r")).result(60)
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
        assert (await (await app.run("r")).result(60))["path"] == ["before", "A"]
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
            await run.result(60)
        await app.migrate("r", parse_mapping(["tone="]))
        request = await say(app, "answer", "glad")
        assert request.draft.title == "Which mood?"
        assert await run.result(60) == {"answer": "glad"}


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
        assert await (await app.run("r")).result(60) == {"all": ["x", "x"]}


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
        assert (await run.result(60))["path"] == ["A", "B", "C"]

    await waiting_again(store, flows)
    async with working(flows.chain("A?C"), store=store) as app:
        await approve(app)
        await reached(app, "r2", "NEEDS_ATTENTION")
        await app.runs.cancel("r2", actor="bob")
        with pytest.raises(RunCancelled):
            await (await app.run("r2")).result(60)


async def waiting_again(store: MemoryStore, flows: Flows) -> None:
    async with working(flows.chain("AB?C"), store=store) as app:
        await app.start("flow", {"content": "y"}, "r2")
        await asked(app)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (["Z=Y"], "nothing is recorded as 'Z'.*there is A, B, human"),
        (["A=B"], "'B' is recorded already"),
        (["=B"], "'B' is recorded already"),
        (["q[*]/A=q[*]/B"], r"nothing is recorded as 'A' in any branch 'q\[\*\]'"),
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
        await run.result(60)
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


# -- what can be meant ------------------------------------------------------------------------------------------------


def offered(app: App) -> list[str]:
    return [found.mapping for found in app.store.read_now(read_suggestions, run_id="r")]


async def trip(data: Data) -> Data:
    return {"forecast": await step("forecast", str), "answer": await ask("Where to?")}


async def trip_with_extra(data: Data) -> Data:
    forecast, _ = await step("forecast", str), await step("extra", str)
    return {"forecast": forecast, "answer": await ask("Where to?")}


async def test_a_question_does_not_become_a_step(store: MemoryStore) -> None:
    await waiting(store, trip)
    async with working(trip_with_extra, store=store) as app:
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="home")
        await reached(app, "r", "NEEDS_ATTENTION")
        assert offered(app) == ["=extra", "1="]
        before = journal(app, "r")
        with pytest.raises(InvalidInput, match=r"kind Question.*kind step.*Use =extra if that is new"):
            await app.migrate("r", parse_mapping(["1=extra"]))
        assert journal(app, "r") == before
        await app.migrate("r", parse_mapping(["=extra"]))
        assert (await (await app.run("r")).result(60))["answer"] == "home"


@pytest.mark.parametrize(("after", "mapping"), [("sleep", "draft=0"), ("ask", "draft=draft")])
async def test_a_step_does_not_become_a_sleep_or_a_question(
    after: str, mapping: str, store: MemoryStore
) -> None:
    async def before(data: Data) -> Data:
        await step("draft", str)
        return {"answer": await ask("Fine?", name="fine")}

    async def sleeps(data: Data) -> Data:
        await sleep(1)
        return await before(data)

    async def asks(data: Data) -> Data:
        return {"answer": await ask("Draft?", name="draft")}

    await waiting(store, before)
    async with working({"sleep": sleeps, "ask": asks}[after], store=store) as app:
        await approve_answer(app)
        await reached(app, "r", "NEEDS_ATTENTION")
        assert mapping not in offered(app)
        with pytest.raises(InvalidInput, match="one can't become the other"):
            await app.migrate("r", parse_mapping([mapping]))


async def approve_answer(app: App) -> None:
    (request,) = await views.requests(app.store, ["OPEN"])
    await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")


async def test_what_is_recorded_already_is_not_offered_as_new(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("A?C"), store=store) as app:
        await approve(app)
        await reached(app, "r", "NEEDS_ATTENTION")
        assert offered(app) == ["B="]
        with pytest.raises(InvalidInput, match="'human' is recorded already; map that one first"):
            await app.migrate("r", parse_mapping(["=human"]))


async def test_the_mark_of_a_new_step_is_told_in_words(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("ANB?C"), store=store) as app:
        await approve(app)
        await reached(app, "r", "NEEDS_ATTENTION")
        await app.migrate("r", parse_mapping(["=M"]))
        with pytest.raises(RunNeedsAttention, match=r"recorded is 'M' \(new\)") as caught:
            await (await app.run("r")).result(60)
        assert caught.value.difference["recorded"] == {"name": "M", "kind": "new"}
        kinds = [found["kind"] for found in app.store.read_now(read_steps, run_id="r")]
        assert "new" in kinds
        assert "*" not in kinds
        await app.migrate("r", parse_mapping(["M=N"]))
        assert (await (await app.run("r")).result(60))["path"] == ["A", "B", "C"]


async def test_a_mapping_that_was_not_meant_can_be_undone(store: MemoryStore) -> None:
    flows = Flows()
    await waiting(store, flows.chain("AB?C"))
    async with working(flows.chain("XY?C"), store=store) as app:
        await approve(app)
        await reached(app, "r", "NEEDS_ATTENTION")
        assert offered(app) == ["A=X", "A=", "=X"]
        await app.migrate("r", parse_mapping(["A=Z"]))
        with pytest.raises(RunNeedsAttention, match="recorded is 'Z'"):
            await (await app.run("r")).result(60)
        assert offered(app) == ["Z=X", "Z=", "=X", "Z=A"]
        await app.migrate("r", parse_mapping(["Z=A"]))
        with pytest.raises(RunNeedsAttention, match="recorded is 'A'"):
            await (await app.run("r")).result(60)


# -- every branch at once ---------------------------------------------------------------------------------------------


def items(*names: str, counts: Counter[str] | None = None) -> Any:
    """A flow that does named steps for each of three items, then asks about it."""
    counts = Counter() if counts is None else counts

    async def each(data: Data) -> Data:
        for name in names:
            await step(name, lambda name=name: counts.update([name]))
        return {"answer": await ask("Fine?", name="fine")}

    return MapNode(each, over="items", name="map")


async def three(store: MemoryStore, flow: Any) -> None:
    async with working(flow, store=store) as app:
        await app.start("flow", {"items": [1, 2, 3]}, "r")
        await asked(app, 3)


async def all_answered(app: App) -> None:
    for request in await views.requests(app.store, ["OPEN"]):
        await app.inbox.decide(request.id, "answer", actor=BOB, payload="yes")


@pytest.mark.parametrize(
    ("after", "mapping", "done"),
    [
        (("old", "item"), "{}/each={}/item", {"old": 3, "each": 3}),
        (("old", "new", "each"), "={}/new", {"old": 3, "each": 3, "new": 3}),
        (("each",), "{}/old=", {"old": 3, "each": 3}),
    ],
)
async def test_a_pattern_maps_every_branch_at_once(
    after: tuple[str, ...], mapping: str, done: Data, store: MemoryStore
) -> None:
    counts: Counter[str] = Counter()
    await three(store, items("old", "each", counts=counts))
    async with working(items(*after, counts=counts), store=store) as app:
        await all_answered(app)
        run = await app.run("r")
        stopped = await reached(app, run, "NEEDS_ATTENTION")
        assert stopped.error is not None
        frame = stopped.error["difference"]["frame"]
        every = re.sub(r"\[\d\]", "[*]", frame)
        mapping = mapping.replace("{}", every)
        assert mapping in offered(app)
        assert offered(app).index(mapping) < offered(app).index(mapping.replace(every, frame))
        await app.migrate("r", parse_mapping([mapping]))
        assert len((await run.result(60))["results"]) == 3
        assert counts == done


async def test_a_pattern_passes_over_branches_that_are_mapped(store: MemoryStore) -> None:
    await three(store, items("each"))
    async with App(store=store).connect() as app:
        frame, every = "map/0[1]/0", "map/0[*]/0"
        await app.migrate("r", parse_mapping([f"{frame}/each={frame}/item"]))
        for _ in range(2):  # the second time everything is mapped
            await app.migrate("r", parse_mapping([f"{every}/each={every}/item"]))
        names = [address for address, kind, _ in journal(app, "r") if kind == "step"]
        assert len(names) == 3
        assert all(name.endswith("/item") for name in names)


async def test_a_pattern_is_mapped_with_all_others_or_not_at_all(store: MemoryStore) -> None:
    await three(store, items("each"))
    async with App(store=store).connect() as app:
        before = journal(app, "r")
        with pytest.raises(InvalidInput, match="'nothing'"):
            await app.migrate("r", parse_mapping(["map/0[*]/0/each=map/0[*]/0/item", "nothing=else"]))
        assert journal(app, "r") == before


async def test_positions_move_in_every_branch_that_is_like_the_one_that_stopped(store: MemoryStore) -> None:
    counts: Counter[str] = Counter()

    def flow(nodes: str) -> Any:
        async def each(data: Data) -> Data:
            for letter in nodes:
                data = await Flows._node(flows, letter).execute(data)
            return data

        return MapNode(each, over="items", name="map")

    flows = Flows()
    flows.counts = counts
    await three(store, flow("ab!"))
    async with working(flow("aob!"), store=store) as app:
        for request in await views.requests(app.store, ["OPEN"]):
            await app.inbox.decide(request.id, "approve", actor=BOB)
        run = await app.run("r")
        stopped = await reached(app, run, "NEEDS_ATTENTION")
        assert stopped.error is not None
        every = re.sub(r"\[\d\]", "[*]", stopped.error["difference"]["frame"])
        await app.migrate("r", parse_mapping([f"{every}/1={every}/2"]))
        await run.result(60)
    assert counts == {"a": 3, "b": 3, "o": 3}


# -- what a question asks ---------------------------------------------------------------------------------------------


async def test_it_is_told_what_of_a_question_has_changed(store: MemoryStore) -> None:
    def flow(title: str, secret: str) -> Any:
        async def post(data: Data) -> Data:
            return await HumanApprovalNode(name="human", title=title).execute({"content": secret})

        return post

    await waiting(store, flow("Post it?", "old secret"))
    for title, secret, changed in (
        ("Print it?", "old secret", "its title was 'Post it?' and is 'Print it?' now"),
        ("Post it?", "new secret", "what is shown differs"),
    ):
        async with working(flow(title, secret), store=store) as app:
            if (await app.runs.get("r")).status == "WAITING":
                await approve(app)
                await reached(app, "r", "NEEDS_ATTENTION")
            else:
                await (await app.run("r")).retry()
            with pytest.raises(RunNeedsAttention) as caught:
                await (await app.run("r")).result(60)
            message = str(caught.value)
            assert f"(ask asking something else): {changed}. If the flow" in message
            assert "secret" not in message

"""Code changes while runs wait: the future may differ, a past that doesn't match waits for an operator's mapping."""

from collections import Counter
from typing import Any

import pytest

from handrail import (
    App,
    Chain,
    ChainableNode,
    Conflict,
    FunctionNode,
    HumanApprovalNode,
    InvalidInput,
    RunCancelled,
    RunNeedsAttention,
    UnknownId,
    ask,
    gather,
    step,
)
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.runs.migration import parse_mapping
from handrail.stores.memory import MemoryStore
from tests.support.journey_runs import BOB, asked, journal, reached, say, working

Data = dict[str, Any]


class Mark(ChainableNode):
    """Leaves its mark, with a step inside, and counts."""

    def __init__(self, mark: str, counts: Counter[str], name: str | None = None) -> None:
        super().__init__(name=name)
        self.mark = mark
        self.counts = counts

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        await step("inner", lambda: self.counts.update([self.mark]))
        return {**data, "path": [*data.get("path", []), self.mark]}


class Other(Mark):
    """The same under another class."""


class Flows:
    """Makes flows out of words: a capital letter is a named node, a small one an unnamed one, `?` asks."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def chain(self, nodes: str) -> ChainableNode:
        return Chain([self._node(letter) for letter in nodes])

    def function(self, nodes: str) -> Any:
        async def flow(data: Data) -> Data:
            for letter in nodes:
                data = await self._node(letter).execute(data)
            return data

        return flow

    def nested(self, nodes: str) -> ChainableNode:
        return Mark("before", self.counts) | Chain([self._node(letter) for letter in nodes], name="outer")

    def branch(self, nodes: str) -> Any:
        async def branch(data: Data) -> Data:
            for letter in nodes:
                data = await self._node(letter).execute(data)
            return data

        async def flow(data: Data) -> Data:
            result, _ = await gather(lambda: branch(data), lambda: step("other", str))
            return dict(result)

        return flow

    def _node(self, letter: str) -> ChainableNode:
        if letter == "?":
            return HumanApprovalNode(name="human")
        if letter == "!":
            return HumanApprovalNode()
        kind = Other if letter in "oO" else Mark
        return kind(letter, self.counts, name=letter if letter.isupper() else None)


FRAMES = {"chain": "", "function": "", "nested": "outer/", "branch": "0[0]/"}


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


CHANGES = [
    # named nodes. The one that waits is executed again, with what comes before it now; completed ones are not
    ("AB?C", "ANB?C", 1, "B", "N", ["=N"], "ABC", "N"),
    ("AB?C", "NAB?C", 0, "A", "N", ["=N"], "ABC", "N"),
    ("AB?C", "ABN?C", 2, "human", "N", ["=N"], "ABNC", "N"),
    ("AB?C", "A?C", 1, "B", "human", ["B="], "AC", ""),
    ("AB?C", "B?C", 0, "A", "B", ["A="], "ABC", ""),
    ("AB?C", "AX?C", 1, "B", "X", ["B=X"], "ABC", ""),
    ("AB?C", "XY?C", 0, "A", "X", ["A=X", "B=Y"], "ABC", ""),
    ("AB?C", "AO?C", 1, "B", "O", ["B=O"], "ABC", ""),
    # unnamed nodes, known by their position
    ("ao!c", "ano!c", 1, "1", "1", ["1=2"], "aoc", "n"),
    ("ao!c", "ano!c", 1, "1", "1", ["=1"], "aoc", "n"),
    ("ao!c", "a!c", 1, "1", "1", ["1="], "ac", ""),
    ("ao!c", "a!c", 1, "1", "1", ["2=1"], "ac", ""),
    ("aa!c", "aao!c", 2, "2", "2", ["2=3"], "aaoc", "o"),
    ("ab!c", "ao!c", 1, "1", "1", ["1=1"], "abc", ""),
    # both
    ("aB!c", "aNB!c", 1, "B", "N", ["=N"], "aBc", "N"),
    ("aB!c", "aX!c", 1, "B", "X", ["B=X"], "aBc", ""),
    ("aB!c", "a!c", 1, "B", "1", ["B="], "ac", ""),
]


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

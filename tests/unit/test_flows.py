"""How nodes are composed, and what a person before the next step adds to the data."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from handrail import (
    Actor,
    App,
    Chain,
    ChainableNode,
    FunctionNode,
    HumanApprovalNode,
    InvalidFlow,
    InvalidInput,
    StepFailed,
    Strength,
    WebUIApprovalNode,
    at_least,
    idempotency_key,
    outcome,
)
from handrail.flows.function import as_flow
from handrail.inbox import views
from handrail.requests.identifier import utc_text
from handrail.testing.clock import TurnableClock
from tests.support.journey_runs import BOB, asked, journal, reached, say, working

Data = dict[str, Any]
HUMAN = {"decided_by", "timestamp", "comment", "request_id"}


def same(data: Data) -> Data:
    return data


class Named(ChainableNode):
    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return {**data, "path": [*data.get("path", []), self.name]}


# -- composition -------------------------------------------------------------------------------------------------------


async def test_nodes_are_executed_in_order() -> None:
    async with working(Named(name="a") | Named(name="b") | Named(name="c")) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"path": ["a", "b", "c"]}
        assert journal(app, run.id) == [(name, "Named", "done") for name in "abc"]


async def test_unnamed_nodes_are_known_by_their_position() -> None:
    node = FunctionNode(same)
    async with working(node | Named(name="b") | node) as app:
        run = await app.start("flow", {})
        await run.result(60)
        assert [address for address, _, _ in journal(app, run.id)] == ["0", "b", "2"]


async def test_a_named_chain_is_one_step() -> None:
    inner = Chain([Named(name="a"), Named(name="b")], name="inner")
    async with working(Named(name="a") | inner) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"path": ["a", "a", "b"]}
        assert [address for address, _, _ in journal(app, run.id)] == ["a", "inner", "inner/a", "inner/b"]


async def test_a_flow_of_one_node_is_a_chain_of_one() -> None:
    async with working(Named(name="only")) as app:
        run = await app.start("flow", {})
        await run.result(60)
        assert journal(app, run.id) == [("only", "Named", "done")]


def test_two_equal_names_are_an_error_at_composition() -> None:
    with pytest.raises(InvalidFlow, match="two nodes are named 'a'"):
        Named(name="a") | Named(name="b") | Named(name="a")


@pytest.mark.parametrize("name", ["", " ", "a/b", "a[0]", "7", "a!", "a~2", "a=b", 7])
def test_a_name_is_part_of_an_address(name: Any) -> None:
    with pytest.raises(InvalidFlow, match="can't be a name"):
        FunctionNode(same, name=name)


def test_only_nodes_can_be_joined() -> None:
    with pytest.raises(TypeError):
        FunctionNode(same) | same  # type: ignore[operator]
    with pytest.raises(InvalidFlow, match="wrap a function in FunctionNode"):
        Chain([same])  # type: ignore[list-item]
    with pytest.raises(InvalidFlow, match="at least one node"):
        Chain([])
    with pytest.raises(InvalidFlow, match="FunctionNode needs a function"):
        FunctionNode(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [same, lambda x: x, HumanApprovalNode, 7, "flow"])
def test_what_is_no_flow_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidFlow):
        as_flow(wrong)


def test_names_in_an_app_are_unique() -> None:
    app = App(store="memory://")
    app.flow("a", FunctionNode(same))
    with pytest.raises(InvalidFlow, match="two flows are named 'a'"):
        app.flow("a", FunctionNode(same))
    for name in ("", " ", "a\nb", None):
        with pytest.raises(InvalidFlow):
            app.flow(name, FunctionNode(same))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [{"retries": -1}, {"retries": True}, {"backoff": 0}, {"attempt_timeout": -1}, {"on_interrupt": "maybe"}],
)
def test_options_of_a_node_are_checked(options: dict[str, Any]) -> None:
    async def work(data: Data) -> Data:
        return data

    with pytest.raises(InvalidInput, match=next(iter(options))):
        FunctionNode(work, **options)


async def test_a_node_may_forget_to_call_its_parent() -> None:
    class Careless(ChainableNode):
        def __init__(self) -> None:
            self.word = "fine"

        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            return {"word": self.word}

    async with working(Careless() | Careless()) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"word": "fine"}


async def test_the_body_of_a_subclass_may_call_the_one_it_overrides() -> None:
    class Louder(Named):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            result = await super().execute(data)
            return {**result, "loud": True}

    async with working(Louder(name="a") | Named(name="b")) as app:
        run = await app.start("flow", {})
        assert await run.result(60) == {"path": ["a", "b"], "loud": True}
        assert [address for address, _, _ in journal(app, run.id)] == ["a", "b"]


async def test_a_node_without_execute_says_so() -> None:
    class Empty(ChainableNode):
        pass

    async with working(FunctionNode(same) | Empty()) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="Empty has to define: async def execute"):
            await run.result(60)


async def test_inside_a_run_a_node_takes_a_dict_and_no_run_id() -> None:
    async def flow(wrong: str) -> Data:
        if wrong == "list":
            return await FunctionNode(same).execute([1])  # type: ignore[arg-type]
        return await FunctionNode(same).execute({}, run_id="mine")

    async with working(flow) as app:
        for wrong, message in (("list", "takes a dict, not list"), ("id", "outermost execute only")):
            run = await app.start("flow", {"wrong": wrong})
            with pytest.raises(StepFailed, match=message):
                await run.result(60)


# -- functions ---------------------------------------------------------------------------------------------------------


async def test_a_function_flow_gets_the_keys_of_its_input() -> None:
    async def write(topic: str, words: int = 100) -> Data:
        return {"topic": topic, "words": words}

    async with working(write) as app:
        assert await (await app.start("flow", {"topic": "AI"})).result(60) == {"topic": "AI", "words": 100}
        with pytest.raises(InvalidInput, match="takes topic, words as keys of its input"):
            await app.start("flow", {"title": "AI"})
        assert len(await app.runs.list()) == 1


async def test_a_sole_parameter_data_gets_the_dict() -> None:
    async def write(data: Data) -> Data:
        return {"got": data}

    async with working(write) as app:
        run = await app.start("flow", {"topic": "AI"})
        assert await run.result(60) == {"got": {"topic": "AI"}}


async def test_flows_can_be_registered_by_a_decorator() -> None:
    app = App(store="memory://")

    @app.flow("decorated")
    async def write(topic: str) -> Data:
        return {"topic": topic}

    async with app:
        assert await (await app.start("decorated", {"topic": "AI"})).result(60) == {"topic": "AI"}


async def test_a_sync_function_runs_in_a_thread_and_knows_its_step() -> None:
    def work(data: Data) -> Data:
        return {"thread": threading.current_thread().name, "key": idempotency_key()}

    async with working(FunctionNode(work, name="work")) as app:
        run = await app.start("flow", {}, "r")
        result = await run.result(60)
    assert result["thread"].startswith("handrail-function")
    assert result["key"] == "r/work"


async def _later(data: Data) -> Data:
    return {**data, "awaited": True}


class Callable_:
    async def __call__(self, data: Data) -> Data:
        return {**data, "awaited": True}


@pytest.mark.parametrize("function", [_later, lambda x: _later({**x}), Callable_()])
async def test_whatever_can_be_awaited_is(function: Callable[[Data], Any]) -> None:
    async with working(FunctionNode(function)) as app:
        assert await (await app.start("flow", {})).result(60) == {"awaited": True}


# -- approval ----------------------------------------------------------------------------------------------------------


async def approve(node: HumanApprovalNode, data: Data, verb: str, **said: Any) -> tuple[Data, Any]:
    async with working(node) as app:
        run = await app.start("flow", data)
        request = await say(app, verb, **said)
        return await run.result(60), request


async def test_an_approval_adds_who_when_and_what_they_said() -> None:
    data = {"id": "post_1", "content": "text", "other": 1}
    result, request = await approve(HumanApprovalNode(timeout=300), data, "approve", comment="fine")
    assert result == {
        **data,
        "approved": True,
        "decided_by": "bob",
        "comment": "fine",
        "request_id": request.id,
        "timestamp": result["timestamp"],
    }
    moment = datetime.fromisoformat(result["timestamp"])
    assert moment.utcoffset() is not None
    assert not moment.utcoffset()
    assert (request.draft.title, request.draft.proposal) == ("Approve post_1", {"content": "text"})


async def test_an_edit_replaces_the_keys_that_were_shown() -> None:
    result, _ = await approve(
        HumanApprovalNode(), {"content": "text", "n": 1}, "edit", payload={"content": "better"}
    )
    assert (result["approved"], result["content"], result["n"]) == (True, "better", 1)


async def test_a_rejection_goes_on_with_its_reason() -> None:
    result, _ = await approve(HumanApprovalNode(), {"content": "text"}, "reject", comment="too long")
    assert result.keys() == {"content", "approved", "reason"} | HUMAN
    assert (result["approved"], result["reason"], result["comment"]) == (False, "too long", "too long")


async def test_a_rejection_can_stop_the_run() -> None:
    async with working(HumanApprovalNode(on_reject="stop") | Named(name="after")) as app:
        run = await app.start("flow", {"content": "text"})
        await say(app, "reject", comment="no")
        result = await run.result(60)
        assert (result["approved"], result["reason"]) == (False, "no")
        assert "path" not in result
        assert run.status == "FINISHED"
        run = await app.start("flow", {"content": "text"})
        await say(app, "approve")
        assert (await run.result(60))["path"] == ["after"]


async def test_a_rejection_deep_inside_stops_the_whole_run_too() -> None:
    class Outer(ChainableNode):
        async def execute(self, data: Data) -> Data:  # type: ignore[override]
            try:
                return await HumanApprovalNode(on_reject="stop").execute(data)
            except Exception:
                return {"caught": True}

    async with working(Outer() | Named(name="after")) as app:
        run = await app.start("flow", {"content": "text"})
        await say(app, "reject", comment="no")
        assert (await run.result(60))["approved"] is False


@pytest.mark.parametrize(
    ("on_timeout", "expected"),
    [
        ("reject", {"approved": False, "reason": "timeout", "timeout_seconds": 300}),
        ("approve", {"approved": True, "reason": "timeout", "timeout_seconds": 300}),
        (
            outcome("reject", comment="nobody came"),
            {"approved": False, "reason": "timeout", "timeout_seconds": 300},
        ),
        (None, {"approved": False, "reason": "expired"}),
    ],
)
async def test_silence_comes_to_what_was_said_beforehand(on_timeout: Any, expected: Data) -> None:
    clock = TurnableClock()
    async with working(HumanApprovalNode(timeout=300, on_timeout=on_timeout), clock=clock) as app:
        run = await app.start("flow", {"content": "text"})
        await asked(app)
        clock.turn(299)
        await reached(app, run, "WAITING")
        clock.turn(1)
        result = await run.result(60)
    assert {key: result[key] for key in expected} == expected
    assert result["decided_by"] is None
    assert result["timestamp"] == utc_text(clock.now())


async def test_a_withdrawn_request_is_no_approval() -> None:
    async with working(HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "text"})
        (request,) = await asked(app)
        await app.inbox.withdraw(request.id, actor=BOB)
        result = await run.result(60)
    assert (result["approved"], result["reason"], result["decided_by"]) == (False, "withdrawn", None)


@pytest.mark.parametrize("content", [None, "", {}, []])
async def test_without_content_the_whole_data_is_shown(content: Any) -> None:
    _, request = await approve(HumanApprovalNode(), {"a": 1, "content": content}, "approve")
    assert request.draft.proposal == {"a": 1, "content": content}


@pytest.mark.parametrize("content", [0, False, ["x"], {"text": "x"}])
async def test_content_of_any_kind_is_shown(content: Any) -> None:
    _, request = await approve(HumanApprovalNode(), {"a": 1, "content": content}, "approve")
    assert request.draft.proposal == {"content": content}


async def test_a_run_that_begins_with_a_question_about_nothing_is_refused() -> None:
    for node in (HumanApprovalNode(), WebUIApprovalNode()):
        async with working(node) as app:
            with pytest.raises(InvalidInput, match="there is nothing to show"):
                await app.start("flow", {})
            assert await app.runs.list() == []


async def test_nothing_to_show_is_refused_before_anybody_is_asked() -> None:
    async with working(FunctionNode(lambda x: x) | HumanApprovalNode()) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match="there is nothing to show"):
            await run.result(60)
        assert await views.requests(app.store) == []


async def test_a_title_may_be_made_from_the_data() -> None:
    _, request = await approve(HumanApprovalNode(title=lambda x: f"Publish {x['n']}?"), {"n": 7}, "approve")
    assert request.draft.title == "Publish 7?"


async def test_a_title_that_comes_out_empty_is_replaced_by_words_that_can_be_opened() -> None:
    _, request = await approve(HumanApprovalNode(title=lambda x: x["name"]), {"name": " \n"}, "approve")
    assert request.draft.title == "(no title)"


async def test_several_people_decide_together() -> None:
    node = HumanApprovalNode(audience=["alice", "bob", "carol"], quorum=at_least(2))
    async with working(node) as app:
        run = await app.start("flow", {"content": "x"})
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "approve", actor=BOB)
        assert run.status == "WAITING"
        await app.inbox.decide(request.id, "approve", actor=Actor("carol", Strength.SESSION))
        result = await run.result(60)
    assert (result["approved"], result["decided_by"]) == (True, "bob, carol")


@pytest.mark.parametrize(
    "options",
    [
        {"on_reject": "explode"},
        {"on_timeout": "explode"},
        {"timeout": 0},
        {"timeout": "300"},
        {"on_timeout": "escalate"},
        {"audiance": "bob"},
        {"quorum": "all"},
    ],
)
def test_options_of_a_human_node_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        HumanApprovalNode(**options)


def test_the_page_writes_the_timeout_first() -> None:
    assert HumanApprovalNode(300).timeout == 300


async def test_an_approval_does_not_carry_on_why_an_earlier_one_was_a_no() -> None:
    async with working(HumanApprovalNode() | HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "x"})
        await say(app, "reject", comment="not yet")
        first = await say(app, "approve")
        result = await run.result(60)
    assert result["approved"]
    assert "reason" not in result
    assert result["request_id"] == first.id


async def test_a_reason_of_the_data_s_own_is_passed_on() -> None:
    async with working(HumanApprovalNode()) as app:
        run = await app.start("flow", {"content": "x", "reason": "a customer asked"})
        await say(app, "approve")
        assert (await run.result(60))["reason"] == "a customer asked"

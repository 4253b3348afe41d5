"""LLMNode with a function for a model: what it takes, gives, streams, and how its failures are repeated."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from handrail import (
    Actor,
    App,
    FeedbackLoop,
    FunctionNode,
    HumanApprovalNode,
    InvalidFlow,
    InvalidInput,
    LLMNode,
    ModelError,
    ModelRefused,
    RunStatus,
    StepFailed,
    StreamEvent,
)
from handrail.inbox import views
from handrail.inbox.ports import Filter, InboxTransaction
from handrail.requests.request import HumanRequest, Status
from handrail.testing.clock import TurnableClock
from tests.support.waiting import until

Messages = list[dict[str, str]]


class Verdict(BaseModel):
    title: str
    score: int = Field(le=10)


class Functions:
    """A model function that keeps what it was asked, and gives one reply (or raises it) after the other."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.asked: list[Messages] = []

    async def __call__(self, messages: Messages) -> Any:
        self.asked.append(messages)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


async def result_of(flow: Any, data: dict[str, Any]) -> dict[str, Any]:
    app = App(store="memory://")
    app.flow("flow", flow)
    async with app:
        run = await app.start("flow", data)
        return await run.result(timeout=30)


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def test_importing_handrail_imports_no_model_library() -> None:
    code = "import sys, handrail; print([m for m in ('pydantic_ai', 'openai', 'httpx2') if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "[]"


async def test_the_answer_is_added_to_the_data() -> None:
    def shout(messages: Messages) -> str:
        return messages[-1]["content"].upper()

    result = await result_of(LLMNode(shout), {"prompt": "hello", "id": 7})
    assert result == {
        "prompt": "hello",
        "id": 7,
        "content": "HELLO",
        "model": "shout",
        "usage": {"input_tokens": 0, "output_tokens": 0, "requests": 1},
    }


async def test_messages_are_handed_over_and_not_repeated_in_the_result() -> None:
    model = Functions("fine")
    talk = [user("a"), {"role": "assistant", "content": "b"}, user("c")]
    result = await result_of(LLMNode(model), {"messages": talk, "id": 7})
    assert model.asked == [talk]
    assert "messages" not in result
    assert (result["id"], result["content"]) == (7, "fine")


@pytest.mark.parametrize(
    ("node_says", "data", "system"),
    [
        (None, {"prompt": "p"}, None),
        ("node", {"prompt": "p"}, "node"),
        ("node", {"prompt": "p", "system": "data"}, "data"),
        ("node", {"messages": [user("p")]}, "node"),
        ("node", {"messages": [{"role": "system", "content": "talk"}, user("p")], "system": "data"}, "talk"),
    ],
)
async def test_which_system_message_counts(
    node_says: str | None, data: dict[str, Any], system: str | None
) -> None:
    model = Functions("x")
    await result_of(LLMNode(model, system=node_says), data)
    expected = [] if system is None else [{"role": "system", "content": system}]
    assert model.asked == [[*expected, user("p")]]


BAD_INPUT = [
    ({}, "nothing to ask"),
    ({"prompt": ""}, '"prompt" is empty'),
    ({"prompt": 5}, '"prompt" is int'),
    ({"prompt": "p", "system": 5}, '"system" is int'),
    ({"prompt": "p", "messages": [user("p")]}, "both"),
    ({"messages": []}, "not a list with a message"),
    ({"messages": "p"}, "not a list with a message"),
    ({"messages": [user("p"), {"role": "robot", "content": "p"}]}, r"messages\[1\] needs a role"),
    ({"messages": [{"role": "user", "content": 5}]}, r"messages\[0\] needs a role"),
    ({"messages": [user("p"), {"role": "assistant", "content": "a"}]}, "last message"),
]


@pytest.mark.parametrize(("data", "complaint"), BAD_INPUT)
async def test_a_run_does_not_begin_with_data_that_holds_no_prompt(
    data: dict[str, Any], complaint: str
) -> None:
    model = Functions("x")
    with pytest.raises(InvalidInput, match=complaint) as raised:
        await result_of(LLMNode(model), data)
    assert "LLMNode takes" in str(raised.value)
    assert model.asked == []


async def test_a_missing_prompt_in_the_middle_of_a_flow_is_not_retried() -> None:
    shaped: list[int] = []

    def shape(data: dict[str, Any]) -> dict[str, Any]:
        shaped.append(1)
        return {}

    with pytest.raises(StepFailed, match="LLMNode takes") as raised:
        await asyncio.wait_for(
            result_of(FunctionNode(shape) | LLMNode(Functions("x"), backoff=3600), {"a": 1}), 30
        )
    assert (raised.value.kind, len(shaped)) == ("InvalidInput", 1)


async def test_a_subclass_may_make_the_prompt_itself() -> None:
    class Poet(LLMNode):
        async def execute(self, data: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
            return await super().execute({"prompt": f"A poem about {data['topic']}"})

    model = Functions("roses")
    assert (await result_of(Poet(model), {"topic": "love"}))["content"] == "roses"
    assert model.asked == [[user("A poem about love")]]


@pytest.mark.parametrize("reply", ['{"title": "Ada", "score": "9"}', {"title": "Ada", "score": 9}])
async def test_structured_output_is_the_validated_object_as_json(reply: Any) -> None:
    result = await result_of(LLMNode(Functions(reply), output=Verdict), {"prompt": "p"})
    assert result["content"] == {"title": "Ada", "score": 9}


async def test_output_may_be_any_type() -> None:
    numbers = await result_of(LLMNode(Functions("[1, 2]"), output=list[int]), {"prompt": "p"})
    assert numbers["content"] == [1, 2]
    text = await result_of(LLMNode(Functions("5"), output=str), {"prompt": "p"})
    assert text["content"] == "5"
    with pytest.raises(InvalidFlow, match="give a pydantic model"):
        LLMNode(Functions("x"), output=object())


async def test_an_answer_that_does_not_fit_is_repeated_and_the_complaint_holds_no_content() -> None:
    model = Functions({"title": "secret title", "score": 11}, '{"title": "Ada", "score": 1}')
    result = await result_of(LLMNode(model, output=Verdict, backoff=0.01), {"prompt": "p"})
    assert (result["content"]["score"], len(model.asked)) == (1, 2)

    wrong = Functions({"title": "secret", "score": 11})
    with pytest.raises(StepFailed, match="score: Input should be less than or equal to 10") as raised:
        await result_of(LLMNode(wrong, output=Verdict, retries=0), {"prompt": "p"})
    assert raised.value.kind == "ModelError"
    assert "secret" not in str(raised.value)


async def test_failures_are_repeated_and_every_attempt_begins_with_restart() -> None:
    events: list[StreamEvent] = []
    model = Functions(ConnectionError("down"), ModelError("down"), "there")
    result = await result_of(LLMNode(model, backoff=0.01, on_stream=events.append), {"prompt": "p"})
    assert result["content"] == "there"
    assert [event.kind for event in events] == ["restart", "restart", "restart", "chunk"]


async def test_a_refusal_is_not_repeated() -> None:
    model = Functions(ModelRefused("no key: set one"))
    with pytest.raises(StepFailed, match="no key: set one"):
        await asyncio.wait_for(result_of(LLMNode(model, backoff=3600), {"prompt": "p"}), 30)
    assert len(model.asked) == 1


async def test_the_pause_is_as_long_as_the_server_asks_for() -> None:
    clock = TurnableClock()
    model = Functions(ModelError("wait", retry_after=100.0), "there")
    app = App(store="memory://", clock=clock)
    app.flow("flow", LLMNode(model, backoff=1))
    async with app:
        run = await app.start("flow", {"prompt": "p"})
        await until(lambda: model.asked and run.status is RunStatus.WAITING)
        clock.turn(99)
        with pytest.raises(TimeoutError):
            await run.result(timeout=0.3)
        assert len(model.asked) == 1
        clock.turn(2)
        assert (await run.result(timeout=20))["content"] == "there"


async def pieces(messages: Messages) -> AsyncIterator[str]:
    for piece in ("Once ", "upon ", "a time"):
        yield piece


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_generator_streams_its_pieces(kind: str) -> None:
    events: list[StreamEvent] = []

    async def keep(event: StreamEvent) -> None:
        await asyncio.sleep(0)
        events.append(event)

    app = App(store="memory://")
    app.flow("flow", LLMNode(pieces, on_stream=keep if kind == "async" else events.append, name="draft"))
    async with app:
        run = await app.start("flow", {"prompt": "p"})
        result = await run.result(timeout=30)
    assert (result["content"], result["model"]) == ("Once upon a time", "pieces")
    assert [(event.kind, event.text) for event in events] == [
        ("restart", ""),
        ("chunk", "Once "),
        ("chunk", "upon "),
        ("chunk", "a time"),
    ]
    assert {event.run_id for event in events} == {run.id}
    assert len({event.address for event in events}) == 1


async def test_structured_output_streams_only_restart() -> None:
    async def brackets(messages: Messages) -> AsyncIterator[str]:
        for piece in ("[1", ", 2]"):
            yield piece

    events: list[StreamEvent] = []
    result = await result_of(LLMNode(brackets, output=list[int], on_stream=events.append), {"prompt": "p"})
    assert result["content"] == [1, 2]
    assert [event.kind for event in events] == ["restart"]


async def test_a_display_that_breaks_costs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[StreamEvent] = []

    def broken(event: StreamEvent) -> None:
        seen.append(event)
        if event.kind == "chunk":
            raise RuntimeError("the window is closed")

    result = await result_of(LLMNode(pieces, on_stream=broken), {"prompt": "p"})
    assert result["content"] == "Once upon a time"
    assert [event.kind for event in seen] == ["restart", "chunk"]
    assert "on_stream failed" in caplog.text


async def test_a_function_that_returns_no_text_is_told_so() -> None:
    with pytest.raises(StepFailed, match="returned int; it returns a str or a dict"):
        await result_of(LLMNode(Functions(5)), {"prompt": "p"})


@pytest.mark.parametrize("model", [5, "", "  ", Functions, ["gpt-4o"]])
def test_what_can_not_be_a_model_is_refused_at_composition(model: Any) -> None:
    with pytest.raises(InvalidFlow, match="give a name, a pydantic-ai model or a function"):
        LLMNode(model)


def test_a_time_limit_needs_a_function_that_can_be_stopped() -> None:
    LLMNode(Functions("x"), attempt_timeout=1)
    LLMNode(pieces, attempt_timeout=1)
    with pytest.raises(InvalidInput, match="attempt_timeout needs an async function"):
        LLMNode(lambda messages: "x", attempt_timeout=1)


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_ai", None)
    for module in ("provider", "refusal"):
        monkeypatch.delitem(sys.modules, f"handrail.flows.{module}", raising=False)
        monkeypatch.delattr(f"handrail.flows.{module}", raising=False)
    with pytest.raises(StepFailed, match=r"pip install 'handrail\[llm\]'") as raised:
        await asyncio.wait_for(result_of(LLMNode("gpt-4o", backoff=3600), {"prompt": "p"}), 30)
    assert raised.value.kind == "ModelRefused"


async def test_an_answer_is_made_once_whatever_waits_and_restarts_behind_it(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'answers.db'}"
    model = Functions("A draft")

    def app() -> App:
        made = App(store=store)
        made.flow("publish", LLMNode(model, name="draft") | HumanApprovalNode(name="approve"))
        return made

    async with (first := app()):
        run = await first.start("publish", {"prompt": "p"})
        await until(lambda: run.status is RunStatus.WAITING)
    async with (second := app()):
        request = (await views.requests(second.store, run_id=run.id))[0]
        assert request.draft.proposal == {"content": "A draft"}
        await second.inbox.decide(request.id, "approve", actor=Actor("bob"))
        result = await (await second.start("publish", {"prompt": "p"}, run_id=run.id)).result(timeout=20)
    assert (result["approved"], result["content"]) == (True, "A draft")
    assert len(model.asked) == 1


def open_requests(tx: InboxTransaction) -> list[HumanRequest]:
    return tx.requests(Filter((Status.OPEN,)))


async def test_the_feedback_reaches_the_model() -> None:
    model = Functions("first", "second")
    app = App(store="memory://")
    app.flow("write", LLMNode(model) | FeedbackLoop(llm=model))
    async with app:
        run = await app.start("write", {"prompt": "p"})
        for verb, comment in (("request_changes", "shorter please"), ("approve", None)):
            await until(lambda: app.store.read_now(open_requests))
            [request] = await views.requests(app.store, (Status.OPEN,))
            await app.inbox.decide(request.id, verb, actor=Actor("bob"), comment=comment)
        result = await run.result(timeout=20)
    assert (result["status"], result["content"]) == ("approved", "second")
    assert len(model.asked) == 2
    assert "first" in model.asked[1][-1]["content"]
    assert "shorter please" in model.asked[1][-1]["content"]

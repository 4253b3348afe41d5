"""LLMNode through the real pydantic-ai against a real HTTP server that speaks OpenAI's API, and fails too."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from handrail import (
    Actor,
    App,
    HumanApprovalNode,
    LLMNode,
    ModelError,
    ModelRefused,
    RunStatus,
    StepFailed,
    StreamEvent,
)
from handrail.flows.node import body_of
from handrail.inbox import views
from tests.support.model_server import (
    BREAK,
    DISCONNECT,
    GARBAGE,
    HANG,
    Fault,
    ModelServer,
    gone,
    status,
)
from tests.support.waiting import until

pytest.importorskip("pydantic_ai")

PROMPT = "the secret plan"
KEY = "sk-secret-key"


class Verdict(BaseModel):
    title: str
    score: int = Field(le=10)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own: no key, no address, no proxy before the loopback."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HANDRAIL_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


async def result_of(flow: Any, data: dict[str, Any] | None = None) -> dict[str, Any]:
    app = App(store="memory://")
    app.flow("flow", flow)
    async with app:
        run = await app.start("flow", data or {"prompt": PROMPT})
        return await run.result(timeout=60)


# -- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, ""])
async def test_a_bare_name_is_asked_at_the_chat_api_without_a_key(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    node = LLMNode("llama", system="Be brief", settings={"temperature": 0})
    result = await result_of(node, {"prompt": "hello", "id": 7})
    assert result == {
        "prompt": "hello",
        "id": 7,
        "content": "An answer to hello",
        "model": "llama-0613",
        "usage": {"input_tokens": 11, "output_tokens": 7, "requests": 1},
    }
    [call] = server.calls
    assert (call.path, call.body["model"], call.body["temperature"]) == ("/v1/chat/completions", "llama", 0)
    assert call.body["messages"] == [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "hello"},
    ]


async def test_the_key_is_sent_where_there_is_one(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert (await result_of(LLMNode("llama")))["content"]


async def test_the_environment_names_the_model_when_it_is_executed(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = LLMNode()
    await result_of(node)
    monkeypatch.setenv("HANDRAIL_MODEL", "qwen3:8b")
    await result_of(node)
    assert [call.body["model"] for call in server.calls] == ["gpt-4o", "qwen3:8b"]


async def test_a_talk_is_handed_over_message_by_message(server: ModelServer) -> None:
    talk = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    result = await result_of(LLMNode("llama", system="not this one"), {"messages": talk})
    assert server.calls[0].body["messages"] == talk
    assert "messages" not in result


async def test_a_provider_before_the_name_counts(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    result = await result_of(LLMNode("openai:gpt-4o"), {"prompt": "hello"})
    assert (result["content"], result["model"]) == ("An answer to hello", "gpt-4o-0613")
    assert server.calls[0].path == "/v1/responses"


def test_a_bare_name_with_a_key_alone_is_asked_at_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    from handrail.flows.provider import find_model

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = find_model("gpt-4o")
    assert (model.model_name, model.base_url) == ("gpt-4o", "https://api.openai.com/v1/")
    assert type(model).__name__ == "OpenAIResponsesModel"


async def test_a_model_of_pydantic_ai_is_taken_as_it_is(server: ModelServer) -> None:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.models.test import TestModel
    from pydantic_ai.providers.openai import OpenAIProvider

    own = OpenAIChatModel("own", provider=OpenAIProvider(server.base_url, KEY))
    for _ in range(2):
        assert (await result_of(LLMNode(own)))["model"] == "own-0613"
    assert server.calls[0].authorization == f"Bearer {KEY}"
    assert (await result_of(LLMNode(TestModel(custom_output_text="scripted"))))["content"] == "scripted"


def test_a_node_works_in_one_event_loop_after_the_other(server: ModelServer) -> None:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    own = LLMNode(OpenAIChatModel("own", provider=OpenAIProvider(server.base_url, KEY)))
    named = LLMNode("llama")
    for _ in range(2):
        assert asyncio.run(result_of(named))["content"] == f"An answer to {PROMPT}"
        assert asyncio.run(result_of(own))["content"] == f"An answer to {PROMPT}"
    assert len(server.calls) == 4


# -- streams ----------------------------------------------------------------------------------------------


async def test_chunks_come_one_by_one(server: ModelServer) -> None:
    events: list[StreamEvent] = []
    result = await result_of(LLMNode("llama", on_stream=events.append), {"prompt": "hello"})
    assert [event.kind for event in events][:2] == ["restart", "chunk"]
    assert len(events) == 5  # 18 characters in pieces of 5
    assert "".join(event.text for event in events) == result["content"] == "An answer to hello"
    assert (result["model"], result["usage"]["output_tokens"]) == ("llama-0613", 7)
    assert server.calls[0].body["stream"] is True


async def test_a_stream_that_breaks_off_begins_again(server: ModelServer) -> None:
    server.faults.append(BREAK)
    events: list[StreamEvent] = []
    result = await result_of(LLMNode("llama", backoff=0.01, on_stream=events.append), {"prompt": "hello"})
    assert result["content"] == "An answer to hello"
    kinds = [event.kind for event in events]
    assert kinds.count("restart") == 2
    last = len(kinds) - kinds[::-1].index("restart")
    assert "".join(event.text for event in events[last:]) == "An answer to hello"
    assert kinds[1] == "chunk"  # what the broken attempt had shown


# -- structured output ------------------------------------------------------------------------------------


async def test_structured_output(server: ModelServer) -> None:
    server.fill = lambda prompt: {"title": prompt, "score": 9}
    events: list[StreamEvent] = []
    result = await result_of(LLMNode("llama", output=Verdict, on_stream=events.append), {"prompt": "p"})
    assert result["content"] == {"title": "p", "score": 9}
    assert [event.kind for event in events] == ["restart"]
    assert server.calls[0].body["tools"][0]["function"]["parameters"]["required"] == ["title", "score"]


async def test_the_model_may_correct_its_answer_once(server: ModelServer) -> None:
    scores = iter([11, 9])
    server.fill = lambda prompt: {"title": "t", "score": next(scores)}
    result = await result_of(LLMNode("llama", output=Verdict, retries=0))
    assert result["content"]["score"] == 9
    assert result["usage"] == {"input_tokens": 22, "output_tokens": 14, "requests": 2}


async def test_an_answer_that_never_fits_is_an_error_that_says_so(server: ModelServer) -> None:
    server.fill = lambda prompt: {"title": PROMPT, "score": 11}
    with pytest.raises(StepFailed, match="gave no answer that fits Verdict") as raised:
        await result_of(LLMNode("llama", output=Verdict, retries=1, backoff=0.01))
    assert raised.value.kind == "ModelError"
    assert PROMPT not in str(raised.value)
    assert len(server.calls) == 4  # two attempts, a correction in each


# -- failures ---------------------------------------------------------------------------------------------

PASSING: list[tuple[Fault, str]] = [
    (status(429, "rate_limit_exceeded"), r"limits the rate of requests \(429 rate_limit_exceeded\): wait"),
    (status(500), r"failed to answer for llama \(500\): wait"),
    (status(503), r"failed to answer for llama \(503\): wait"),
    (status(408), r"\(408\)"),
    (DISCONNECT, "can't be reached, or broke off: check that it runs, and OPENAI_BASE_URL"),
    (GARBAGE, "gave no answer that fits|failed to answer"),
]

LASTING: list[tuple[Fault, str]] = [
    (status(401, "invalid_api_key"), r"refuses the key \(401 invalid_api_key\): set one \(OPENAI_API_KEY\)"),
    (status(403), r"refuses the key \(403\)"),
    (status(404, "model_not_found"), r"knows no model llama .*HANDRAIL_MODEL.*OPENAI_BASE_URL"),
    (status(429, "insufficient_quota"), "no credit left"),
    (status(400, "context_length_exceeded"), "too long for llama"),
    (status(400), "can't take the request to llama .*DEBUG"),
    (status(405), r"refuses the request to llama \(405\)"),
]


def names(faults: list[tuple[Fault, str]]) -> list[str]:
    return [f"{fault.kind}-{fault.status}-{fault.code}" for fault, _ in faults]


@pytest.mark.parametrize(("fault", "message"), PASSING, ids=names(PASSING))
async def test_what_may_pass_is_tried_again_and_each_attempt_is_one_call(
    server: ModelServer, fault: Fault, message: str
) -> None:
    server.faults.extend([fault] * 3)
    with pytest.raises(StepFailed, match=message) as raised:
        await result_of(LLMNode("llama", retries=1, backoff=0.01))
    assert raised.value.kind == "ModelError"
    assert len(server.calls) == 2
    assert_nothing_leaks(raised.value)


@pytest.mark.parametrize(("fault", "message"), LASTING, ids=names(LASTING))
async def test_what_will_not_pass_is_tried_once(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, fault: Fault, message: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.faults.extend([fault] * 3)
    with pytest.raises(StepFailed, match=message) as raised:
        await asyncio.wait_for(result_of(LLMNode("llama", backoff=3600)), 60)
    assert raised.value.kind == "ModelRefused"
    assert len(server.calls) == 1
    assert_nothing_leaks(raised.value)


def assert_nothing_leaks(error: BaseException) -> None:
    """Neither the prompt nor the key, which the server repeats, is in anything that a traceback shows."""
    shown: BaseException | None = error
    while shown is not None:
        assert PROMPT not in str(shown)
        assert KEY not in str(shown)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


async def test_nothing_leaks_into_the_traceback_either(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.faults.append(status(401, "invalid_api_key"))
    with pytest.raises(ModelRefused) as raised:
        await body_of(LLMNode("llama"))({"prompt": PROMPT})
    assert_nothing_leaks(raised.value)


@pytest.mark.parametrize("fault", [None, status(500)], ids=["answered", "failed"])
async def test_connections_are_closed(server: ModelServer, fault: Fault | None) -> None:
    if fault is not None:
        server.faults.append(fault)
    for node in (LLMNode("llama"), LLMNode("llama", on_stream=lambda event: None)):
        with suppress(ModelError):
            await body_of(node)({"prompt": PROMPT})
    assert len(server.calls) == 2
    await until(lambda: not server.connections, within=60)


async def test_the_wrong_address_on_the_right_server(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url.removesuffix("/v1"))
    with pytest.raises(StepFailed, match="OPENAI_BASE_URL, which usually ends in /v1"):
        await result_of(LLMNode("llama"))


async def test_the_pause_that_a_rate_limit_asks_for(server: ModelServer) -> None:
    server.faults.append(status(429, "rate_limit_exceeded", retry_after="1"))
    result = await result_of(LLMNode("llama", backoff=0.01))
    assert result["content"] == f"An answer to {PROMPT}"
    first, second = server.calls
    assert second.at - first.at >= 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": {"timeout": 0.3}}, "took too long: retry the run"),
        ({"attempt_timeout": 0.3}, "attempt_timeout=0.3"),
    ],
)
async def test_a_server_that_hangs(server: ModelServer, options: dict[str, Any], message: str) -> None:
    server.faults.append(HANG)
    with pytest.raises(StepFailed, match=message):
        await result_of(LLMNode("llama", retries=0, **options))
    server.faults.clear()
    assert (await result_of(LLMNode("llama")))["content"]


async def test_a_run_goes_on_once_its_server_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(store=f"sqlite:///{tmp_path / 'down.db'}")
    app.flow("write", LLMNode("llama", retries=1, backoff=0.01, name="draft"))
    with gone() as port:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        async with app:
            run = await app.start("write", {"prompt": "hello"})
            with pytest.raises(StepFailed, match=rf"127.0.0.1:{port} can't be reached.*check that it runs"):
                await run.result(timeout=60)
            assert run.status is RunStatus.FAILED
    with ModelServer(port) as server:
        async with app:
            await run.retry()
            result = await run.result(timeout=60)
        assert (result["content"], len(server.calls)) == ("An answer to hello", 1)


async def test_a_run_outlasts_a_short_failure_by_itself(server: ModelServer) -> None:
    server.faults.extend([DISCONNECT, status(500)])
    result = await result_of(LLMNode("llama", backoff=0.01), {"prompt": "hello"})
    assert (result["content"], len(server.calls)) == ("An answer to hello", 3)


async def test_no_answer_is_paid_for_twice(server: ModelServer, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'paid.db'}"

    def app() -> App:
        made = App(store=store)
        made.flow("publish", LLMNode("llama") | HumanApprovalNode() | LLMNode("llama", name="teaser"))
        return made

    async with (first := app()):
        run = await first.start("publish", {"prompt": "hello"})
        await until(lambda: run.status is RunStatus.WAITING)
    assert len(server.calls) == 1
    async with (second := app()):
        [request] = await views.requests(second.store, run_id=run.id)
        await second.inbox.decide(request.id, "approve", actor=Actor("bob"))
        again = await second.start("publish", {"prompt": "hello"}, run_id=run.id)
        result = await again.result(timeout=60)
    assert result["approved"] is True
    assert len(server.calls) == 2  # the draft and the teaser
    async with (third := app()):
        again = await third.start("publish", {"prompt": "hello"}, run_id=run.id)
        assert await again.result(timeout=60) == json.loads(json.dumps(result))
    assert len(server.calls) == 2


# -- what has to be set -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "variables", "message"),
    [
        ("gpt-4o", {}, "set OPENAI_API_KEY, or OPENAI_BASE_URL and HANDRAIL_MODEL"),
        ("gpt-4o", {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}, "set OPENAI_API_KEY"),
        ("gpt-4o", {"OPENAI_BASE_URL": "localhost:8080"}, "OPENAI_BASE_URL is no address"),
        ("openai:gpt-4o", {}, "OPENAI_API_KEY"),
        ("openai:gpt-4o", {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY"),
        ("nobody:some-model", {}, "nobody:some-model"),
    ],
)
async def test_what_is_missing_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, model: str, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StepFailed, match=message) as raised:
        await asyncio.wait_for(result_of(LLMNode(model, backoff=3600)), 60)
    assert raised.value.kind == ModelRefused.__name__

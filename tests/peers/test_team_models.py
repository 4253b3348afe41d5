"""Agents through the real pydantic-ai: against a real HTTP server that speaks OpenAI's API, and with its own models."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from handrail.teams.agent import Agent
from handrail.teams.round import CallUsage, RoundEnd
from handrail.testing.replay import replay
from tests.support.model_server import HANG, ModelServer, gone, status, wants
from tests.support.team_rounds import Round, agent

pytest.importorskip("pydantic_ai")

from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.profiles import ModelProfile

KEY = "sk-secret-key"
SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


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


def search(query: str, limit: int = 3) -> list[str]:
    """Look something up."""
    return [query] * limit


def words(text: str) -> dict[str, Any]:
    return {"content": text}


def sent(server: ModelServer, call: int = -1) -> list[dict[str, Any]]:
    """Return the messages of a request."""
    messages: list[dict[str, Any]] = server.calls[call].body["messages"]
    return messages


# -- a server ---------------------------------------------------------------------------------------------


async def test_a_name_is_asked_at_the_server_and_its_tools_are_offered(server: ModelServer) -> None:
    server.replies += [wants(("search", {"query": "bees", "limit": 2})), words("They hum")]
    end = await Round(agent("llama", tools=[search], settings={"temperature": 0})).end()
    assert (end.result, end.usage) == ("They hum", (CallUsage(11, 7, None, "llama-0613"),) * 2)
    body = server.calls[0].body
    assert body["temperature"] == 0
    offered = {tool["function"]["name"]: tool["function"] for tool in body["tools"]}
    assert list(offered) == ["search", "block_task"]
    assert offered["search"]["description"] == "Look something up."
    assert offered["search"]["parameters"]["required"] == ["query"]
    assert [message["role"] for message in sent(server)] == ["system", "user", "assistant", "tool"]
    assert sent(server)[-1] == {"role": "tool", "tool_call_id": "id-1", "content": '["bees","bees"]'}


async def test_the_environment_names_the_model(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.replies += [words("a"), words("b")]
    await Round(agent(None)).end()
    monkeypatch.setenv("HANDRAIL_MODEL", "qwen3:8b")
    await Round(agent(None)).end()
    assert [call.body["model"] for call in server.calls] == ["gpt-4o", "qwen3:8b"]


async def test_the_cost_is_exact_where_the_price_is_known(server: ModelServer) -> None:
    server.replies.append(words("done"))
    [usage] = (await Round(agent("gpt-4")).end()).usage
    assert usage.cost is not None
    assert Decimal(usage.cost) == (11 * Decimal(30) + 7 * Decimal(60)) / 1_000_000


async def test_arguments_that_are_no_json_are_told_to_the_model(server: ModelServer) -> None:
    server.replies += [wants(("search", '{"query": ')), wants(("search", '{"query": NaN}')), words("done")]
    end = await Round(agent("llama", tools=[search])).end()
    told = [message["content"] for message in end.messages if message["role"] == "tool"]
    assert ["no JSON object" in text for text in told] == [True, True]
    assert end.result == "done"


async def test_a_structured_result_comes_by_a_tool_and_is_answered_in_later_rounds(
    server: ModelServer,
) -> None:
    server.replies += [
        wants(("final_result", {"score": "high"})),
        wants(("search", {"query": "x"}), ("final_result", {"score": 1})),
        wants(("final_result", {"score": 7})),
    ]
    first = await Round(agent("llama", tools=[search]), output_schema=SCORE).end()
    assert first.result == {"score": 7}
    assert server.calls[0].body["tool_choice"] == "required"
    roles = [message["role"] for message in sent(server)]
    assert roles == ["system", "user", "assistant", "tool", "user", "assistant", "tool", "tool"]
    assert "score must be of type integer" in sent(server)[4]["content"]
    server.replies.append(wants(("final_result", {"score": 8})))
    later = Round(
        agent("llama", tools=[search]),
        output_schema=SCORE,
        messages=list(first.messages),
        result={"score": 7},
    )
    later.feedback("more")
    assert (await later.end()).result == {"score": 8}
    assert [message["role"] for message in sent(server)][-3:] == ["assistant", "tool", "user"]
    answered = {message["tool_call_id"] for message in sent(server) if message["role"] == "tool"}
    assert answered == {"id-1", "id-2"}


async def test_json_as_text_is_a_structured_result_too(server: ModelServer) -> None:
    server.replies.append(words('```json\n{"score": 7}\n```'))
    assert (await Round(agent("llama"), output_schema=SCORE).end()).result == {"score": 7}


@pytest.mark.parametrize(("kind", "result"), [(list[int], [1, 2]), (str, "hello"), (int | None, 5)])
async def test_a_result_of_any_type(server: ModelServer, kind: Any, result: Any) -> None:
    server.replies.append(wants(("final_result", {"result": result})))
    schema = TypeAdapter(kind).json_schema()
    assert (await Round(agent("llama"), output_schema=schema).end()).result == result


async def test_a_model_blocks_its_task(server: ModelServer) -> None:
    server.replies += [wants(("block_task", {"reason": "no access"})), words("done")]
    first = await Round(agent("llama")).end()
    assert first.blocked == "no access"
    assert (await Round(agent("llama"), messages=list(first.messages)).end()).result == "done"
    assert [message["role"] for message in sent(server)][-2:] == ["assistant", "tool"]


async def test_a_server_that_fails_is_asked_again_after_the_pause_that_it_wants(server: ModelServer) -> None:
    server.faults += [status(503), status(429, "rate_limit_exceeded", retry_after="1")]
    server.replies.append(words("done"))
    end = await Round(agent("llama", retries=2)).end()
    assert (end.result, len(end.usage)) == ("done", 1)
    _, second, third = server.calls
    assert third.at - second.at >= 0.95


async def test_a_server_that_goes_on_failing_blocks_with_its_error(server: ModelServer) -> None:
    server.faults += [status(500, "server_error")] * 2
    end = await Round(agent("llama", retries=1)).end()
    assert end.blocked is not None
    assert "failed to answer for llama (500 server_error)" in end.blocked
    assert len(server.calls) == 2


async def test_a_key_that_is_refused_blocks_at_once(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    first = await Round(agent("llama", retries=3)).end()
    assert first.blocked is not None
    assert "refuses the key (401 invalid_api_key)" in first.blocked
    assert "sk-wrong" not in first.blocked
    assert len(server.calls) == 1
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.replies.append(words("done"))
    assert (await Round(agent("llama"), messages=list(first.messages)).end()).result == "done"


async def test_nobody_to_ask_is_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no key for OpenAI" in str((await Round(agent("gpt-4o")).end()).blocked)
    with gone() as port:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        assert "can't be reached" in str((await Round(agent("llama", retries=0)).end()).blocked)


async def test_a_server_that_hangs_is_an_obstacle(server: ModelServer) -> None:
    server.faults.append(HANG)
    end = await Round(agent("llama", retries=0, settings={"timeout": 0.3})).end()
    assert "took too long" in str(end.blocked)


async def test_a_replay_asks_the_server_nothing_again(server: ModelServer) -> None:
    server.replies += [wants(("search", {"query": "bees"})), words("done")]
    result = await replay(Round(agent("llama", tools=[search])).flow(), {})
    assert (result["result"], len(server.calls)) == ("done", 2)


# -- models of pydantic-ai --------------------------------------------------------------------------------


async def test_the_models_for_tests_work() -> None:
    quiet = TestModel(call_tools=["search"], custom_output_text="done")
    end = await Round(agent(quiet, tools=[search])).end()
    assert (end.result, len(end.usage)) == ("done", 2)
    assert (await Round(agent(TestModel(call_tools=[])), output_schema=SCORE).end()).result == {"score": 0}


async def test_what_the_provider_wrote_comes_back_to_it_in_a_later_round() -> None:
    heard: list[list[ModelMessage]] = []

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        heard.append(messages)
        thought = ThinkingPart("hm", signature="signed", provider_name="function")
        return ModelResponse([thought, TextPart(f"words {len(heard)}")], provider_response_id="r-1")

    model = FunctionModel(reply)
    first = await Round(agent(model)).end()
    later = Round(agent(model), messages=json.loads(json.dumps(first.messages)), result=first.result)
    later.feedback("longer")
    assert (await later.end()).result == "words 2"
    answer = heard[1][1]
    assert isinstance(answer, ModelResponse)
    assert answer.provider_response_id == "r-1"
    assert answer.parts[0] == ThinkingPart("hm", signature="signed", provider_name="function")


async def test_a_conversation_with_a_function_goes_on_with_a_model() -> None:
    first = await Round(agent(lambda messages: {"block": "no key"})).end()

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        wanted, told = messages[-2:]
        assert isinstance(wanted.parts[0], ToolCallPart)
        assert isinstance(told.parts[0], ToolReturnPart)
        return ModelResponse([TextPart(told.parts[0].tool_call_id)])

    assert (await Round(agent(FunctionModel(reply)), messages=list(first.messages)).end()).result == "call_1"


async def test_a_model_that_gives_json_itself_needs_no_tool_for_it() -> None:
    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        assert not info.output_tools
        return ModelResponse([TextPart('{"result": [1, 2]}')])

    profile = ModelProfile(default_structured_output_mode="native", supports_json_schema_output=True)
    schema = TypeAdapter(list[int]).json_schema()
    end = await Round(agent(FunctionModel(reply, profile=profile)), output_schema=schema).end()
    assert end.result == [1, 2]


async def test_an_answer_that_was_cut_off_is_no_result() -> None:
    reasons = ["length", "stop"]

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([TextPart("half a result")], finish_reason=reasons.pop(0))  # type: ignore[arg-type]

    end = await Round(agent(FunctionModel(reply))).end()
    assert (end.result, len(end.usage)) == ("half a result", 2)
    assert "cut off" in str(end.messages[3])


async def test_a_filter_that_leaves_nothing_is_an_obstacle() -> None:
    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([], finish_reason="content_filter")

    assert "content filter" in str(
        (await Round(agent(FunctionModel(reply)), output_schema=SCORE).end()).blocked
    )


async def test_a_team_of_models_behind_one_is_a_model(server: ModelServer) -> None:
    server.replies.append(words("done"))

    def fail(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise RuntimeError("never")

    assert isinstance(
        Agent("A", "B", model=FallbackModel(TestModel(), FunctionModel(fail))).model, FallbackModel
    )
    both = FallbackModel(TestModel(call_tools=[], custom_output_text="first"), FunctionModel(fail))
    end: RoundEnd = await Round(agent(both)).end()
    assert end.result == "first"

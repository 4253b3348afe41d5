"""What an agent does in a round: prompt, tools, feedback, obstacles; and that nothing is paid for twice."""

import asyncio
import datetime
import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from handrail import ModelError, ModelRefused, Rejected, approval_required, ask, idempotency_key
from handrail.requests.errors import InvalidTeam
from handrail.stores.memory import MemoryStore
from handrail.teams.agent import Agent
from handrail.teams.result import Misfit, result_of
from handrail.teams.round import CallUsage, RoundEnd
from handrail.teams.tools import Toolbox
from handrail.testing.replay import replay
from tests.support.journey_runs import BOB, asked, journal, reached, say, working
from tests.support.team_rounds import Round, Script, agent, said_to

Data = dict[str, Any]
SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}

calls: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    calls.clear()


async def search(query: str, limit: Annotated[int, Field(le=9)] = 3) -> list[str]:
    """Look something up."""
    calls["search"] += 1
    return [query] * limit


def charge(amount: int) -> str:
    """Take money."""
    calls["charge"] += 1
    if calls["charge"] == 1:
        raise ValueError("no connection")
    return f"took {amount}"


@approval_required(audience="bob")
async def refund(order: str, amount: int = 10) -> str:
    """Pay money back."""
    calls["refund"] += 1
    return f"refunded {amount} for {order}"


def use(name: str, **arguments: Any) -> Data:
    return {"tool": name, "arguments": arguments}


def answers(end: RoundEnd) -> list[str]:
    return [message["content"] for message in end.messages if message["role"] == "tool"]


# -- what the model is told -------------------------------------------------------------------------------


async def test_the_first_call_tells_who_it_is_what_to_do_and_what_it_builds_on() -> None:
    model = Script("done")
    alice = Agent("Alice", "Researcher", "Be exact", "You know insects.", model=model)
    context = [
        {"task": "task1", "title": "Facts", "result": {"legs": 6}},
        {"task": "task2", "title": "Notes", "result": "They sting"},
    ]
    round = Round(
        alice, title="Bees", description="Write it", expected_output="A page", context=context,
        earlier_feedback=["no jokes"],
    )  # fmt: skip
    end = await round.end()
    assert (end.result, end.blocked) == ("done", None)
    system, user = model.heard[0]
    assert (system["role"], user["role"]) == ("system", "user")
    for part in ("You are Alice, Researcher.", "Be exact", "You know insects.", "block_task"):
        assert part in system["content"]
    for part in ("# Bees", "Write it", "A page", '```json\n{"legs":6}\n```', "They sting", "no jokes"):
        assert part in user["content"]
    assert [message["role"] for message in end.messages] == ["system", "user", "assistant"]


async def test_the_usage_of_each_call_is_told_with_exact_cost() -> None:
    model = Script(
        {**use("search", query="a"), "usage": {"input_tokens": 3, "output_tokens": 1}, "cost": "0.0012"},
        {"content": "x", "usage": {"input_tokens": 5, "output_tokens": 2}, "cost": Decimal("0.10")},
    )
    round = Round(agent(model, tools=[search]))
    end = await round.end()
    assert end.usage == (CallUsage(3, 1, "0.0012", "Script"), CallUsage(5, 2, "0.10", "Script"))
    assert round.told == [(0, 0, 0), (0, 0, 1), (0, 0, 2)]


# -- feedback -----------------------------------------------------------------------------------------------


async def test_feedback_before_the_first_call_is_heard_in_it() -> None:
    model = Script("done")
    round = Round(agent(model), processed=4)
    round.feedback("shorter")
    end = await round.end()
    assert model.heard[0][-1] == {"role": "user", "content": "Feedback on your work:\n\nshorter"}
    assert (end.worked_in, round.told) == (5, [(4, 4, 0), (5, 5, 1)])


async def test_feedback_while_the_model_answers_makes_it_answer_again() -> None:
    def first(messages: Any) -> str:
        round.feedback("warmer")
        return "cold"

    model = Script(first, "warm")
    round = Round(agent(model))
    end = await round.end()
    assert (end.result, end.worked_in, model.calls) == ("warm", 1, 2)
    assert "warmer" in model.heard[1][-1]["content"]
    assert [message["role"] for message in end.messages][2:] == ["assistant", "user", "assistant"]


async def test_a_result_counts_no_more_once_the_model_goes_on_working() -> None:
    def first(messages: Any) -> str:
        round.feedback("look it up")
        return "guessed"

    round = Round(agent(Script(first, use("search", query="a"), "found"), tools=[search]))
    assert (await round.end()).result == "found"


async def test_a_later_round_goes_on_with_the_conversation() -> None:
    first = await Round(agent(Script("draft"))).end()
    model = Script("better")
    round = Round(agent(model), messages=list(first.messages), result="draft")
    round.feedback("longer")
    end = await round.end()
    assert [message["content"] for message in model.heard[0]][-2:] == [
        "draft",
        "Feedback on your work:\n\nlonger",
    ]
    assert len(model.heard[0]) == 4
    assert [message["role"] for message in end.messages] == ["user", "assistant"], "only what is new"


async def test_what_a_person_made_of_the_result_is_told_in_the_next_round() -> None:
    first = await Round(agent(Script('{"score": 1}')), output_schema=SCORE).end()
    model = Script({"score": 3})
    round = Round(agent(model), output_schema=SCORE, messages=list(first.messages), result={"score": 2})
    round.feedback("more")
    assert (await round.end()).result == {"score": 3}
    assert '{"score":2}' in model.heard[0][-2]["content"]


async def test_a_result_from_before_an_obstacle_is_not_taken_for_that_of_a_person() -> None:
    first = await Round(agent(Script("draft"))).end()
    second = Round(agent(Script({"block": "no key"})), messages=list(first.messages), result="draft")
    second.feedback("longer")
    said = [*first.messages, *(await second.end()).messages]
    model = Script("done")
    await Round(agent(model), messages=said, result="draft").end()
    assert "A person has changed" not in said_to(model)


# -- tools ----------------------------------------------------------------------------------------------------


async def test_tools_are_called_in_order_and_their_results_are_told() -> None:
    class Found(BaseModel):
        on: datetime.date

    def lookup(day: datetime.date) -> Found:
        """Look up a day."""
        return Found(on=day + datetime.timedelta(days=1))

    def key() -> str:
        return idempotency_key()

    model = Script(
        {
            "content": "Let me see.",
            "tools": [use("search", query="q", limit="2"), use("lookup", day="2026-05-01")],
        },
        use("key"),
        "done",
    )
    end = await Round(agent(model, tools=[search, lookup, key])).end()
    assert answers(end) == ['["q","q"]', '{"on":"2026-05-02"}', "r/key"]
    wanting, *told = model.heard[1][2:]
    assert [call["tool"] for call in wanting["calls"]] == ["search", "lookup"]
    assert [message["id"] for message in told] == [call["id"] for call in wanting["calls"]]
    assert end.result == "done"


async def test_arguments_may_have_any_name() -> None:
    def name(function: str, schema: int, *, _private: bool = False, **more: str) -> list[Any]:
        return [function, schema, _private, more]

    arguments = {"function": "f", "schema": "1", "_private": True, "self": "s"}
    model = Script({"tool": "name", "arguments": arguments}, "done")
    end = await Round(agent(model, tools=[name])).end()
    assert answers(end) == ['["f",1,true,{"self":"s"}]']


def test_what_a_model_is_told_of_a_tool() -> None:
    [manual] = Toolbox([search]).manuals
    assert (manual.name, manual.description) == ("search", "Look something up.")
    assert manual.schema == {
        "type": "object",
        "properties": {
            "query": {"title": "Query", "type": "string"},
            "limit": {"title": "Limit", "type": "integer", "maximum": 9},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    assert Toolbox([refund]).manuals[0].schema["required"] == ["order"]


async def test_what_the_model_did_wrong_is_told_to_it_and_it_goes_on() -> None:
    pydantic_ai = pytest.importorskip("pydantic_ai")

    def picky(word: str) -> str:
        raise pydantic_ai.ModelRetry("another word, please")

    async def inside() -> str:
        raise Rejected("not approved: no", reason="no", request_id="q")

    model = Script(
        use("search", query="a", limit=20),
        use("search", words="a"),
        {"tool": "search", "arguments": "a"},
        use("find the way", x=1),
        use("picky", word="x"),
        use("inside"),
        use("refund", sum=1),
        "done",
    )
    end = await Round(agent(model, tools=[search, picky, inside, refund])).end()
    large, named, text, unknown, retry, rejected, guarded = answers(end)
    assert "limit: Input should be less than or equal to 9" in large
    assert "query: Field required" in named
    assert "no JSON object" in text
    assert unknown == "There is no tool 'find the way'. There are: search, picky, inside, refund, block_task."
    assert (retry, rejected) == ("another word, please", "not approved: no")
    assert guarded.startswith("refund was not called, its arguments don't fit")
    assert (end.result, calls) == ("done", {})


async def test_a_tool_that_raises_blocks_and_is_called_again_by_the_next_round() -> None:
    model = Script({"tools": [use("search", query="a"), use("charge", amount=5), use("search", query="b")]})
    first = await Round(agent(model, tools=[search, charge])).end()
    assert first.blocked == "the tool 'charge' failed: ValueError: no connection"
    assert calls == {"search": 1, "charge": 1}
    model = Script("done")
    second = await Round(agent(model, tools=[search, charge]), messages=list(first.messages)).end()
    assert (second.result, calls) == ("done", {"search": 2, "charge": 2}), "what was done is not done again"
    assert answers(second) == ["took 5", '["b","b","b"]']
    assert [message["role"] for message in model.heard[0][2:]] == ["assistant", "tool", "tool", "tool"]


async def test_a_tool_may_ask_people() -> None:
    async def choose(what: str) -> str:
        return f"{what}: {await ask('Which?')}"

    model = Script(use("choose", what="colour"), "done")
    round = Round(agent(model, tools=[choose]))
    async with working(round.flow()) as app:
        run = await app.start("flow", {})
        await say(app, "answer", "red")
        end = RoundEnd.read(await run.result(60))
    assert (answers(end), model.calls) == (["colour: red"], 2)


@pytest.mark.parametrize(
    ("verb", "said", "told", "done"),
    [
        ("approve", {}, "refunded 7 for o7", 1),
        ("edit", {"payload": {"amount": 3}}, "refunded 3 for o7", 1),
        ("reject", {"comment": "not this one"}, "refund was not approved: not this one", 0),
    ],
)
async def test_a_tool_under_approval_waits_for_a_person(verb: str, said: Data, told: str, done: int) -> None:
    model = Script(use("refund", order="o7", amount=7), "done")
    round = Round(agent(model, tools=[refund]))
    async with working(round.flow()) as app:
        run = await app.start("flow", {})
        request = await say(app, verb, **said)
        end = RoundEnd.read(await run.result(60))
        places = [place for place, _, _ in journal(app, run.id)]
    assert [place for place in places if "/" not in place] == [
        "notes",
        "model",
        "2",
        "notes~2",
        "model~2",
        "notes~3",
    ]
    assert request.draft.proposal == {"order": "o7", "amount": 7}
    assert (answers(end), calls["refund"], model.calls, end.result) == ([told], done, 2, "done")


async def test_a_tool_of_any_type_may_wait_for_approval() -> None:
    @approval_required
    def book(day: datetime.date) -> dict[str, datetime.date]:
        return {"booked": day}

    model = Script(use("book", day="2026-05-01"), "done")
    assert (await replay(Round(agent(model, tools=[book])).flow(), {}))["messages"][3][
        "content"
    ] == '{"booked":"2026-05-01"}'


async def test_tools_of_pydantic_ai_can_be_given() -> None:
    pydantic_ai = pytest.importorskip("pydantic_ai")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tools = [
        pydantic_ai.Tool(search, name="find"),
        pydantic_ai.Tool.from_schema(lambda **given: given, "twice", "Say it twice", schema),
        pydantic_ai.Tool(charge, name="pay", requires_approval=True),
    ]
    calls["charge"] = 1
    model = Script(
        {"tools": [use("find", query="a"), use("twice", n=2), use("twice", n="x"), use("pay", amount=1)]},
        "done",
    )
    result = await replay(Round(agent(model, tools=tools)).flow(), {}, answers=[("edit", {"amount": 2})])
    told = [message["content"] for message in result["messages"] if message["role"] == "tool"]
    assert told[:2] == ['["a","a","a"]', '{"n":2}']
    assert "n must be of type integer" in told[2]
    assert told[3] == "took 2"


def block_task(reason: str) -> None: ...


def final_result() -> None: ...


def by_place(first: int, /) -> None: ...


def many(*words: str) -> None: ...


def unsaid(what: "Nothing") -> None: ...  # type: ignore[name-defined]  # noqa: F821


def no_type(what: asyncio.Lock) -> None: ...


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ([search, search], "two tools are called 'search'"),
        ([block_task], "can't be called 'block_task'"),
        ([final_result], "can't be called 'final_result'"),
        ([lambda x: x], "write a function with def"),
        ([by_place], "name every argument"),
        ([many], "name every argument"),
        ([unsaid], "type hints of tool 'unsaid' can't be read"),
        ([no_type], "that JSON can't carry"),
        (["search"], "is no tool"),
        (search, "are a list"),
        ([print.__call__], "is no tool"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_when_the_agent_is_built(tools: Any, message: str) -> None:
    with pytest.raises(InvalidTeam, match=message):
        Agent("Alice", "Researcher", tools=tools)


def test_a_tool_that_needs_a_context_and_a_model_that_streams_are_refused() -> None:
    pydantic_ai = pytest.importorskip("pydantic_ai")

    def needy(context: pydantic_ai.RunContext[Any]) -> None: ...

    with pytest.raises(InvalidTeam, match="RunContext"):
        Agent("Alice", "Researcher", tools=[pydantic_ai.Tool(needy, takes_ctx=True)])

    async def pieces(messages: Any) -> Any:
        yield "x"

    with pytest.raises(InvalidTeam, match="return it"):
        Agent("Alice", "Researcher", model=pieces)


# -- obstacles --------------------------------------------------------------------------------------------------


async def test_an_agent_blocks_its_task_and_goes_on_once_unblocked() -> None:
    model = Script({"tools": [use("block_task", reason="I need a key"), use("search", query="a")]})
    first = await Round(agent(model, tools=[search])).end()
    assert (first.result, first.blocked) == (None, "I need a key")
    model = Script("done")
    round = Round(agent(model, tools=[search]), messages=list(first.messages))
    round.feedback("the key is 7")
    second = await round.end()
    assert second.result == "done"
    assert [message["role"] for message in model.heard[0][2:]] == ["assistant", "tool", "tool", "user"]
    assert "removed the obstacle" in said_to(model)
    assert "the key is 7" in said_to(model)
    assert calls == {}, "what was wanted beside being blocked isn't done"


async def test_blocking_needs_a_reason_or_says_that_there_is_none() -> None:
    assert (await Round(agent(Script({"block": "no key"}))).end()).blocked == "no key"
    for reply in (use("block_task"), {"block": None}, {"block": " "}):
        assert "not why" in str((await Round(agent(Script(reply))).end()).blocked)


async def test_a_model_that_fails_is_asked_again_and_then_it_is_an_obstacle() -> None:
    model = Script(ModelError("busy"), ModelError("busy: wait"))
    round = Round(agent(model, retries=1))
    round.feedback("shorter")
    first = await round.end()
    assert (first.blocked, model.calls, first.usage) == ("busy: wait", 2, ())
    assert (first.messages, first.worked_in) == ([], 0), "nobody has heard it"
    model = Script("done")
    round = Round(agent(model), messages=list(first.messages))
    round.feedback("shorter")
    assert (await round.end()).worked_in == 1
    assert [message["role"] for message in model.heard[0]] == ["system", "user", "user"]


async def test_a_model_that_refuses_is_not_asked_again() -> None:
    model = Script(ModelRefused("no key: set one"))
    assert (await Round(agent(model, retries=5)).end()).blocked == "no key: set one"
    assert model.calls == 1


async def test_a_model_function_that_breaks_is_an_obstacle() -> None:
    end = await Round(agent(Script(KeyError("x")), retries=0)).end()
    assert end.blocked == "KeyError: 'x'"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (7, "returned int"),
        ({"answer": 1}, "a dict of ['answer']"),
        ({"tools": [{"name": "x"}]}, "a call without a tool"),
        ({"content": {"a": 1}}, "content of type dict"),
        ({"content": "x", "cost": 0.1}, "Decimal"),
        ({"content": "x", "cost": "much"}, "Decimal"),
        ({"content": "x", "usage": {"input_tokens": -1}}, "no count of tokens"),
    ],
)
async def test_what_a_model_function_may_not_return(reply: Any, message: str) -> None:
    end = await Round(agent(Script(reply), retries=3)).end()
    assert message in str(end.blocked)
    assert end.usage == ()


async def test_a_model_that_comes_to_no_end_is_an_obstacle_and_goes_on_later() -> None:
    model = Script(*[use("search", query="a")] * 2)
    first = await Round(agent(model, tools=[search], max_iterations=2)).end()
    assert "called 2 times (max_iterations)" in str(first.blocked)
    assert (len(first.usage), calls["search"]) == (2, 2)
    second = await Round(
        agent(Script("done"), tools=[search], max_iterations=1), messages=list(first.messages)
    ).end()
    assert (second.result, calls["search"]) == ("done", 2)


async def test_a_result_that_does_not_fit_is_told_why_twice() -> None:
    model = Script("seven", '{"score": "high"}', {"score": 7})
    end = await Round(agent(model), output_schema=SCORE).end()
    assert (end.result, end.blocked) == ({"score": 7}, None)
    assert "it is no JSON" in model.heard[1][-1]["content"]
    assert "score must be of type integer" in model.heard[2][-1]["content"]
    end = await Round(agent(Script(*["seven"] * 3)), output_schema=SCORE).end()
    assert end.blocked is not None
    assert "told 2 times why" in end.blocked
    assert "seven" not in end.blocked
    assert end.messages[-1]["role"] == "user"


async def test_an_empty_answer_is_no_result() -> None:
    model = Script("", "something")
    assert (await Round(agent(model)).end()).result == "something"
    assert "it is empty" in model.heard[1][-1]["content"]


async def test_an_answer_over_the_limit_is_an_obstacle_that_is_paid_for() -> None:
    end = await Round(agent(Script({"content": "x" * (1 << 20), "cost": "0.5"}))).end()
    assert "larger than 1 MiB" in str(end.blocked)
    assert [one.cost for one in end.usage] == ["0.5"]
    assert end.messages == []


@pytest.mark.parametrize(
    ("text", "schema", "result"),
    [
        ("plain", None, "plain"),
        ('{"score": 3}', SCORE, {"score": 3}),
        ('```json\n{"score": 3}\n```', SCORE, {"score": 3}),
        ("hello", {"type": "string"}, "hello"),
        ('"hello"', {"type": "string"}, "hello"),
        ("5", {"type": "string"}, "5"),
        ("5", {"type": "integer"}, 5),
        ("[1]", {"type": "array"}, [1]),
    ],
)
def test_what_is_a_result(text: str, schema: Any, result: Any) -> None:
    assert result_of(text, schema) == result


@pytest.mark.parametrize(
    "text", ["", " \n", "NaN", '{"score": NaN}', '{"score": 1, "x": "\\ud800"}', "[" * 100_000]
)
def test_what_is_no_result(text: str) -> None:
    with pytest.raises(Misfit):
        result_of(text, SCORE)


async def test_a_dict_is_the_structured_result_unless_all_its_keys_say_otherwise() -> None:
    for reply in ({"score": 1, "content": "x"}, {"content": {"score": 1}}, {"content": '{"score": 1}'}):
        end = await Round(agent(Script(reply)), output_schema=SCORE).end()
        assert end.result["score"] == 1


# -- nothing is paid for twice ------------------------------------------------------------------------------------


def busy_script() -> Script:
    return Script(
        {"tools": [use("search", query="a"), use("refund", order="o7")]},
        ModelError("busy"),
        use("search", query="b"),
        use("search", nothing=1),
        "seven",
        {"score": 7},
    )


async def test_a_replay_of_a_whole_round_calls_nothing_again() -> None:
    model = busy_script()
    round = Round(agent(model, tools=[search, refund]), output_schema=SCORE)
    round.feedback("quick")
    result = await replay(round.flow(), {})
    assert (result["result"], model.calls) == ({"score": 7}, 6)
    assert calls == {"search": 2, "refund": 1}
    assert len(result["usage"]) == 5


async def test_a_wait_for_approval_survives_the_process(store: MemoryStore) -> None:
    model = Script({"tools": [use("search", query="a"), use("refund", order="o7")]}, "done")
    round = Round(agent(model, tools=[search, refund]))
    async with working(round.flow(), store=store) as app:
        await app.start("flow", {}, "r")
        await asked(app)
    async with working(round.flow(), store=store) as app:
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "approve", actor=BOB)
        await reached(app, "r", "FINISHED")
    assert (model.calls, calls) == (2, {"search": 1, "refund": 1})


@pytest.mark.parametrize("dies_in", ["model", "tool"])
async def test_a_process_that_dies_in_a_call_repeats_that_call_only(store: MemoryStore, dies_in: str) -> None:
    begun, wanted = asyncio.Event(), Counter[str]()

    async def hang(what: str) -> None:
        wanted[what] += 1
        if what == dies_in and wanted[what] == 1:
            begun.set()
            await asyncio.Event().wait()

    async def slow() -> str:
        await hang("tool")
        return "slowly"

    async def model(messages: list[Data]) -> Any:
        answered = sum(message["role"] == "tool" for message in messages)
        wanted[f"call {answered}"] += 1
        if answered == 0:
            return use("search", query="a")
        if answered == 1:
            await hang("model")
            return use("slow")
        return "done"

    round = Round(agent(model, tools=[search, slow]))
    async with working(round.flow(), store=store) as app:
        await app.start("flow", {}, "r")
        await asyncio.wait_for(begun.wait(), 20)
    async with working(round.flow(), store=store) as app:
        run = await reached(app, "r", "FINISHED")
    assert RoundEnd.read(run.result).result == "done"
    again = 2 if dies_in == "model" else 1
    assert wanted == {"call 0": 1, "call 1": again, "model": again, "tool": 3 - again, "call 2": 1}
    assert calls == {"search": 1}


@pytest.mark.slow
def test_a_process_that_is_killed_after_each_step_pays_for_each_call_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.team_rounds", str(tmp_path)]
    environment = {**os.environ, "HANDRAIL_KILL_AT": "step:after"}
    deaths = 0
    while (done := subprocess.run(command, env=environment, timeout=60, check=False)).returncode:
        assert done.returncode == -signal.SIGKILL
        deaths += 1
    assert deaths > 5
    assert (tmp_path / "calls").read_text().split() == [
        "model-0",
        "search",
        "charge",
        "model-2",
        "search",
        "model-3",
    ]


async def test_a_tool_that_may_not_be_repeated_is_asked_about(store: MemoryStore) -> None:
    begun = asyncio.Event()

    @approval_required(on_interrupt="ask")
    async def pay(amount: int) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    model = Script(use("pay", amount=5), "done")
    round = Round(agent(model, tools=[pay]))
    async with working(round.flow(), store=store) as app:
        await app.start("flow", {}, "r")
        await say(app, "approve")
        await asyncio.wait_for(begun.wait(), 20)
    async with working(round.flow(), store=store) as app:
        request = await say(app, "answer", {"what": "happened", "result": "paid 5"})
        run = await reached(app, "r", "FINISHED")
    assert request.draft.kind == "interrupted"
    assert (answers(RoundEnd.read(run.result)), model.calls) == (["paid 5"], 2)


async def test_without_pydantic_ai_functions_work_and_models_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "pydantic_ai"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pydantic_ai", None)
    for module in ("flows.provider", "flows.refusal", "teams.provider"):
        monkeypatch.delitem(sys.modules, f"handrail.{module}", raising=False)
    end = await Round(
        agent(Script(use("search", query="a"), {"score": 1}), tools=[search]), output_schema=SCORE
    ).end()
    assert end.result == {"score": 1}
    assert "pip install 'handrail[llm]'" in str((await Round(agent("gpt-4o")).end()).blocked)


async def test_a_tool_that_is_gone_since_does_not_strand_what_was_called(store: MemoryStore) -> None:
    model = Script({"tools": [use("search", query="a"), use("refund", order="o7")]}, "done")
    async with working(Round(agent(model, tools=[search, refund])).flow(), store=store) as app:
        await app.start("flow", {}, "r")
        await asked(app)
    async with working(Round(agent(model, tools=[refund])).flow(), store=store) as app:
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "approve", actor=BOB)
        run = await reached(app, "r", "FINISHED")
    assert answers(RoundEnd.read(run.result))[0] == '["a","a","a"]'

"""`@approval_required`: nobody calls the function without a person's approval, which may change its arguments."""

import datetime
import inspect
from collections import Counter
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from handrail import (
    FunctionNode,
    InvalidDecision,
    InvalidInput,
    Rejected,
    StepFailed,
    approval_required,
    ask,
    gather,
    idempotency_key,
)
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from tests.support.journey_runs import BOB, asked, say, working

Data = dict[str, Any]
calls: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    calls.clear()


@approval_required(audience="bob", title="Refund?")
async def refund(order: str, amount: int = 10, *, note: str | None = None) -> str:
    """Pay money back."""
    calls["refund"] += 1
    return f"refunded {amount} for {order} ({note})"


@approval_required
def delete(path: str) -> dict[str, Any]:
    calls["delete"] += 1
    return {"deleted": path, "key": idempotency_key()}


def flow_of(call: Any) -> Any:
    async def flow(data: Data) -> Data:
        try:
            return {"result": await call()}
        except Rejected as error:
            return {"reason": error.reason, "request_id": error.request_id, "message": str(error)}

    return flow


async def decided(call: Any, verb: str, **said: Any) -> tuple[Data, HumanRequest]:
    async with working(flow_of(call)) as app:
        run = await app.start("flow", {}, "r")
        request = await say(app, verb, **said)
        return await run.result(60), request


async def test_the_arguments_are_shown_and_the_call_is_done_once() -> None:
    result, request = await decided(lambda: refund("o7", note="late"), "approve")
    assert result == {"result": "refunded 10 for o7 (late)"}
    assert calls == {"refund": 1}
    draft = request.draft
    assert (draft.kind, draft.title) == ("tool", "Refund?")
    assert draft.proposal == {"order": "o7", "amount": 10, "note": "late"}
    assert draft.context == {"function": "refund", "description": "Pay money back."}


async def test_edited_arguments_are_used() -> None:
    result, _ = await decided(lambda: refund("o7"), "edit", payload={"amount": 3, "note": "half"})
    assert result == {"result": "refunded 3 for o7 (half)"}


@pytest.mark.parametrize(
    ("payload", "field"), [({"amount": "three"}, "amount"), ({"amount": None}, "amount"), ({"sum": 3}, "sum")]
)
async def test_an_edit_of_the_wrong_type_leaves_the_request_open(payload: Data, field: str) -> None:
    async with working(flow_of(lambda: refund("o7"))) as app:
        await app.start("flow", {})
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision) as caught:
            await app.inbox.decide(request.id, "edit", actor=BOB, payload=payload)
        assert [problem.path for problem in caught.value.fields] == [field]
        assert (await views.request(app.store, request.id)).status == "OPEN"
    assert calls == {}


async def test_a_rejection_raises_with_its_reason_and_nothing_is_called() -> None:
    result, request = await decided(lambda: refund("o7"), "reject", comment="not this one")
    assert (result["reason"], result["request_id"]) == ("not this one", request.id)
    assert result["message"] == "refund was not approved: not this one"
    assert calls == {}


async def test_silence_is_a_rejection() -> None:
    @approval_required(timeout=60)
    async def act() -> str:
        return "done"

    clock = TurnableClock()
    async with working(flow_of(act), clock=clock) as app:
        run = await app.start("flow", {})
        await asked(app)
        clock.turn(60)
        assert (await run.result(60))["reason"] == "timeout"


async def test_a_sync_function_becomes_an_async_one() -> None:
    assert inspect.iscoroutinefunction(delete)
    result, _ = await decided(lambda: delete("/tmp/x"), "approve")
    assert result["result"] == {"deleted": "/tmp/x", "key": "r/0/delete"}


class Address(BaseModel):
    street: str
    number: int


async def test_arguments_of_any_type_arrive_as_that_type() -> None:
    got: list[Any] = []

    @approval_required
    async def ship(
        to: Address, when: datetime.date, cost: Decimal, tags: set[str], *rest: int, **more: float
    ) -> None:
        got.append((to, when, cost, tags, rest, more))

    to = Address(street="Main", number=1)
    day = datetime.date(2026, 5, 1)
    _, request = await decided(lambda: ship(to, day, Decimal("1.50"), {"a"}, 1, 2, x=0.5), "approve")
    assert got == [(to, day, Decimal("1.50"), {"a"}, (1, 2), {"x": 0.5})]
    assert request.draft.proposal == {
        "to": {"street": "Main", "number": 1},
        "when": "2026-05-01",
        "cost": "1.50",
        "tags": ["a"],
        "rest": [1, 2],
        "more": {"x": 0.5},
    }
    edits = {"to": {"street": "Side", "number": 2}, "rest": [3], "more": {}}
    await decided(lambda: ship(to, day, Decimal("1.50"), {"a"}, 1, 2, x=0.5), "edit", payload=edits)
    assert got[1] == (Address(street="Side", number=2), day, Decimal("1.50"), {"a"}, (3,), {})


async def test_arguments_may_have_any_name() -> None:
    @approval_required
    async def act(schema: str, copy: int, _private: int, model_config: str) -> str:
        return f"{schema} {copy} {_private} {model_config}"

    result, _ = await decided(lambda: act("a", 1, 2, "b"), "edit", payload={"copy": 7})
    assert result == {"result": "a 7 2 b"}


async def test_without_types_anything_goes_that_json_can_carry() -> None:
    @approval_required
    async def act(a, b=(1, 2)):  # type: ignore[no-untyped-def]
        return [a, b]

    result, _ = await decided(lambda: act({"x": 1}), "approve")
    assert result == {"result": [{"x": 1}, [1, 2]]}


async def test_arguments_that_json_cannot_carry_are_refused_before_anybody_is_asked() -> None:
    @approval_required
    async def act(thing: Any) -> None:
        calls["act"] += 1

    async def flow(data: Data) -> Data:
        return {"result": await act(object())}

    async with working(flow) as app:
        run = await app.start("flow", {})
        with pytest.raises(StepFailed, match=r"act.*can't be stored as JSON") as caught:
            await run.result(60)
        assert caught.value.kind == "NotJSON"
        assert await views.requests(app.store) == []


async def test_wrong_arguments_are_an_error_of_the_caller() -> None:
    with pytest.raises(TypeError, match="missing a required argument"):
        await refund()  # type: ignore[call-arg]


async def test_a_function_without_arguments_can_be_approved_and_not_edited() -> None:
    @approval_required
    async def act() -> str:
        return "done"

    result, request = await decided(act, "approve")
    assert result == {"result": "done"}
    assert [str(verb) for verb in request.draft.verbs] == ["approve", "reject"]


async def test_a_failure_of_the_function_is_a_failed_step() -> None:
    @approval_required
    async def act(x: int) -> str:
        calls["act"] += 1
        raise ValueError("no such account")

    async with working(flow_of(lambda: act(1))) as app:
        run = await app.start("flow", {})
        await say(app, "approve")
        with pytest.raises(StepFailed, match="no such account") as caught:
            await run.result(60)
        assert caught.value.name == "0/act"
        await run.retry()
        with pytest.raises(StepFailed, match="no such account"):
            await run.result(60)
        assert len(await views.requests(app.store)) == 1, "approved once is approved"
    assert calls == {"act": 2}


async def test_calls_can_wait_side_by_side() -> None:
    async def flow(data: Data) -> Data:
        return {"all": await gather(lambda: refund("a"), lambda: refund("b"))}

    async with working(flow) as app:
        run = await app.start("flow", {})
        for request in reversed(await asked(app, 2)):
            await app.inbox.decide(request.id, "approve", actor=BOB)
        assert (await run.result(60))["all"] == ["refunded 10 for a (None)", "refunded 10 for b (None)"]
    assert calls == {"refund": 2}


async def test_the_function_may_ask_again_itself() -> None:
    @approval_required
    async def act(x: int) -> str:
        calls["act"] += 1
        return f"{x} {await ask('Sure?')}"

    async with working(flow_of(lambda: act(1))) as app:
        run = await app.start("flow", {})
        await say(app, "approve")
        await say(app, "answer", "yes")
        assert await run.result(60) == {"result": "1 yes"}
    assert calls == {"act": 2}, "what asks in its middle begins again"


async def test_it_can_be_a_node() -> None:
    @approval_required
    async def act(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "done": True}

    async with working(FunctionNode(act)) as app:
        run = await app.start("flow", {"a": 1})
        await say(app, "approve")
        assert await run.result(60) == {"a": 1, "done": True}


def test_it_looks_like_the_function() -> None:
    assert (refund.__name__, refund.__doc__) == ("refund", "Pay money back.")
    assert list(inspect.signature(refund).parameters) == ["order", "amount", "note"]


def test_it_goes_before_functions_and_takes_known_options() -> None:
    with pytest.raises(InvalidInput):
        approval_required(7)  # type: ignore[call-overload]
    with pytest.raises(InvalidInput, match="there is no option"):
        approval_required(audiance="bob")(lambda: None)  # type: ignore[call-overload]
    with pytest.raises(InvalidInput, match="on_interrupt"):
        approval_required(on_interrupt="maybe")(lambda: None)  # type: ignore[call-overload]


async def test_what_annotations_allow_binds_an_edit_and_the_call() -> None:
    @approval_required
    async def pay(amount: Annotated[int, Field(le=100)]) -> str:
        return f"paid {amount}"

    async with working(flow_of(lambda: pay(50))) as app:
        run = await app.start("flow", {})
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision, match="at most 100"):
            await app.inbox.decide(request.id, "edit", actor=BOB, payload={"amount": 101})
        await app.inbox.decide(request.id, "edit", actor=BOB, payload={"amount": 100})
        assert await run.result(60) == {"result": "paid 100"}

"""Time: deadlines, reminders and escalations fire once, in order, after a restart too; a month passes in a test."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from handrail import App, FunctionNode, HumanApprovalNode
from handrail.engines import local
from handrail.inbox import views
from handrail.inbox.clock import SystemClock, next_sweep, on_turn, sweep
from handrail.requests.decision import Verb
from handrail.requests.errors import Conflict, InvalidInput
from handrail.requests.outcome import outcome
from handrail.requests.policy import at_least, escalation
from handrail.requests.request import HumanRequest
from handrail.testing.clock import START, TurnableClock
from tests.support.requests_desk import desk, draft, seconds_after, until

DAY = 86_400


# -- the clock to turn -----------------------------------------------------------------------------------


def test_a_turnable_clock_stands_still_until_it_is_turned() -> None:
    clock = TurnableClock()
    assert clock.now() == clock.now() == START
    assert clock.turn(90) == START + timedelta(seconds=90)
    clock.turn(timedelta(days=30))
    assert clock.now() == START + timedelta(days=30, seconds=90)
    with pytest.raises(InvalidInput):
        clock.turn(-1)
    with pytest.raises(InvalidInput):
        TurnableClock(datetime(2026, 1, 1))


def test_a_turnable_clock_tells_utc() -> None:
    clock = TurnableClock(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now().isoformat() == "2026-01-01T10:00:00+00:00"


def test_a_turn_is_told_to_those_who_listen() -> None:
    clock, heard = TurnableClock(), list[str]()
    forget = on_turn(clock, lambda: heard.append("a"))
    on_turn(clock, lambda: heard.append("b"))
    clock.turn(1)
    forget()
    forget()
    clock.turn(1)
    assert heard == ["a", "b", "b"]
    on_turn(SystemClock(), lambda: heard.append("never"))()


def test_the_systems_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)
    assert SystemClock().now().tzinfo is UTC


async def test_a_month_passes_while_a_run_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "HOUSEKEEPING", 3600)  # it hears of the turn, it doesn't happen to look
    clock = TurnableClock()
    app = App(store="memory://", clock=clock)
    app.flow("ask", HumanApprovalNode(timeout=30 * DAY, reminders=[DAY, 7 * DAY]) | FunctionNode(lambda x: x))
    async with app:
        run = await app.start("ask", {"content": "hello"})
        await until_waiting(app, run.id)
        # Let the engine come to rest; on a slow machine it may still be awake, then this proves less and fails never.
        await asyncio.sleep(0.1)
        clock.turn(30 * DAY)
        result = await run.result(timeout=20)
    assert (result["approved"], result["reason"]) == (False, "timeout")
    assert result["timestamp"] == "2026-01-31T12:00:00Z"


async def until_waiting(app: App, run_id: str) -> None:
    async def waiting() -> bool:
        return (await app.runs.get(run_id)).status == "WAITING"

    await until(waiting)


# -- what silence comes to -------------------------------------------------------------------------------

SILENCES: list[tuple[Any, tuple[str, str | None, Any]]] = [
    ("reject", ("RESOLVED", "reject", None)),
    ("approve", ("RESOLVED", "approve", None)),
    (outcome("answer", "dry", "the default"), ("RESOLVED", "answer", "dry")),
    (outcome("edit", {"content": "x"}), ("RESOLVED", "edit", {"content": "x"})),
    (None, ("EXPIRED", None, None)),
]


@pytest.mark.parametrize(
    ("on_timeout", "expected"), SILENCES, ids=[str(expected) for _, expected in SILENCES]
)
async def test_silence(on_timeout: Any, expected: tuple[str, str | None, Any]) -> None:
    async with desk() as opened:
        request = await opened.open(timeout=60, on_timeout=on_timeout)
        opened.clock.turn(59.999999)
        assert await opened.sweep() == 0
        opened.clock.turn(0.000001)
        assert await opened.sweep() == 1
        stored = await opened.stored(request)
        assert ended(stored) == expected
        assert stored.due_at is None
        assert await opened.sweep() == 0
        assert await opened.stored(stored) == stored
        if stored.outcome:
            assert (stored.outcome.cause, stored.outcome.by) == ("timeout", ())
        await opened.check_rebuild(stored)


def ended(request: HumanRequest) -> tuple[str, str | None, Any]:
    told = request.outcome
    return str(request.status), str(told.verb) if told else None, told.payload if told else None


@pytest.mark.parametrize("late", [0, 1, 1000])
@pytest.mark.parametrize("swept", [True, False])
async def test_a_late_decision_hears_who_won(late: int, swept: bool) -> None:
    async with desk() as opened:
        request = await opened.open(timeout=60)
        opened.clock.turn(60 + late)
        if swept:
            await opened.sweep()
        with pytest.raises(Conflict, match="already RESOLVED") as caught:
            await opened.decide(request, "ann", "approve")
        assert caught.value.winner == "handrail"
        stored = await opened.stored(request)  # kept though the decision was refused
        assert ended(stored) == ("RESOLVED", "reject", None)
        assert stored.decisions == ()


async def test_a_decision_just_before_the_deadline_counts() -> None:
    async with desk() as opened:
        request = await opened.open(timeout=60)
        opened.clock.turn(59.999999)
        assert (await opened.decide(request, "ann", "approve")).status == "RESOLVED"
        opened.clock.turn(60)
        assert await opened.sweep() == 0


async def test_votes_are_counted_when_time_is_up() -> None:
    async with desk() as opened:
        request = await opened.open(audience=["ann", "bob", "cem"], quorum=at_least(2), timeout=60)
        await opened.decide(request, "ann", "approve")
        opened.clock.turn(60)
        await opened.sweep()
        told = (await opened.stored(request)).outcome
        assert told is not None
        assert (told.verb, told.approvals, told.asked) == (Verb.REJECT, 1, 3)


async def test_a_ladder_of_deadlines_ends_in_a_rejection() -> None:
    async with desk() as opened:
        ladder = [escalation(1000, "bob"), escalation(2000, "cem")]
        request = await opened.open(audience="ann", timeout=60, on_timeout="escalate", escalations=ladder)
        seen = []
        for _ in range(3):
            opened.clock.turn(60)
            await opened.sweep()
            stored = await opened.stored(request)
            seen.append((stored.asked, seconds_after(stored.deadline), str(stored.status)))
        assert seen == [
            (("ann", "bob"), 120, "OPEN"),
            (("ann", "bob", "cem"), 180, "OPEN"),
            (("ann", "bob", "cem"), 180, "RESOLVED"),
        ]
        assert ended(stored) == ("RESOLVED", "reject", None)
        assert await opened.kinds(request) == ["opened", "escalated", "escalated", "resolved"]


async def test_after_a_long_absence_everybody_still_gets_their_time() -> None:
    async with desk() as opened:
        ladder = [escalation(1000, "bob")]
        request = await opened.open(audience="ann", timeout=60, on_timeout="escalate", escalations=ladder)
        opened.clock.turn(500)
        await opened.sweep()
        stored = await opened.stored(request)
        assert (stored.asked, seconds_after(stored.deadline)) == (("ann", "bob"), 560)


async def test_a_rung_whose_group_is_empty_by_now_holds_up_nobody() -> None:
    async with desk(groups={"boss": ["eva"], "team": ["ann"]}) as opened:
        ladder = [escalation(10, "group:boss"), escalation(20, "group:unknown")]
        request = await opened.open(audience="group:team", escalations=ladder, timeout=30)
        other = await opened.open(timeout=30)
        await opened.app.store.do(_empty, groups=("boss", "team"))
        for _ in range(3):
            opened.clock.turn(10)
            await opened.sweep()
        assert (await opened.stored(request)).status == "RESOLVED"
        assert (await opened.stored(other)).status == "RESOLVED"
        assert await opened.kinds(request) == ["opened", "escalated", "escalated", "resolved"]


def _empty(tx: Any, *, groups: tuple[str, ...]) -> None:
    for group in groups:
        tx.set_members(group, [])


# -- once, in order, after a restart ---------------------------------------------------------------------


async def test_reminders_that_fell_due_together_are_one() -> None:
    async with desk() as opened:
        request = await opened.open(reminders=[10, 20, 30, 40])
        opened.clock.turn(10)
        await opened.sweep()
        opened.clock.turn(22)
        await opened.sweep()
        await opened.sweep()
        assert await opened.kinds(request) == ["opened", "reminded", "reminded"]
        assert seconds_after((await opened.stored(request)).due_at) == 40
        opened.clock.turn(100)
        await opened.sweep()
        assert await opened.kinds(request) == ["opened", "reminded", "reminded", "reminded"]
        assert await next_sweep(opened.app.store) is None


async def test_everything_fires_once_and_in_order_across_restarts(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path}/time.db", TurnableClock()
    async with desk(url, clock=clock) as opened:
        request = await opened.open(
            audience="ann",
            timeout=100,
            reminders=[10, 50],
            escalations=[escalation(30, "bob"), escalation(40, "cem")],
        )
    expected = ["opened"]
    for turn, fired in (
        (9, []),
        (1, ["reminded"]),
        (35, ["escalated", "escalated"]),
        (10, ["reminded"]),
        (50, ["resolved"]),
    ):
        clock.turn(turn)
        expected += fired
        for _ in range(2):  # each time is a process of its own, and the second finds nothing to do
            async with desk(url, clock=clock) as opened:
                await opened.sweep()
                assert await opened.kinds(request) == expected
                await opened.check_rebuild(request)
    assert expected[-1] == "resolved"


async def test_a_deadline_passes_while_nobody_works_and_the_run_goes_on_after_the_restart(
    tmp_path: Path,
) -> None:
    url, clock, flow = f"sqlite:///{tmp_path}/run.db", TurnableClock(), HumanApprovalNode(timeout=60)
    first = App(store=url, clock=clock)
    first.flow("ask", flow)
    async with first:
        run = await first.start("ask", {"content": "hello"}, run_id="r1")
        await until_waiting(first, run.id)
    clock.turn(DAY)
    second = App(store=url, clock=clock)
    second.flow("ask", HumanApprovalNode(timeout=60))
    async with second:
        result = await (await second.run("r1")).result(timeout=20)
        asked = await views.requests(second.store)
    assert result["reason"] == "timeout"
    assert len(asked) == 1


async def test_a_damaged_request_holds_up_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = TurnableClock()
    app = App(store=f"sqlite:///{tmp_path}/x.db", clock=clock)
    async with app.connect():
        damaged, sound = [await app.inbox.open(draft(timeout=10 + extra)) for extra in (0, 1)]
        await app.store.do(_damage, request_id=damaged.id)
        clock.turn(20)
        assert await sweep(app.store, clock) == 1
        assert (await views.request(app.store, sound.id)).status == "RESOLVED"
        assert damaged.id in caplog.text


def _damage(tx: Any, *, request_id: str) -> None:
    tx.connection.execute("UPDATE request SET state = '{}' WHERE id = ?", (request_id,))


async def test_many_overdue_requests_are_moved_in_one_sweep() -> None:
    async with desk() as opened:
        for _ in range(25):
            await opened.open(timeout=10)
        opened.clock.turn(10)
        assert await sweep(opened.app.store, opened.clock, limit=10) == 25

"""What `do`, `read`, `read_now`, `listen` and `close` of a store must keep, whatever the units do."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from handrail.inbox.log import verify
from handrail.inbox.ports import Store
from handrail.requests.errors import StoreClosed
from handrail.runs.ports import Liveness, RunTransaction
from handrail.testing.store_samples import NOW, entry, request, run

P = ParamSpec("P")
R = TypeVar("R")

DEADLINE = 30.0
"""seconds until something that is waited for counts as missed, also on a loaded machine"""


class OpenStore(Store, Protocol):
    """A store as the contract uses it."""

    liveness: Liveness

    def read_now(self, unit: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    async def close(self) -> None: ...


class Refused(Exception):
    """What failing units of the contract raise."""


async def error_of(awaitable: Awaitable[object]) -> BaseException | None:
    """Return what an awaitable raises, None if it doesn't."""
    try:
        await asyncio.wait_for(awaitable, DEADLINE)
    except Exception as error:
        return error
    return None


def write(tx: RunTransaction, *, person: str, fail: bool = False) -> str:
    """Note down a person, twice over; then fail, if wished."""
    tx.append_event("noted", person, at=NOW, actor="alice")
    tx.set_members(person, [person])
    tx.signal("noted", person)
    if fail:
        raise Refused(person)
    return person


def written(tx: RunTransaction, *, people: Sequence[str]) -> list[str]:
    """Return who of these is noted down, and check that nobody is by half."""
    noted = [line.data for line in tx.log(0, 100_000)]
    assert len(noted) == len(set(noted)), f"noted twice: {noted}"
    grouped = [person for person in people if tx.members(person)]
    assert sorted(grouped) == sorted(set(noted) & set(people)), "a unit is half done"
    return grouped


@asynccontextmanager
async def held_up(store: OpenStore) -> Any:
    """Keep the store from running units until the block ends, so that those queued in it share a batch."""
    reached, go_on = threading.Event(), threading.Event()

    def wait(tx: RunTransaction) -> None:
        reached.set()
        go_on.wait(DEADLINE)

    blocker = asyncio.ensure_future(store.do(wait))
    assert await asyncio.to_thread(reached.wait, DEADLINE), "the store doesn't run units"
    try:
        yield
    finally:
        go_on.set()
        await blocker


async def queued(*coroutines: Any) -> list[asyncio.Task[Any]]:
    """Start the coroutines as tasks and let each reach its first await."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    await asyncio.sleep(0)
    return tasks


def _wake(tx: RunTransaction, *, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        tx.signal("wakeup", run_id)


class _Follower:
    """Notes down each run that was woken, and takes those whose name ends in 1."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.told: list[tuple[Any, bool]] = []

    def take(self, tx: RunTransaction, run_ids: Sequence[str]) -> dict[str, str]:
        for run_id in run_ids:
            write(tx, person=run_id, fail=self.fails)
        return {run_id: f"taken {run_id}" for run_id in run_ids if run_id.endswith("1")}

    def taken(self, found: Any, committed: bool) -> None:
        self.told.append((found, committed))


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.001)


class UnitContract:
    """Units of work: all or nothing, each for itself, durable when `do` returns, loud only after the commit."""

    async def test_do_returns_what_the_unit_returns_and_read_sees_it(self, store: OpenStore) -> None:
        assert await store.do(write, person="alice") == "alice"
        assert await store.read(written, people=["alice"]) == ["alice"]
        assert store.read_now(written, people=["alice"]) == ["alice"]

    async def test_a_unit_sees_its_own_writes(self, store: OpenStore) -> None:
        def unit(tx: RunTransaction) -> tuple[Any, ...]:
            tx.insert_request(request(1))
            tx.insert_run(run())
            tx.write_entries("run_1", [entry("", "0")])
            tx.append_event("noted", "x", at=NOW, actor="alice")
            return tx.request("req_0001"), tx.run("run_1"), tx.entries("run_1", ""), len(tx.log(0, 10))

        assert await store.do(unit) == (request(1), run(), [entry("", "0")], 1)

    async def test_read_sees_everything_committed_before_it_was_called(self, store: OpenStore) -> None:
        for number in range(50):
            await store.do(write, person=f"p{number}")
            assert f"p{number}" in (await store.read(lambda tx: [line.data for line in tx.log(0, 100)]))
            assert store.read_now(lambda tx: len(tx.log(0, 100))) == number + 1

    async def test_what_only_reads_can_not_write(self, store: OpenStore) -> None:
        assert await error_of(store.read(write, person="alice")) is not None
        try:
            store.read_now(write, person="bob")
        except TimeoutError:
            raise
        except Exception:
            pass
        else:
            raise AssertionError("read_now wrote")
        assert await store.do(write, person="carol") == "carol"
        assert await store.read(written, people=["alice", "bob", "carol"]) == ["carol"]

    async def test_a_unit_that_fails_leaves_nothing(self, store: OpenStore) -> None:
        error = await error_of(store.do(write, person="alice", fail=True))
        assert isinstance(error, Refused)
        assert error.args == ("alice",)
        assert await store.read(written, people=["alice"]) == []

    async def test_failing_units_take_no_neighbour_with_them(self, store: OpenStore) -> None:
        people = [f"p{number}" for number in range(60)]
        failing = {person for number, person in enumerate(people) if number % 7 == 3}

        def only_fail(tx: RunTransaction) -> None:
            tx.signal("noted", "nobody")
            raise Refused("nobody")

        async with held_up(store):
            doing = await queued(*(store.do(write, person=p, fail=p in failing) for p in people))
            silent = await queued(*(store.do(only_fail) for _ in range(5)))
        outcomes = await asyncio.gather(*doing, *silent, return_exceptions=True)
        for person, outcome in zip(people, outcomes, strict=False):
            if person in failing:
                assert isinstance(outcome, Refused)
                assert outcome.args == (person,)
            else:
                assert outcome == person
        assert all(isinstance(outcome, Refused) for outcome in outcomes[len(people) :])
        assert set(await store.read(written, people=people)) == set(people) - failing

    async def test_a_unit_that_the_database_refuses_takes_no_neighbour_with_it(
        self, store: OpenStore
    ) -> None:
        await store.do(lambda tx: tx.insert_request(request(1)))

        def twice(tx: RunTransaction) -> None:
            tx.set_members("bob", ["bob"])
            tx.insert_request(request(1))

        async with held_up(store):
            tasks = await queued(
                store.do(write, person="alice"),
                store.do(lambda tx: tx.insert_request(request(1))),
                store.do(twice),
                store.do(write, person="carol"),
            )
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes][::3] == [str, str]
        assert all(isinstance(outcome, Exception) for outcome in outcomes[1:3])
        assert await store.read(written, people=["alice", "bob", "carol"]) == ["alice", "carol"]

    async def test_a_chain_of_events_stays_whole_beside_failing_units(self, store: OpenStore) -> None:
        def too_late(tx: RunTransaction) -> None:
            tx.append_event("noted", "late", at=NOW, actor="alice")
            tx.insert_run(run("run_2"))
            raise Refused("late")

        def refused(tx: RunTransaction) -> None:
            tx.append_event("noted", "no actor", at=NOW, actor=cast("str", None))

        await store.do(lambda tx: tx.insert_run(run()))
        for _ in range(3):
            async with held_up(store):
                tasks = await queued(
                    *(
                        store.do(unit)
                        for unit in (refused, too_late, lambda tx: _note(tx, "x"), refused, too_late)
                    )
                )
            await asyncio.gather(*tasks, return_exceptions=True)
        found = await verify(store)
        assert (found.events, found.problems) == (3, [])

    async def test_a_follower_goes_on_in_the_transaction_that_wakes(self, store: OpenStore) -> None:
        follower, heard = _Follower(), list[Any]()
        silence, unfollow = store.listen(heard.extend), store.follow(follower)
        await store.do(_wake, run_ids=["run_1", "run_2"])
        await until(lambda: ("wakeup", "run_2") in heard)
        assert follower.told == [({"run_1": "taken run_1"}, True)]
        rung = [subject for topic, subject in heard if topic == "wakeup"]
        assert rung == ["run_2"], "what was taken is nobody's any more"
        assert await store.read(written, people=["run_1", "run_2"]) == ["run_1", "run_2"]
        unfollow()
        await store.do(_wake, run_ids=["run_3"])
        await until(lambda: ("wakeup", "run_3") in heard)
        silence()
        assert len(follower.told) == 1

    async def test_a_follower_that_fails_changes_nothing(self, store: OpenStore) -> None:
        follower, heard = _Follower(fails=True), list[Any]()
        silence, unfollow = store.listen(heard.extend), store.follow(follower)
        assert await store.do(write, person="alice") == "alice"
        await store.do(_wake, run_ids=["run_1"])
        await until(lambda: ("wakeup", "run_1") in heard)
        unfollow()
        silence()
        assert follower.told == []
        assert await store.read(written, people=["alice", "run_1"]) == ["alice"]
        found = await verify(store)
        assert (found.events, found.problems) == (1, [])

    async def test_many_tasks_lose_nothing(self, store: OpenStore) -> None:
        def count(tx: RunTransaction) -> int:
            found = tx.run("run_1")
            assert found is not None
            tx.update_run(run(token=found.token + 1))
            return found.token

        async def task() -> list[int]:
            return [await store.do(count) for _ in range(20)]

        await store.do(lambda tx: tx.insert_run(run()))
        counted = await asyncio.gather(*(task() for _ in range(20)))
        assert sorted(number for numbers in counted for number in numbers) == list(range(400))
        assert all(numbers == sorted(numbers) for numbers in counted)

    async def test_the_bell_rings_after_the_commit_and_only_for_it(self, store: OpenStore) -> None:
        rung: list[tuple[str, str]] = []
        seen: list[list[str]] = []
        done = asyncio.Event()
        people = ["alice", "bob", "carol", "end"]

        def listener(signals: Sequence[tuple[str, str]]) -> None:
            rung.extend(signals)
            seen.append(store.read_now(written, people=people))
            if ("noted", "end") in signals:
                done.set()

        end = store.listen(listener)
        async with held_up(store):
            tasks = await queued(*(store.do(write, person=p, fail=p in ("alice", "carol")) for p in people))
            await asyncio.sleep(0.01)
            assert rung == [], "rung before the commit"
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(done.wait(), DEADLINE)
        assert [signal for signal in rung if signal[0] == "noted"] == [("noted", "bob"), ("noted", "end")]
        assert all("bob" in people for people in seen)
        end()
        await store.do(write, person="after")
        await store.do(write, person="after that")
        assert ("noted", "after") not in rung

    async def test_a_listener_that_listens_twice_hears_twice_and_can_stop_once(
        self, store: OpenStore
    ) -> None:
        rung: list[Any] = []
        heard = asyncio.Event()

        def other(signals: Sequence[tuple[str, str]]) -> None:
            heard.set()

        ends = [store.listen(rung.append), store.listen(rung.append), store.listen(other)]
        ends[0]()
        ends[0]()
        await store.do(write, person="alice")
        await asyncio.wait_for(heard.wait(), DEADLINE)
        assert rung == [(("noted", "alice"),)]

    async def test_a_cancelled_waiter_harms_nobody(self, store: OpenStore) -> None:
        async with held_up(store):
            tasks = await queued(*(store.do(write, person=f"p{number}") for number in range(10)))
            for task in tasks[::2]:
                task.cancel()
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [True, False] * 5
        assert outcomes[1::2] == ["p1", "p3", "p5", "p7", "p9"]
        assert await store.do(write, person="alice") == "alice"

    async def test_errors_that_a_future_can_not_carry_still_arrive(self, store: OpenStore) -> None:
        def empty(tx: RunTransaction) -> object:
            return next(iter(()))

        async with held_up(store):
            tasks = await queued(store.do(empty), store.do(write, person="alice"))
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), DEADLINE)
        assert isinstance(outcomes[0], Exception)
        assert outcomes[1] == "alice"

    async def test_close_finishes_what_is_queued(self, store: OpenStore) -> None:
        async with held_up(store):
            tasks = await queued(*(store.do(write, person=f"p{number}") for number in range(10)))
            closing = asyncio.ensure_future(store.close())
        await asyncio.wait_for(closing, DEADLINE)
        assert await asyncio.gather(*tasks) == [f"p{number}" for number in range(10)]

    async def test_a_closed_store_says_so(self, store: OpenStore) -> None:
        await store.do(write, person="alice")
        await store.close()
        await store.close()
        assert isinstance(await error_of(store.do(write, person="bob")), StoreClosed)
        assert isinstance(await error_of(store.read(written, people=[])), StoreClosed)
        try:
            store.read_now(written, people=[])
        except StoreClosed:
            return
        raise AssertionError("a closed store was read")

    async def test_workers_are_alive_until_they_are_released(self, store: OpenStore) -> None:
        assert store.liveness.is_dead("worker_1")
        store.liveness.hold("worker_1")
        assert not store.liveness.is_dead("worker_1")
        store.liveness.release("worker_1")
        store.liveness.release("worker_1")
        assert store.liveness.is_dead("worker_1")


def _note(tx: RunTransaction, person: str) -> None:
    tx.append_event("noted", person, at=NOW, actor="alice")


def ids(found: Collection[Any]) -> list[str]:
    """Return the ids of what a store gave, in its order."""
    return [one.id for one in found]

"""What stores that run units in a thread keep besides the contract, whatever happens to the thread."""

import asyncio
import threading
from typing import Any

import pytest

from handrail.requests.errors import StoreClosed
from handrail.stores.sqlite import SQLiteStore
from handrail.testing.store_units import DEADLINE, Refused, error_of, held_up, queued, write, written


def die(tx: Any) -> None:
    """End the thread, after writing something."""
    write(tx, person="half")
    raise SystemExit("unexpected")


class LaneContract:
    """For a subclass with a fixture `store`."""

    async def test_neighbours_of_a_failing_unit_run_twice_and_count_once(self, store: SQLiteStore) -> None:
        ran: list[str] = []

        def counted(tx: Any, *, person: str, fail: bool = False) -> str:
            ran.append(person)
            return write(tx, person=person, fail=fail)

        async with held_up(store):
            people = ["a", "b", "c", "d"]
            tasks = await queued(*(store.do(counted, person=p, fail=p == "c") for p in people))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert ran == ["a", "b", "c", "a", "b", "c", "d"], "they share a batch, and it is replayed"
        assert [o for o in outcomes if not isinstance(o, Refused)] == ["a", "b", "d"]
        assert await store.read(written, people=people) == ["a", "b", "d"]

    async def test_when_the_thread_dies_everybody_is_told(self, store: SQLiteStore) -> None:
        async with held_up(store):
            early = await queued(
                store.do(write, person="early"), store.do(die), store.do(write, person="late")
            )
        outcomes = await asyncio.wait_for(asyncio.gather(*early, return_exceptions=True), DEADLINE)
        outcomes.append(await error_of(store.do(write, person="later")))
        for outcome in outcomes:
            assert isinstance(outcome, StoreClosed)
            assert "SystemExit" in str(outcome)
        await asyncio.wait_for(store.close(), DEADLINE)

    async def test_what_is_queued_when_the_thread_dies_fails_too(self, store: SQLiteStore) -> None:
        reached, go_on = threading.Event(), threading.Event()

        def die_slowly(tx: Any) -> None:
            reached.set()
            go_on.wait(DEADLINE)
            raise SystemExit

        dying = asyncio.ensure_future(store.do(die_slowly))
        assert await asyncio.to_thread(reached.wait, DEADLINE)
        later = await queued(*(store.do(write, person=str(number)) for number in range(20)))
        go_on.set()
        outcomes = await asyncio.wait_for(asyncio.gather(dying, *later, return_exceptions=True), DEADLINE)
        assert [type(outcome) for outcome in outcomes] == [StoreClosed] * 21

    async def test_units_put_while_the_thread_dies_never_hang(self, store: SQLiteStore) -> None:
        under_way = asyncio.Event()

        async def keep_writing(name: int) -> int:
            done = 0
            while True:
                try:
                    await asyncio.wait_for(store.do(write, person=f"{name}-{done}"), DEADLINE)
                except StoreClosed:
                    return done
                done += 1
                if done == 5:
                    under_way.set()

        writers = [asyncio.ensure_future(keep_writing(name)) for name in range(20)]
        await asyncio.wait_for(under_way.wait(), DEADLINE)
        assert isinstance(await error_of(store.do(die)), StoreClosed)
        acknowledged = await asyncio.wait_for(asyncio.gather(*writers), DEADLINE)
        assert max(acknowledged) >= 5

    async def test_after_the_death_it_can_be_opened_again(self, store: SQLiteStore) -> None:
        await error_of(store.do(die))
        await store.close()
        await store.open()
        assert await store.read(written, people=["half"]) == []
        assert await store.do(write, person="alice") == "alice"

    async def test_a_listener_whose_loop_is_closed_is_passed_over(self, store: SQLiteStore) -> None:
        def listen_and_leave() -> None:
            async def listen() -> None:
                store.listen(lambda signals: None)

            asyncio.run(listen())

        await asyncio.to_thread(listen_and_leave)
        rung = asyncio.Event()
        store.listen(lambda signals: rung.set())
        await store.do(write, person="alice")
        await asyncio.wait_for(rung.wait(), DEADLINE)

    async def test_a_waiter_whose_loop_is_closed_is_passed_over(self, store: SQLiteStore) -> None:
        async def leave() -> None:
            store._lane(store._writer).put(write, (), {"person": "left"})

        async with held_up(store):
            await asyncio.to_thread(lambda: asyncio.run(leave()))
            tasks = await queued(store.do(write, person="alice"))
        assert await asyncio.gather(*tasks) == ["alice"]
        assert await store.read(written, people=["left", "alice"]) == ["left", "alice"]

    async def test_opened_twice_closed_twice(self, store: SQLiteStore) -> None:
        await asyncio.gather(*(store.open() for _ in range(5)))
        assert sum(t.name in ("handrail-writer", "handrail-memory") for t in threading.enumerate()) == 1
        await asyncio.gather(*(store.close() for _ in range(5)))
        assert await store.do(write, person="alice") == "alice"
        await store.close()
        with pytest.raises(StoreClosed):
            await store.do(write, person="bob")

"""What a store must keep of wakeups, however late it writes them: who looks finds them; a failed unit has made none."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from handrail.runs.ports import RunTransaction
from handrail.runs.run import RunStatus
from handrail.testing.store_samples import NOW, moment, run
from handrail.testing.store_units import OpenStore, Refused, error_of, held_up, queued

LOOKS: dict[str, tuple[Callable[[RunTransaction], Any], Any]] = {
    "wakeups": (lambda tx: tx.wakeups(["publish"], NOW, 10), ["run_1"]),
    "next_wakeup": (lambda tx: tx.next_wakeup(["publish"]), NOW),
    "has_wakeup": (lambda tx: tx.has_wakeup("run_1", NOW), True),
    "take_wakeups": (lambda tx: tx.take_wakeups("run_1", NOW), [""]),
    "is_awaited": (lambda tx: tx.is_awaited("run_1"), True),
}


def wake(tx: RunTransaction, *, run_id: str = "run_1", at: datetime = NOW, fail: bool = False) -> None:
    """Wake a run; then fail, if wished."""
    tx.add_wakeup(run_id, "", at)
    tx.signal("wakeup", run_id)
    if fail:
        raise Refused(run_id)


class _Taker:
    """A follower that takes the wakeups of every run that was woken; then fails, if wished."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.took: list[list[str]] = []

    def take(self, tx: RunTransaction, run_ids: Sequence[str]) -> dict[str, str]:
        for run_id in run_ids:
            assert tx.has_wakeup(run_id, NOW)
            self.took.append(tx.take_wakeups(run_id, NOW))
            assert not tx.has_wakeup(run_id, NOW)
        if self.fails:
            raise Refused("follower")
        return dict.fromkeys(run_ids, "taken")

    def taken(self, found: Any, committed: bool) -> None: ...


class WakeupContract:
    """Wakeups between the unit that makes them and those who look for them."""

    async def _waiting(self, store: OpenStore, *names: str) -> None:
        for name in names:
            await store.do(lambda tx, name: tx.insert_run(run(name, status=RunStatus.WAITING)), name)

    async def test_a_wakeup_is_there_at_once_and_later(self, store: OpenStore) -> None:
        await self._waiting(store, "run_1")
        for name, (look, expected) in LOOKS.items():

            def both(tx: RunTransaction, look: Callable[[RunTransaction], Any] = look) -> Any:
                wake(tx)
                return look(tx)

            assert await store.do(both) == expected, f"{name}: in the unit that woke it"
            await store.do(wake)
            assert await store.do(look) == expected, f"{name}: in a later one"
            await store.do(lambda tx: tx.delete_wakeups("run_1"))
            assert not await store.do(look), f"{name}: nothing is left"

    async def test_of_two_wakeups_the_earlier_counts(self, store: OpenStore) -> None:
        await self._waiting(store, "run_1", "run_2")

        def both(tx: RunTransaction, run_id: str, *seconds: float) -> None:
            for each in seconds:
                wake(tx, run_id=run_id, at=moment(each))

        await store.do(both, "run_1", 5, 0, 7)
        await store.do(both, "run_2", 0, 5)
        for run_id in ("run_1", "run_2"):
            assert await store.do(lambda tx, run_id: tx.take_wakeups(run_id, NOW), run_id) == [""]
            assert not await store.read(lambda tx, run_id: tx.has_wakeup(run_id, moment(99)), run_id)

    async def test_only_who_can_go_on_is_woken(self, store: OpenStore) -> None:
        await self._waiting(store, "run_1", "run_2")

        def settle_then_wake(tx: RunTransaction) -> None:
            tx.update_run(run("run_1", status=RunStatus.FINISHED))
            wake(tx)
            tx.update_run(run("run_1", status=RunStatus.WAITING))

        def wake_then_settle(tx: RunTransaction) -> None:
            wake(tx, run_id="run_2")
            tx.update_run(run("run_2", status=RunStatus.FINISHED))

        await store.do(settle_then_wake)
        await store.do(wake_then_settle)
        assert not await store.read(lambda tx: tx.has_wakeup("run_1", NOW))
        assert await store.read(lambda tx: tx.has_wakeup("run_2", NOW)), "whoever settles a run deletes them"

    async def test_a_unit_that_fails_has_woken_nobody(self, store: OpenStore) -> None:
        names = [f"run_{number}" for number in range(6)]
        await self._waiting(store, *names)
        async with held_up(store):
            tasks = await queued(
                *(store.do(wake, run_id=name, fail=place % 2 == 1) for place, name in enumerate(names))
            )
        errors = [type(error) for error in await asyncio.gather(*(error_of(task) for task in tasks))]
        assert errors == [type(None), Refused] * 3
        woken = await store.read(lambda tx: tx.wakeups(["publish"], NOW, 10))
        assert sorted(woken) == ["run_0", "run_2", "run_4"]

    async def test_a_follower_takes_what_was_just_woken(self, store: OpenStore) -> None:
        await self._waiting(store, "run_1", "run_2")
        unfollow = store.follow(taker := _Taker())
        await store.do(wake)
        unfollow()
        await store.do(wake, run_id="run_2")
        assert taker.took == [[""]]
        assert await store.read(lambda tx: tx.wakeups(["publish"], NOW, 10)) == ["run_2"]

    async def test_what_a_failing_follower_took_is_there_again(self, store: OpenStore) -> None:
        await self._waiting(store, "run_1")
        unfollow = store.follow(taker := _Taker(fails=True))
        await store.do(wake)
        unfollow()
        assert taker.took == [[""]]
        assert await store.read(lambda tx: tx.wakeups(["publish"], NOW, 10)) == ["run_1"]

    async def test_who_only_reads_can_wake_nobody(self, store: OpenStore) -> None:
        await self._waiting(store, "run_1")
        assert await error_of(store.read(wake)) is not None
        assert not await store.read(lambda tx: tx.has_wakeup("run_1", NOW))

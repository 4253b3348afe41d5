"""What a store must keep of runs, their wakeups and workers."""

from dataclasses import replace

from handrail.requests.request import Status
from handrail.runs.ports import RunTransaction, Worker
from handrail.runs.run import RunStatus
from handrail.testing.store_samples import NOW, ODD_TEXT, full_run, moment, request, run
from handrail.testing.store_units import OpenStore, ids


class RunContract:
    """The port of runs, without their journals."""

    async def test_runs_come_back_as_they_were(self, store: OpenStore) -> None:
        for one in (run("run_1"), full_run("run_2"), run("run_3", flow=None, queue="run_3", result={})):
            await store.do(lambda tx, one: tx.insert_run(one), one)
            found = await store.read(lambda tx, one: tx.run(one.id), one)
            assert found == one
            assert repr(found) == repr(one), "equal is not enough: 1, 1.0 and True are"
        assert await store.read(lambda tx: tx.run("none")) is None

    async def test_a_run_id_is_taken_once(self, store: OpenStore) -> None:
        assert await store.do(lambda tx: tx.insert_run(run()))
        assert not await store.do(lambda tx: tx.insert_run(run(flow="other")))
        assert await store.read(lambda tx: tx.run("run_1")) == run()

    async def test_a_run_is_updated_where_it_may_change(self, store: OpenStore) -> None:
        await store.do(lambda tx: tx.insert_run(run()))
        await store.do(lambda tx: tx.insert_run(run("run_2")))
        full = replace(full_run(), updated_at=moment(7))
        await store.do(lambda tx: tx.update_run(full))
        found = await store.read(lambda tx: tx.run("run_1"))
        changed = ("status", "token", "worker", "home", "updated_at", "result", "error")
        assert found == replace(run(), **{name: getattr(full, name) for name in changed})
        assert await store.read(lambda tx: tx.run("run_2")) == run("run_2")

    async def test_how_many_runs_stand_is_read_at_once(self, store: OpenStore) -> None:
        kept = {status.value: status for status in RunStatus}
        for name, status in kept.items():
            await store.do(lambda tx, one: tx.insert_run(one), run(name, status=status))
        for number, (name, state) in enumerate(
            [
                ("WAITING", Status.CLAIMED),
                ("RUNNING", Status.OPEN),
                ("FAILED", Status.OPEN),
                ("PENDING", Status.RESOLVED),
            ],
            1,
        ):
            asked = request(number, run_id=name, status=state)
            await store.do(lambda tx, one: tx.insert_request(one), asked)
        found = await store.read(lambda tx: tx.standing([*kept, "none"]))
        assert sorted(found) == sorted(
            (name, status, name in ("WAITING", "RUNNING")) for name, status in kept.items()
        )
        assert await store.read(lambda tx: tx.standing({"WAITING"})) == [("WAITING", RunStatus.WAITING, True)]
        assert await store.read(lambda tx: tx.standing(())) == []

    async def test_runs_are_listed_by_age_in_pages(self, store: OpenStore) -> None:
        # Ids that people choose don't sort by age, and several runs may start at one moment.
        ages = {"zebra": 5, "apple": 9, "mango": 7, "kiwi": 7, "fig": 7, "plum": 1}
        for name, age in ages.items():
            status = RunStatus.FAILED if name in ("apple", "fig") else RunStatus.WAITING
            flow = "publish" if name != "mango" else None
            one = run(name, created_at=moment(-age), status=status, flow=flow)
            await store.do(lambda tx, one: tx.insert_run(one), one)
        order = ["apple", "fig", "kiwi", "mango", "zebra", "plum"]
        assert ids(await store.read(lambda tx: tx.runs((), None, None, 10))) == order
        for size in (1, 2, 4):
            found: list[str] = []
            after = None
            while page := ids(
                await store.read(lambda tx, after, size: tx.runs((), None, after, size), after, size)
            ):
                found, after = found + page, page[-1]
            assert found == order
        failed = [RunStatus.FAILED, RunStatus.CANCELLED]
        assert ids(await store.read(lambda tx: tx.runs(failed, None, None, 10))) == ["apple", "fig"]
        assert ids(await store.read(lambda tx: tx.runs(failed, "publish", "apple", 10))) == ["fig"]
        assert ids(await store.read(lambda tx: tx.runs((), "publish", "fig", 2))) == ["kiwi", "zebra"]

    async def test_a_token_holds_while_it_is_the_last_and_the_run_is_running(self, store: OpenStore) -> None:
        async def holds(token: int) -> bool:
            return bool(await store.do(lambda tx: tx.holds("run_1", token)))

        await store.do(lambda tx: tx.insert_run(run(token=3)))
        assert not await holds(3), "it is pending"
        await store.do(lambda tx: tx.update_run(run(token=4, status=RunStatus.RUNNING, worker="w")))
        assert [token for token in range(6) if await holds(token)] == [4]
        assert not await store.do(lambda tx: tx.set_waiting("run_1", 3, moment(3))), "an old token"
        assert await store.do(lambda tx: tx.set_waiting("run_1", 4, moment(3)))
        assert not await store.do(lambda tx: tx.set_waiting("run_1", 4, moment(4))), "it waits already"
        waiting = run(token=4, status=RunStatus.WAITING, updated_at=moment(3))
        assert await store.read(lambda tx: tx.run("run_1")) == waiting
        assert not await holds(4)
        assert not await store.do(lambda tx: tx.holds("none", 0))

    async def test_a_held_run_is_updated_by_its_holder_only(self, store: OpenStore) -> None:
        async def ended(held: int) -> bool:
            done = run(token=5, status=RunStatus.FINISHED, result={"n": held})
            return bool(await store.do(lambda tx: tx.update_run(done, held)))

        await store.do(lambda tx: tx.insert_run(run(token=4)))
        assert not await ended(4), "it is pending"
        await store.do(lambda tx: tx.update_run(run(token=4, status=RunStatus.RUNNING, worker="w")))
        assert [held for held in (3, 5, 4, 4) if await ended(held)] == [4]
        found = await store.read(lambda tx: tx.run("run_1"))
        assert found == run(token=5, status=RunStatus.FINISHED, result={"n": 4})

    async def test_a_run_is_awaited_by_wakeups_watches_and_open_requests(self, store: OpenStore) -> None:
        async def awaited() -> bool:
            return bool(await store.read(lambda tx: tx.is_awaited("run_1")))

        await store.do(lambda tx: (tx.insert_run(run()), tx.insert_run(run("run_2"))))
        await store.do(lambda tx: tx.add_wakeup("run_2", "", NOW))
        assert not await awaited()
        await store.do(lambda tx: tx.add_wakeup("run_1", "0[1]", moment(99)))
        assert await awaited(), "a wakeup to come"
        await store.do(lambda tx: tx.delete_wakeups("run_1"))
        assert not await awaited()
        await store.do(lambda tx: tx.add_watch("req_1", "run_1", ""))
        assert await awaited(), "a watch"
        await store.do(lambda tx: tx.delete_watches("run_1"))
        await store.do(lambda tx: tx.insert_request(request(1, run_id="run_1", status=Status.RESOLVED)))
        assert not await awaited(), "its request has ended"
        await store.do(lambda tx: tx.insert_request(request(2, run_id="run_1", status=Status.CLAIMED)))
        assert await awaited(), "an open request"

    async def test_wakeups_are_found_by_queue_the_longest_due_first(self, store: OpenStore) -> None:
        def unit(tx: RunTransaction) -> None:
            for name, queue, status, seconds in (
                ("late", "publish", RunStatus.WAITING, 5),
                ("long", "publish", RunStatus.WAITING, -9),
                ("new", "publish", RunStatus.PENDING, -3),
                ("busy", "publish", RunStatus.RUNNING, -20),
                ("other", "review", RunStatus.WAITING, -5),
            ):
                tx.insert_run(run(name, queue=queue, status=status))
                tx.add_wakeup(name, "", moment(seconds))
                tx.add_wakeup(name, "0[1]", moment(seconds + 1))

        await store.do(unit)
        both = ["publish", "review"]
        assert await store.read(lambda tx: tx.wakeups(both, NOW, 10)) == ["long", "other", "new"]
        assert await store.read(lambda tx: tx.wakeups(both, NOW, 1)) == ["long"]
        assert await store.read(lambda tx: tx.wakeups(["review"], NOW, 10)) == ["other"]
        assert await store.read(lambda tx: tx.wakeups([], NOW, 10)) == []
        assert await store.read(lambda tx: tx.next_wakeup(["publish"])) == moment(-9)
        assert await store.read(lambda tx: tx.next_wakeup(["none"])) is None

    async def test_taking_wakeups_takes_the_due_ones(self, store: OpenStore) -> None:
        def unit(tx: RunTransaction) -> None:
            for name in ("run_1", "run_2"):
                tx.insert_run(run(name))
                for strand, seconds in (("", 0), ("1[0]", -5), ("1[1]", 1)):
                    tx.add_wakeup(name, strand, moment(seconds))

        await store.do(unit)
        assert sorted(await store.do(lambda tx: tx.take_wakeups("run_1", NOW))) == ["", "1[0]"]
        assert await store.do(lambda tx: tx.take_wakeups("run_1", NOW)) == []
        assert not await store.read(lambda tx: tx.has_wakeup("run_1", NOW))
        assert await store.read(lambda tx: tx.has_wakeup("run_1", moment(1)))
        assert await store.read(lambda tx: tx.has_wakeup("run_2", NOW))
        await store.do(lambda tx: tx.delete_wakeups("run_2"))
        assert not await store.read(lambda tx: tx.has_wakeup("run_2", moment(99)))
        assert await store.do(lambda tx: tx.take_wakeups("run_1", moment(1))) == ["1[1]"]

    async def test_workers_and_the_runs_they_hold(self, store: OpenStore) -> None:
        workers = [Worker("w1", 17, "host", NOW, ("publish", ODD_TEXT)), Worker("w2", 1, "", moment(-5))]
        for worker in workers:
            await store.do(lambda tx, worker: tx.insert_worker(worker), worker)
        assert await store.read(lambda tx: tx.workers()) == workers
        for status in RunStatus:
            await store.do(lambda tx, s: tx.insert_run(run(f"a{s}", status=s, worker="w1")), status)
            await store.do(
                lambda tx, s: tx.insert_run(run(f"b{s}", status=s, home="w1", worker="w2")), status
            )
        await store.do(lambda tx: tx.insert_run(run("free")))
        held = {one.id for one in await store.read(lambda tx: tx.runs_of_worker("w1"))}
        unsettled = ("PENDING", "RUNNING", "WAITING")
        assert held == {f"{letter}{status}" for letter in "ab" for status in unsettled}
        await store.do(lambda tx: tx.delete_worker("w1"))
        assert await store.read(lambda tx: tx.workers()) == workers[1:]

"""What every store has to do with tasks: known by keys, in line for workers, watched by runs."""

from dataclasses import replace
from typing import Any

from handrail.inbox.ports import Filter
from handrail.requests.pool import Pool
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.runs.journal import Entry, State
from handrail.runs.ports import RunTransaction
from handrail.stores.sqlite import SQLiteStore
from handrail.testing.store_samples import NOW, moment, request, run

KEYS = ("queue\x1fa\x1f1", "queue\x1fa\x1f10", "queue\x1fa\x1f2", "queue\x1fab\x1f1", "own\x1fr\x1fx")
DRAFT = RequestDraft("task", "Do it", {"content": 1})


def task(number: int, key: str | None = None, **fields: Any) -> HumanRequest:
    """Return a task with a key."""
    return request(number, draft=replace(DRAFT, key=key), **fields)


def in_line(number: int, priority: int = 0, workers: tuple[str, ...] = ("ann", "bob")) -> HumanRequest:
    """Return a task that waits for one of these workers."""
    return request(number, draft=replace(DRAFT, priority=priority, pool=Pool(workers)), in_line=True)


def insert(tx: RunTransaction, *, requests: list[HumanRequest]) -> None:
    """Store requests."""
    for one in requests:
        tx.insert_request(one)


class TaskContract:
    """Tasks by their keys and workers, and those who watch them."""

    async def test_tasks_are_found_by_their_keys(self, store: SQLiteStore) -> None:
        stored = [task(number, key) for number, key in enumerate(KEYS)]
        stored[2] = task(2, KEYS[2], status=Status.RESOLVED)
        await store.do(insert, requests=[*stored, request(9)])
        for one in stored:
            assert await store.read(lambda tx, key: tx.keyed(key), one.draft.key) == one
        assert await store.read(lambda tx: tx.keyed("queue\x1fa")) is None
        assert await store.read(lambda tx: tx.ended_tasks(KEYS)) == [stored[2]]
        assert await store.read(lambda tx: tx.ended_tasks(KEYS[:2])) == []
        last = [
            await store.read(lambda tx, prefix: tx.last_pending(prefix), prefix)
            for prefix in ("queue\x1fa\x1f", "queue\x1f", "own\x1f", "none\x1f", "")
        ]
        assert last == [stored[1].id, stored[3].id, stored[4].id, None, stored[4].id]
        found = await store.read(lambda tx: tx.requests(Filter(key_prefix="queue\x1fa\x1f")))
        assert found == stored[:3]
        found = await store.read(lambda tx: tx.requests(Filter((Status.OPEN,), key_prefix="queue\x1fa\x1f")))
        assert found == stored[:2]

    async def test_a_key_is_given_once(self, store: SQLiteStore) -> None:
        await store.do(insert, requests=[task(1, "k")])
        try:
            await store.do(insert, requests=[task(2, "k")])
        except Exception:
            assert await store.read(lambda tx: tx.request(task(2).id)) is None
        else:
            raise AssertionError("two tasks have one key")

    async def test_loads_and_last_tasks_of_workers(self, store: SQLiteStore) -> None:
        stored = [
            task(1, worker="ann"),
            task(2, worker="bob"),
            task(3, worker="ann", status=Status.CLAIMED),
            task(4, worker="ann", status=Status.RESOLVED),
            task(5),
        ]
        await store.do(insert, requests=stored)
        people = ("ann", "bob", "zoe")
        assert [await store.read(lambda tx, who: tx.load(who), who) for who in people] == [2, 1, 0]
        lasts = [await store.read(lambda tx, who: tx.last_task(who), who) for who in people]
        assert lasts == [stored[3].id, stored[1].id, ""]
        await store.do(lambda tx: tx.update_request(task(3, worker="bob", version=2), 1))
        assert [await store.read(lambda tx, who: tx.load(who), who) for who in people] == [1, 2, 0]

    async def test_the_line_is_ordered_by_priority_then_age_one_of_each_pool(
        self, store: SQLiteStore
    ) -> None:
        stored = [
            in_line(1),
            in_line(2, priority=5),
            in_line(3, priority=5),
            in_line(4, priority=1, workers=("bob", "cem")),
            in_line(5, priority=9, workers=("cem",)),
            replace(in_line(6, priority=99), in_line=False, worker="ann"),
        ]
        await store.do(insert, requests=stored)

        async def lines() -> list[list[str]]:
            people = ("ann", "bob", "cem", "an")
            return [await store.read(lambda tx, who: tx.in_line(who), who) for who in people]

        second, fourth, fifth = (stored[place].id for place in (1, 3, 4))
        assert await lines() == [[second], [second, fourth], [fifth, fourth], []]
        given = replace(stored[1], in_line=False, worker="bob", version=2)
        assert await store.do(lambda tx: tx.update_request(given, 1))
        assert await lines() == [[stored[2].id], [stored[2].id, fourth], [fifth, fourth], []]

    async def test_watchers_are_taken_once(self, store: SQLiteStore) -> None:
        def watch(tx: RunTransaction) -> None:
            tx.insert_run(run("run_1"))
            tx.insert_run(run("run_2"))
            insert(tx, requests=[task(1), task(2), task(3, run_id="run_2")])
            for run_id, strand in (("run_1", "1[0]"), ("run_1", "1[1]"), ("run_2", ""), ("run_2", "")):
                tx.add_watch(task(1).id, run_id, strand)
            tx.add_watch(task(2).id, "run_2", "")

        await store.do(watch)
        awaited = await store.read(lambda tx: tx.requests(Filter(awaited_by=("run_2",))))
        assert [one.id for one in awaited] == [task(1).id, task(2).id, task(3).id]
        awaited = await store.read(lambda tx: tx.requests(Filter(awaited_by=("run_1", "run_3"))))
        assert [one.id for one in awaited] == [task(1).id]
        watchers = await store.do(lambda tx: tx.take_watchers(task(1).id))
        assert sorted(watchers) == [("run_1", "1[0]"), ("run_1", "1[1]"), ("run_2", "")]
        assert await store.do(lambda tx: tx.take_watchers(task(1).id)) == []
        await store.do(lambda tx: tx.delete_watches("run_2"))
        assert await store.do(lambda tx: tx.take_watchers(task(2).id)) == []

    async def test_branches_by_state_and_their_wakeups(self, store: SQLiteStore) -> None:
        states = [State.OPEN, State.DONE, State.WAITING, State.OPEN, State.OPEN]
        branches = [Entry("1", n, f"[{n}]", "branch", state) for n, state in enumerate(states)]

        def write(tx: RunTransaction) -> None:
            tx.insert_run(run("run_1"))
            tx.insert_run(run("run_2"))
            tx.write_entries("run_1", [*branches, Entry("", 0, "0", "ask", State.WAITING, "h", "req_x")])
            for strand, seconds in (("", 0), ("1[0]", 0), ("1[2]", 5), ("1[3]", -1)):
                tx.add_wakeup("run_1", strand, moment(seconds))
            tx.add_wakeup("run_2", "", NOW)

        await store.do(write)
        assert await store.read(lambda tx: tx.branches("run_1", "1", State.OPEN, 2)) == [
            branches[0],
            branches[3],
        ]
        assert await store.read(lambda tx: tx.branches_begun("run_1", "1")) == 5
        assert await store.read(lambda tx: tx.branches_begun("run_1", "2")) == 0
        assert await store.read(lambda tx: tx.asked("run_1")) == ["req_x"]
        runs = ("run_1", "run_2", "run_3")
        assert await store.read(lambda tx: tx.branches_due(runs, NOW)) == ["run_1"]
        assert await store.read(lambda tx: tx.next_branch_wakeup(runs, NOW)) == moment(5)
        assert await store.read(lambda tx: tx.next_branch_wakeup(runs, moment(5))) is None
        assert await store.read(lambda tx: tx.next_branch_wakeup(["run_2"], moment(-1))) is None
        assert sorted(await store.do(lambda tx: tx.take_branch_wakeups("run_1", NOW))) == ["1[0]", "1[3]"]
        assert await store.read(lambda tx: tx.branches_due(runs, NOW)) == []
        assert sorted(await store.do(lambda tx: tx.take_wakeups("run_1", moment(9)))) == ["", "1[2]"]

"""The SQLite store keeps the contract, and what only a file can break: its modes, its damage, its chain."""

import asyncio
import os
import re
import shutil
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("handrail.testing", "tests.support.store_lanes")

from handrail.inbox.log import verify  # noqa: E402
from handrail.inbox.ports import Filter  # noqa: E402
from handrail.requests.errors import StoreClosed, StoreCorrupt, StoreError, StoreFull, StoreTooNew  # noqa: E402
from handrail.stores.migration import migrations  # noqa: E402
from handrail.stores.sqlite import SQLiteStore  # noqa: E402
from handrail.testing.store_contract import StoreContract  # noqa: E402
from handrail.testing.store_samples import run  # noqa: E402
from handrail.testing.store_units import held_up, queued, until, write, written  # noqa: E402
from tests.support.store_faults import PAGE, filled, open_one, overwrite, sql, verified  # noqa: E402
from tests.support.store_lanes import LaneContract  # noqa: E402


def names(folder: Path) -> list[str]:
    """Return the names of what lies in a folder."""
    return sorted(os.listdir(folder))


class TestSQLiteStore(StoreContract, LaneContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SQLiteStore]:
        store = await SQLiteStore(tmp_path / "handrail.db").open()
        yield store
        await store.close()

    async def test_commits_are_durable(self, store: SQLiteStore) -> None:
        def settings(tx: Any) -> list[Any]:
            pragmas = ("journal_mode", "synchronous", "fullfsync", "busy_timeout", "wal_autocheckpoint")
            return [tx.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]

        full = 2
        assert await store.do(settings) == ["wal", full, 1, 10_000, 200]
        # The one that reads too: if it is the last to be closed, it moves the log into the file.
        assert (await store.read(settings))[:4] == ["wal", full, 1, 10_000]

    @pytest.mark.parametrize("umask", [0o022, 0o000, 0o077])
    async def test_only_the_owner_can_read_the_files(self, tmp_path: Path, umask: int) -> None:
        before = os.umask(umask)
        try:
            store = await SQLiteStore(tmp_path / "x.db").open()
            store.liveness.hold("worker_1")
            await store.do(open_one, number=1)
            await store.read(lambda tx: tx.log(0, 1))
            modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)}
        finally:
            os.umask(before)
        assert modes == dict.fromkeys(
            ("x.db", "x.db-wal", "x.db-shm", "x.db-writers.lock", "x.db-worker_1.lock"), 0o600
        )
        await store.close()

    async def test_a_clean_end_leaves_one_file_and_a_lock(self, store: SQLiteStore, tmp_path: Path) -> None:
        store.liveness.hold("worker_1")
        await store.do(write, person="alice")
        store.liveness.release("worker_1")
        await store.close()
        assert names(tmp_path) == ["handrail.db", "handrail.db-writers.lock"]

    async def test_two_stores_on_one_file_see_each_other(self, store: SQLiteStore) -> None:
        assert store.path is not None
        other = await SQLiteStore(store.path).open()
        heard = asyncio.Event()
        store.listen(lambda signals: heard.set() if ("elsewhere", "") in signals else None)
        await other.do(open_one, number=1)
        assert len(await store.read(lambda tx: tx.log(0, 10))) == 2
        await asyncio.wait_for(heard.wait(), 30)
        store.liveness.hold("worker_1")
        assert not other.liveness.is_dead("worker_1")
        await other.close()

    async def test_what_comes_while_another_process_writes_shares_one_commit(
        self, store: SQLiteStore, tmp_path: Path
    ) -> None:
        other = await SQLiteStore(tmp_path / "handrail.db").open()
        seen: list[Any] = []
        async with held_up(other):
            waits = await queued(store.do(seen.append))
            writer = store._writer
            assert writer is not None
            await until(writer.queue.empty)  # the writer has it, and stands at the lock
            comes = await queued(store.do(seen.append), store.do(seen.append))
        await asyncio.gather(*waits, *comes)
        await other.close()
        assert seen[0] is seen[1] is seen[2], "one transaction for all"

    async def test_own_commits_are_not_from_elsewhere(self, store: SQLiteStore) -> None:
        rung: list[tuple[str, str]] = []
        store.listen(rung.extend)
        for number in range(20):
            await store.do(write, person=f"p{number}")
            await asyncio.sleep(0.01)
        assert {topic for topic, _ in rung} == {"noted"}

    async def test_a_program_that_does_not_know_our_lock_can_write_too(self, store: SQLiteStore) -> None:
        assert store.path is not None
        stop = threading.Event()

        def write_beside(path: Path) -> int:
            rows = 0
            with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
                while not stop.wait(0.001):  # no flood: SQLite's own lock isn't fair
                    connection.execute("INSERT INTO member VALUES ('beside', ?)", (str(rows),))
                    rows += 1
            return rows

        def count(tx: Any) -> None:
            tx.update_run(run(token=tx.run("run_1").token + 1))

        await store.do(lambda tx: tx.insert_run(run()))
        beside = asyncio.ensure_future(asyncio.to_thread(write_beside, store.path))
        try:
            for _ in range(300):
                await store.do(count)
        finally:
            stop.set()
            rows = await beside
        assert len(await store.read(lambda tx: tx.members("beside"))) == rows
        assert (await store.read(lambda tx: tx.run("run_1"))).token == 300

    async def test_a_unit_that_ends_the_transaction_is_told_so(self, store: SQLiteStore) -> None:
        async with held_up(store):
            units = (lambda tx: tx.connection.execute("ROLLBACK"), lambda tx: write(tx, person="alice"))
            tasks = await queued(*(store.do(unit) for unit in units))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all("neither commits nor rolls back" in str(outcome) for outcome in outcomes)
        assert await store.read(written, people=["alice"]) == []
        assert await store.do(write, person="alice") == "alice"

    async def test_failed_batches_do_not_hold_the_lock(self, store: SQLiteStore) -> None:
        assert store.path is not None
        other = await SQLiteStore(store.path).open()
        for number in range(5):
            async with held_up(store):
                tasks = await queued(*(store.do(write, person=f"{number}", fail=True) for _ in range(3)))
            await asyncio.gather(*tasks, return_exceptions=True)
            assert await other.do(open_one, number=number)
        await other.close()


async def test_many_can_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(60):
        stores = [SQLiteStore(tmp_path / f"{number}.db") for _ in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(store.close() for store in stores))


async def refusal(path: Path) -> StoreError:
    """Return the error with which a path is refused, and check that nothing is left open."""
    store = SQLiteStore(path)
    with pytest.raises(StoreError) as caught:
        await store.open()
    assert str(path) in str(caught.value)
    with pytest.raises(StoreClosed):
        await store.do(lambda tx: None)
    return caught.value


TEXT = b"Dear alice,\nthis is a letter.\n" * 300


async def test_a_text_file_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(TEXT)
    assert isinstance(await refusal(path), StoreCorrupt)
    assert path.read_bytes() == TEXT
    assert names(tmp_path) == ["letter.txt"]


@pytest.mark.parametrize("level", [0, 1, 99])
async def test_somebody_elses_database_is_refused_and_stays_as_it_is(tmp_path: Path, level: int) -> None:
    path = tmp_path / "theirs.db"
    sql(path, "CREATE TABLE request (id TEXT)")
    sql(path, f"PRAGMA user_version = {level}")
    before = path.read_bytes()
    error = await refusal(path)
    assert isinstance(error, StoreCorrupt)
    assert "not one of Handrail" in str(error)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["theirs.db"]


async def test_a_newer_database_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    await filled(path)
    newest = migrations()[-1][0]
    sql(path, "PRAGMA user_version = 4711")
    before = path.read_bytes()
    error = await refusal(path)
    assert isinstance(error, StoreTooNew)
    for said in ("4711", f"up to {newest}", "upgrade Handrail"):
        assert said in str(error)
    assert path.read_bytes() == before
    sql(path, f"PRAGMA user_version = {newest}")
    assert (await verified(path)).ok


async def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    assert "directory" in str(await refusal(tmp_path)).lower()
    missing = tmp_path / "none" / "handrail.db"
    error = await refusal(missing)
    assert "create" in str(error)
    assert not isinstance(error, StoreClosed)
    assert not missing.parent.exists()


@pytest.mark.parametrize(
    "damage", [b"\x00" * 100, b"SQLite format 3\x00" + b"\xff" * 84, os.urandom(2 * PAGE)]
)
async def test_a_garbage_header_is_noticed_at_once(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "handrail.db"
    await filled(path)
    overwrite(path, 0, damage)
    assert isinstance(await refusal(path), StoreCorrupt)


@pytest.mark.parametrize("table", ["event", "request"])
async def test_a_garbage_page_in_the_middle_is_noticed_when_it_is_used(tmp_path: Path, table: str) -> None:
    path = tmp_path / "handrail.db"
    await filled(path, 200)
    ((root,),) = sql(path, "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?", table)
    overwrite(path, (root - 1) * PAGE, b"\xa5" * PAGE)
    store = await SQLiteStore(path).open()
    with pytest.raises(StoreCorrupt, match=re.escape(str(path))):
        await store.do(open_one, number=1000)
    if table == "event":
        with pytest.raises(StoreCorrupt, match=re.escape(str(path))):
            await verify(store)
    else:
        found = await verify(store)
        assert str(path) in found.problems[0]
    assert not await store.read(lambda tx: tx.members("legal")), "what is whole can be read"
    await store.close()


async def test_a_file_cut_in_half_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    await filled(path, 200)
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)
    with pytest.raises(StoreCorrupt, match=re.escape(str(path))):
        await verified(path)


async def test_a_whole_history_passes_the_check(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    await filled(path)
    found = await verified(path)
    assert (found.ok, found.events, found.requests) == (True, 40, 20)
    assert sql(path, "SELECT hash FROM event WHERE sequence = 40") == [(found.head,)]


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (
            "UPDATE event SET data = replace(data, 'alice', 'mallory') WHERE sequence = 12",
            "event 12 was changed",
        ),
        ("UPDATE event SET actor = 'mallory' WHERE sequence = 40", "event 40 was changed"),
        ("UPDATE event SET at = '2026-01-01T00:00:00+00:00' WHERE sequence = 1", "event 1 was changed"),
        ("UPDATE event SET request_id = NULL WHERE sequence = 12", "event 12 was changed"),
        ("UPDATE event SET kind = 'noted' WHERE sequence = 12", "event 12 was changed"),
        ("UPDATE event SET data = 'no JSON' WHERE sequence = 12", "event 12 doesn't fit"),
        ("UPDATE event SET at = 'never' WHERE sequence = 12", "event 12 doesn't fit"),
        ("DELETE FROM event WHERE sequence = 12", "event 12 is missing"),
        ("DELETE FROM event WHERE sequence = 1", "event 1 is missing"),
        ("DELETE FROM event WHERE sequence > 39", "is not what its events make of it"),
        ("DELETE FROM event WHERE sequence > 30", "is not in the log"),
        ("DELETE FROM event", "is not in the log"),
        (
            "UPDATE request SET state = replace(state, 'alice', 'mallory') WHERE id = 'req_000007'",
            "req_000007",
        ),
        (
            "UPDATE request SET draft = replace(draft, 'Question', 'Answer') WHERE id = 'req_000007'",
            "req_000007",
        ),
        ("UPDATE request SET state = 'no JSON' WHERE id = 'req_000007'", "req_000007 can't be read"),
        ("DELETE FROM request WHERE id = 'req_000007'", "req_000007 is in the log and not in the store"),
        ("DELETE FROM request", "is in the log and not in the store"),
    ],
)
async def test_what_was_changed_is_noticed(tmp_path: Path, change: str, noticed: str) -> None:
    path = tmp_path / "handrail.db"
    await filled(path)
    sql(path, change)
    problems = (await verified(path)).problems
    assert any(noticed in problem for problem in problems), problems
    assert not any("mallory" in problem for problem in problems), "ids, not content"


async def test_a_log_that_was_rewritten_shows_in_its_head(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    await filled(path, 20)
    head = (await verified(path)).head
    sql(path, "DELETE FROM event WHERE request_id = 'req_000019'")
    sql(path, "DELETE FROM request WHERE id = 'req_000019'")
    found = await verified(path)
    assert found.head != head


async def test_a_history_that_grows_meanwhile_passes_the_check(tmp_path: Path) -> None:
    store = await SQLiteStore(tmp_path / "handrail.db").open()
    stored: list[str] = []

    async def grow(first: int) -> None:
        for number in range(first, 400, 8):
            stored.append(await store.do(open_one, number=number))

    growing = asyncio.gather(*(grow(first) for first in range(8)))
    checks = 0
    while not growing.done():
        assert (await verify(store)).problems == []
        checks += 1
    await growing
    found = await verify(store)
    assert (found.problems, found.requests) == ([], 400)
    assert checks > 1
    await store.close()


async def test_what_a_read_sees_is_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "handrail.db"
    store, other = await SQLiteStore(path).open(), await SQLiteStore(path).open()
    loop = asyncio.get_running_loop()

    def look_twice(tx: Any) -> tuple[int, int]:
        first = len(tx.log(0, 100))
        asyncio.run_coroutine_threadsafe(other.do(open_one, number=1), loop).result(30)
        return first, len(tx.log(0, 100))

    assert await store.read(look_twice) == (0, 0)
    assert len(await store.read(lambda tx: tx.log(0, 100))) == 2
    await store.close()
    await other.close()


async def test_a_copy_with_its_log_is_a_whole_store(tmp_path: Path) -> None:
    store = await SQLiteStore(tmp_path / "handrail.db").open()
    for number in range(10):
        await store.do(open_one, number=number)
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"handrail.db{suffix}", tmp_path / f"copy.db{suffix}")
    found = await verified(tmp_path / "copy.db")
    assert (found.ok, found.requests) == (True, 10)
    await store.close()


async def test_a_full_database_refuses_writers_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    store = await SQLiteStore(tmp_path / "handrail.db").open()

    def limit(tx: Any, pages: int) -> None:
        tx.connection.execute(f"PRAGMA max_page_count = {pages}")

    async def fill() -> None:
        for number in range(1000):
            stored.append(await store.do(open_one, number=number))

    stored: list[str] = []
    await store.do(limit, 60)
    with pytest.raises(StoreFull, match=r"no room.*free some space"):
        await fill()
    async with held_up(store):
        tasks = await queued(*(store.do(open_one, number=2000 + number) for number in range(200)))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreFull}
    assert len({id(outcome) for outcome in outcomes}) == 200, "each has an error of its own"
    assert [one.id for one in await store.read(lambda tx: tx.requests(Filter(limit=10_000)))] == stored
    await store.do(limit, 1_000_000)
    stored.append(await store.do(open_one, number=3000))
    found = await verify(store)
    assert (found.problems, found.requests) == ([], len(stored))
    await store.close()


class Follower:
    """Does something of its own with what was woken."""

    def __init__(self, work: Any) -> None:
        self.work = work

    def take(self, tx: Any, run_ids: Any) -> dict[str, Any]:
        self.work(tx)
        return {}

    def taken(self, found: Any, committed: bool) -> None: ...


def wake(tx: Any, number: int) -> None:
    open_one(tx, number=number)
    tx.signal("wakeup", "run")


async def test_a_database_that_gets_full_under_a_follower_is_full_for_everybody(tmp_path: Path) -> None:
    store = await SQLiteStore(tmp_path / "handrail.db").open()

    def fill(tx: Any) -> None:
        (pages,) = tx.connection.execute("PRAGMA page_count").fetchone()
        tx.connection.execute(f"PRAGMA max_page_count = {pages}")
        try:
            tx.set_members("all", ["x" * 1_000_000])
        finally:
            tx.connection.execute("PRAGMA max_page_count = 1000000")

    end = store.follow(Follower(fill))
    with pytest.raises(StoreFull):
        await store.do(wake, number=1)
    end()
    await store.do(wake, number=2)
    found = await verify(store)
    assert (found.problems, found.requests) == ([], 1)
    await store.close()


async def test_a_follower_that_fails_leaves_nothing_in_the_log(tmp_path: Path) -> None:
    store = await SQLiteStore(tmp_path / "handrail.db").open()

    def log_and_fail(tx: Any) -> None:
        for number in range(10):
            open_one(tx, number=100 + number)
        raise LookupError

    end = store.follow(Follower(log_and_fail))
    await store.do(wake, number=1)
    end()
    await store.do(wake, number=2)
    found = await verify(store)
    assert (found.problems, found.requests) == ([], 2)
    await store.close()


def test_the_level_of_a_new_database_is_the_newest(tmp_path: Path) -> None:
    with closing(asyncio.Runner()) as runner:
        runner.run(filled(tmp_path / "handrail.db", 1))
    assert sql(tmp_path / "handrail.db", "PRAGMA user_version") == [(migrations()[-1][0],)]

"""The SQLite store among processes: what neighbours, suspended and killed ones, full disks and forks do to it."""

import asyncio
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handrail.inbox.log import verify
from handrail.inbox.ports import Filter
from handrail.requests.errors import StoreBusy, StoreFull
from handrail.stores import bell, filelock, sqlite
from handrail.stores.migration import migrations
from handrail.stores.sqlite import SQLiteStore
from handrail.testing.store_samples import run
from tests.support import small_disk
from tests.support.store_faults import open_one, processes, sql, verified

pytestmark = pytest.mark.journey

DEADLINE = 60.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "handrail.db"


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


async def test_processes_on_one_file_lose_nothing_and_let_each_other_go_on(path: Path) -> None:
    store = await SQLiteStore(path).open()
    await store.do(lambda tx: tx.insert_run(run("counter")))
    # One floods with 32 tasks, the other has one: it must not starve beside it, however slow both are.
    with processes(("count", path, 2, 1001, 32), ("count", path, 2, 1001, 1)) as counting:
        for process in counting:
            process.expect("ready")
        for process in counting:
            process.tell()
        flood, single = [await asyncio.to_thread(process.data) for process in counting]
    counter = await store.read(lambda tx: tx.run("counter"))
    await store.close()
    assert counter.token == flood["done"] + single["done"]
    assert counter.token > 1000
    assert single["done"] > 20, "the flood leaves no room"
    assert max(flood["longest"], single["longest"]) < max(2.0, single["took"] / 2)


@pytest.mark.parametrize("lazy", [False, True])
async def test_the_bell_rings_soon_after_another_process_commits(
    path: Path, lazy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lazy:
        monkeypatch.setattr(bell, "AWAKE", 0.0)
    store = await SQLiteStore(path).open()
    heard: list[float] = []
    store.listen(lambda signals: heard.append(time.monotonic()) if ("elsewhere", "") in signals else None)
    late: list[float] = []
    with processes(("commits", path)) as (process,):
        process.expect("ready")
        for _ in range(15):
            heard.clear()
            process.tell()
            committed = (await asyncio.to_thread(process.data))["at"]
            await until(lambda: heard)
            late.append(heard[0] - committed)
            assert heard, "every commit rings"
    await store.close()
    assert statistics.median(late) < 0.1


async def test_a_database_that_is_locked_is_busy_and_then_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 100)
    store = await SQLiteStore(path).open()
    await store.do(open_one, number=1)
    with processes(("exclusive", path)) as (process,):
        process.expect("held")
        with pytest.raises(StoreBusy, match=r"handrail\.db is locked by another program"):
            await store.do(open_one, number=2)
        assert len(await store.read(lambda tx: tx.log(0, 10))) == 2, "reading goes on"
        assert store.read_now(lambda tx: len(tx.log(0, 10))) == 2
        process.tell()
        process.expect("released")
        assert await store.do(open_one, number=2)
    assert (await verify(store)).requests == 2
    await store.close()


async def test_a_file_that_is_locked_can_not_be_opened_until_it_is_free(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 100)
    with processes(("exclusive", path)) as (process,):
        process.expect("held")
        store = SQLiteStore(path)
        with pytest.raises(StoreBusy):
            await store.open()
        process.tell()
        process.expect("released")
        await store.open()
        assert await store.do(open_one, number=1)
        await store.close()


@pytest.mark.parametrize("end", [signal.SIGCONT, signal.SIGKILL])
async def test_a_suspended_writer_makes_others_busy_until_it_goes_on_or_ends(
    path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    monkeypatch.setattr(filelock, "PATIENCE", 0.2)
    store = await SQLiteStore(path).open()
    await store.do(open_one, number=1)
    with processes(("lock", path)) as (process,):
        process.expect("held")
        process.popen.send_signal(signal.SIGSTOP)
        for number in (2, 3):
            with pytest.raises(StoreBusy, match=r"kept .*handrail\.db locked for 0\.2 s: is it suspended\?"):
                await store.do(open_one, number=number)
        monkeypatch.setattr(filelock, "PATIENCE", DEADLINE)
        waiting = asyncio.ensure_future(store.do(open_one, number=4))
        process.tell()
        process.popen.send_signal(end)
        assert await asyncio.wait_for(waiting, DEADLINE) == "req_000004"
        assert await store.do(open_one, number=5)
    found = await verify(store)
    assert (found.problems, found.requests) == ([], 3)
    await store.close()


async def test_processes_that_create_the_database_at_once_all_get_it(tmp_path: Path) -> None:
    newest = migrations()[-1][0]
    for attempt in range(2):
        path = tmp_path / f"{attempt}.db"
        with processes(*[("open", path)] * 4) as opening:
            for process in opening:
                process.expect("ready")
            for process in opening:
                process.tell()
            levels = [process.data() for process in opening]
        assert sorted(levels) == [[0, newest], *[[newest, newest]] * 3]
        assert sql(path, "SELECT count(*) FROM member") == [(4,)]
        assert (await verified(path)).ok


async def check_after_death(path: Path, acknowledged: list[str]) -> None:
    """Check that nothing acknowledged is lost and nothing is half done."""
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]
    store = await SQLiteStore(path).open()
    found = await verify(store)
    stored = {one.id: one for one in await store.read(lambda tx: tx.requests(Filter(limit=1_000_000)))}
    await store.close()
    assert found.problems == []
    assert found.events == 2 * found.requests
    assert set(acknowledged) <= stored.keys()
    assert all(one.claimed_by == "alice" for one in stored.values())


async def test_killed_at_any_moment_nothing_acknowledged_is_lost(path: Path) -> None:
    acknowledged: list[str] = []
    moments = random.Random(20260301)
    for attempt in range(6):
        with processes(("acknowledge", path, f"r{attempt}", 16)) as (process,):
            process.expect("ready")
            lines = moments.randint(1, 1500)
            acknowledged += [process.hear() for _ in range(lines)]
            process.popen.kill()
            acknowledged += process.rest()
        await check_after_death(path, acknowledged)
    assert len(acknowledged) > 500


async def test_two_writers_killed_at_once_leave_a_whole_database(path: Path) -> None:
    acknowledged: list[str] = []
    with processes(("acknowledge", path, "a", 16), ("acknowledge", path, "b", 16)) as both:
        for process in both:
            process.expect("ready")
        acknowledged += [process.hear() for _ in range(200) for process in both]
        for process in both:
            process.popen.kill()
        for process in both:
            acknowledged += process.rest()
    assert {name[0] for name in acknowledged} == {"a", "b"}
    await check_after_death(path, acknowledged)


async def test_a_file_opened_twice_in_a_process_is_not_taken_for_abandoned_by_another(path: Path) -> None:
    first = await SQLiteStore(path).open()
    second = await SQLiteStore(path).open()
    for store, number in ((first, 1), (second, 2)):
        with processes(("open", path)) as (process,):  # if this one were alone, its end would remove the log
            process.expect("ready")
            process.tell()
            assert process.rest()
        await store.do(open_one, number=number)
    count = f"import sqlite3; print(*sqlite3.connect({str(path)!r}).execute('SELECT count(*) FROM request'))"
    seen = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", count], text=True)
    assert seen == "(2,)\n"
    await second.close()
    await first.close()


@pytest.mark.parametrize("tasks", [1, 16])
@pytest.mark.parametrize("count", [1, 2, 17])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_around_a_commit_it_is_there_or_not(
    path: Path, moment: str, count: int, tasks: int
) -> None:
    point = f"commit:{moment}@{count}"
    with processes(("acknowledge", path, "r", tasks), HANDRAIL_KILL_AT=point) as (process,):
        process.expect("ready")
        acknowledged = process.rest()
        assert process.popen.returncode == -signal.SIGKILL
    await check_after_death(path, acknowledged)
    ((stored,),) = sql(path, "SELECT count(*) FROM request")
    if tasks == 1:  # then each commit is one unit, and the next begins when the last was acknowledged
        assert len(acknowledged) == count - 1
        assert stored == (count if moment == "after" else count - 1)


async def test_after_a_fork_the_child_can_not_use_it_and_takes_nothing_with_it(path: Path) -> None:
    with processes(("fork", path)) as (process,):
        assert process.data() == {"errors": ["StoreClosed"] * 3, "own": 2}
        assert process.data() == {"parent": 4}
        store = await SQLiteStore(path).open()
        assert not store.liveness.is_dead("parent"), "the child released what is its parent's"
        process.tell()
        process.popen.wait(DEADLINE)
        assert store.liveness.is_dead("parent")
        await store.close()
    assert (await verified(path)).ok


async def test_a_forked_child_does_not_keep_its_dead_parent_alive(path: Path) -> None:
    store = await SQLiteStore(path).open()
    with processes(("worker", path, "w1")) as (process,):
        child = process.data()["child"]
        try:
            assert not store.liveness.is_dead("w1")
            process.popen.kill()
            process.popen.wait(DEADLINE)
            os.kill(child, 0)  # it still lives
            assert store.liveness.is_dead("w1")
        finally:
            os.kill(child, signal.SIGKILL)
    await store.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, which pytest's own aren't."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("file_is_there", [True, False])
async def test_a_file_without_the_right_to_write_is_refused(open_folder: Path, file_is_there: bool) -> None:
    path = open_folder / "handrail.db"
    if file_is_there:
        store = await SQLiteStore(path).open()
        await store.close()
        path.chmod(0o444)
    os.chmod(open_folder, 0o555)
    with processes(("unprivileged", path)) as (process,):
        said = process.hear()
    os.chmod(open_folder, 0o755)
    assert said.startswith("StoreError: ")
    assert str(path) in said
    assert "check the path and its permissions" in said


@pytest.fixture
def disk() -> Iterator[Path]:
    folder = small_disk.mounted("2m")
    if folder is None:
        pytest.skip("only root can mount a small disk; the limit of pages is tested everywhere")
    yield folder
    small_disk.unmount(folder)


async def test_a_full_disk_refuses_writers_and_goes_on_when_there_is_room(disk: Path) -> None:
    path = disk / "handrail.db"
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    store = await SQLiteStore(path).open()
    stored: list[str] = []

    async def write(first: int, count: int) -> set[type]:
        numbers = range(first, first + count)
        units = (store.do(open_one, number=number) for number in numbers)
        outcomes = await asyncio.gather(*units, return_exceptions=True)
        stored.extend(outcome for outcome in outcomes if isinstance(outcome, str))
        return {type(outcome) for outcome in outcomes}

    first = 0
    while await write(first, 25) == {str}:
        first += 25
        assert first < 10_000, "the disk is never full"
    for _ in range(3):
        assert await write(20_000, 25) == {StoreFull}
    with pytest.raises(StoreFull, match=r"free"):
        await store.do(open_one, number=30_000)
    before = [one.id for one in await store.read(lambda tx: tx.requests(Filter(limit=100_000)))]
    assert before == sorted(stored)
    ballast.unlink()
    assert await write(40_000, 25) == {str}
    found = await verify(store)
    assert (found.problems, found.requests) == ([], len(stored))
    await store.close()
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


async def test_a_store_can_not_be_made_on_a_full_disk_and_can_when_there_is_room(disk: Path) -> None:
    ballast = disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(b"x" * 3_000_000)
    store = SQLiteStore(disk / "handrail.db")
    with pytest.raises(StoreFull, match="free"):
        await store.open()
    ballast.unlink()
    await store.open()
    assert await store.do(open_one, number=1)
    await store.close()

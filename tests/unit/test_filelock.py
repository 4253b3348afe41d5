"""Locks on files: one writer at a time, nobody waits for ever, and nobody keeps what they gave up."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handrail.requests.errors import StoreBusy
from handrail.stores import filelock
from handrail.stores.filelock import NoWorkerLocks, WorkerLocks, WriterLock

DEADLINE = 30.0


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[list[WriterLock]]:
    # Each opens the file for itself, and so is to the others what another process is.
    locks = [WriterLock(tmp_path / "writers.lock") for _ in range(3)]
    yield locks
    for lock in locks:
        lock.close()


def is_free(lock: WriterLock) -> bool:
    if lock.acquire(0):
        lock.release()
        return True
    return False


def waiting() -> int:
    return sum(thread.name == "handrail-lock" for thread in threading.enumerate())


def test_one_holds_it_at_a_time(locks: list[WriterLock]) -> None:
    one, two, _ = locks
    assert one.acquire(0)
    assert not two.acquire(0.01)
    one.release()
    assert two.acquire(DEADLINE)
    assert not one.acquire(0.01)
    two.release()
    assert one.acquire(DEADLINE)


def test_who_waits_gets_it_as_soon_as_it_is_free(locks: list[WriterLock]) -> None:
    one, two, _ = locks
    one.acquire(0)
    got: list[bool] = []
    thread = threading.Thread(target=lambda: got.append(two.acquire(DEADLINE)))
    thread.start()
    until(lambda: waiting() == 1)
    assert not got
    one.release()
    thread.join(DEADLINE)
    assert got == [True]
    assert not is_free(one)


def test_what_comes_too_late_is_passed_on(locks: list[WriterLock]) -> None:
    one, two, three = locks
    one.acquire(0)
    assert not two.acquire(0.01)
    assert waiting() == 1
    one.release()
    until(lambda: is_free(three))
    until(lambda: waiting() == 0)
    assert two.acquire(DEADLINE), "and who gave up may come again"


def test_who_gave_up_and_comes_again_keeps_the_place(locks: list[WriterLock]) -> None:
    one, two, three = locks
    one.acquire(0)
    for _ in range(5):
        assert not two.acquire(0.01)
    assert waiting() == 1, "one place in the queue, not five"
    one.release()
    assert two.acquire(DEADLINE)
    until(lambda: waiting() == 0)
    assert not three.acquire(0.05), "the place that was given up doesn't take the lock away again"


def test_a_turn_that_is_passed_on_while_somebody_comes_back_for_it_is_no_refusal(
    locks: list[WriterLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = locks
    one.acquire(0)
    assert not two.acquire(0.01)
    flock, coming = fcntl.flock, threading.Event()

    def slow(descriptor: int, operation: int) -> None:
        if threading.current_thread().name == "handrail-lock" and operation == fcntl.LOCK_UN:
            coming.set()
            time.sleep(0.05)  # who comes back now finds the turn neither over nor taken
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", slow)
    one.release()
    assert coming.wait(DEADLINE)
    assert two.acquire(DEADLINE), "the file is free: nobody has it"
    two.release()


def test_nobody_loses_a_lock_to_a_late_turn(locks: list[WriterLock]) -> None:
    held = threading.Lock()
    wrong: list[str] = []
    end = time.monotonic() + 1.0
    turns = [0, 0, 0]

    def use(number: int) -> None:
        while time.monotonic() < end or (sum(turns) <= 10 and time.monotonic() < end + DEADLINE):
            if not locks[number].acquire(0.0005 * (number % 2)):
                continue
            if not held.acquire(blocking=False):
                wrong.append("two at a time")
            time.sleep(0.0005)
            held.release()
            locks[number].release()
            turns[number] += 1

    threads = [threading.Thread(target=use, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * DEADLINE)
    assert not wrong
    assert sum(turns) > 10


def test_a_turn_is_not_over_before_it_is_passed_on(
    locks: list[WriterLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = locks
    one.acquire(0)
    assert not two.acquire(0.01)
    turn = two._turn
    assert turn is not None
    seen: list[bool] = []
    flock = fcntl.flock

    def watched(descriptor: int, operation: int) -> None:
        if threading.current_thread().name == "handrail-lock" and operation == fcntl.LOCK_UN:
            seen.append(turn.is_over)  # who sees that it is over takes the lock by the same open file
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", watched)
    one.release()
    until(lambda: turn.is_over)
    assert seen == [False]


def test_closing_gives_it_back(tmp_path: Path) -> None:
    one, two = WriterLock(tmp_path / "w.lock"), WriterLock(tmp_path / "w.lock")
    one.acquire(0)
    one.close()
    assert is_free(two)
    two.close()


def test_closing_while_a_place_is_in_the_queue_gives_the_place_up(tmp_path: Path) -> None:
    one, two, three = (WriterLock(tmp_path / "w.lock") for _ in range(3))
    one.acquire(0)
    assert not two.acquire(0.01)
    two.close()
    one.release()
    until(lambda: waiting() == 0)
    assert is_free(three)
    one.close()
    three.close()


def test_held_names_what_is_locked(locks: list[WriterLock], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filelock, "PATIENCE", 0.05)
    one, two, _ = locks
    with one.held("x.db"), pytest.raises(StoreBusy, match=r"kept x\.db locked for 0\.05 s"), two.held("x.db"):
        raise AssertionError("two at a time")
    with pytest.raises(ZeroDivisionError), two.held("x.db"):
        raise ZeroDivisionError
    assert is_free(one)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else None
    if before is None:
        pytest.skip("no /proc here")
    for _ in range(20):
        one, two = WriterLock(tmp_path / "w.lock"), WriterLock(tmp_path / "w.lock")
        one.acquire(0)
        two.acquire(0)
        two.close()
        one.close()
        workers = WorkerLocks(tmp_path / "x.db")
        workers.hold("w1")
        with pytest.raises(OSError):
            WorkerLocks(tmp_path / "x.db").hold("w1")
        workers.is_dead("w1")
        WorkerLocks(tmp_path / "x.db").is_dead("w1")
        workers.release("w1")
    until(lambda: waiting() == 0)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_worker_lives_while_it_holds_its_file(tmp_path: Path) -> None:
    mine, theirs = WorkerLocks(tmp_path / "x.db"), WorkerLocks(tmp_path / "x.db")
    mine.hold("w1")
    mine.hold("w2")
    assert [locks.is_dead(name) for locks in (mine, theirs) for name in ("w1", "w2", "w3")] == [
        False,
        False,
        True,
    ] * 2
    mine.release("w1")
    assert mine.is_dead("w1")
    assert theirs.is_dead("w1")
    assert not theirs.is_dead("w2")
    mine.release("w2")
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_dead_worker_is_removed(tmp_path: Path) -> None:
    (tmp_path / "x.db-w1.lock").touch()
    assert WorkerLocks(tmp_path / "x.db").is_dead("w1")
    assert list(tmp_path.iterdir()) == []


def test_without_files_a_worker_lives_until_it_is_released() -> None:
    locks = NoWorkerLocks()
    locks.hold("w1")
    assert not locks.is_dead("w1")
    locks.release("w1")
    assert locks.is_dead("w1")

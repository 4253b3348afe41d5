"""A process that does one thing to a SQLite store: `python -m tests.support.store_process COMMAND PATH ...`.

It says what it did in lines on stdout and waits for lines on stdin where the test has to go on first.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from handrail.requests.errors import StoreClosed, StoreError
from handrail.stores.filelock import WriterLock
from handrail.stores.memory import MemoryStore
from handrail.stores.sqlite import SQLiteStore
from handrail.testing.store_samples import NOW, run
from tests.support.store_faults import open_one

NOBODY = 65534


def say(what: Any) -> None:
    """Print a line now."""
    print(what if isinstance(what, str) else json.dumps(what), flush=True)


def wait() -> None:
    """Wait for a line, or for the end of the test."""
    sys.stdin.readline()


def increment(tx: Any) -> int:
    """Add one to a number that every process adds to, reading it first; returns what it is then."""
    token: int = tx.run("counter").token + 1
    tx.update_run(run("counter", token=token))
    return token


async def count(path: str, seconds: str, least: str, tasks: str) -> None:
    """Increment for so long, and to so much, in so many tasks at once; say how often, and the longest wait."""
    store = await SQLiteStore(path).open()
    say("ready")
    await asyncio.to_thread(wait)
    start = time.monotonic()

    async def task() -> tuple[int, float]:
        done, longest, token = 0, 0.0, 0
        while (began := time.monotonic()) < start + float(seconds) or token < int(least):
            token = await store.do(increment)
            done, longest = done + 1, max(longest, time.monotonic() - began)
        return done, longest

    did = await asyncio.gather(*(task() for _ in range(int(tasks))))
    took = time.monotonic() - start
    await store.close()
    longest = max(longest for _, longest in did)
    say({"done": sum(done for done, _ in did), "longest": longest, "took": took})


async def acknowledge(path: str, prefix: str, tasks: str) -> None:
    """Store requests for ever in so many tasks at once, and say the id of each that is committed."""
    store = await SQLiteStore(path).open()
    say("ready")

    async def task(first: int) -> None:
        for number in range(first, 1_000_000, int(tasks)):
            say(await store.do(open_one, number=number, prefix=prefix))

    await asyncio.gather(*(task(first) for first in range(int(tasks))))


async def commits(path: str) -> None:
    """Commit something at each line that comes, and say when."""
    store = await SQLiteStore(path).open()
    say("ready")
    number = 0
    while await asyncio.to_thread(sys.stdin.readline):
        await store.do(lambda tx, data: tx.append_event("noted", data, at=NOW, actor="a"), str(number))
        say({"at": time.monotonic()})
        number += 1


async def opening(path: str) -> None:
    """Open the store when told, write, and say which levels it was brought from and to."""
    say("ready")
    await asyncio.to_thread(wait)
    store = await SQLiteStore(path).open()
    await store.do(lambda tx: tx.set_members(str(os.getpid()), ["alice"]))
    await store.close()
    say(list(store.upgraded))


async def lock(path: str) -> None:
    """Hold the lock of writers until told to let it go."""
    held = WriterLock(Path(path + "-writers.lock"))
    assert held.acquire(10)
    say("held")
    wait()
    held.release()
    say("released")
    wait()


async def exclusive(path: str) -> None:
    """Hold SQLite's own lock, as a program would that doesn't know ours, until told to let it go."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    say("held")
    wait()
    connection.execute("COMMIT")
    say("released")
    wait()


async def worker(path: str, worker_id: str) -> None:
    """Be a worker with a forked child that outlives it and says its process id."""
    store = await SQLiteStore(path).open()
    store.liveness.hold(worker_id)
    if os.fork() == 0:
        say({"child": os.getpid()})
        signal.pause()
    await asyncio.to_thread(wait)


async def fork(path: str) -> None:
    """Fork with an open store; say what using and closing it in the child came to, and that the parent goes on."""
    store = await SQLiteStore(path).open()
    store.liveness.hold("parent")
    await store.do(open_one, number=1)
    child = os.fork()
    if child == 0:
        try:
            _use_in_child(store)
        finally:
            os._exit(0)
    await asyncio.to_thread(os.waitpid, child, 0)
    await store.do(open_one, number=2)
    say({"parent": await store.read(lambda tx: len(tx.log(0, 100)))})
    await asyncio.to_thread(wait)


def _use_in_child(store: SQLiteStore) -> None:
    errors = []
    for use in (
        lambda: store.read_now(lambda tx: None),
        lambda: asyncio.run(store.do(lambda tx: None)),
        lambda: asyncio.run(store.read(lambda tx: None)),
    ):
        try:
            use()
            errors.append("nothing")
        except StoreClosed as error:
            errors.append("StoreClosed" if "fork" in str(error) else str(error))
    store.liveness.release("parent")
    asyncio.run(store.close())
    store.close_now()
    own = SQLiteStore(store.path)

    async def use_own() -> int:
        await own.open()
        found: int = await own.do(lambda tx: len(tx.log(0, 100)))
        await own.close()
        return found

    say({"errors": errors, "own": asyncio.run(use_own())})


async def unprivileged(path: str) -> None:
    """Open the store as somebody without rights; say the error."""
    await (await MemoryStore().open()).close()  # reads the files of the package while it may
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        await SQLiteStore(path).open()
        say("opened")
    except StoreError as error:
        say(f"{type(error).__name__}: {error}")


COMMANDS = {
    "count": count,
    "acknowledge": acknowledge,
    "commits": commits,
    "open": opening,
    "lock": lock,
    "exclusive": exclusive,
    "worker": worker,
    "fork": fork,
    "unprivileged": unprivileged,
}

if __name__ == "__main__":
    asyncio.run(COMMANDS[sys.argv[1]](*sys.argv[2:]))

"""Make the database of a level: `python tests/databases/make.py` writes `tests/databases/level-N.db`, N being the level
of the Handrail that is imported.

With each new migration:  run this once, and commit the file. It is never made anew: it stands for the databases that
people have. For an older level its code comes first on the path:

    git archive COMMIT src | tar x -C /tmp/older && PYTHONPATH=/tmp/older/src python tests/databases/make.py

    level-1.db  was made by commit 6415385
    level-2.db  was made by commit 4dc4d43
    level-3.db  was made by the commit that brought level 3
    level-4.db  was made by the commit that brought level 4
    level-5.db  was made by the commit that brought level 5
    level-6.db  was made by the commit that brought level 6
    level-7.db  was made by the commit that brought level 7
    level-8.db  was made by the commit that brought level 8
    level-9.db  was made by the commit that brought level 9
    level-10.db was made by the commit that brought level 10

The file is SQLite's own, not its text: that is what people have, with its header, indexes and write-ahead mode.
"""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
os.environ["LOGNAME"] = "alice"
socket.gethostname = lambda: "host"

from handrail import Actor, App  # noqa: E402
from handrail.inbox import views  # noqa: E402
from handrail.testing.clock import TurnableClock  # noqa: E402
from tests.databases import flows  # noqa: E402
from tests.support.journey_process import until  # noqa: E402


async def make(store: str) -> None:
    """Start every run and bring it to where it stands."""
    clock = TurnableClock()
    app = flows.make_app(store, clock)
    async with app.work():
        for run_id in [
            run_id
            for run_id in flows.RUNS
            if run_id not in ("pending", "interrupted", "cut-off") and "/" not in run_id
        ]:
            await _start(app, run_id)
            await _settled(app, run_id, "WAITING", "FAILED")
        await _decide(app, "finished", "bob", "approve")
        await app.runs.cancel("cancelled", actor="bob")
        await app.inbox.claim((await _open(app, "claimed")).id, actor=Actor("bob"))
        await _decide(app, "half-voted", "alice", "approve")
        await _decide(app, "round-2", "bob", "request_changes", comment="longer")
        left = next(
            r for r in await views.requests(app.store, ["OPEN"], run_id="branches") if "left" in r.draft.title
        )
        await app.inbox.decide(left.id, "answer", actor=Actor("bob"), payload="left!")
        if flows.LEVEL >= 2:
            await flows.flows_2.begin(app)
        if flows.LEVEL >= 6:
            await flows.flows_6.begin(app)
        await _settled(app, "finished", "FINISHED")
        await _round_2(app)
    _killed(store, "interrupted", "begin:after")
    async with flows.make_app(store, clock, renamed=flows.renamed).work() as app:
        await _open(app, "interrupted")
        await _settled(app, "interrupted", "WAITING")
        await _decide(app, "attention", "bob", "approve")
        await _settled(app, "attention", "NEEDS_ATTENTION")
    _killed(store, "cut-off", "step:before")
    async with flows.make_app(store, clock).connect() as app:
        await _start(app, "pending")
        await _decide(app, "answered", "bob", "approve")


async def _start(app: App, run_id: str) -> None:
    await app.start(flows.RUNS[run_id][0], flows.INPUTS.get(run_id, flows.TOPIC), run_id)


async def _settled(app: App, run_id: str, *statuses: str) -> None:
    async def stands() -> bool:
        return (await app.runs.get(run_id)).status in statuses

    await until(stands, f"{run_id} is {statuses}")


async def _open(app: App, run_id: str) -> Any:
    async def opened() -> list[Any]:
        return await views.requests(app.store, ["OPEN"], run_id=run_id)

    return (await until(opened, f"{run_id} asks"))[0]


async def _round_2(app: App) -> None:
    async def second() -> bool:
        return bool((await _open(app, "round-2")).revision == 2)

    await until(second, "the second round")
    await _settled(app, "round-2", "WAITING")


async def _decide(app: App, run_id: str, name: str, verb: str, **more: Any) -> None:
    await app.inbox.decide((await _open(app, run_id)).id, verb, actor=Actor(name), **more)


def _killed(store: str, run_id: str, point: str) -> None:
    """Let a process of its own begin a run, and die on the way."""
    command = [sys.executable, __file__, "--begin", store, run_id]
    ended = subprocess.run(command, check=False, env=os.environ | {"HANDRAIL_KILL_AT": point}, timeout=60)
    assert ended.returncode == -9, ended


async def begin(store: str, run_id: str) -> None:
    """Begin a run, until this process is killed."""
    async with flows.make_app(store, TurnableClock()).work() as app:
        await _start(app, run_id)
        await _settled(app, run_id, "never")


def main() -> None:
    os.environ[flows.BROKEN] = "1"
    if sys.argv[1:2] == ["--begin"]:
        asyncio.run(begin(*sys.argv[2:]))
        return
    target = HERE / f"level-{flows.LEVEL}.db"
    if target.exists():
        sys.exit(f"{target} is there already: the database of a level is never made anew")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "handrail.db"
        asyncio.run(make(f"sqlite:///{made}"))
        with closing(sqlite3.connect(made)) as connection:
            connection.execute("VACUUM")
            stands = dict(connection.execute("SELECT id, status FROM run"))
        target.write_bytes(made.read_bytes())
    wrong = {
        run_id: stands.get(run_id)
        for run_id, (_, status, _) in flows.RUNS.items()
        if stands.get(run_id) != status
    }
    if wrong:
        target.unlink()
        sys.exit(f"these runs don't stand where they should: {wrong}")
    print(f"{target}: level {flows.LEVEL}, {len(stands)} runs, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

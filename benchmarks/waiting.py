"""Runs that wait for a decision: makes a database full of them, and says what one costs in memory and on the disk.

    python benchmarks/waiting.py [--count 100000] [--again] [--json]

The database is made through the API, start by start in batches of 500, and kept in `.work` under a name made of the
count and a hash of Handrail's source, so that it is made once; `--again` makes it anew. `building_bytes` is by what the
process that started them all had grown, per run, when all waited; `open_mb` by how much more memory a worker takes that
opens a copy and is ready, than one on an empty database.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import approval
import children
import disk
import figures

import handrail
from handrail import App, RunStatus

BATCH = 500


async def build(database: Path, count: int) -> dict[str, Any]:
    """Start so many runs, wait until all of them wait, and return what that took."""
    app = App(store=str(database))
    app.flow(approval.FLOW, approval.flow())
    async with app:
        run = await app.start(approval.FLOW, {"n": -1})
        await until_waiting(app, 1)
        await app.runs.cancel(run.id, actor="bob")
        gc.collect()
        before, began = figures.resident(), time.monotonic()
        for first in range(0, count, BATCH):
            batch = range(first, min(first + BATCH, count))
            await asyncio.gather(*(app.start(approval.FLOW, {"n": n}) for n in batch))
        await until_waiting(app, count)
        took = time.monotonic() - began
        gc.collect()
        grown = figures.resident() - before
    return {
        "count": count,
        "building_seconds": took,
        "building_mb": grown / 1e6,
        "building_bytes": grown / count,
        "disk_bytes": disk.database_bytes(database) / count,
    }


async def until_waiting(app: App, count: int) -> None:
    """Return once no run is on its way, and fail unless so many wait."""
    while await app.runs.list([RunStatus.PENDING, RunStatus.RUNNING], limit=1):  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0.02)
    found, last = 0, None
    while page := await app.runs.list([RunStatus.WAITING], after=last, limit=1000):
        found, last = found + len(page), page[-1].id
    if found != count:
        raise AssertionError(f"{found} runs wait, not {count}")


def fingerprint() -> str:
    """Return a hash of Handrail's source."""
    source = Path(handrail.__file__).parent
    content = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.suffix in (".py", ".sql")):
        content.update(path.read_bytes())
    return content.hexdigest()[:12]


def database(count: int, *, again: bool = False) -> Path:
    """Return a database in which so many runs wait, made in a fresh process unless it is there. Copy it."""
    disk.WORK.mkdir(exist_ok=True)
    path = disk.WORK / f"waiting-{count}-{fingerprint()}.db"
    facts = path.with_suffix(".json")
    if again or not facts.exists():
        for old in disk.WORK.glob(f"waiting-{count}-*"):
            if again or not old.name.startswith(path.stem):
                old.unlink(missing_ok=True)
        with disk.scratch() as folder:  # moved when it is complete: somebody else may be making it, too
            made = folder / path.name
            found = children.alone(Path(__file__), ["--build", made, "--count", count])
            disk.move_database(made, path)
            (folder / facts.name).write_text(json.dumps(found))
            (folder / facts.name).replace(facts)
    return path


async def hold(path: Path) -> dict[str, Any]:
    """Work on a database until everything has been looked at, and return this process's memory."""
    app = App(store=str(path))
    app.flow(approval.FLOW, approval.flow())
    async with app:
        await asyncio.sleep(2.5)  # the engine looks at everything once a second
        gc.collect()
        return {"bytes": figures.resident()}


def measure(count: int, *, again: bool) -> dict[str, Any]:
    """Return what waiting runs cost."""
    full = database(count, again=again)
    with disk.scratch() as folder:
        copied = disk.copy_database(full, folder / "full.db")
        held = children.alone(Path(__file__), ["--hold", copied])["bytes"]
        empty = children.alone(Path(__file__), ["--hold", folder / "empty.db"])["bytes"]
    return {**json.loads(full.with_suffix(".json").read_text()), "open_mb": (held - empty) / 1e6}


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=figures.whole, default=100_000, help="runs that wait")
    parser.add_argument("--again", action="store_true", help="make the database anew")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hold", type=Path, help=argparse.SUPPRESS)
    figures.add_json(parser)
    given = parser.parse_args()
    if given.build:
        figures.show(asyncio.run(build(given.build, given.count)), as_json=True)
    elif given.hold:
        figures.show(asyncio.run(hold(given.hold)), as_json=True)
    else:
        figures.show(measure(given.count, again=given.again), as_json=given.json)


if __name__ == "__main__":
    main()

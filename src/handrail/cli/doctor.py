"""The command `doctor`: what Handrail stands on, measured, and what is wrong with it. It changes nothing."""

import os
import platform
import re
import sqlite3
import stat
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from handrail import settings
from handrail.app import App
from handrail.cli.board import every_board
from handrail.cli.ending import FAILED, command
from handrail.cli.loading import load_app
from handrail.cli.opening import path_of, reading
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import print_json, print_table
from handrail.cli.runs import every_run
from handrail.inbox import deciders, views
from handrail.inbox.moves import PENDING
from handrail.inbox.ports import InboxTransaction
from handrail.inbox.undelivered import MOST, undelivered
from handrail.requests.errors import InvalidInput
from handrail.runs.ports import RunTransaction, Worker
from handrail.stores.migration import level_of, migrations
from handrail.teams.status import WorkflowStatus
from handrail.webhooks.desk import STOPPED

OLDEST_SQLITE = (3, 35, 0)
"""the first with RETURNING"""
WRITES = 20
NAMED = 10
"""requests that one line names"""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `problem` says what to do if it isn't well."""

    check: str
    value: str
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it is well."""
        return self.problem is None


@command
async def doctor(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODULE:APP]",
            help="Whose channels are looked at; by default those of HANDRAIL_CHANNELS.",
            show_default=False,
        ),
    ] = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> int | None:
    """Look at Python, SQLite, the store, its disk, workers, runs, requests, teams and channels; 1 if one is wrong."""
    checks = [*_environment()]
    carried, app_channels = _carried(target)
    checks.append(app_channels)
    path = path_of(store)
    if path is None:
        checks.append(Check("store", "in memory"))
    else:
        checks += _folder(path)
        if path.exists():
            found = list(_file(path))
            checks += found
            if all(check.ok for check in found if check.check in ("database", "level")):
                async with reading().connect(store) as app:
                    checks += await _content(app)
                    checks.append(await _outbox(app, carried, certain=target is not None))
                    checks += await _webhooks(app)
    if as_json:
        print_json([{**asdict(check), "ok": check.ok} for check in checks])
    else:
        print_table(["", "", ""], [[check.check, check.value, check.problem or ""] for check in checks])
    return None if all(check.ok for check in checks) else FAILED


def _carried(target: str | None) -> tuple[list[str], Check]:
    """Return the channels of an app, or those that are named by the environment."""
    where = "HANDRAIL_CHANNELS names" if target is None else f"{target} has"
    try:
        carried = sorted(settings.channels() if target is None else load_app(target).channels)
    except InvalidInput as error:
        return [], Check("channels", "can't be set up", str(error))
    return carried, Check("channels", ", ".join(carried) or f"none that {where}")


async def _webhooks(app: App) -> list[Check]:
    """Say how webhooks stand, where there are any."""
    found = await app.webhooks.listed()
    active = sum(each.webhook.active for each in found)
    waiting = sum(each.pending for each in found)
    problems = [
        f"{each.webhook.id} gave up {each.failed} events: see `handrail webhooks deliveries {each.webhook.id} "
        "--state failed`"
        for each in found
        if each.failed
    ]
    problems += [
        f"{each.webhook.id} is called in vain, {each.pending} events wait: {each.trouble}"
        for each in found
        if each.webhook.active and each.trouble
    ]
    problems += [
        f"{each.webhook.id} is off ({each.webhook.stopped_because}): switch it on, or remove it"
        for each in found
        if each.webhook.stopped_because == STOPPED
    ]
    told = f"{active} active, {waiting} events wait"
    return [Check("webhooks", told, "; ".join(problems) or None)] if found else []


async def _outbox(app: App, carried: Collection[str], *, certain: bool) -> Check:
    now = app.clock.now()
    problems = await app.store.read(undelivered, carried=carried, certain=certain, now=now)
    return Check("outbox", await app.store.read(_waiting), "; ".join(problems) or None)


def _waiting(tx: InboxTransaction) -> str:
    pending, failed = (sum(tx.count_messages(state, MOST).values()) for state in ("pending", "failed"))
    return f"{pending} messages pending, {failed} failed"


def _environment() -> Iterator[Check]:
    yield Check("handrail", metadata.version("handrail"))
    yield Check("python", f"{platform.python_version()} ({platform.system()} {platform.machine()})")
    old = sqlite3.sqlite_version_info < OLDEST_SQLITE
    wanted = ".".join(map(str, OLDEST_SQLITE))
    yield Check("sqlite", sqlite3.sqlite_version, f"needs SQLite {wanted} or newer" if old else None)
    for extra, missing in _extras().items():
        installed = (
            f"missing {', '.join(missing)}: pip install 'handrail[{extra}]'" if missing else "installed"
        )
        yield Check(f"extra {extra}", installed)


def _extras() -> dict[str, list[str]]:
    """Return what is missing of each extra."""
    found: dict[str, list[str]] = {}
    for requirement in metadata.requires("handrail") or []:
        match = re.match(r"([\w.-]+).*extra == ['\"](\w+)['\"]", requirement)
        if match and match[1] != "handrail" and match[2] != "dev":
            missing = found.setdefault(match[2], [])
            if not _is_installed(match[1]):
                missing.append(match[1])
    return found


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _folder(path: Path) -> Iterator[Check]:
    there = path.exists()
    yield Check("store", str(path) if there else f"{path} (doesn't exist yet: the first run creates it)")
    if not path.parent.is_dir():
        yield Check("folder", str(path.parent), "doesn't exist: create it, or name another store")
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        yield Check("folder", str(path.parent), "can't be written: check its permissions")
    else:
        try:
            yield Check("fsync", f"{_fsync(path.parent):.2f} ms (median of {WRITES} writes beside the store)")
        except OSError as error:
            yield Check("fsync", "failed", f"{error.strerror}: check the disk and its free space")


def _fsync(folder: Path) -> float:
    """Return how long a durable write takes in `folder`, in milliseconds."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(WRITES):
            start = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def _file(path: Path) -> Iterator[Check]:
    details = path.stat()
    yield Check("size", f"{details.st_size:,} bytes, {_size_of_log(path):,} more in -wal")
    mode = stat.S_IMODE(details.st_mode)
    too_open = f"others can read what runs have done: chmod 600 {path}" if mode & 0o077 else None
    yield Check("permissions", f"{mode:04o}", too_open)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            level = level_of(connection)
            journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
            state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        yield Check("database", "can't be read", f"{error}: restore it from a backup, or name another store")
        return
    yield Check("database", state, None if state == "ok" else "is damaged: restore it from a backup")
    yield _level(level)
    yield Check("journal", journal)


def _size_of_log(path: Path) -> int:
    """Return how many bytes of the latest commits are not in the file yet."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:  # the last program that closed the store has moved them
        return 0


def _level(level: int) -> Check:
    newest = migrations()[-1][0]
    if level > newest:
        return Check("level", str(level), f"this Handrail knows up to {newest}: upgrade Handrail")
    older = f"this Handrail writes {newest}: `handrail db upgrade`" if level < newest else None
    return Check("level", str(level), older)


async def _content(app: App) -> list[Check]:
    workers = await app.store.read(_workers)
    alive = [worker for worker in workers if not app.store.liveness.is_dead(worker.id)]
    statuses: Counter[str] = Counter()
    needed: Counter[str] = Counter()
    async for run in every_run(app):
        if run.parent is not None:  # the round of an agent: what it came to is on its team's board
            continue
        statuses[run.status.value] += 1
        if run.home is None:  # else its caller was told, and nobody else can go on with it
            needed[run.status.value] += 1
    pending = await views.requests(app.store, PENDING, limit=1_000_000)
    now = app.clock.now()
    overdue = sum(request.due is not None and request.due <= now for request in pending)
    unmoved = sum(request.due_at is not None and request.due_at < now for request in pending)
    nobody = (
        f"{unmoved} have a deadline, an escalation or a reminder due, and no worker is alive to act on it: "
        "start one"
        if unmoved and not alive
        else None
    )
    stuck = [
        f"{needed[status]} {words}: `handrail runs --status {status}`"
        for status, words in (("NEEDS_ATTENTION", "need attention"), ("FAILED", "failed"))
        if needed[status]
    ]
    return [
        Check("workers", f"{len(alive)} alive, {len(workers) - len(alive)} dead"),
        Check(
            "runs",
            ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())) or "none",
            "; ".join(stuck) or None,
        ),
        Check("requests", f"{len(pending)} open, {overdue} overdue", nobody),
        _undecidable(await app.store.read(deciders.shortages, requests=pending)),
        await _teams(app),
    ]


def _undecidable(found: list[str]) -> Check:
    if not found:
        return Check("deciders", "everything open can be decided")
    named = ", ".join(found[:NAMED]) + (", …" if len(found) > NAMED else "")
    what = "has an account that decides: `handrail reassign`, or `handrail users add`"
    return Check(
        "deciders", f"{len(found)} open requests ask too few who can decide: {named}", f"too few {what}"
    )


async def _teams(app: App) -> Check:
    """Look at teams: one that met an error waits until somebody has mended it."""
    boards = await every_board(app)
    statuses = Counter(board["status"] for board in boards)
    told = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())) or "none"
    errored = statuses[WorkflowStatus.ERRORED]
    way = f"{errored} met an error: `handrail board` lists them, then `handrail team resume RUN_ID`"
    return Check("teams", told, way if errored else None)


def _workers(tx: RunTransaction) -> list[Worker]:
    return tx.workers()

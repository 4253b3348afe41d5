"""Runs and the processes that execute them: one at a time, whoever is alive, and nobody who was replaced."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail import Actor, RunCancelled
from handrail.inbox import views
from tests.journeys.flows import hold
from tests.support.journey_process import Site, ended, ready, until, wait_for

pytestmark = pytest.mark.journey

RUN = "r"
BARE = (
    "import asyncio, json, sys\n"
    "from tests.journeys.flows.hold import {flow} as flow\n"
    "print(json.dumps(asyncio.run(flow.execute({{}}, run_id={run_id!r}))), flush=True)"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "hold")
    yield site
    site.close()


def bare(site: Site, flow: str, run_id: str | None) -> subprocess.Popen[str]:
    code = BARE.format(flow=flow, run_id=run_id)
    return site.process([sys.executable, "-c", code], HANDRAIL_STORE=site.store)


def whats(site: Site) -> list[str]:
    return [line["what"] for line in site.effects()]


def go(site: Site) -> None:
    (site.database.parent / "go").touch()


def held(site: Site) -> None:
    wait_for(lambda: "entered" in whats(site), "the step is entered")


def who(site: Site) -> tuple[str, int]:
    return site.rows("SELECT worker, token FROM run WHERE id = ?", RUN)[0]  # type: ignore[return-value]


async def test_two_processes_that_execute_one_run_id_execute_it_once(site: Site) -> None:
    first = bare(site, "hold", RUN)
    held(site)
    second = bare(site, "hold", RUN)
    wait_for(lambda: len(site.rows("SELECT id FROM worker")) == 2, "both work")
    go(site)
    results = [json.loads(process.communicate(timeout=60)[0]) for process in (first, second)]
    assert results == [{"first": f"{RUN}/first", "held": f"{RUN}/hold"}] * 2
    assert whats(site) == ["first", "entered", "left"]


async def test_whoever_joined_goes_on_when_the_other_one_dies(site: Site) -> None:
    first = bare(site, "hold", RUN)
    held(site)
    second = bare(site, "hold", RUN)
    wait_for(lambda: len(site.rows("SELECT id FROM worker")) == 2, "both work")
    first.kill()
    ended(first)
    wait_for(lambda: whats(site).count("entered") == 2, "the other one has begun the step again")
    go(site)
    assert json.loads(second.communicate(timeout=60)[0])["held"] == f"{RUN}/hold"
    assert whats(site) == ["first", "entered", "entered", "left"]


def asks(site: Site) -> None:
    """Wait until a question is asked, and its run waits for the answer."""
    waits = "SELECT 1 FROM request, run WHERE run.id = run_id AND request.status = 'OPEN' AND run.status = 'WAITING'"
    wait_for(lambda: site.rows(waits), "the question is asked")


async def test_a_bare_run_without_an_id_ends_with_its_process(site: Site) -> None:
    process = bare(site, "question", None)
    asks(site)
    process.kill()
    ended(process)
    assert site.rows("SELECT status FROM run") == [("WAITING",)], "nobody has noticed yet"
    async with hold.make_app(site.store) as app:

        async def noticed() -> bool:
            return (await app.runs.list())[0].status == "ABANDONED"

        await until(noticed, "its end is noticed")
    assert site.rows("SELECT status FROM request") == [("WITHDRAWN",)]


async def test_a_bare_run_with_an_id_waits_for_its_next_process(site: Site) -> None:
    process = bare(site, "question", RUN)
    asks(site)
    process.kill()
    ended(process)
    async with hold.make_app(site.store) as app:  # knows another flow of that kind, not this run's
        (request,) = await views.requests(app.store)
        await app.inbox.decide(request.id, "answer", actor=Actor("bob"), payload="yes")
        other = await app.start("nap", {"seconds": 0.05})
        await other.result(60)
        assert site.status(RUN) == "WAITING"
    result = json.loads(bare(site, "question", RUN).communicate(timeout=60)[0])
    assert result == {"answer": "yes", "after": f"{RUN}/after"}
    assert whats(site) == ["before", "before", "after"], "what asked in its middle begins again"


async def test_a_suspended_worker_keeps_its_runs(site: Site) -> None:
    worker = site.worker(start=("hold", {}, RUN), until=RUN)
    held(site)
    worker.send_signal(signal.SIGSTOP)
    before = who(site)
    other = site.worker(start=("nap", {"seconds": 2.5}, "nap"), until="nap")
    assert ended(other) == 0, "several rounds of housekeeping have passed"
    assert who(site) == before
    worker.send_signal(signal.SIGCONT)
    go(site)
    assert ended(worker) == 0
    assert whats(site) == ["first", "entered", "left"]


async def test_a_killed_worker_loses_its_runs_within_seconds(site: Site) -> None:
    first = site.worker(start=("hold", {}, RUN), until=RUN)
    held(site)
    second = site.worker(until=RUN)
    ready(second)
    first.kill()
    ended(first)
    died = time.monotonic()
    wait_for(lambda: whats(site).count("entered") == 2, "another worker goes on")
    assert time.monotonic() - died < 10, "about two seconds, on a machine with time"
    go(site)
    assert ended(second) == 0
    assert whats(site) == ["first", "entered", "entered", "left"]
    assert site.rows("SELECT count(*) FROM worker") == [(0,)]


async def test_a_worker_that_was_replaced_cannot_write_any_more(site: Site) -> None:
    worker = site.worker(start=("hold", {}, RUN))
    held(site)
    worker.send_signal(signal.SIGSTOP)
    async with hold.make_app(site.store).connect() as app:
        await app.runs.cancel(RUN, actor="bob")
        go(site)
        worker.send_signal(signal.SIGCONT)
        ready(worker)

        async def is_told_or_done() -> bool:
            return bool({"told", "left"} & set(whats(site)))

        await until(is_told_or_done, "the step has ended one way or the other")
        # The worker is alive and works on: whatever it still wanted to write of the run has been refused.
        nap = await app.start("nap", {"seconds": 0.05})
        await nap.result(60)
        with pytest.raises(RunCancelled):
            await (await app.run(RUN)).result(60)
    assert site.rows("SELECT label, state FROM journal WHERE run_id = ?", RUN) == [("first", "done")]


async def test_a_running_run_can_be_cancelled_from_another_process(site: Site) -> None:
    worker = site.worker(start=("hold", {}, RUN))
    held(site)
    async with hold.make_app(site.store).connect() as app:
        await (await app.run(RUN)).cancel()
    wait_for(lambda: "told" in whats(site), "the step is told")
    worker.kill()
    assert site.status(RUN) == "CANCELLED"
    assert "left" not in whats(site)


async def test_a_run_goes_on_after_the_store_was_locked_for_a_while(site: Site) -> None:
    worker = site.worker(start=("hold", {}, RUN), until=RUN)
    held(site)
    stranger = sqlite3.connect(site.database, isolation_level=None)
    stranger.execute("BEGIN EXCLUSIVE")
    go(site)
    wait_for(lambda: "left" in whats(site), "the step is done")
    await asyncio.sleep(1.0)  # how long the store stays locked, not a wait for something
    assert stranger.execute("SELECT state FROM journal WHERE run_id = ?", (RUN,)).fetchall() == [("done",)]
    stranger.execute("ROLLBACK")
    stranger.close()
    assert ended(worker) == 0
    assert whats(site) == ["first", "entered", "left"]
    assert site.status(RUN) == "FINISHED"


async def test_workers_share_the_runs_of_one_store(site: Site) -> None:
    async with hold.make_app(site.store).connect() as app:
        runs = [await app.start("nap", {"seconds": 0.01}) for _ in range(40)]
        workers = [site.worker() for _ in range(2)]
        for run in runs:
            assert await run.result(60) == {"slept": 0.01}
        # Everything ended once, whoever executed it.
        events = site.rows("SELECT run_id, count(*) FROM event WHERE kind = 'run_finished' GROUP BY run_id")
    assert sorted(events) == sorted((run.id, 1) for run in runs)
    for worker in workers:
        worker.kill()

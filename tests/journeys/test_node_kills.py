"""Processes die inside Parallel, MapNode, Loop and QualityControl, and answers come from elsewhere: the run ends as if
nothing had happened, no stored step is executed again and nobody is asked twice.
"""

import asyncio
import random
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor, App, Conflict
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.runs import units
from tests.journeys.flows import composed
from tests.support.journey_checks import check_log, check_questions
from tests.support.journey_process import Site, ended, ready, until, wait_for

pytestmark = pytest.mark.journey

RUN = "r"

POINTS: dict[str, tuple[str, ...]] = {
    "parallel": (
        *("branch:before@1", "branch:after@1", "branch:after@3", "branch:after@4", "join:after@1"),
        *("ask:after@2", "step:executed@9", "decide:before@2", "commit:after@9", "finish:before@1"),
    ),
    "map": (
        *("claim:after@1", "branch:before@1", "branch:after@1", "branch:after@3", "branch:after@5"),
        *("join:after@1", "ask:before@3", "ask:after@4", "step:after@7", "step:executed@13"),
        *("decide:after@1", "decide:after@3", "commit:before@12", "commit:after@16"),
    ),
    "limited": (
        *("branch:before@1", "branch:before@2", "branch:before@3", "branch:after@1", "branch:after@4"),
        *("ask:after@2", "decide:after@2", "step:after@6", "commit:before@14"),
    ),
    "loop": (
        "step:executed@2",
        "step:after@4",
        "ask:before@2",
        "ask:after@3",
        "claim:before@2",
        "decide:after@2",
    ),
    "quality": (
        "step:executed@1",
        "step:after@2",
        "ask:after@1",
        "decide:after@1",
        "step:after@3",
        "ask:before@2",
    ),
}
CASES = [(flow, point) for flow, points in POINTS.items() for point in points]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "composed")
    yield site
    site.close()


class Witness:
    """Remembers which effects belonged to stored steps whenever a process had died: they may not happen again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._counts: Counter[str] = Counter()

    def remember(self) -> None:
        recorded, counts = self._site.recorded(), self._effects()
        self._counts |= Counter({key: counts[key] for key in recorded if key in counts})

    def check(self) -> None:
        counts = self._effects()
        again = {key: counts[key] for key, count in self._counts.items() if counts[key] > count}
        assert not again, f"recorded, and executed again: {again}"

    def _effects(self) -> Counter[str]:
        return Counter(line["key"] for line in self._site.effects())


def working(site: Site, flow: str, **environment: str) -> subprocess.Popen[str]:
    """A process that works and answers until the run has ended."""
    start = (flow, composed.INPUTS[flow], RUN)
    return site.worker(start=start, answer=True, until=RUN, **environment)


async def check_end(site: Site, flow: str) -> None:
    async with composed.make_app(site.store).connect() as app:
        run = await app.runs.get(RUN)
        await check_log(app)
    assert run.status == "FINISHED", run.error
    assert run.result is not None
    assert composed.result_is_right(flow, run.result), run.result
    check_questions(site, RUN, composed.QUESTIONS[flow])
    assert not site.rows("SELECT * FROM wakeup")
    assert not site.rows("SELECT id FROM worker")


@pytest.mark.parametrize(("flow", "point"), CASES)
async def test_a_run_survives_a_death_at(flow: str, point: str, site: Site) -> None:
    witness = Witness(site)
    assert ended(working(site, flow, HANDRAIL_KILL_AT=point)) == -signal.SIGKILL, site.stderr()
    witness.remember()

    assert ended(working(site, flow)) == 0, site.stderr()

    witness.check()
    await check_end(site, flow)


@pytest.mark.parametrize(
    ("flow", "moment", "times"),
    [
        ("parallel", "merge:after", 2),
        ("map", "after b:before", 1),
        ("map", "left:after", 2),
        ("loop", "after round 2:after", 2),
        ("quality", "counted:after", 2),
    ],
)
async def test_a_run_survives_a_death_inside_a_step(flow: str, moment: str, times: int, site: Site) -> None:
    witness = Witness(site)
    assert ended(working(site, flow, JOURNEY_DIE_IN=moment)) == -signal.SIGKILL, site.stderr()
    witness.remember()

    assert ended(working(site, flow)) == 0, site.stderr()

    witness.check()
    assert whats(site).count(moment.partition(":")[0]) == times
    await check_end(site, flow)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("flow", ["parallel", "map", "limited"])
async def test_a_run_survives_deaths_at_any_moment(flow: str, seed: int, site: Site) -> None:
    chance, witness = random.Random(f"{flow} {seed}"), Witness(site)
    for _ in range(3):
        process = working(site, flow)
        ready(process)
        await asyncio.sleep(chance.uniform(0, 0.15))  # the moment at which it dies, not a wait for something
        process.kill()
        ended(process)
        witness.remember()
        witness.check()

    assert ended(working(site, flow)) == 0, site.stderr()

    witness.check()
    await check_end(site, flow)


# -- answers from elsewhere -------------------------------------------------------------------------


@asynccontextmanager
async def bob(site: Site) -> AsyncIterator[App]:
    """Bob answers from this process, which executes nothing."""

    async def review(app: App) -> None:
        while True:
            for request in await views.requests(app.store, PENDING):
                try:
                    await app.inbox.decide(request.id, actor=Actor("bob"), **composed.answer(request))
                except Conflict:
                    continue
            await asyncio.sleep(0.01)

    async with composed.make_app(site.store).connect() as app:
        reviewing = asyncio.create_task(review(app))
        try:
            yield app
        finally:
            reviewing.cancel()
            await asyncio.gather(reviewing, return_exceptions=True)


def whats(site: Site) -> list[str]:
    return [line["what"] for line in site.effects()]


@pytest.mark.parametrize("flow", ["parallel", "map", "limited"])
async def test_answers_from_another_process_are_taken_up_beside_a_branch_that_is_executed(
    flow: str, site: Site
) -> None:
    worker = site.worker(start=(flow, composed.INPUTS[flow], RUN), until=RUN)
    async with bob(site):
        await until(lambda: worker.poll() is not None, "the slow branch has seen all the others end")
    assert ended(worker) == 0, site.stderr()
    assert whats(site).count("entered") == 1
    assert max(Counter(line["key"] for line in site.effects() if line["what"] != "entered").values()) == 1
    token = site.rows("SELECT token FROM run WHERE id = ?", RUN)
    assert token <= [(3,)], "claimed once, or once more if the slow branch was the last to begin"
    await check_end(site, flow)


def held(site: Site, flow: str = "map") -> subprocess.Popen[str]:
    """A worker in the middle of a map: the first two items have asked, one is held in its middle."""
    worker = site.worker(start=(flow, {"items": composed.HELD}, RUN))
    asked = "SELECT id FROM request WHERE status = 'OPEN'"
    wait_for(lambda: "entered" in whats(site) and len(site.rows(asked)) == 4, "all has begun")
    return worker


def go(site: Site) -> None:
    (site.database.parent / "go").touch()


def after(site: Site) -> int:
    return sum(what.startswith("after") for what in whats(site))


async def test_another_worker_takes_over_when_the_suspended_one_is_killed(site: Site) -> None:
    first = held(site)
    first.send_signal(signal.SIGSTOP)
    second = site.worker(until=RUN)
    ready(second)
    witness = Witness(site)
    async with bob(site) as app:
        await until(lambda: _all_decided(app), "bob has answered while nobody can go on")
        assert after(site) == 0, "the suspended worker keeps its run"
        first.kill()
        ended(first)
        witness.remember()
        await until(lambda: after(site) == 4, "the other one goes on with all answers")
        go(site)
        assert ended(second) == 0, site.stderr()
    witness.check()
    assert (whats(site).count("entered"), whats(site).count("left")) == (2, 1)
    await check_end(site, "map")


async def _all_decided(app: App) -> bool:
    return not await views.requests(app.store, PENDING)


async def test_a_suspended_worker_that_was_replaced_can_write_nothing_any_more(site: Site) -> None:
    first = held(site)
    ((worker_id,),) = site.rows("SELECT id FROM worker")
    first.send_signal(signal.SIGSTOP)
    witness = Witness(site)
    witness.remember()
    second = site.worker(until=RUN)
    ready(second)
    async with bob(site) as app:
        # What a lease that has run out does: the run is free although its worker is alive.
        await app.store.do(units.bury, worker_id=worker_id, now=datetime.now(UTC))
        await until(lambda: after(site) == 4, "the other one goes on")
        go(site)
        first.send_signal(signal.SIGCONT)
        assert ended(second) == 0, site.stderr()
        before = whats(site)
        more = await app.start("loop", composed.INPUTS["loop"])  # the first one is alive and works on
        assert (await more.result(60))["round"] == 3
    witness.check()
    assert after(site) == 4 + 3
    assert before.count("left") <= 2, "the step was in its middle in both"
    stored: Any = site.rows("SELECT status, token FROM run WHERE id = ?", RUN)
    assert stored[0][0] == "FINISHED"
    first.kill()
    ended(first)

"""A process is killed at every point the code names, and in the middle of user code: the run goes on as if nothing
had happened. What "as if nothing had happened" means is in `tests/support/journey_checks.py`.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor, Conflict, RunCancelled
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.killpoints import KILL_POINTS
from handrail.requests.request import HumanRequest
from tests.journeys.flows import everything
from tests.support import journey_effects
from tests.support.journey_checks import (
    AheadClock,
    check_effects,
    check_log,
    check_messages,
    check_questions,
    check_timers,
    same_result,
)
from tests.support.journey_process import Site, ended, until

pytestmark = pytest.mark.journey

RUN = "journey"
START = ("everything", {"topic": "AI"}, RUN)

OCCURRENCES: dict[str, tuple[int, ...]] = {
    "create:before": (1,),
    "create:after": (1,),
    "claim:before": (1, 3, 6),
    "claim:after": (1, 2, 5),
    "begin:after": (1,),
    "step:before": (1, 2, 3, 12, 20),
    "step:executed": (1, 2, 3, 8, 14, 18),
    "step:after": (1, 2, 9, 13, 16),
    "ask:before": (1, 2, 4, 5, 6, 7, 8),
    "ask:after": (1, 3, 5, 6, 7, 8),
    "sleep:after": (1,),
    "branch:before": (1,),
    "branch:after": (1, 2),
    "join:after": (1,),
    "decide:before": (1, 4, 7),
    "decide:after": (1, 2, 4, 5, 7),
    "sweep:before": (1,),
    "sweep:after": (1,),
    "deliver:before": (1, 2),
    "deliver:sent": (1, 2),
    "deliver:after": (1,),
    "finish:before": (1,),
    "finish:after": (1,),
    "commit:before": (2, 5, 8, 11, 17, 23, 31, 37),
    "commit:after": (1, 3, 7, 13, 19, 26, 34, 40),
}
"""How often each point is passed before the process dies there."""

ELSEWHERE = {"cancel:after", "team:before", "team:after"}
"""these have journeys of their own: below, and those of teams in `test_teams.py`"""

CASES = [f"{point}@{count}" for point, counts in OCCURRENCES.items() for count in counts]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site(tmp_path, "everything")
    monkeypatch.setenv(journey_effects.FILE, str(site.effects_file))
    yield site
    site.close()


def test_every_kill_point_has_a_journey() -> None:
    assert set(OCCURRENCES) | ELSEWHERE == set(KILL_POINTS)


def crash(site: Site, **environment: str) -> set[str]:
    """Let a process do everything until it dies; returns the steps whose results are stored by then."""
    dying = site.worker(start=START, answer=True, until=RUN, **environment)
    assert ended(dying) == -signal.SIGKILL, f"{environment} was not reached\n{site.stderr()}"
    return site.recorded()


@asynccontextmanager
async def people(site: Site, what: str = "run_again") -> Any:
    """Bob answers from this process, which executes nothing."""
    app = everything.make_app(site.store)

    async def review() -> None:
        while True:
            for request in await views.requests(app.store, PENDING):
                if (said := said_about(request, what)) is not None:
                    try:
                        await app.inbox.decide(request.id, actor=Actor("bob"), **said)
                    except Conflict:
                        continue
            await asyncio.sleep(0.01)

    async with app.connect():
        bob = asyncio.create_task(review())
        try:
            yield app
        finally:
            bob.cancel()
            await asyncio.gather(bob, return_exceptions=True)


def said_about(request: HumanRequest, what: str) -> dict[str, Any] | None:
    if request.draft.kind != "interrupted":
        return everything.answer(request)
    answer = {"what": what, "result": {"published": "by hand"}} if what == "happened" else {"what": what}
    return {"verb": "answer", "payload": answer}


async def go_on(site: Site, what: str = "run_again") -> dict[str, Any]:
    """Let a clean process go on to the end, asking bob from another one; returns the result."""
    worker = site.worker(start=START, until=RUN)
    async with people(site, what) as app:

        async def started() -> bool:
            return site.status(RUN) is not None

        await until(started, "the run is stored")
        run = await app.wait(RUN, timeout=60)
        await check_log(app)
    assert ended(worker) == 0, site.stderr()
    assert run.status == "FINISHED", run.error
    assert run.result is not None
    return run.result


@pytest.mark.parametrize("point", CASES)
async def test_a_run_survives(point: str, site: Site) -> None:
    recorded = crash(site, HANDRAIL_KILL_AT=point)

    same_result(await go_on(site), everything.EXPECTED)

    check_effects(site, recorded)
    check_questions(site, RUN, everything.QUESTIONS)
    check_timers(site)
    if point.startswith("deliver:"):
        later = everything.make_app(site.store, clock=AheadClock(120))
        await check_messages(site, later, ["opened", "ended"])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("what", ["outline", "draft", "revise", "left", "right", "pay"])
async def test_a_process_that_dies_inside_a_step_repeats_that_step_alone(
    what: str, moment: str, site: Site
) -> None:
    recorded = crash(site, JOURNEY_DIE_IN=f"{what}:{moment}")

    same_result(await go_on(site), everything.EXPECTED)

    check_effects(site, recorded)
    happened = [line["what"] for line in site.effects() if line["what"] == what]
    assert len(happened) == (1 if moment == "before" else 2)
    check_questions(site, RUN, everything.QUESTIONS)


@pytest.mark.parametrize(("moment", "happened"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize(
    ("what", "published", "more"), [("happened", "by hand", 0), ("run_again", True, 1), ("cancel", None, 0)]
)
async def test_an_interrupted_publication_is_asked_about(
    moment: str, happened: int, what: str, published: Any, more: int, site: Site
) -> None:
    crash(site, JOURNEY_DIE_IN=f"publish:{moment}")

    if what == "cancel":
        with pytest.raises(AssertionError, match="FINISHED"):
            await go_on(site, what)
        assert site.status(RUN) == "CANCELLED"
    else:
        result = await go_on(site, what)
        same_result(result, {**everything.EXPECTED, "published": published})

    asked = site.rows("SELECT status, draft FROM request WHERE draft LIKE '%\"interrupted\"%'")
    assert [status for status, _ in asked] == ["RESOLVED"], "asked once, and answered"
    proposal = json.loads(asked[0][1])["proposal"]
    assert proposal == {"step": "publish", "kind": "Publish", "idempotency_key": f"{RUN}/publish"}
    effects = [line for line in site.effects() if line["what"] == "publish"]
    assert len(effects) == happened + more
    assert {line["key"] for line in effects} <= {proposal["idempotency_key"]}
    check_questions(site, RUN, everything.QUESTIONS)


@pytest.mark.parametrize("count", range(1, 8))
@pytest.mark.parametrize("point", ["commit:before", "commit:after"])
@pytest.mark.parametrize("what", ["happened", "run_again"])
async def test_what_was_said_about_an_interruption_is_not_asked_again(
    what: str, point: str, count: int, site: Site
) -> None:
    crash(site, JOURNEY_DIE_IN="publish:after")
    # The answer is given while nobody works; then a process dies somewhere between reading it and going on.
    asking = site.worker(until=RUN)
    async with everything.make_app(site.store).connect() as app:

        async def asked() -> list[HumanRequest]:
            waits = site.status(RUN) == "WAITING"
            return await views.requests(app.store, PENDING) if waits else []

        (request,) = await until(asked, "the interruption is asked about")
        asking.kill()
        ended(asking)
        said = said_about(request, what)
        assert said is not None
        await app.inbox.decide(request.id, actor=Actor("bob"), **said)
    second = site.worker(until=RUN, HANDRAIL_KILL_AT=f"{point}@{count}")
    assert ended(second) in (-signal.SIGKILL, 0)
    before = len([line for line in site.effects() if line["what"] == "publish"])

    result = await go_on(site, what)

    interrupted = site.rows("SELECT status FROM request WHERE draft LIKE '%\"interrupted\"%'")
    if what == "happened":
        assert result["published"] == "by hand"
        assert len(interrupted) == 1, "bob has said what happened"
    else:
        assert result["published"] is True
        effects = [line for line in site.effects() if line["what"] == "publish"]
        assert len(effects) <= before + 1
        assert len(interrupted) <= 2, "asked again only if the second attempt may have begun"


@pytest.mark.parametrize("point", ["step:after@4", "ask:after@2", "claim:after@3"])
async def test_a_run_gets_through_a_storm_of_crashes(point: str, site: Site) -> None:
    for crashes in range(40):  # noqa: B007 - how many it took counts below
        process = site.worker(start=START, answer=True, until=RUN, HANDRAIL_KILL_AT=point)
        if ended(process) == 0:
            break
    else:
        pytest.fail(f"the run makes no progress: {site.status(RUN)}")
    assert crashes >= 3, "a storm has more than a gust"

    same_result(await go_on(site), everything.EXPECTED)

    check_effects(site, set(), cut_off=crashes)
    check_questions(site, RUN, everything.QUESTIONS)
    check_timers(site)


async def test_a_cancellation_survives_the_death_of_who_cancelled(site: Site) -> None:
    worker = site.worker(start=START)
    async with everything.make_app(site.store).connect() as app:

        async def asked() -> bool:
            return len(await views.requests(app.store, PENDING)) == 1

        await until(asked, "the first question is asked")
        code = (
            "import asyncio, sys; from tests.journeys.flows import everything\n"
            "async def main():\n"
            "    async with everything.make_app(sys.argv[1]).connect() as app:\n"
            "        await app.runs.cancel(sys.argv[2], actor='bob')\n"
            "asyncio.run(main())"
        )
        dying = site.process([sys.executable, "-c", code, site.store, RUN], HANDRAIL_KILL_AT="cancel:after")
        assert ended(dying) == -signal.SIGKILL
        run = await app.run(RUN)
        assert run.status == "CANCELLED"
        with pytest.raises(RunCancelled):
            await run.result(1)
        assert [request.status for request in await views.requests(app.store)] == ["WITHDRAWN"]
        await check_log(app)
    worker.kill()
    ended(worker)


async def test_a_clean_end_of_the_worker_leaves_nothing_to_bury(site: Site) -> None:
    worker = site.worker(start=START, answer=True, until=RUN)
    assert ended(worker) == 0, site.stderr()
    assert site.status(RUN) == "FINISHED"
    assert site.rows("SELECT id FROM worker") == []
    check_effects(site, site.recorded(), cut_off=0)
    check_questions(site, RUN, everything.QUESTIONS)
    check_timers(site)

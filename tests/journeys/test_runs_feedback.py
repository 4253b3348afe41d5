"""The page's feedback loop is killed at every point of its way, and ends as if nothing had happened."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.inbox import views
from tests.journeys.flows import page
from tests.support.journey_checks import check_effects, check_log, check_questions
from tests.support.journey_process import Site, ended

pytestmark = pytest.mark.journey

RUN = "loop"
START = ("feedback-loop", {"initial_prompt": "rain"}, RUN)
STEPS = range(1, 9)
"""the first draft, three rounds of feedback, two revisions and the model in each"""
ROUNDS = range(1, 4)
POINTS = [
    *(f"{point}@{count}" for point in ("step:executed", "step:after") for count in STEPS),
    *(
        f"{point}@{count}"
        for point in ("ask:before", "ask:after", "decide:before", "decide:after")
        for count in ROUNDS
    ),
    "create:after",
    "finish:before",
    "finish:after",
]
TITLES = [f"Review the draft (round {number} of 3)" for number in ROUNDS]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "page")
    yield site
    site.close()


async def check_end(site: Site, recorded: set[str]) -> None:
    async with page.make_app(site.store).connect() as app:
        run = await app.runs.get(RUN)
        requests = await views.requests(app.store, run_id=RUN)
        await check_log(app)
    assert run.result is not None, run.error
    assert run.result["final_output"] == "text about rain, revised, revised"
    assert run.result["previous_version"] == "text about rain, revised"
    assert (run.result["status"], run.result["iterations"], run.result["comment"]) == ("approved", 3, "good")
    assert [request.revision for request in requests] == [1, 2, 3]
    assert {request.thread for request in requests} == {requests[0].id}
    assert [request.draft.previous for request in requests] == [None, requests[0].id, requests[1].id]
    check_effects(site, recorded)
    check_questions(site, RUN, TITLES)


@pytest.mark.parametrize("point", POINTS)
async def test_the_loop_of_the_page_survives(point: str, site: Site) -> None:
    assert ended(site.worker(start=START, answer=True, until=RUN, HANDRAIL_KILL_AT=point)) == -signal.SIGKILL
    recorded = site.recorded()
    assert ended(site.worker(start=START, answer=True, until=RUN)) == 0, site.stderr()
    await check_end(site, recorded)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_loop_of_the_page_survives_a_death_in_the_model(moment: str, site: Site) -> None:
    dying = site.worker(start=START, answer=True, until=RUN, JOURNEY_DIE_IN=f"model:{moment}")
    assert ended(dying) == -signal.SIGKILL
    recorded = site.recorded()
    assert ended(site.worker(start=START, answer=True, until=RUN)) == 0, site.stderr()
    await check_end(site, recorded)
    assert len(site.effects()) == (3 if moment == "before" else 4)

"""Many runs are started by a process that is killed again and again: each item gets its run, and gets it once."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.runs.many import CHUNK, Ids
from tests.journeys.flows.many import ITEMS
from tests.support.journey_process import Site, ended, ready, wait_for

pytestmark = pytest.mark.journey

STARTING = (
    "import asyncio, sys\n"
    "from tests.journeys.flows.many import ITEMS, make_app\n"
    "async def main():\n"
    "    app = make_app(sys.argv[1])\n"
    "    async with app.work() if {works} else app.connect():\n"
    "        runs = await app.start_many('note', ITEMS, wait={wait})\n"
    "        print(*(run.id for run in runs), flush=True)\n"
    "asyncio.run(main())"
)
IDS = [run_id for ids in [Ids("note")] for run_id in map(ids.next, ITEMS)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, "many")
    yield site
    site.close()


def starting(site: Site, *, works: bool, wait: bool = False, **environment: str) -> subprocess.Popen[str]:
    code = STARTING.format(works=works, wait=wait)
    return site.process([sys.executable, "-c", code, site.store], **environment)


def stored(site: Site) -> list[str]:
    return [run_id for (run_id,) in site.rows("SELECT id FROM run")]


def events(site: Site, kind: str) -> Counter[str]:
    return Counter(run_id for (run_id,) in site.rows("SELECT run_id FROM event WHERE kind = ?", kind))


def check_completed(site: Site, process: subprocess.Popen[str]) -> None:
    """All of the items have a run, and each was started and finished once."""
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, site.stderr()
    assert out.split() == IDS
    assert sorted(stored(site)) == sorted(IDS)
    assert events(site, "run_started") == events(site, "run_finished") == Counter(IDS)
    results = site.rows("SELECT id, input, result FROM run")
    assert all(
        json.loads(result) == {**json.loads(given), "key": f"{key}/note"} for key, given, result in results
    )
    assert {line["key"] for line in site.effects()} == {f"{run_id}/note" for run_id in IDS}


@pytest.mark.parametrize("point", ["create:before", "create:after", "commit:before", "commit:after"])
def test_killed_between_two_halves_of_a_chunk(site: Site, point: str) -> None:
    for count in (2, 3, 5):  # each passes the point for what is there, too
        assert ended(starting(site, works=False, HANDRAIL_KILL_AT=f"{point}@{count}")) == -9, site.stderr()
        chunks = count if point.endswith("after") else count - 1
        assert sorted(stored(site)) == sorted(IDS[: chunks * CHUNK]), "a chunk is there or not"
    check_completed(site, starting(site, works=True, wait=True))


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_while_it_starts_and_executes(site: Site, seed: int) -> None:
    chance, killed = random.Random(seed), 0
    for _ in range(4):
        process = starting(site, works=True, wait=True)
        seen, more = len(site.effects()), chance.randrange(1, 250)
        wait_for(lambda: process.poll() is not None or len(site.effects()) >= seen + more, "it gets on")  # noqa: B023
        process.kill()
        if ended(process) == 0:  # it was done before this process saw how far it was
            break
        assert process.returncode == -9, site.stderr()
        killed += 1
        assert set(stored(site)) <= set(IDS)
        assert max(events(site, "run_started").values()) == 1
    assert killed
    check_completed(site, starting(site, works=True, wait=True))


def test_started_here_executed_there_by_one_that_is_replaced(site: Site) -> None:
    worker = site.worker(HANDRAIL_KILL_AT="step:executed@50")
    ready(worker)
    waiting = starting(site, works=False, wait=True)
    assert ended(worker) == -9
    assert waiting.poll() is None
    site.worker()
    check_completed(site, waiting)


def test_the_command_line_starts_them_waits_and_says_how_they_ended(site: Site) -> None:
    file = site.database.parent / "items.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    (site.database.parent / "noting.py").write_text(
        f"from tests.journeys.flows.many import make_app\napp = make_app({site.store!r})\n"
    )
    program = [sys.executable, "-c", "from handrail.cli import main; main()"]
    command = [*program, "start", "noting:app", "note", "--many", "items.jsonl", "--wait"]
    interrupted = site.process(command)
    wait_for(lambda: len(stored(site)) == len(IDS), "all are started")
    interrupted.send_signal(signal.SIGINT)
    assert ended(interrupted) == 130
    assert "the same command" in site.stderr()
    waiting = site.process(command)
    assert waiting.poll() is None
    site.worker()
    out, _ = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, "1,200 runs of note: 1,200 FINISHED\n"), site.stderr()
    assert "handrail worker noting:app" in site.stderr()
    assert events(site, "run_finished") == Counter(IDS)

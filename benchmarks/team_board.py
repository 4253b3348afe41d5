"""Whether a change of a team's board costs the same however long its history is, and however many tasks it has.

Each change is one transaction in a store in memory, as `Teams` makes it, without the durable commit: it costs the same
anywhere. One task goes round and round: a result, feedback, a result, the validation, feedback on what is done.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import figures

from handrail import Actor
from handrail.inbox.clock import SystemClock
from handrail.runs import units
from handrail.runs.run import RunStatus, StoredRun
from handrail.stores.memory import MemoryStore
from handrail.teams import moves
from handrail.teams.plan import Planned
from handrail.teams.round import CallUsage, RoundEnd

RUN = "run_1"
TASK = "middle"
BOB = Actor("bob")
CHANGES = ("result", "feedback", "validation", "reopening")


def plan(count: int) -> tuple[Planned, ...]:
    """Half of the tasks are done before the one in the middle; of the others each needs the result before it."""
    before = [
        Planned(f"before-{place}", "Before", "Do it", "ann", parallel=True) for place in range(count // 2)
    ]
    middle = Planned(TASK, "Middle", "Do it", "ann", validated=True, parallel=True)
    names = [TASK, *(f"after-{place}" for place in range(count - len(before) - 1))]
    after = [
        Planned(name, "After", "Do it", "ann", parallel=True, dependencies=(needed,))
        for needed, name in pairwise(names)
    ]
    return (*before, middle, *after)


class Bench:
    """A board with so many tasks, and how long its changes take."""

    def __init__(self, store: MemoryStore, tasks: int) -> None:
        self.store = store
        self.tasks = plan(tasks)
        self.clock = SystemClock()
        self.seconds: dict[str, list[float]] = defaultdict(list)

    async def begin(self) -> None:
        """Do all that comes before the task in the middle."""
        now = self.clock.now()
        run = StoredRun(RUN, "team", "team", {}, RunStatus.PENDING, now, now, initiator="alice")
        await self.store.do(units.create, run=run)
        await self._look()
        left = [task.id for task in self.tasks if task.id.startswith("before")]
        while left:
            for task in left[
                :4
            ]:  # one of the five places is that of the middle, from the beginning of the last few
                await self.store.do(self._end, task=task)
            left = left[4:]
            await self._look()

    async def _look(self) -> None:
        await self._do(None, moves.advance, name="team", tasks=self.tasks, inputs={})

    async def _do(self, what: str | None, unit: Callable[..., Any], **arguments: Any) -> Any:
        def timed(tx: Any) -> Any:
            begun = time.perf_counter()
            found = unit(tx, run_id=RUN, now=self.clock.now(), **arguments)
            if what is not None:
                self.seconds[what].append(time.perf_counter() - begun)
            return found

        return await self.store.do(timed)

    def _end(self, tx: Any, *, task: str) -> None:
        card, now = tx.card(RUN, task), self.clock.now()
        (claimed,) = units.claim(tx, run_ids=[card.run], queues=["team"], worker="worker", now=now)
        end = RoundEnd("a result", None, card.feedback, [CallUsage(10, 5, "0.001")]).write()
        units.finish(tx, run=claimed.run, now=now, status=RunStatus.FINISHED, result=end)

    async def cycle(self) -> None:
        """Bring the task in the middle from being worked on to being worked on again."""
        said = {"task": TASK, "actor": BOB}
        await self._result()
        await self._do("feedback", moves.give_feedback, content="shorter", **said)
        await self._result()
        await self._do("validation", moves.validate, **said)
        await self._do("reopening", moves.give_feedback, content="longer", **said)

    async def _result(self) -> None:
        await self.store.do(self._end, task=TASK)
        await self._do("result", moves.advance, name="team", tasks=self.tasks, inputs={})

    async def events(self) -> int:
        """Return how many events the log has."""
        return int(await self.store.read(lambda tx: tx.end_of_log()))


async def measure(tasks: int, events: int, cycles: int) -> dict[str, float]:
    """Return the medians in µs of changes on a board of so many tasks with at least so many events."""
    store = MemoryStore()
    await store.open()
    try:
        bench = Bench(store, tasks)
        await bench.begin()
        while await bench.events() < events:
            await bench.cycle()
        bench.seconds.clear()
        before = await bench.events()
        for _ in range(cycles):
            await bench.cycle()
        medians = {what: statistics.median(bench.seconds[what]) * 1e6 for what in CHANGES}
        return {**medians, "events": before}
    finally:
        await store.close()


async def compare(cases: list[tuple[int, int]], cycles: int, rounds: int) -> list[dict[str, Any]]:
    """Measure all cases in turns; returns for each the medians of the rounds, and how often the first it is."""
    found: dict[tuple[int, int], list[dict[str, float]]] = defaultdict(list)
    for _ in range(rounds):
        for case in cases:
            found[case].append(await measure(*case, cycles))
    rows: list[dict[str, Any]] = []
    for tasks, events in cases:
        times = {what: statistics.median(each[what] for each in found[tasks, events]) for what in CHANGES}
        first = rows[0]["microseconds"] if rows else times
        ratios = {what: times[what] / first[what] for what in CHANGES}
        begun = int(found[tasks, events][0]["events"])
        rows.append({"tasks": tasks, "events": begun, "microseconds": times, "ratios": ratios})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=figures.whole, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--tasks", type=figures.whole, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--cycles", type=figures.whole, default=60, help="that are measured of each")
    parser.add_argument("--rounds", type=figures.whole, default=3)
    figures.add_json(parser)
    options = parser.parse_args()
    long = [(options.tasks[0], events) for events in options.events]
    wide = [(tasks, 1) for tasks in options.tasks]
    found = {
        "by_events": asyncio.run(compare(long, options.cycles, options.rounds)),
        "by_tasks": asyncio.run(compare(wide, options.cycles, options.rounds)),
    }
    if options.json:
        figures.show(found, as_json=True)
        return
    for rows in found.values():
        for row in rows:
            shown = "  ".join(
                f"{what} {row['microseconds'][what]:5.0f} µs (x {row['ratios'][what]:.2f})"
                for what in CHANGES
            )
            print(f"{row['tasks']:5} tasks, {row['events']:6} events: {shown}")


if __name__ == "__main__":
    main()

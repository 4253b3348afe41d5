"""What a board takes on the server, with 1,000 cards of which each waits for something.

    python benchmarks/board_page.py [--cards 1000] [--times 100] [--json]

The store is SQLite on a disk. One figure is the time from a request of a browser that is signed in to the last byte of
the page, inside the server's process and without a network. In milliseconds: p50 and p95.
"""

import argparse
import asyncio
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import figures
from inbox_list import timed
from inbox_page import URL, visitor

from handrail import Agent, App, Task, Team
from handrail.people.facts import Role
from handrail.requests.facts import changed
from handrail.runs.run import RunStatus, StoredRun
from handrail.teams.card import Card, Usage
from handrail.teams.desk import begin
from handrail.teams.progress import ask
from handrail.teams.status import TaskStatus
from handrail.web.server import create

STATUSES = (
    TaskStatus.TODO,
    TaskStatus.TODO,
    TaskStatus.TODO,
    TaskStatus.BLOCKED,
    TaskStatus.REVISE,
    TaskStatus.AWAITING_VALIDATION,
    TaskStatus.DONE,
    TaskStatus.DONE,
    TaskStatus.DONE,
    TaskStatus.DONE,
)
RESULT = "A result of some length. " * 40


def team(cards: int) -> Team:
    """Return a team with many tasks, each of which builds on the one ten places before."""
    ann = Agent("ann", "Analyst", model=lambda messages: "")
    tasks = [
        Task(
            f"Work on part {number} of the specification, and keep it short. " * 4,
            ann,
            title=f"Part {number} of the specification of everything",
            dependencies=[f"task{number - 9}"] if number >= 10 else (),
            external_validation_required=True,
            allow_parallel_execution=True,
        )
        for number in range(cards)
    ]
    return Team("spec", [ann], tasks)


def fill(tx: Any, *, made: Team, now: Any) -> None:
    """Store the board of a run, its cards in all statuses; nobody works on it."""
    run = StoredRun("big", "spec", "nobody", {}, RunStatus.WAITING, now, now, initiator="boss")
    tx.insert_run(run)
    desk = begin(tx, run_id="big", name="spec", tasks=made.flow.tasks, inputs={}, now=now, actor="boss")
    for card in tx.cards("big"):
        status = STATUSES[card.place % len(STATUSES)]
        tx.update_card("big", _in(desk, card, status, now), result=True)
    desk.close()


def _in(desk: Any, card: Card, status: TaskStatus, now: Any) -> Card:
    """Return a card as a board at work has it."""
    moved = changed(
        card,
        status=status,
        moved_at=now - timedelta(minutes=card.place),
        round=0 if status is TaskStatus.TODO else 1,
        reason="No access to the ledger" if status is TaskStatus.BLOCKED else "validated",
        feedback=card.place % 4,
        usage=Usage(3, 1200, 400, Decimal("0.0213")),
        result=None if status is TaskStatus.TODO else RESULT,
    )
    return ask(desk, moved) if status is TaskStatus.AWAITING_VALIDATION else moved


async def measure(database: Path, cards: int, times: int) -> dict[str, Any]:
    """Time the pages of a board for whoever started its run."""
    app, found = App(store=str(database)), {}
    async with app.connect():
        await app.store.do(fill, made=team(cards), now=app.clock.now())
        client = await visitor(app, create(app.face(URL)), "boss", Role.REVIEWER, ())
        pages = {
            "board": "/boards/big",
            "card": "/boards/big?task=task6",
            "all cards": "/boards?view=cards",
            "list": "/boards",
        }
        for page, path in pages.items():

            async def see(path: str = path) -> None:
                answer = await client.get(path)
                assert answer.status_code == 200, answer.status_code

            await see()
            found[page] = await timed(see, times)
        await client.aclose()
    return found


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cards", type=int, default=1000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder) / "handrail.db", given.cards, given.times))
    if given.json:
        figures.show(found, as_json=True)
        return
    for name, took in found.items():
        print(f"{name:28} p50 {took['p50']:7.1f} ms   p95 {took['p95']:7.1f} ms")


if __name__ == "__main__":
    main()

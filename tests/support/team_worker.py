"""A worker process of a journey of teams: `python -m tests.support.team_worker STORE [--start TEAM] [--people] ...`.

It prints `ready` once it works, and with `--until` the status of the run when that has settled.
"""

import argparse
import asyncio
import sys
from contextlib import suppress
from typing import Any

from handrail import Actor, App, Conflict, Team, UnknownId
from handrail.inbox import views
from handrail.inbox.moves import PENDING
from handrail.teams.status import TaskStatus
from tests.journeys.flows import teamwork

BOB = Actor("bob")


async def main(options: argparse.Namespace) -> None:
    app = App(store=options.store)
    teams = {team.name: app.team(team) for team in (teamwork.make_team(), teamwork.make_wide_team())}
    async with app:
        print("ready", flush=True)
        under_way = [asyncio.create_task(start(teams[options.start]))] if options.start else []
        if options.people:
            under_way.append(asyncio.create_task(people(app)))
        if options.until:
            await begun(app)
            print((await app.wait(teamwork.RUN)).status, flush=True)
        else:
            await asyncio.Event().wait()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def start(team: Team) -> Any:
    return await team.start(run_id=teamwork.RUN)


async def begun(app: App) -> None:
    while True:
        with suppress(UnknownId):
            await app.runs.get(teamwork.RUN)
            return
        await asyncio.sleep(0.01)


async def people(app: App) -> None:
    """Validate the second analysis, approve what tools do, and bring the key, until cancelled."""
    while True:
        with suppress(Conflict):
            await act(app)
        await asyncio.sleep(0.01)


async def act(app: App) -> None:
    """Do once what is to be done by people now."""
    for request in await views.requests(app.store, PENDING):
        first = request.draft.kind == "validation" and request.draft.proposal == {"content": "analysis"}
        verb, comment = ("request_changes", "shorter") if first else ("approve", None)
        await app.inbox.decide(request.id, verb, actor=BOB, comment=comment)
    for card in await app.store.read(lambda tx: tx.cards(teamwork.RUN, (TaskStatus.BLOCKED,))):
        await app.teams.unblock(teamwork.RUN, card.id, actor=BOB, note="the key is 7")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("--start", metavar="TEAM")
    parser.add_argument("--people", action="store_true")
    parser.add_argument("--until", action="store_true")
    asyncio.run(main(parser.parse_args(sys.argv[1:])))

"""A worker process of a journey: `python -m tests.support.journey_worker MODULE STORE ...`.

The module under `tests/journeys/flows` makes the app (`make_app(store)`) and says what people answer
(`answer(request)`). It prints `ready` once it works, and the status of the run of `--until` when that has settled.
"""

import argparse
import asyncio
import importlib
import json
import sys
from contextlib import suppress
from typing import Any

from handrail import Actor, App, Conflict
from handrail.inbox import views
from handrail.inbox.moves import PENDING


async def main(options: argparse.Namespace) -> None:
    flows = importlib.import_module(f"tests.journeys.flows.{options.module}")
    async with flows.make_app(options.store) as app:
        print("ready", flush=True)
        if options.start:
            name, data, run_id = options.start
            await app.start(name, json.loads(data), run_id)
        people = asyncio.create_task(review(app, flows)) if options.answer else None
        if options.until:
            run = await app.wait(options.until)
            print(run.status, flush=True)
        else:
            await asyncio.Event().wait()
        if people is not None:
            people.cancel()
            with suppress(asyncio.CancelledError):
                await people


async def review(app: App, flows: Any) -> None:
    """Answer whatever is asked, until cancelled."""
    while True:
        for request in await views.requests(app.store, PENDING):
            if (said := flows.answer(request)) is not None:
                with suppress(Conflict):
                    await app.inbox.decide(request.id, actor=Actor("bob"), **said)
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("store")
    parser.add_argument("--start", nargs=3, metavar=("FLOW", "JSON", "RUN_ID"))
    parser.add_argument("--answer", action="store_true")
    parser.add_argument("--until", metavar="RUN_ID")
    asyncio.run(main(parser.parse_args(sys.argv[1:])))

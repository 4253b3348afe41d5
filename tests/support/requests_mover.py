"""A process that makes the moves it is told and says what came of each: `requests_mover.py URL`.

Each line of stdin is a move as JSON, each line of stdout an answer.
"""

import asyncio
import json
import sys
from typing import Any

from handrail import App
from handrail.requests.decision import Actor
from handrail.requests.errors import Conflict, InvalidDecision, InvalidInput, NotAllowed


async def move(app: App, order: dict[str, Any]) -> str:
    """Make one move; returns `done`, or why not."""
    key, actor, inbox = order["id"], Actor(order["who"]), app.inbox
    try:
        match order["move"]:
            case "claim":
                await inbox.claim(key, actor=actor)
            case "release":
                await inbox.release(key, actor=actor)
            case "comment":
                await inbox.comment(key, "hm", actor=actor)
            case "reassign":
                await inbox.reassign(key, order["to"], actor=actor)
            case "withdraw":
                await inbox.withdraw(key, actor=actor)
            case verb:
                comment = "please" if verb == "request_changes" else None
                await inbox.decide(key, verb, actor=actor, comment=comment)
    except Conflict:
        return "conflict"
    except NotAllowed:
        return "not allowed"
    except (InvalidDecision, InvalidInput):
        return "invalid"
    return "done"


async def main(url: str) -> None:
    """Make moves until stdin ends."""
    loop = asyncio.get_running_loop()
    async with App(store=url).connect() as app:
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(await move(app, json.loads(line)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

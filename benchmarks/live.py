"""Milliseconds from a decision until those who watch have its event, over HTTP.

    python benchmarks/live.py [--decided here|elsewhere] [--readers 20] [--rate 20] [--samples 200] [--json]

Measured is from the call of `inbox.decide` until a reader in another process has the `resolved` event of the request,
in one clock that processes share; each reader counts for itself. The readers are reviewers, so that what each may see
is judged. Decisions come at random moments, `--rate` a second on average: in the server's process, or with
`--decided elsewhere` in a third one on the same SQLite file.
"""

import argparse
import asyncio
import json
import random
import socket
import sys
import time
from pathlib import Path
from typing import Any

import children
import disk
import figures
import uvicorn

from handrail import App
from handrail.people.people import People
from handrail.people.secret import Secret
from handrail.requests.decision import SYSTEM, Actor, Verb
from handrail.requests.policy import policy
from handrail.requests.request import RequestDraft
from handrail.web.face import Face
from handrail.web.live import STREAMS
from handrail.web.server import create

ALICE = Actor("alice")
PATIENCE = 30.0
"""seconds until an event that hasn't come is a failure"""


async def prepare(app: App, samples: int) -> list[str]:
    """Open requests; returns their ids."""
    asked = policy(audience=["alice", "group:readers"])
    return [
        (
            await app.inbox.open(
                RequestDraft("approval", f"Publish {n}?", {"content": "hello " * 40}, (Verb.APPROVE,), asked)
            )
        ).id
        for n in range(samples)
    ]


async def decide_each(app: App, request_ids: list[str], rate: float) -> dict[str, float]:
    """Decide at random moments; returns when each decision began."""
    chance, began = random.Random(5), {}

    async def decide(request_id: str) -> None:
        began[request_id] = time.monotonic()
        await app.inbox.decide(request_id, "approve", actor=ALICE)

    async with asyncio.TaskGroup() as decisions:
        for request_id in request_ids:
            await asyncio.sleep(chance.expovariate(rate))
            decisions.create_task(decide(request_id))
    return began


def say(what: object) -> None:
    """Print a line of JSON now."""
    print(json.dumps(what), flush=True)


async def serve(given: argparse.Namespace) -> None:
    """Serve; decide as well if a line says so, and end with the input."""
    app = App(store=str(given.serve))
    async with app:
        people = People(app.store, app.clock, Secret(None))
        keys, readers = [], []
        for n in range(-(-given.readers // STREAMS)):
            await people.add(name := f"reader{n}", actor=SYSTEM)
            readers.append(name)
            keys.append((await people.make_key(name, "bench", ["requests:read"], actor=SYSTEM))[1])
        await people.set_group("readers", readers, actor=SYSTEM)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            face = Face(app.store, app.clock, app.flows, None, app.migrate, people, url)  # type: ignore[arg-type]
            config = uvicorn.Config(create(face), log_level="warning", access_log=False, lifespan="off")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            say({"port": port, "keys": keys})
            while command := await asyncio.to_thread(sys.stdin.readline):
                say(await decide_each(app, json.loads(command), given.rate))
            await face.close()
            server.should_exit = True
            await serving


async def be_the_decider(given: argparse.Namespace) -> None:
    """Only decide what the first line names."""
    async with App(store=str(given.decide)).connect() as app:
        say({})
        say(await decide_each(app, json.loads(await asyncio.to_thread(sys.stdin.readline)), given.rate))


async def read(port: int, key: str, heard: dict[str, float], begun: asyncio.Event) -> None:
    """Read a stream, and keep when each request was resolved."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /api/v1/events?kinds=resolved HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\r\n".encode()
    )
    try:
        while line := await reader.readline():
            moment = time.monotonic()
            if line.startswith(b"retry:"):
                begun.set()
            if line.startswith(b'data: {"request_id"'):
                heard[json.loads(line[6:])["request_id"]] = moment
    finally:
        writer.transport.abort()


async def watch(
    ready: dict[str, Any], given: argparse.Namespace, decider: Any, ids: list[str]
) -> list[float]:
    """Read with so many readers while the decider decides; returns how long each event took to each of them."""
    keys = [key for key in ready["keys"] for _ in range(STREAMS)][: given.readers]
    heard: list[dict[str, float]] = [{} for _ in keys]
    begun = [asyncio.Event() for _ in keys]
    tasks = [
        asyncio.create_task(read(ready["port"], key, *both))
        for key, *both in zip(keys, heard, begun, strict=True)
    ]
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(event.wait() for event in begun))
    decider.stdin.write(json.dumps(ids) + "\n")
    decider.stdin.flush()
    began = json.loads(await asyncio.to_thread(decider.stdout.readline))
    async with asyncio.timeout(PATIENCE):
        while any(began.keys() - each.keys() for each in heard):  # noqa: ASYNC110 - they are other tasks' dicts
            await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return [(each[one] - moment) * 1000 for each in heard for one, moment in began.items()]


async def open_all(database: Path, samples: int) -> list[str]:
    """Make the database, with what is to be decided."""
    async with App(store=str(database)).connect() as app:
        return await prepare(app, samples)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Start a server, and who decides, and read."""
    here = Path(__file__)
    with disk.scratch() as folder:
        database = folder / "bench.db"
        ids = asyncio.run(open_all(database, given.samples))
        more = ["--rate", given.rate, "--readers", given.readers]
        begun = [children.start(here, ["--serve", database, *more])]
        if given.decided == "elsewhere":
            begun.append(children.start(here, ["--decide", database, *more]))
        with children.running(begun) as (server, *others):
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline())
            for other in others:
                assert other.stdout is not None
                other.stdout.readline()
            took = asyncio.run(watch(ready, given, begun[-1], ids))
            for child in begun:
                child.communicate(timeout=PATIENCE)
                assert child.returncode == 0
    return {**figures.summary(took), "p95": figures.percentile(took, 0.95)}


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--decided", choices=["here", "elsewhere"], default="here", help="in which process")
    parser.add_argument("--readers", type=figures.whole, default=20, help="streams that are open")
    parser.add_argument("--rate", type=figures.positive, default=20.0, help="decisions a second")
    parser.add_argument("--samples", type=figures.whole, default=200, help="decisions")
    for hidden in ("--serve", "--decide"):
        parser.add_argument(hidden, type=Path, help=argparse.SUPPRESS)
    figures.add_json(parser)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given))
    elif given.decide:
        asyncio.run(be_the_decider(given))
    else:
        figures.show(measure(given), as_json=given.json)


if __name__ == "__main__":
    main()

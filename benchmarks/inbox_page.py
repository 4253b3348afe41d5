"""What a page of the web inbox takes on the server, with a million requests in the store, a tenth of them open.

    python benchmarks/inbox_page.py [--requests 1000000] [--open 100000] [--times 100] [--keep FILE] [--json]

The store is that of inbox_list.py. One figure is the time from a request of a browser that is signed in to the last
byte of the page, inside the server's process and without a network: list, counts, the open request with what surrounds
it, and the HTML. In milliseconds: p50 and p95.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import figures
import httpx
from inbox_list import BATCH, FEW, GROUPED, fill, timed

from handrail import App
from handrail.people.facts import Role
from handrail.requests.decision import SYSTEM
from handrail.stores.sqlite import SQLiteStore
from handrail.web.server import create

URL = "http://127.0.0.1:8000"
PASSWORD = "a few words in a row"
PAGES = {
    "inbox": "/inbox",
    "open": "/inbox?view=open",
    "urgent": "/inbox?view=open&sort=urgent",
    "oldest": "/inbox?view=open&sort=oldest",
    "one flow": "/inbox?view=open&flow=flow-3",
    "overdue": "/inbox?view=overdue",
    "search": "/inbox?view=open&q=refund",
    "search, rare": "/inbox?view=open&q=4711",
    "search, nothing": "/inbox?view=open&q=nowhere",
    "search, oldest": "/inbox?view=open&sort=oldest&q=4711",
    "search, not ASCII": "/inbox?view=open&q=%D0%BF%D1%80%D0%B8",
    "what changed": "/inbox?part=list",
}


async def visitor(app: App, server: Any, name: str, role: Role, groups: tuple[str, ...]) -> httpx.AsyncClient:
    """Return a browser that is signed in."""
    if all(person.name != name for person in await app.people.everybody()):
        await app.people.add(name, actor=SYSTEM, role=role, password=PASSWORD)
    for group in groups:
        await app.people.set_group(group, [name], actor=SYSTEM)
    entered: Any = await app.people.log_in(name, PASSWORD, address="127.0.0.1")
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=server), base_url=URL)
    client.cookies.set("handrail", entered.secret)
    return client


async def measure(database: Path, times: int) -> dict[str, Any]:
    """Time the pages for a reviewer with few requests, one with groups, and an admin."""
    app, found = App(store=str(database)), {}
    async with app.connect():
        server = create(app.face(URL))
        who = (
            ("few", FEW.name, Role.REVIEWER, ()),
            ("groups", GROUPED.name, Role.REVIEWER, GROUPED.groups),
            ("everything", "boss", Role.ADMIN, ()),
        )
        for told, name, role, groups in who:
            client = await visitor(app, server, name, role, groups)
            for page, path in PAGES.items():

                async def see(client: httpx.AsyncClient = client, path: str = path) -> None:
                    answer = await client.get(path)
                    assert answer.status_code == 200, answer.status_code

                await see()
                found[f"{told}: {page}"] = await timed(see, times)
            await client.aclose()
    return found


async def prepared(database: Path, requests: int, pending: int) -> None:
    """Write the requests."""
    store = await SQLiteStore(database).open()
    try:
        began = time.perf_counter()
        await fill(store, requests, pending, 0.5)
        print(f"{requests:,} requests in {time.perf_counter() - began:.0f} s, {BATCH:,} at a time")
    finally:
        await store.close()


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = given.keep or Path(folder) / "handrail.db"
        if not database.exists():
            asyncio.run(prepared(database, given.requests, given.open))
        found = asyncio.run(measure(database, given.times))
    if given.json:
        figures.show(found, as_json=True)
        return
    for name, took in found.items():
        print(f"{name:28} p50 {took['p50']:7.1f} ms   p95 {took['p95']:7.1f} ms")


if __name__ == "__main__":
    main()

"""A process that asks alice by email, and receives what she answers, until it is killed: STORE RUN."""

import asyncio
import sys

from handrail import Actor, App, EmailApprovalNode
from handrail.channels.email import from_environment


async def work(store: str, run_id: str) -> None:
    app = App(store=store, channels={"email": from_environment()})
    app.flow("deploy", EmailApprovalNode(to="alice@example.com", title="Deploy 4.2?"))
    async with app.connect():
        if await app.people.is_empty():
            await app.people.add("alice", actor=Actor("root"), email="alice@example.com")
    async with app:
        await app.start("deploy", {"content": "version 4.2"}, run_id=run_id)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))

"""A folder with a store and worker processes that carry its requests to the local Slack, which this process holds.

The test looks at the store, and acts there, without working on anything itself.
"""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from handrail import App
from handrail.inbox.ports import Message as Told
from tests.support.journey_process import Site, ended, ready
from tests.support.slack import Channel, Message, SlackServer
from tests.support.slack_office import SCOPES, Office, add_people, furnish

LATER = 150.0
"""seconds after which what a dead process had taken is due again, and more"""


class SlackSite(Office):
    """An office whose app works in processes of its own."""

    site: Site

    def worker(
        self, *, ahead: float = 0.0, fast: float = 1.0, kill_at: str | None = None, socket: bool = True
    ) -> subprocess.Popen[str]:
        """Start a worker; `ahead` are seconds that its clock is ahead, `kill_at` is where it dies."""
        command = [sys.executable, "-m", "tests.support.slack_worker", self.site.store]
        environment = {"SLACK_BOT_TOKEN": self.slack.bot_token, "SLACK_API_URL": self.slack.api_url}
        if socket:
            environment["SLACK_APP_TOKEN"] = self.slack.app_token
        if kill_at is not None:
            environment["HANDRAIL_KILL_AT"] = kill_at
        return self.site.process([*command, f"--ahead={ahead}", f"--fast={fast}"], **environment)

    async def ready(self, process: subprocess.Popen[str], connections: int | None = None) -> None:
        """Wait until a worker works, and Slack has so many connections."""
        await asyncio.to_thread(ready, process)
        if connections is not None:
            await self.slack.until(lambda: self.slack.connections == connections, 60.0)

    async def begun(self, process: subprocess.Popen[str]) -> bool:
        """Return whether a worker works in the end, or has died before."""
        assert process.stdout is not None
        return await asyncio.to_thread(process.stdout.readline) == "ready\n"

    async def dead(self, process: subprocess.Popen[str]) -> int:
        """Wait for the end of a worker, and return its code."""
        return await asyncio.to_thread(ended, process)

    async def sent(self, count: int = 1) -> list[Told]:
        """Return all messages once there are so many at least, and all are sent."""

        def done(tx: Any) -> bool:
            messages = tx.messages(None, 100_000)
            return len(messages) >= count and all(each.state == "sent" for each in messages)

        await self.until(done, 120.0)
        return list(await self.app.store.read(lambda tx: tx.messages(None, 100_000)))

    async def kill(self, process: subprocess.Popen[str]) -> None:
        """Let a worker die on the spot."""
        process.send_signal(signal.SIGKILL)
        assert await self.dead(process) == -signal.SIGKILL

    def replies(self, room: Channel | None = None) -> list[Message]:
        """Return what the app has said in threads."""
        return [
            each
            for each in self.slack.messages(room or self.deploys)
            if each.thread_ts not in (None, each.ts) and each.bot_id
        ]

    def seen(self) -> Counter[str]:
        """Return how often each of our messages stands anywhere in Slack, by its metadata."""
        return seen(self.slack)


def seen(slack: SlackServer) -> Counter[str]:
    """Return how often each message of the outbox stands anywhere in Slack, by its metadata."""
    found = (each.metadata for each in slack.state.messages.posted if not each.deleted)
    return Counter(each["event_payload"]["message"] for each in found if each)


@asynccontextmanager
async def slack_site(folder: Path, slack: SlackServer | None = None) -> AsyncIterator[SlackSite]:
    """Open the store, let there be people, and end all processes at the end."""
    async with SlackServer(scopes=SCOPES) if slack is None else _open(slack) as server:
        people, deploys = furnish(server)
        site = Site(folder, "")
        app = App(store=site.store)
        async with app.connect():
            await add_people(app)
            at = SlackSite(app, server, deploys, people)
            at.site = site
            try:
                yield at
            finally:
                await asyncio.to_thread(site.close)


@asynccontextmanager
async def _open(slack: SlackServer) -> AsyncIterator[SlackServer]:
    yield slack

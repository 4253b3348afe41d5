"""Messages a second to Slack: requests posted through the outbox, beside bare slack_sdk posting as many.

Both talk to the local Slack of the tests, without rate limits, one message after the other. The bare client posts
blocks of the same size and stores nothing. Run: `python benchmarks/slack_messages.py [COUNT]`.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.slack import SlackServer
from tests.support.slack_office import office


async def through_the_outbox(folder: str, count: int) -> tuple[float, list[dict[str, object]]]:
    """Return messages a second, and the blocks of one."""
    async with office(f"sqlite:///{folder}/handrail.db") as at:
        at.slack.rate.on = False
        await asyncio.gather(*(at.open(title="first") for _ in range(10)))
        await at.slack.until(lambda: len(at.posted()) == 10, 60.0)
        began = time.perf_counter()
        await asyncio.gather(*(at.open(title=f"request {number}") for number in range(count)))
        await at.slack.until(lambda: len(at.slack.state.messages.posted) == count + 10, 600.0)
        return count / (time.perf_counter() - began), at.posted()[0].blocks


async def bare(count: int, blocks: list[dict[str, object]]) -> float:
    """Return messages a second of slack_sdk alone."""
    async with SlackServer() as slack, aiohttp.ClientSession() as session:
        slack.rate.on = False
        room = slack.channel("C1", "deploys")
        client = AsyncWebClient(slack.bot_token, slack.api_url, session=session)
        began = time.perf_counter()
        for number in range(count):
            await client.chat_postMessage(channel=room.id, text=f"request {number}", blocks=blocks)
        return count / (time.perf_counter() - began)


async def main(count: int) -> None:
    """Measure both, in turn, three times, and print the best."""
    ours, theirs = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            rate, blocks = await through_the_outbox(folder, count)
        ours.append(rate)
        theirs.append(await bare(count, blocks))
    print(f"outbox {max(ours):.0f}/s, slack_sdk {max(theirs):.0f}/s, ratio {max(ours) / max(theirs):.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))

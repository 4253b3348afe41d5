"""A worker process with Slack: `python -m tests.support.slack_worker STORE [--ahead SECONDS] [--fast TIMES]`.

Slack is set up by the environment (`SLACK_BOT_TOKEN`, `SLACK_API_URL` ...). It prints `ready` once it works, and works
until its standard output is read no more or it is killed.
"""

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta

from handrail import App
from handrail.channels.slack import from_environment


class RushingClock:
    """The time of this machine and some more, going so many times as fast from now on."""

    def __init__(self, ahead: float, fast: float) -> None:
        self._begin = datetime.now(UTC)
        self._ahead = timedelta(seconds=ahead)
        self._fast = fast

    def now(self) -> datetime:
        return self._begin + self._ahead + (datetime.now(UTC) - self._begin) * self._fast


async def main(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = RushingClock(options.ahead, options.fast)
    async with App(store=options.store, channels={"slack": from_environment()}, clock=clock):
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("--ahead", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--fast", type=float, default=1.0, metavar="TIMES")
    asyncio.run(main(parser.parse_args(sys.argv[1:])))

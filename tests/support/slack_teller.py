"""A process that delivers through Slack all that is due: `python slack_teller.py URL TOKEN API`."""

import asyncio
import sys

from handrail import App
from handrail.channels.slack import Slack
from handrail.inbox.clock import SystemClock
from handrail.inbox.outbox import Outbox


async def main(url: str, token: str, api: str) -> None:
    """Deliver all that is due."""
    slack = Slack(token, api_url=api)
    app = App(store=url, channels={"slack": slack})
    async with app.connect(), slack.serve(app.door("slack")):
        outbox = Outbox(app.store, app.channels, SystemClock(), app.link)
        while await outbox.deliver_due():
            pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

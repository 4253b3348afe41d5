"""Draws docs/images/demo.svg: what a reviewer sees in `make demo`, through the code that shows it there.

Run it from the repository's folder: `.venv/bin/python docs/images/make_demo.py`.
"""

import asyncio
import io
import re
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from handrail import Actor, App, FeedbackLoop
from handrail.channels.terminal.render import rendered
from handrail.channels.terminal.screen import keys
from handrail.cli.stand_in import draft, revise
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from handrail.runs.run import RunStatus

PROMPT = "Write a short post about why software should ask people before it acts"
FEEDBACK = "Make it shorter and mention the price"


async def second_round() -> tuple[HumanRequest, dict[str, object] | None]:
    """Return the request of the second round and what the first one proposed."""
    app = App(store="memory://")
    loop = FeedbackLoop(
        llm=lambda messages: revise(draft(PROMPT), FEEDBACK), title="Publish this post?", timeout=86_400
    )
    app.flow("publish-post", loop)
    async with app:
        await app.start("publish-post", {"output": draft(PROMPT)}, run_id="post-1")
        first = await _open(app, 1)
        await app.inbox.decide(first.id, "request_changes", comment=FEEDBACK, actor=Actor("alice"))
        second = await _open(app, 2)
        previous = await views.previous_proposal(app.store, second)
        await app.runs.cancel("post-1", actor="alice")
        return second, previous


def _model(messages: list[dict[str, str]]) -> str:
    return revise(draft(PROMPT), FEEDBACK)


async def _open(app: App, revision: int) -> HumanRequest:
    while True:
        for request in await views.requests(app.store, ["OPEN"]):
            if request.revision == revision:
                return request
        if (await app.runs.get("post-1")).status is RunStatus.FAILED:
            raise SystemExit("the run failed")
        await asyncio.sleep(0.01)


def main() -> None:
    """Draw it."""
    request, previous = asyncio.run(second_round())
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    for part in rendered(request, previous, datetime.now(UTC), 100):
        console.print(part)
    console.print(keys("[a]pprove  [e]dit  request [c]hanges  [r]eject  [s]kip  [q]uit  [?]"))
    console.print("> a")
    console.print("✓ You approved.", style="green")
    drawn = console.export_svg(title="make demo", unique_id="handrail")
    # A picture loads nothing from elsewhere: the reader's own monospaced font has to do.
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    Path(__file__).with_name("demo.svg").write_text(re.sub(r"<!--.*?-->", "", drawn, flags=re.DOTALL))


if __name__ == "__main__":
    main()

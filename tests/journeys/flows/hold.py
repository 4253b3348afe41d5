"""Steps that are held until a file appears, so that a journey can do something to their process meanwhile."""

import asyncio
from pathlib import Path
from typing import Any

from handrail import App, ChainableNode, FunctionNode, ask, sleep
from tests.support.journey_effects import effect

Data = dict[str, Any]


class Hold(ChainableNode):
    """Works until the file `go` is there."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        effect("entered")
        try:
            while not Path("go").exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            effect("told")
            raise
        return {**data, "held": effect("left")}


class Ask(ChainableNode):
    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        effect("before")
        return {**data, "answer": await ask("Well?")}


async def nap(seconds: float) -> Data:
    await sleep(seconds)
    return {"slept": seconds}


hold = FunctionNode(lambda x: {**x, "first": effect("first")}, name="first") | Hold(name="hold")
question = Ask(name="question") | FunctionNode(lambda x: {**x, "after": effect("after")}, name="after")


def make_app(store: str, **options: Any) -> App:
    app = App(store=store, **options)
    app.flow("hold", hold)
    app.flow("nap", nap)
    app.flow("question", question)
    return app

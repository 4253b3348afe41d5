"""Flows of nodes that hold nodes, for the journeys that kill processes in their middle.

One item of a map is slow: it ends only once the others have ended, so their answers must be taken up beside it.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

from handrail import App, ChainableNode, Loop, MapNode, Parallel, QualityControl, Stage, ask, step
from handrail.requests.request import HumanRequest
from tests.support import journey_effects
from tests.support.journey_effects import effect

Data = dict[str, Any]

ITEMS: list[Any] = ["a", "b", "slow", "c", "d"]
ASKED = [item for item in ITEMS if item != "slow"]
HELD: list[Any] = ["a", "b", "held", "c", "d"]


class Asks(ChainableNode):
    """Works before it asks and after."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        item = data["item"]
        before = await step("before", effect_of, f"before {item}")
        said = await ask(f"{item}?")
        after = await step("after", effect_of, f"after {item}")
        return {"item": item, "said": said, "keys": [before, after]}


class Slow(ChainableNode):
    """Is executed until the others have ended, or until the file `go` is there."""

    def __init__(self, name: str | None = None, *, others: int, held: bool = False) -> None:
        super().__init__(name=name)
        self.others = others
        self.held = held

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        effect("entered")
        while not (Path("go").exists() if self.held else ended() >= self.others):  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.01)
        return {"slow": await step("slow", effect_of, "left")}


class Item(ChainableNode):
    """One item of a map."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        match data["item"]:
            case "slow":
                return await Slow(others=len(ASKED)).execute(data)
            case "held":
                return await Slow(others=0, held=True).execute(data)
        return await Asks().execute(data)


def ended() -> int:
    """Return how many of the others have ended."""
    lines = journey_effects.read(Path(os.environ[journey_effects.FILE]))
    return len({line["what"] for line in lines if line["what"].startswith("after")})


async def effect_of(what: str) -> str:
    return effect(what)


class Named(Asks):
    """The same, asking for itself."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return await super().execute({"item": self.name})


async def merge(results: list[Data]) -> Data:
    return {"merged": effect("merge"), "said": [result["said"] for result in results[:3]]}


class Round(ChainableNode):
    """One round of a loop: it works, asks and works again."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        number = data["round"] + 1
        await step("before", effect_of, f"before round {number}")
        said = await ask(f"Round {number}?")
        await step("after", effect_of, f"after round {number}")
        return {"round": number, "said": [*data["said"], said]}


def measured(data: Data) -> float:
    effect("measured")
    return 0.8


def counted(data: Data) -> Data:
    effect("counted")
    return {"score": 1, "comment": "counted"}


FLOWS: dict[str, ChainableNode] = {
    "parallel": Parallel(
        Named(name="x"), Named(name="y"), Named(name="z"), Slow("slow", others=3), merge=merge
    ),
    "map": MapNode(Item(), over="items"),
    "limited": MapNode(Item(), over="items", limit=2),
    "loop": Loop(Round(), until=lambda x: x["round"] == 3, name="loop"),
    "quality": QualityControl(
        [measured, "peer_review", Stage("counting", counted), Stage("expert_review", pass_mark=0.9)]
    ),
}

INPUTS: dict[str, Data] = {
    "parallel": {},
    "map": {"items": ITEMS},
    "limited": {"items": ITEMS},
    "loop": {"round": 0, "said": []},
    "quality": {"content": "A text."},
}

QUESTIONS: dict[str, list[str]] = {
    "parallel": ["x?", "y?", "z?"],
    "map": [f"{item}?" for item in ASKED],
    "limited": [f"{item}?" for item in ASKED],
    "loop": [f"Round {number}?" for number in (1, 2, 3)],
    "quality": [f"{who} review: give a score from 0 to 1" for who in ("Peer", "Expert")],
}


def result_is_right(flow: str, result: Data) -> bool:
    """Whether a run of this flow came to the only result that it may come to."""
    match flow:
        case "parallel":
            return bool(result == {"merged": "r/0/merge", "said": ["x!", "y!", "z!"]})
        case "map" | "limited":
            said = [(one.get("item"), one.get("said")) for one in result["results"]]
            return said == [(item, f"{item}!") if item in ASKED else (None, None) for item in result["items"]]
        case "loop":
            rounds = [f"Round {number}!" for number in (1, 2, 3)]
            return bool(result == {"round": 3, "said": rounds, "iterations": 3})
    control = result["quality_control"]
    return control["passed"] is True and [one["score"] for one in control["scores"]] == [0.8, 0.9, 1, 0.9]


def make_app(store: str, **options: Any) -> App:
    app = App(store=store, **options)
    for name, flow in FLOWS.items():
        app.flow(name, flow)
    return app


def answer(request: HumanRequest) -> dict[str, Any]:
    """Return what bob says."""
    if request.draft.kind == "score":
        return {"verb": "answer", "payload": {"score": 0.9}}
    return {"verb": "answer", "payload": request.draft.title.replace("?", "!")}

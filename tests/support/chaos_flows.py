"""The flows of the chaos test: people, branches, loops, tasks, timers, and steps that must not be repeated.

Each flow hands on what its steps returned (`tokens`) and what people said (`heard`), shows the first to people, and
ends with a step `finish` that has seen all of it. What people are asked has a title that is unique in its run.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from handrail import (
    App,
    AsyncHumanQueue,
    ChainableNode,
    FeedbackLoop,
    HumanApprovalNode,
    Loop,
    MapNode,
    MultiReviewerNode,
    TaskRouter,
    ask,
    escalation,
    gather,
    outcome,
    sleep,
    step,
    uuid,
)
from tests.support.chaos_effects import JumpedClock, act

Data = dict[str, Any]
NAP = 6.0
"""seconds between the steps `before` and `woke`"""
PEOPLE = ["alice", "bob", "carol"]


async def do(what: str, data: Data, *, careful: bool = False, fails: float = 0.0) -> Data:
    """Execute a step and hand its token on."""
    options: Data = {"on_interrupt": "ask"} if careful else {"retries": 50, "backoff": 0.01} if fails else {}
    token = await step(what, act, what, data["tokens"], data["heard"], careful, fails, **options)
    return {**data, "tokens": {**data["tokens"], what: token}}


def hears(data: Data, result: Data) -> Data:
    """Hand on what people said."""
    said = result.get("result") or result.get("feedback") or result["comment"]
    return {**data, "heard": {**data["heard"], result["request_id"]: said}}


def joined(*parts: Data) -> Data:
    """Hand on what several branches have seen."""
    return {
        key: {name: value for part in parts for name, value in part[key].items()}
        for key in ("tokens", "heard")
    }


async def question(title: str, data: Data, **options: Any) -> Data:
    """Ask for a text."""
    said = await ask(title, context={"tokens": data["tokens"]}, **options)
    return {**data, "heard": {**data["heard"], title: said}}


async def approval(title: str, data: Data, **options: Any) -> Data:
    """Ask for an approval."""
    node = HumanApprovalNode(name=title, title=title, **options)
    return hears(data, await node.execute({"note": "as proposed", "tokens": data["tokens"]}))


async def pipeline(data: Data) -> Data:
    """A step, an approval with everything that time can do to it, a step."""
    data = await do("draft", data)
    data = await approval(
        "publish it?",
        data,
        audience=["alice", "bob"],
        reminders=[4, 9, 10],
        escalations=[escalation(6, "carol"), escalation(12, "dave")],
        timeout=30,
        on_timeout="approve",
    )
    return await do("finish", data, careful=True)


class Draft(ChainableNode):
    """A node that acts itself."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        token = await act("draft", data["tokens"], data["heard"])
        return {**data, "tokens": {"draft": token}, "note": "as proposed"}


class Publish(ChainableNode):
    """A node with a step inside."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return await do("finish", hears(data, data))


class Revise(ChainableNode):
    """Makes the next version of a draft."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        data = await do(f"version {data['iteration'] + 1}", hears(data, data))
        return {**data, "output": {"tokens": data["tokens"]}}


async def feedback(data: Data) -> Data:
    """Rounds of one thread."""
    data = await do("version 1", data)
    loop = FeedbackLoop(
        Revise(name="revise"),
        max_iterations=4,
        title=lambda x: f"version {x.get('iteration', 0) + 1}",
        audience=PEOPLE,
        timeout=40,
        name="loop",
    )
    return await do("finish", await loop.execute({**data, "output": {"tokens": data["tokens"]}}))


class Item(ChainableNode):
    """One item that several people judge."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        item = data["item"]
        data = await do(f"before {item}", data)
        board = MultiReviewerNode(PEOPLE, 0.66, title=f"judge {item}", reminders=[5], timeout=25)
        return await do(
            f"after {item}", hears(data, await board.execute({"content": data["tokens"], **data}))
        )


async def panel(data: Data) -> Data:
    """Items that wait and wake alone."""
    items = [{**data, "item": item} for item in ("a", "b", "c")]
    mapped = await MapNode(Item(), over="items", limit=2, name="items").execute({"items": items})
    return await do("finish", joined(*mapped["results"]))


async def waiting(data: Data) -> Data:
    """Sleeps, and asks somebody who may be silent."""
    data = await do("before", data)
    await sleep(NAP)
    data = await do("woke", data)
    asked = str(await uuid())[:4]
    data = await question(f"which {asked}?", data, timeout=12, on_timeout=outcome("answer", "silence"))
    data = await approval(
        "climbs the ladder",
        data,
        audience=["alice"],
        timeout=5,
        on_timeout="escalate",
        escalations=[escalation(100, "bob"), escalation(200, "carol")],
    )
    return await do("finish", data)


class Round(ChainableNode):
    """A task for whoever of a pool has room, and work before and after it."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        number = data["round"] + 1
        data = await do(f"before {number}", {**data, "round": number})
        router = TaskRouter({"review": ["tina", "tom"]}, title=f"task {number}", timeout=60, name="router")
        task = {"content": f"round {number}", "priority": data["priority"], "tokens": data["tokens"]}
        return await do(f"after {number}", hears(data, await router.execute(task)))


async def routed(data: Data) -> Data:
    """A loop of tasks for a small pool."""
    loop = Loop(Round(), until=lambda x: x["round"] == 2, name="loop")
    return await do("finish", await loop.execute({**data, "round": 0}))


async def shared(data: Data) -> Data:
    """A task that another run may give as well: people do it once."""
    data = await do("before", data)
    task = {"task_id": data["task"], "content": f"shared {data['task']}"}
    result = await AsyncHumanQueue(name="shared").execute(task)
    return await do("finish", hears(data, result))


def side(name: str, data: Data) -> Callable[[], Awaitable[Data]]:
    """Return a branch that works before it asks and after."""

    async def branch() -> Data:
        before = await do(f"before {name}", data, fails=0.3)
        return await do(f"after {name}", await question(f"{name}?", before))

    return branch


async def careful(data: Data) -> Data:
    """Steps that must not be repeated silently, around branches with steps that fail."""
    data = await do("first", data, careful=True)
    data = joined(*await gather(side("left", data), side("right", data)))
    data = await do("second", data, careful=True)
    return await do("finish", data, careful=True)


chained = (
    Draft(name="draft")
    | HumanApprovalNode(name="approve", title="approve it", audience=PEOPLE)
    | Publish(name="publish")
)
FLOWS: dict[str, Any] = {
    "pipeline": pipeline,
    "chained": chained,
    "feedback": feedback,
    "panel": panel,
    "waiting": waiting,
    "routed": routed,
    "shared": shared,
    "careful": careful,
}


def make_app(database: Path, *, flows: bool = True) -> App:
    """Return the app as every process of the chaos test has it."""
    app = App(store=f"sqlite:///{database}", clock=JumpedClock())
    for name, flow in FLOWS.items() if flows else ():
        app.flow(name, flow)
    return app

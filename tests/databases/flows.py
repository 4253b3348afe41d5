"""The flows whose runs wait in the databases of every level.

They are never changed: what waits in an old database waits for this very code. What a later level can do besides is in
a module of its own (`flows_2`), and in a database from that level on.
"""

import os
from collections import Counter
from typing import Any

from pydantic import BaseModel

from handrail import (
    App,
    FeedbackLoop,
    FunctionNode,
    HumanApprovalNode,
    approval_required,
    ask,
    at_least,
    escalation,
    gather,
    now,
    sleep,
    step,
    uuid,
)
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.clock import SystemClock
from handrail.stores.migration import migrations

Data = dict[str, Any]

LEVEL = migrations()[-1][0]
DAY = 86_400.0
BROKEN = "DATABASES_BROKEN"
"""set while a database is made: what fails then is mended afterwards"""
DONE: Counter[str] = Counter()
"""the steps that were executed in this process"""


def done(what: str) -> str:
    DONE[what] += 1
    return what


def draft(data: Data) -> Data:
    done("draft")
    return {"id": "post-1", "content": f"About {data['topic']}"}


def published(data: Data) -> Data:
    return {"published": data["approved"], "content": data["content"]}


publish = (
    FunctionNode(draft, name="draft")
    | HumanApprovalNode(name="approve")
    | FunctionNode(published, name="publish")
)
unnamed = FunctionNode(draft) | HumanApprovalNode() | FunctionNode(published)
board = FunctionNode(draft, name="draft") | HumanApprovalNode(
    name="board", quorum=at_least(2), audience=["alice", "bob", "carol"]
)
deadline = FunctionNode(draft, name="draft") | HumanApprovalNode(
    name="approve",
    timeout=7 * DAY,
    on_timeout="approve",
    reminders=[DAY],
    audience=["alice"],
    escalations=[escalation(after=3 * DAY, to="dave")],
    channels=["post"],
)
feedback = FunctionNode(lambda x: {"output": x["topic"]}, name="draft") | FeedbackLoop(
    FunctionNode(lambda x: {**x, "output": f"{x['output']}, {x['feedback']}"}, name="revise"), name="loop"
)


async def asleep(data: Data) -> Data:
    before = await step("before", done, "before")
    at, token = await now(), await uuid()
    await sleep(30 * DAY)
    return {
        "before": before,
        "after": await step("after", done, "after"),
        "at": at.isoformat(),
        "id": len(str(token)),
    }


async def paid(data: Data) -> Data:
    return {"receipt": await step("pay", done, "pay", on_interrupt="ask")}


async def cut_off(data: Data) -> Data:
    return {"done": [await step(name, done, name) for name in ("one", "two")]}


def mended(data: Data) -> Data:
    if os.environ.get(BROKEN):
        raise OSError("the other side doesn't answer")
    return {**data, "mended": done("mended")}


fails = FunctionNode(draft, name="draft") | FunctionNode(mended, name="mended")
retries = FunctionNode(draft, name="draft") | FunctionNode(mended, name="mended", retries=5, backoff=3600.0)


async def branches(data: Data) -> Data:
    async def side(name: str) -> list[str]:
        return [await step("before", done, name), await ask(f"{name}?")]

    return {"all": await gather(*(lambda name=name: side(name) for name in ("left", "middle", "right")))}


class Order(BaseModel):
    """An answer."""

    item: str
    count: int = 1


async def question(topic: str) -> Data:
    order = await ask(f"What do you order of {topic}?", schema=Order, name="order")
    tone = await ask("Which tone?", choices=["dry", "warm"])
    return {"item": order.item, "count": order.count, "tone": tone}


@approval_required
async def pay(order: str, amount: int) -> str:
    return f"paid {amount} for {order}"


async def guarded(data: Data) -> Data:
    return {"receipt": await pay("order-7", 100)}


renamed = (
    FunctionNode(draft, name="write")
    | HumanApprovalNode(name="approve")
    | FunctionNode(published, name="publish")
)

FLOWS: dict[str, Any] = {
    "publish": publish,
    "unnamed": unnamed,
    "board": board,
    "deadline": deadline,
    "feedback": feedback,
    "asleep": asleep,
    "paid": paid,
    "cut_off": cut_off,
    "fails": fails,
    "retries": retries,
    "branches": branches,
    "question": question,
    "guarded": guarded,
    "renamed": publish,
}
"""`renamed` is begun as it stands here, and goes on as the flow `renamed`"""

TOPIC = {"topic": "rivers"}
YES = {"published": True, "content": "About rivers"}

RUNS: dict[str, tuple[str, str, Data]] = {
    "pending": ("publish", "PENDING", YES),
    "approval": ("publish", "WAITING", YES),
    "claimed": ("publish", "WAITING", YES),
    "answered": ("publish", "WAITING", YES),
    "finished": ("publish", "FINISHED", YES),
    "cancelled": ("publish", "CANCELLED", {}),
    "unnamed": ("unnamed", "WAITING", YES),
    "half-voted": ("board", "WAITING", {"approved": True, "decided_by": "alice, bob"}),
    "deadline": ("deadline", "WAITING", {"approved": True, "decided_by": None}),
    "round-2": ("feedback", "WAITING", {"final_output": "rivers, longer, shorter", "iterations": 3}),
    "asleep": ("asleep", "WAITING", {"before": "before", "after": "after", "id": 36}),
    "interrupted": ("paid", "WAITING", {"receipt": "it was paid"}),
    "cut-off": ("cut_off", "RUNNING", {"done": ["one", "two"]}),
    "failed": ("fails", "FAILED", {"content": "About rivers", "mended": "mended"}),
    "retrying": ("retries", "WAITING", {"content": "About rivers", "mended": "mended"}),
    "branches": (
        "branches",
        "WAITING",
        {"all": [[name, f"{name}!"] for name in ("left", "middle", "right")]},
    ),
    "question": ("question", "WAITING", {"item": "tea", "count": 2, "tone": "warm"}),
    "guarded": ("guarded", "WAITING", {"receipt": "paid 50 for order-7"}),
    "attention": ("renamed", "NEEDS_ATTENTION", YES),
}
"""by run id: the flow, how it stands in the database, and what it comes to in the end"""

INPUTS: dict[str, Data] = {}
"""by run id, where it isn't TOPIC"""

AGAIN = {"one", "two", "pay", "after", "mended", "draft"}
"""steps that may be executed after the upgrade: those that had not been, and the draft of the run that is pending"""

Answer = tuple[str, str, Any]


def answer(title: str, kind: str, revision: int) -> list[Answer]:
    """Return who says what about a request: name, verb, and the payload or the comment."""
    match kind, title:
        case "feedback", _ if revision < 3:
            return [("bob", "request_changes", ["longer", "shorter"][revision - 1])]
        case "interrupted", _:
            return [("bob", "answer", {"what": "happened", "result": "it was paid"})]
        case "question", "Which tone?":
            return [("bob", "answer", "warm")]
        case "question", _ if title.startswith("What do you order"):
            return [("bob", "answer", {"item": "tea", "count": 2})]
        case "question", _:
            return [("bob", "answer", title.replace("?", "!"))]
        case "tool", _:
            return [("bob", "edit", {"amount": 50})]
    return [("bob", "approve", None)]


class Post(Channel):
    """A channel that is out of order while a database is made."""

    follows = False

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def deliver(self, delivery: Delivery) -> None:
        if os.environ.get(BROKEN):
            raise OSError("the post is on strike")
        self.sent.append(delivery.message.occasion)


def make_app(store: str, clock: Any, **changed: Any) -> App:
    """Return an app that knows all flows; `changed` are flows that are others now."""
    app = App(store=store, clock=clock, channels={"post": Post()})
    for name, flow in {**FLOWS, **changed}.items():
        app.flow(name, flow)
    if LEVEL >= 6:
        app.team(flows_6.make_team())
    return app


if LEVEL >= 2:
    from tests.databases import flows_2

    FLOWS.update(flows_2.FLOWS)
    RUNS.update(flows_2.RUNS)
    INPUTS.update(flows_2.INPUTS)

if LEVEL >= 6:
    from tests.databases import flows_6

    RUNS.update(flows_6.RUNS)

app = make_app("sqlite:///handrail.db", SystemClock())

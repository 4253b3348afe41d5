"""A flow with every kind of step, for the journeys that kill its process at every kill point."""

import os
from typing import Any

from handrail import (
    App,
    ChainableNode,
    FeedbackLoop,
    FunctionNode,
    HumanApprovalNode,
    approval_required,
    ask,
    gather,
    now,
    sleep,
    step,
    uuid,
)
from handrail.inbox.channel import Channel, Delivery
from handrail.requests.request import HumanRequest
from tests.support import journey_effects
from tests.support.journey_effects import effect

Data = dict[str, Any]

QUESTIONS = [
    "Which tone?",
    "Approval required",
    "Review the draft (round 1 of 3)",
    "Review the draft (round 2 of 3)",
]
QUESTIONS += ["left?", "right?", "Call pay?", "Nobody looks"]


class Draft(ChainableNode):
    """A node with a step inside."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        outline = await step("outline", outlined, data["topic"])
        effect("draft")
        return {**data, "content": f"{outline}, written"}


async def outlined(topic: str) -> str:
    effect("outline")
    return f"outline of {topic}"


def revise(data: Data) -> Data:
    effect("revise")
    return {**data, "output": f"{data['output']}, {data['feedback']}"}


class Ask(ChainableNode):
    """A branch: it works before it asks and after."""

    def __init__(self, side: str) -> None:
        super().__init__(name=side)
        self.side = side

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        before = await step("before", effect_of, self.side)
        answer = await ask(f"{self.side}?")
        return {"side": self.side, "answer": answer, "before": before}


async def effect_of(what: str) -> str:
    return effect(what)


@approval_required
async def pay(order: str, amount: int) -> str:
    effect("pay")
    return f"paid {amount} for {order}"


class Publish(ChainableNode):
    """What must not be repeated silently."""

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        return {"published": True, "key": effect("publish")}


async def everything(topic: str) -> Data:
    chain = Draft(name="draft") | FunctionNode(lambda x: {**x, "shaped": True}, name="shape")
    data = await chain.execute({"topic": topic})
    at, token = await now(), await uuid()
    tone = await ask("Which tone?", choices=["dry", "warm"])
    approved = await HumanApprovalNode(name="approve", channels=["post"]).execute(
        {"content": data["content"]}
    )
    loop = FeedbackLoop(FunctionNode(revise, name="revise"), name="loop")
    reviewed = await loop.execute({"output": approved["content"]})
    await sleep(0.02)
    left, right = await gather(Ask("left").execute({}), Ask("right").execute({}))
    receipt = await pay("order-7", 100)
    silent = await HumanApprovalNode(timeout=0.1, title="Nobody looks", name="silent").execute(
        {"content": "?"}
    )
    published = await Publish(name="publish", on_interrupt="ask").execute({})
    return {
        "content": data["content"],
        "tone": tone,
        "approved": approved["approved"],
        "reviewed": reviewed["final_output"],
        "rounds": reviewed["iterations"],
        "branches": [left["answer"], right["answer"]],
        "receipt": receipt,
        "silence": silent["reason"],
        "published": published["published"],
        "at": at.isoformat(),
        "token": str(token),
    }


EXPECTED = {
    "content": "outline of AI, written",
    "tone": "dry",
    "approved": True,
    "reviewed": "outline of AI, written, shorter",
    "rounds": 2,
    "branches": ["left!", "right!"],
    "receipt": "paid 50 for order-7",
    "silence": "timeout",
    "published": True,
}


class Post(Channel):
    """A channel that writes down what it carries."""

    follows = False

    async def deliver(self, delivery: Delivery) -> None:
        journey_effects.write(
            {
                "what": "post",
                "key": delivery.message.id,
                "occasion": delivery.message.occasion,
                "pid": os.getpid(),
            }
        )


def make_app(store: str, **options: Any) -> App:
    app = App(store=store, channels={"post": Post()}, **options)
    app.flow("everything", everything)
    return app


def answer(request: HumanRequest) -> dict[str, Any] | None:
    """Return what bob says."""
    match request.draft.kind, request.draft.title:
        case "question", "Which tone?":
            return {"verb": "answer", "payload": "dry"}
        case "question", title:
            return {"verb": "answer", "payload": title.replace("?", "!")}
        case "feedback", _ if request.revision == 1:
            return {"verb": "request_changes", "comment": "shorter"}
        case "tool", _:
            return {"verb": "edit", "payload": {"amount": 50}}
        case "interrupted", _:
            return {"verb": "answer", "payload": {"what": "run_again"}}
        case _, "Nobody looks":
            return None
    return {"verb": "approve"}

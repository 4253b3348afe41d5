"""The flows that wait in databases from level 2 on: many branches, tasks of queues, pools of workers. Never changed."""

from typing import Any

from handrail import (
    Actor,
    App,
    AsyncHumanQueue,
    Branch,
    FunctionNode,
    HumanApprovalNode,
    Loop,
    MapNode,
    MultiReviewerNode,
    Parallel,
    QualityControl,
    SmartHITLNode,
    TaskRouter,
)
from handrail.inbox import views
from tests.support.journey_process import until

Data = dict[str, Any]

both = Parallel(
    FunctionNode(lambda x: {**x, "words": 1}, name="counts")
    | HumanApprovalNode(name="left", title="Approve left"),
    HumanApprovalNode(name="right", title="Approve right"),
    merge=lambda results: {"approved": [result["approved"] for result in results]},
    name="both",
)
many = MapNode(
    FunctionNode(lambda x: {"content": x["item"].upper()}, name="shape") | HumanApprovalNode(name="approve"),
    over="items",
    limit=3,
    name="many",
)
looped = Loop(
    Branch(
        lambda x: x.get("round", 0) < 9,
        FunctionNode(lambda x: {**x, "round": x.get("round", 0) + 1}),
        name="which",
    )
    | HumanApprovalNode(name="approve", title=lambda x: f"Enough? ({x['round']})"),
    until=lambda x: x["approved"],
    name="rounds",
)
labels = AsyncHumanQueue("labels")


async def labelled(data: Data) -> Data:
    await labels.submit_task("shared", {"content": "a text"})
    await labels.submit_task("other", {"content": "another text"})
    return {
        "labels": [(await labels.get_result(name, timeout=None))["result"] for name in ("shared", "other")]
    }


async def drained(data: Data) -> Data:
    queue = AsyncHumanQueue()
    await queue.submit_task("own", {"content": "a text of its own"})
    await queue.process_queue()
    return {"label": (await queue.get_result("own"))["result"]}


router = TaskRouter({"translation": ["tina", "tom"]}, capacity=1, name="translate")
reviewers = MultiReviewerNode(["alice", "bob", "carol"], approval_threshold=0.66, name="board")
control = QualityControl([lambda x: 1.0, "peer_review", "expert_review"], name="control")
unsure = SmartHITLNode(name="unsure")

FLOWS: dict[str, Any] = {
    "both": both,
    "many": many,
    "looped": looped,
    "labelled": labelled,
    "drained": drained,
    "router": router,
    "reviewers": reviewers,
    "control": control,
    "unsure": unsure,
}

TASK = {"task_type": "translation", "content": "rivers"}
INPUTS: dict[str, Data] = {
    "map": {"items": ["a", "b", "c", "d", "e"]},
    "router-1": TASK,
    "router-2": TASK,
    "router-3": {**TASK, "priority": "low"},
    "router-4": {**TASK, "priority": "high"},
    "reviewers": {"content": "rivers"},
    "control": {"content": "rivers"},
    "unsure": {"content": "rivers", "confidence": 0.3},
}
TRANSLATED = {"result": {"text": "Flüsse"}, "status": "completed"}

RUNS: dict[str, tuple[str, str, Data]] = {
    "parallel": ("both", "WAITING", {"approved": [True, True]}),
    "map": ("many", "WAITING", {}),
    "loop": ("looped", "WAITING", {"round": 3, "iterations": 3, "approved": True}),
    "labelled": ("labelled", "WAITING", {"labels": ["label of a text", "label of another text"]}),
    "watching": ("labelled", "WAITING", {"labels": ["label of a text", "label of another text"]}),
    "drained": ("drained", "WAITING", {"label": "label of a text of its own"}),
    "router-1": ("router", "WAITING", TRANSLATED),
    "router-2": ("router", "WAITING", TRANSLATED),
    "router-3": ("router", "WAITING", TRANSLATED),
    "router-4": ("router", "WAITING", TRANSLATED),
    "reviewers": ("reviewers", "WAITING", {"approved": True, "total_reviewers": 3}),
    "control": ("control", "WAITING", {}),
    "unsure": ("unsure", "WAITING", {}),
}


def answer(title: str, kind: str, shown: Data, worker: str | None) -> list[tuple[str, str, Any]] | None:
    """Return who says what about a request, as in `flows`; None for what a later level has not added."""
    match kind, title:
        case "task", _ if worker is not None:
            return [(worker, "answer", {"text": "Flüsse"})]
        case "task", _:
            return [("bob", "answer", f"label of {shown['content']}")]
        case "score", _:
            return [("bob", "answer", {"score": 0.9})]
        case _, "Enough? (1)" | "Enough? (2)":
            return [("bob", "reject", None)]
    return None


async def begin(app: App) -> None:
    """Bring the runs to where they stand: some have their first answers."""
    await _decide(app, "parallel", "alice", "approve", title="Approve left")
    await _decide(app, "map", "alice", "approve")
    await _decide(app, "map", "alice", "approve")
    await _decide(app, "loop", "alice", "reject")
    await _decide(app, "reviewers", "alice", "approve")
    await _decide(app, "control", "alice", "answer", payload={"score": 0.8})
    for run_id, count in (("parallel", 1), ("map", 3), ("loop", 1), ("control", 1)):

        async def stands(run_id: str = run_id, count: int = count) -> bool:
            asked = await views.requests(app.store, ["OPEN"], run_id=run_id)
            return len(asked) == count and (await app.runs.get(run_id)).status == "WAITING"

        await until(stands, f"{run_id} asks {count}")


async def _decide(app: App, run_id: str, name: str, verb: str, title: str | None = None, **more: Any) -> None:
    found = await views.requests(app.store, ["OPEN"], run_id=run_id)
    request = next(request for request in found if title in (None, request.draft.title))
    await app.inbox.decide(request.id, verb, actor=Actor(name), **more)

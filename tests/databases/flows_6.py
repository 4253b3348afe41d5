"""The team that waits in databases from level 6 on. Never changed."""

from typing import Any

from handrail import Actor, Agent, App, Task, Team
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from handrail.teams.status import TaskStatus
from tests.support.journey_process import until

Data = dict[str, Any]
CALLS: list[str] = []
"""what the model was asked in this process"""


async def model(messages: list[Data]) -> Any:
    told = "\n".join(str(message["content"]) for message in messages)
    CALLS.append(told)
    if "Report" in told:
        return "a report"
    if "Pay" in told and "the key is 7" not in told:
        return {"block": "there is no key"}
    if "Analyse" in told:
        return "a short analysis" if "shorter" in told else "an analysis"
    return "paid"


def make_team() -> Team:
    ann = Agent("ann", "Analyst", model=model)
    return Team(
        "bees",
        [ann],
        [
            Task("Analyse {topic}", ann, external_validation_required=True, allow_parallel_execution=True),
            Task("Pay", ann, allow_parallel_execution=True),
            Task("Report {taskResult:task1}, {taskResult:task2}", ann),
        ],
    )


RUNS: dict[str, tuple[str, str, Data]] = {
    "bees": ("bees", "WAITING", {"status": "FINISHED", "result": "a report", "task": "task3"}),
    "bees/task1/1": ("bees", "FINISHED", {}),
    "bees/task1/2": ("bees", "FINISHED", {}),
    "bees/task2/1": ("bees", "FINISHED", {}),
}
"""as in `flows`; an analysis in its second round awaits validation, a task is blocked, and a report waits for both"""


async def begin(app: App) -> None:
    """Bring the team to where it stands, after its first wait."""
    (request,) = await _asked(app, 1)
    await app.inbox.decide(request.id, "request_changes", actor=Actor("bob"), comment="shorter")
    await _asked(app, 2)

    async def rests() -> bool:
        return (await app.runs.get("bees")).status == "WAITING"

    await until(rests, "the team waits")


async def _asked(app: App, revision: int) -> list[HumanRequest]:
    async def found() -> list[HumanRequest]:
        requests = await views.requests(app.store, ["OPEN"], run_id="bees")
        return [request for request in requests if request.revision == revision]

    return await until(found, f"revision {revision} is asked about")  # type: ignore[no-any-return]


async def unblock(app: App) -> None:
    """Bring the key, if a task waits for it."""
    for card in await app.store.read(lambda tx: tx.cards("bees", (TaskStatus.BLOCKED,))):
        await app.teams.unblock("bees", card.id, actor=Actor("bob"), note="the key is 7")

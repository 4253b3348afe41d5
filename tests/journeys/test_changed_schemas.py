"""What an answer has to look like changes while people are asked, and libraries are upgraded under runs that wait."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from handrail import Actor, App
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from tests.support.deployed import HEAD, Deployed
from tests.support.journey_process import until

pytestmark = pytest.mark.journey

ASKING = """
from typing import Annotated
from pydantic import BaseModel, Field


class Order(BaseModel):
    item: str
    count: {count} = 1


async def by_type(data):
    order = await ask("What do you order?", schema=Order)
    return {{"item": order.item, "count": order.count}}


async def by_choice(data):
    return {{"tone": await ask("Which tone?", choices={choices})}}


@approval_required
async def pay(order: str, amount: {amount}) -> str:
    done("pay")
    return f"paid {{amount}} for {{order}}"


async def guarded(data):
    return {{"receipt": await pay("order-7", 10)}}


"""
OLD = HEAD + ASKING.format(count="int", choices=["dry", "warm"], amount="int")
NEW = HEAD + ASKING.format(
    count="Annotated[int, Field(le=5)]", choices=["dry", "cold"], amount="Annotated[int, Field(le=20)]"
)
FLOWS = {"type": "by_type", "choice": "by_choice", "guarded": "guarded"}


@pytest.fixture
def deployed(tmp_path: Path) -> Deployed:
    return Deployed(tmp_path)


def start(deployed: Deployed, run_ids: dict[str, str], data: str = "{}") -> None:
    """Start these runs of these flows and let them come to their wait."""
    with deployed.worker():
        for run_id, flow in run_ids.items():
            deployed.fine("start", "app:app", flow, data, "--run-id", run_id)
        deployed.wait(list(run_ids), "WAITING")


def answered(deployed: Deployed, run_id: str, verb: str, given: Any) -> HumanRequest:
    """Wait for what a run asks, and say this; returns the request as it was asked."""

    async def said() -> HumanRequest:
        async with App(store=str(deployed.folder / "handrail.db")).connect() as app:

            async def asked() -> list[HumanRequest]:
                return await views.requests(app.store, ["OPEN"], run_id=run_id)

            (request,) = await until(asked, f"{run_id} asks")
            shown = request.content_hash
            await app.inbox.decide(request.id, verb, actor=Actor("bob"), payload=given, seen_hash=shown)
        return request

    return asyncio.run(said())


def test_an_answer_given_under_an_older_schema(deployed: Deployed) -> None:
    deployed.deploy(FLOWS, OLD)
    fits = {"type fits": "type", "choice fits": "choice", "guarded fits": "guarded"}
    misfits = {"type misfit": "type", "choice misfit": "choice", "guarded misfit": "guarded"}
    start(deployed, fits | misfits)
    deployed.deploy(FLOWS, NEW)
    assert deployed.fine("runs", "--check", "app:app").startswith("6 would go on (of 6 checked")

    answered(deployed, "type fits", "answer", {"item": "tea", "count": 5})
    answered(deployed, "choice fits", "answer", "dry")
    answered(deployed, "guarded fits", "edit", {"amount": 20})
    # What is open is what was shown: it is answered by its own schema, and looked at again when the run goes on.
    old_type = answered(deployed, "type misfit", "answer", {"item": "tea", "count": 9})
    old_choice = answered(deployed, "choice misfit", "answer", "warm")
    answered(deployed, "guarded misfit", "edit", {"amount": 500})
    with deployed.worker():
        deployed.wait(list(fits), "FINISHED")
        deployed.wait(["guarded misfit"], "FAILED")
        new_type = answered(deployed, "type misfit", "answer", {"item": "tea", "count": 3})
        new_choice = answered(deployed, "choice misfit", "answer", "cold")
        deployed.wait(["type misfit", "choice misfit"], "FINISHED")
    assert deployed.result("type fits") == {"item": "tea", "count": 5}
    assert deployed.result("choice fits") == {"tone": "dry"}
    assert deployed.result("guarded fits") == {"receipt": "paid 20 for order-7"}
    assert deployed.result("type misfit") == {"item": "tea", "count": 3}
    assert deployed.result("choice misfit") == {"tone": "cold"}
    for old, new, word in (
        (old_type, new_type, "less than or equal to 5"),
        (old_choice, new_choice, '"cold"'),
    ):
        assert (new.thread, new.revision) == (old.thread, 2)
        assert word in new.draft.context["problem"]
    assert len(deployed.effects()) == 1, "nothing was paid that doesn't fit"

    deployed.deploy(FLOWS, OLD)
    with deployed.worker():
        deployed.fine("retry", "guarded misfit")
        deployed.wait(["guarded misfit"], "FINISHED")
    assert deployed.result("guarded misfit") == {"receipt": "paid 500 for order-7"}
    assert deployed.data("verify")[0]["ok"]


LIBRARY = """
from {kind}


@dataclass
class Draft:
    text: str = "x"
    {more}


def written():
    made = Draft()
    return {{key: getattr(made, key) for key in {keys}}}
"""
WRITING = (
    "from library import written\n\n\nasync def writing(data):\n    draft = await step('write', written)\n"
)
ABOUT_ALL = WRITING + "    return await person().execute({'content': 'x', 'draft': draft})\n\n\n"
SHOWING_ALL = WRITING + "    return await person().execute({'content': written()})\n\n\n"


def test_the_apps_own_library_returns_something_else_now(deployed: Deployed) -> None:
    """What is recorded stays as it was. What is shown to people and not recorded is another question."""
    head = HEAD + ABOUT_ALL + SHOWING_ALL.replace("writing", "showing")
    flows = {"recorded": "writing", "shown": "showing"}
    dataclass = "dataclasses import dataclass"
    before = LIBRARY.format(kind=dataclass, more="", keys='("text",)')
    deployed.write(before, "library")
    deployed.deploy(flows, head)
    start(deployed, {"recorded": "recorded", "shown": "shown", "kept": "shown"})
    pydantic = "pydantic.dataclasses import dataclass"
    deployed.write(
        LIBRARY.format(kind=pydantic, more="tone: str = 'dry'", keys='("text", "tone")'), "library"
    )
    code, out, _ = deployed.call("runs", "--check", "app:app")
    assert code == 1
    assert "2 would stop as NEEDS_ATTENTION, 1 would go on" in out
    assert "(ask asking something else)" in out

    for run_id in ("recorded", "shown", "kept"):
        answered(deployed, run_id, "approve", None)
    with deployed.worker():
        deployed.wait(["recorded"], "FINISHED")
        deployed.wait(["shown", "kept"], "NEEDS_ATTENTION")
        shown = deployed.fine("show", "shown")
        assert "--map human/0=   # to drop what was asked and answered there" in shown
        deployed.fine("migrate", "shown", "--map", "human/0=")
        again = answered(deployed, "shown", "approve", None)
        deployed.wait(["shown"], "FINISHED")
    assert deployed.result("recorded")["draft"] == {"text": "x"}
    assert again.draft.proposal == {"content": {"text": "x", "tone": "dry"}}
    deployed.write(before, "library")
    with deployed.worker():
        deployed.fine("retry", "kept")
        deployed.wait(["kept"], "FINISHED")


NEWER = '''
import handrail
import handrail.flows.guard
import handrail.flows.question
from handrail.flows.guard import GuardedCall

handrail.__version__ = "9.0.0"


def rewritten(schema):
    """The same schema as another pydantic would write it."""
    if isinstance(schema, dict):
        return {key: rewritten(schema[key]) for key in sorted(schema) if key != "title"} | {"$comment": "9.0"}
    return schema


schema_of, written = handrail.flows.question.schema_of, GuardedCall._schema
handrail.flows.question.schema_of = lambda source: {**rewritten(schema_of(source))}
GuardedCall._schema = lambda node: {**rewritten(written(node))}
'''


def test_handrail_and_pydantic_are_upgraded(deployed: Deployed) -> None:
    """Another version of both writes schemas otherwise: what waits is recognised, and bound to what was shown."""
    deployed.deploy(FLOWS, OLD)
    run_ids = {"type": "type", "choice": "choice", "guarded": "guarded"}
    start(deployed, run_ids)
    before = {request["id"]: request["content_hash"] for request in deployed.data("requests")}
    deployed.deploy(FLOWS, NEWER + OLD)
    assert deployed.fine("runs", "--check", "app:app").startswith("3 would go on (of 3 checked")
    answered(deployed, "type", "answer", {"item": "tea", "count": 9})
    answered(deployed, "choice", "answer", "warm")
    answered(deployed, "guarded", "edit", {"amount": 7})
    with deployed.worker():
        deployed.wait(list(run_ids), "FINISHED")
    assert {request["id"]: request["content_hash"] for request in deployed.data("requests")} == before
    assert deployed.result("choice") == {"tone": "warm"}
    assert deployed.data("verify")[0]["ok"]

"""Hypothesis drives one inbox from several processes at once, and looks for an order that explains what came of it.

In each step two or three processes make a move on the same request at the same time. Each hears an answer. There has to
be an order in which the model of the lifecycle, written from the design alone, gives exactly these answers and ends in
exactly the state that is stored: moves that race are as good as moves made one after the other.
"""

import asyncio
import copy
import itertools
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from handrail import App, at_least
from handrail.inbox import views
from handrail.inbox.log import verify
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import RequestDraft
from tests.support import requests_mover
from tests.support.requests_model import Model, Refused, Rules

pytestmark = pytest.mark.journey

PEOPLE = ["ann", "bob", "cem"]
MOVES = [
    "claim",
    "release",
    "comment",
    "reassign",
    "approve",
    "reject",
    "request_changes",
    "abstain",
    "withdraw",
]
QUORUMS: dict[tuple[Any, ...], Any] = {("first",): "first", ("all",): "all", ("at_least", 2): at_least(2)}
VERBS = (Verb.APPROVE, Verb.REQUEST_CHANGES, Verb.REJECT)

orders = st.fixed_dictionaries(
    {
        # What ends a request is rare, so that much happens before.
        "move": st.sampled_from([*MOVES, "claim", "release", "comment", "reassign", "claim", "release"]),
        "who": st.sampled_from(PEOPLE),
        "to": st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=3, unique=True),
    }
)


class Races(RuleBasedStateMachine):
    """Requests in one file, moved by several processes at the same time."""

    url: ClassVar[str]
    movers: ClassVar[list["subprocess.Popen[str]"]]

    def __init__(self) -> None:
        super().__init__()
        self.model: Model | None = None

    def inside(self, work: Any) -> Any:
        async def opened() -> Any:
            async with App(store=self.url).connect() as app:
                return await work(app)

        return asyncio.run(opened())

    @initialize(quorum=st.sampled_from(list(QUORUMS)))
    def ask(self, quorum: tuple[Any, ...]) -> None:
        wanted = policy(audience=PEOPLE, quorum=QUORUMS[quorum])
        draft = RequestDraft("approval", "Approve?", {"content": "1"}, VERBS, wanted)
        self.request_id = self.inside(lambda app: app.inbox.open(draft)).id
        self.model = Model(Rules(quorum, PEOPLE))

    # No precondition: what a race comes to must not decide what Hypothesis draws next.
    @rule(racing=st.lists(orders, min_size=2, max_size=3))
    def race(self, racing: list[dict[str, Any]]) -> None:
        assert self.model is not None
        answers = self.answers(racing)
        stored = self.inside(lambda app: views.request(app.store, self.request_id))
        votes = {vote.actor: vote.verb.value for vote in stored.decisions}
        found = (stored.status.value, stored.claimed_by, votes, set(stored.audience.users))
        for order in itertools.permutations(range(len(racing))):
            model = copy.deepcopy(self.model)
            told = {place: answer_of(model, racing[place]) for place in order}
            if [told[place] for place in range(len(racing))] == answers and state_of(model) == found:
                self.model = model
                return
        pytest.fail(f"no order explains {list(zip(racing, answers, strict=True))} and {found}")

    def answers(self, racing: list[dict[str, Any]]) -> list[str]:
        for mover, order in zip(self.movers, racing, strict=False):
            assert mover.stdin is not None
            mover.stdin.write(json.dumps({**order, "id": self.request_id}) + "\n")
        for mover, _ in zip(self.movers, racing, strict=False):
            assert mover.stdin is not None
            mover.stdin.flush()
        return [self.line(mover) for mover, _ in zip(self.movers, racing, strict=False)]

    def line(self, mover: "subprocess.Popen[str]") -> str:
        assert mover.stdout is not None
        return mover.stdout.readline().strip()

    def teardown(self) -> None:
        found = self.inside(lambda app: verify(app.store))
        assert found.problems == []


def answer_of(model: Model, order: dict[str, Any]) -> str:
    """Make a move on the model; returns what the inbox has to answer."""
    try:
        match order["move"]:
            case "claim":
                model.claim(order["who"])
            case "release":
                model.release(order["who"])
            case "comment":
                model.comment(order["who"])
            case "reassign":
                model.reassign(order["to"])
            case "withdraw":
                model.withdraw()
            case verb:
                model.decide(order["who"], verb, 0)
    except Refused as refusal:
        return str(refusal)
    return "done"


def state_of(model: Model) -> tuple[str, str | None, dict[str, str], set[str]]:
    """Return what of the model shows in the store: all that the answers to come depend on."""
    return model.state, model.claimed_by, dict(model.votes), set(model.audience or ())


@pytest.mark.timeout(110)
def test_moves_that_race_are_as_good_as_moves_in_some_order() -> None:
    with TemporaryDirectory() as folder:
        Races.url = f"sqlite:///{folder}/x.db"
        command = [sys.executable, str(Path(requests_mover.__file__)), Races.url]
        pipe = subprocess.PIPE
        Races.movers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
        try:
            for mover in Races.movers:
                assert mover.stdout is not None
                assert mover.stdout.readline() == "ready\n"
            run_state_machine_as_test(
                Races,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=12,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            for mover in Races.movers:
                mover.kill()
                mover.communicate()

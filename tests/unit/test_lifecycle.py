"""Every state and every move: the table, the door in front of it, and whole lives against an independent model."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handrail.requests.decision import Actor, Decision, Verb
from handrail.requests.errors import Conflict, IllegalMove, InvalidDecision, InvalidInput, NotAllowed
from handrail.requests.lifecycle import (
    TABLE,
    Assigned,
    Claimed,
    Commented,
    Decided,
    Escalated,
    Event,
    Expired,
    Move,
    Opened,
    Reassigned,
    Released,
    Reminded,
    Resolved,
    Withdrawn,
    apply,
)
from handrail.requests.outcome import Outcome
from handrail.requests.policy import Audience, at_least, audience, escalation, fraction
from handrail.requests.request import ENDED, HumanRequest, Status
from tests.support.requests_desk import NOW, ROBOT, Desk, desk, pure_request, seconds_after
from tests.support.requests_model import LEGAL, Model, Refused, Rules

T = TypeVar("T")
RESULT = Outcome(Verb.APPROVE, NOW, ("ann",))
WHO = Audience(("bob",))

MOVES: dict[str, Move] = {
    "open": Opened(pure_request(None, [])),
    "claim": Claimed("ann"),
    "release": Released("ann"),
    "decide": Decided(Decision(Verb.ABSTAIN, "ann", NOW)),
    "resolve": Resolved(RESULT),
    "expire": Expired(),
    "withdraw": Withdrawn("ann"),
    "reassign": Reassigned("ann", WHO, ("bob",)),
    "assign": Assigned("handrail", "bob"),
    "escalate": Escalated("ann", WHO, ("bob",), 1, None),
    "remind": Reminded("ann", 1),
    "comment": Commented("ann", "hm"),
}


# -- the table -------------------------------------------------------------------------------------------


def test_the_table_knows_every_move_and_every_state() -> None:
    assert {type(move) for move in MOVES.values()} == set(get_args(Move))
    assert set(TABLE) == set(Status)
    assert {status for status, row in TABLE.items() if not row} == set(ENDED)


@pytest.mark.parametrize("state", list(Status))
@pytest.mark.parametrize("name", list(MOVES))
def test_every_cell_of_the_table(state: Status, name: str) -> None:
    request = replace(pure_request(None, []), status=state, ended_by="zoe" if state in ENDED else None)
    event = Event(request.id, NOW + timedelta(seconds=9), "ann", MOVES[name])
    expected = LEGAL[state].get(name)
    if expected is not None:
        after = apply(request, event)
        assert (after.status, after.version) == (expected, request.version + 1)
        return
    with pytest.raises(Conflict) as caught:
        apply(request, event)
    assert isinstance(caught.value, IllegalMove) is (state not in ENDED)
    assert caught.value.winner == request.ended_by


def test_only_an_opening_can_be_the_first_event() -> None:
    for name, move in MOVES.items():
        event = Event("req_1", NOW, "ann", move)
        if name == "open":
            assert apply(None, event) == pure_request(None, [])
            continue
        with pytest.raises(IllegalMove, match="doesn't begin"):
            apply(None, event)


# -- the door: every state, every move that people can ask for -------------------------------------------

ANN = Actor("ann")


async def reach_state(opened: Desk, state: str) -> HumanRequest:
    request = await opened.open(audience=["ann", "bob"], timeout=100, on_timeout=None)
    match state:
        case "CLAIMED":
            await opened.inbox.claim(request.id, actor=ANN)
        case "RESOLVED":
            await opened.decide(request, "bob", "approve")
        case "WITHDRAWN":
            await opened.inbox.withdraw(request.id, actor=ROBOT)
        case "EXPIRED":
            opened.clock.turn(100)
            await opened.sweep()
    stored = await opened.stored(request)
    assert stored.status == state
    return stored


def ask_for(opened: Desk, name: str, request: HumanRequest) -> Coroutine[Any, Any, HumanRequest]:
    inbox = opened.inbox
    match name:
        case "claim":
            return inbox.claim(request.id, actor=Actor("bob"))
        case "release":
            return inbox.release(request.id, actor=ANN)
        case "decide":
            return inbox.decide(request.id, "abstain", actor=ANN)
        case "comment":
            return inbox.comment(request.id, "hm", actor=ANN)
        case "reassign":
            return inbox.reassign(request.id, ["ann", "cem"], actor=ROBOT)
        case "remind":
            return inbox.remind(request.id, actor=ROBOT)
        case "withdraw":
            return inbox.withdraw(request.id, actor=ROBOT)
    raise AssertionError(name)


WINNERS = {"RESOLVED": "bob", "WITHDRAWN": "operator", "EXPIRED": "handrail", "CLAIMED": "ann", "OPEN": None}


@pytest.mark.parametrize("state", list(LEGAL))
@pytest.mark.parametrize("name", ["claim", "release", "decide", "comment", "reassign", "remind", "withdraw"])
async def test_an_illegal_move_is_a_conflict_that_changes_nothing(state: str, name: str) -> None:
    async with desk() as opened:
        request = await reach_state(opened, state)
        log = await opened.kinds(request)
        if name in LEGAL[state]:
            after = await ask_for(opened, name, request)
            assert after.status == LEGAL[state][name]
            assert after == await opened.stored(request)
        else:
            with pytest.raises(Conflict) as caught:
                await ask_for(opened, name, request)
            assert caught.value.winner == WINNERS[state]
            assert request.id in str(caught.value)
            assert await opened.stored(request) == request
            assert await opened.kinds(request) == log
        await opened.check_rebuild(request)


@pytest.mark.parametrize("state", list(LEGAL))
async def test_escalating_by_hand(state: str) -> None:
    async with desk() as opened:
        request = await reach_state(opened, state)
        with pytest.raises(Conflict) as caught:  # it has no ladder
            await opened.inbox.escalate(request.id, actor=ROBOT)
        assert isinstance(caught.value, IllegalMove) is (state in ("OPEN", "CLAIMED"))
        assert await opened.stored(request) == request


# -- whole lives -----------------------------------------------------------------------------------------

PEOPLE = ["ann", "bob", "cem", "dia", "zoe"]
VERBS = ["approve", "edit", "request_changes", "reject", "answer", "abstain"]
ERRORS = {"conflict": Conflict, "not allowed": NotAllowed, "invalid": (InvalidDecision, InvalidInput)}

people = st.sampled_from(PEOPLE)
some_people = st.lists(people, min_size=1, max_size=4, unique=True)


@st.composite
def all_rules(draw: Any) -> Rules:
    quorum = draw(
        st.sampled_from(
            [
                ("first",),
                ("first",),
                ("all",),
                ("at_least", 1),
                ("at_least", 2),
                ("fraction", "0.5"),
                ("fraction", "0.66"),
            ]
        )
    )
    users = draw(st.none() | some_people) if quorum[0] == "first" else draw(some_people)
    excluded = draw(st.sampled_from([[], [], ["zoe"]]))
    left = [name for name in users or () if name not in excluded]
    if users is not None and len(left) < (quorum[1] if quorum[0] == "at_least" else 1):
        users = ["ann", "bob", "cem"]
    ladder = draw(st.lists(st.tuples(st.integers(1, 40), some_people), max_size=3))
    choices = ["reject", "approve", None] + (["escalate"] if ladder else [])
    return Rules(
        quorum,
        users,
        draw(st.none() | st.integers(1, 50)),
        draw(st.sampled_from(choices)),
        sorted(ladder, key=lambda rung: rung[0]),
        sorted(draw(st.lists(st.integers(1, 50), max_size=3))),
        excluded,
    )


QUORUMS = {
    "first": lambda: "first",
    "all": lambda: "all",
    "at_least": at_least,
    "fraction": lambda x: fraction(float(x)),
}


class Lives(RuleBasedStateMachine):
    """One request in a store, moved by people and by time, beside its model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.context = desk()
        self.desk = self.wait(self.context.__aenter__())
        self.model: Model | None = None
        self.ended: list[tuple[HumanRequest, Model]] = []

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self.wait(self.desk.check_log())
            self.wait(self.context.__aexit__(None, None, None))
        finally:
            self.loop.close()

    @property
    def now(self) -> int:
        return int(seconds_after(self.desk.clock.now()) or 0)

    @initialize(rules=all_rules())
    def ask(self, rules: Rules) -> None:
        kind, *arguments = rules.quorum
        who = replace(audience(rules.users), excluded=tuple(rules.excluded))
        work = self.desk.open(
            audience=who,
            quorum=QUORUMS[kind](*arguments),
            timeout=rules.timeout,
            on_timeout=rules.on_timeout,
            escalations=[escalation(after, to) for after, to in rules.ladder],
            reminders=rules.reminders,
        )
        self.request = self.wait(work)
        self.model = Model(rules)

    def both(self, work: Coroutine[Any, Any, HumanRequest], move: Any) -> Any:
        """Ask the inbox for a move and the model too: both do it, or both refuse."""
        assert self.model is not None
        before = self.wait(self.desk.stored(self.request))
        self.model.pass_time(self.now)
        try:
            following = move()
        except Refused as refusal:
            with pytest.raises(ERRORS[str(refusal)]) as caught:
                self.wait(work)
            if str(refusal) != "conflict":  # nothing at all has changed, so time hasn't passed for it either
                assert self.wait(self.desk.stored(self.request)) == before
                self.wait(self.desk.sweep())
            elif self.model.ended:
                assert caught.value.winner == (", ".join(self.model.by) or before.ended_by or "handrail")
            return None
        self.wait(work)
        return following

    @rule(who=people)
    def claim(self, who: str) -> None:
        self.both(self.desk.inbox.claim(self.request.id, actor=Actor(who)), lambda: self.model.claim(who))

    @rule(who=people)
    def release(self, who: str) -> None:
        self.both(self.desk.inbox.release(self.request.id, actor=Actor(who)), lambda: self.model.release(who))

    @rule(who=people)
    def comment(self, who: str) -> None:
        self.both(
            self.desk.inbox.comment(self.request.id, "hm", actor=Actor(who)), lambda: self.model.comment(who)
        )

    @rule()
    def remind(self) -> None:
        self.both(self.desk.inbox.remind(self.request.id, actor=ROBOT), self.model.remind)

    @rule()
    def escalate(self) -> None:
        self.both(self.desk.inbox.escalate(self.request.id, actor=ROBOT), self.model.escalate)

    @rule(to=some_people)
    def reassign(self, to: list[str]) -> None:
        self.both(self.desk.inbox.reassign(self.request.id, to, actor=ROBOT), lambda: self.model.reassign(to))

    @precondition(lambda self: len(self.model.history) > 6)
    @rule()
    def withdraw(self) -> None:
        self.both(self.desk.inbox.withdraw(self.request.id, actor=ROBOT), self.model.withdraw)

    @rule(who=people, verb=st.sampled_from(VERBS))
    def decide(self, who: str, verb: str) -> None:
        payload = {"content": who} if verb == "edit" else None
        work = self.desk.decide(self.request, who, verb, payload=payload)
        following = self.both(work, lambda: self.model.decide(who, verb, self.now))
        if following is not None:
            self.follow(following, who)

    def follow(self, following: Model, who: str) -> None:
        old = self.wait(self.desk.stored(self.request))
        self.ended.append((old, self.model))
        assert old.superseded_by
        self.request = self.wait(self.desk.stored(replace(old, id=old.superseded_by)))
        assert self.request.draft.proposal == {"content": who}
        assert (self.request.thread, self.request.revision) == (old.thread, following.revision)
        self.model = following

    @rule(who=people, verb=st.sampled_from(["approve", "reject"]))
    @precondition(lambda self: self.ended)
    def decide_on_the_replaced(self, who: str, verb: str) -> None:
        old, _ = self.ended[-1]
        with pytest.raises((Conflict, NotAllowed)):
            self.wait(self.desk.decide(old, who, verb))
        assert self.wait(self.desk.stored(old)) == old

    @rule(
        who=people,
        bad=st.sampled_from(
            [("approve", {}), ("edit", {"x": 1}), ("edit", None), ("sign", None), ("request_changes", None)]
        ),
    )
    def decide_badly(self, who: str, bad: tuple[str, Any]) -> None:
        verb, payload = bad
        before = self.wait(self.desk.stored(self.request))
        with pytest.raises((InvalidDecision, Conflict, NotAllowed)):
            self.wait(self.desk.inbox.decide(self.request.id, verb, actor=Actor(who), payload=payload))
        self.model.pass_time(self.now)
        self.wait(self.desk.sweep())
        if not before.due_at or before.due_at > self.desk.clock.now():
            assert self.wait(self.desk.stored(self.request)) == before

    @rule(seconds=st.integers(1, 30))
    def wait_a_while(self, seconds: int) -> None:
        self.desk.clock.turn(seconds)

    @rule()
    def sweep(self) -> None:
        self.model.pass_time(self.now)
        self.wait(self.desk.sweep())
        assert self.wait(self.desk.sweep()) == 0

    @invariant()
    def the_same(self) -> None:
        if self.model is None:
            return
        stored, model = self.wait(self.desk.stored(self.request)), self.model
        self.wait(self.desk.check_rebuild(stored))
        assert stored.status == model.state
        assert stored.claimed_by == model.claimed_by
        assert {vote.actor: str(vote.verb) for vote in stored.decisions} == model.votes
        assert (stored.escalated, stored.reminded) == (model.rungs, model.reminded)
        assert seconds_after(stored.deadline) == model.deadline
        assert seconds_after(stored.due_at) == model.due()
        assert (None if stored.asked is None else set(stored.asked)) == (
            None if model.audience is None else set(model.audience)
        )
        assert self.wait(self.desk.kinds(stored)) == model.history
        outcome = stored.outcome
        told = (str(outcome.verb), outcome.cause, sorted(outcome.by)) if outcome else (None, None, [])
        assert told == (model.verb, model.cause, sorted(model.by))
        if outcome and not model.alone and not model.replaced:
            votes = model.counted().values()
            assert outcome.approvals == sum(verb in ("approve", "edit", "answer") for verb in votes)
            assert outcome.asked == len(model.audience or ())


Lives.TestCase.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLives = Lives.TestCase

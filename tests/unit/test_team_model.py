"""Boards under random moves, legal and illegal, against a model that works everything out anew each time."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handrail import InvalidTeam
from handrail.teams import moves
from handrail.teams.plan import Planned, joined
from tests.support import team_model
from tests.support.team_desk import RUN, BoardDesk
from tests.support.team_model import TASK, WORKFLOW, Model, Refused

NAMES = [f"task{place}" for place in range(1, 9)]
TEXTS = st.sampled_from(["shorter", "longer", "in German"])


@st.composite
def teams(draw: Any) -> list[dict[str, Any]]:
    """Return up to eight tasks that depend on each other in any way."""
    names = NAMES[: draw(st.integers(1, 8))]
    needs = [
        draw(
            st.lists(st.sampled_from([one for one in names if one != name] or names), max_size=2, unique=True)
        )
        for name in names
    ]
    return [
        team_model.task(
            name,
            [one for one in wanted if one != name],
            parallel=draw(st.integers(0, 3)) > 0,
            validated=draw(st.booleans()),
        )
        for name, wanted in zip(names, needs, strict=True)
    ]


def plans(tasks: list[dict[str, Any]]) -> list[Planned]:
    return [
        Planned(
            one["name"],
            one["name"],
            "do it",
            "ann",
            validated=one["validated"],
            dependencies=tuple(one["needs"]),
            parallel=one["parallel"],
        )
        for one in tasks
    ]


@given(teams())
@settings(max_examples=200, deadline=None)
def test_a_team_is_refused_exactly_if_its_tasks_wait_for_each_other(tasks: list[dict[str, Any]]) -> None:
    if team_model.can_end(tasks):
        joined(plans(tasks))
        return
    with pytest.raises(InvalidTeam, match="wait for each other"):
        joined(plans(tasks))


def working(model: Model) -> list[dict[str, Any]]:
    return [one for one in model.in_status("DOING", "PAUSED") if not one["end"]]


def idle(model: Model) -> list[dict[str, Any]]:
    doing = [one for one in model.in_status("DOING") if not one["end"] and not one["asks"]]
    return [one for one in doing if one.get("asked") != one["round"]]


def paused(model: Model) -> list[dict[str, Any]]:
    return [one for one in model.in_status("PAUSED") if not one["end"]]


def asking(model: Model) -> list[dict[str, Any]]:
    return [one for one in model.tasks if one["asks"] and not one["end"]]


def begun(model: Model) -> list[dict[str, Any]]:
    return [one for one in model.tasks if one["round"] > 0 and not one["end"]]


def awaiting(model: Model) -> list[dict[str, Any]]:
    return model.in_status("AWAITING_VALIDATION")


def undecided(model: Model) -> list[dict[str, Any]]:
    return [one for one in awaiting(model) if not one["answer"]]


def blocked(model: Model) -> list[dict[str, Any]]:
    return model.in_status("BLOCKED")


def done(model: Model) -> list[dict[str, Any]]:
    return model.in_status("DONE")


def if_any(which: Any) -> Any:
    """Make a rule one for boards that have such tasks."""
    return precondition(lambda self: bool(which(self.model)))


class Boards(RuleBasedStateMachine):
    """One board, and its model."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model([])
        self.desk: BoardDesk | None = None
        self.count = 0

    @initialize(tasks=teams())
    def begin(self, tasks: list[dict[str, Any]]) -> None:
        if not team_model.can_end(tasks):
            for place, one in enumerate(tasks):
                one["needs"] = [name for name in one["needs"] if NAMES.index(name) < place]
        note(str([(one["name"], one["needs"], one["parallel"], one["validated"]) for one in tasks]))
        self.model, self.desk = Model(tasks), BoardDesk(plans(tasks))
        assert self.board.look()
        self.model.begin()

    @property
    def board(self) -> BoardDesk:
        assert self.desk is not None
        return self.desk

    def teardown(self) -> None:
        if self.desk is not None:
            self.desk.close()

    def next(self, what: str) -> str:
        self.count += 1
        return f"{what} {self.count}"

    def one_of(self, data: Any, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        return self.model[data.draw(st.sampled_from([one["name"] for one in tasks]), label="task")]

    def child(self, one: dict[str, Any]) -> str:
        return f"{RUN}/{one['name']}/{one['round']}"

    def compare(self, refusal: str | None, act: Any, *arguments: Any) -> None:
        """The model refuses what the board refuses."""
        said = None
        try:
            act(*arguments)
        except Refused as refused:
            said = str(refused)
        assert refusal == said

    # -- agents -----------------------------------------------------------------------------------------------------

    @if_any(working)
    @rule(
        data=st.data(),
        what=st.sampled_from(["done", "done", "done", "done", "blocked", "failed", "cancelled"]),
        calls=st.integers(0, 3),
        hears=st.booleans(),
    )
    def a_round_ends(self, data: Any, what: str, calls: int, hears: bool) -> None:
        self.end(self.one_of(data, working(self.model)), what, calls, hears)

    @if_any(paused)
    @rule(data=st.data(), calls=st.integers(1, 3))
    def a_round_ends_in_a_pause(self, data: Any, calls: int) -> None:
        self.end(self.one_of(data, paused(self.model)), "done", calls, True)

    @if_any(asking)
    @rule(data=st.data())
    def an_agent_that_asks_breaks(self, data: Any) -> None:
        self.end(self.one_of(data, asking(self.model)), "failed", 0, False)

    def end(self, one: dict[str, Any], what: str, calls: int, hears: bool) -> None:
        value = self.next("result") if what in ("done", "blocked") else None
        heard = len(one["feedback"]) if hears else 0
        self.board.end(self.child(one), what, value, heard, calls)
        one["end"] = (what, value, heard, calls)
        one["asks"] = one["asks"] and what == "failed"  # what could be mended keeps what it asks

    @rule(approve=st.booleans())
    def all_agents_come_to_results(self, approve: bool) -> None:
        for one in self.model.in_status("DOING"):
            if not one["end"]:
                value = self.next("result")
                self.board.end(self.child(one), "done", value, len(one["feedback"]), 1)
                one["end"], one["asks"] = ("done", value, len(one["feedback"]), 1), False
        self.the_team_looks()
        for one in awaiting(self.model) if approve else ():
            refusal = self.board.act(moves.validate, task=one["name"], round=one["round"])
            self.compare(refusal, self.model.validate, one["name"], one["round"])

    @if_any(idle)
    @rule(data=st.data())
    def an_agent_asks_people(self, data: Any) -> None:
        one = self.one_of(data, idle(self.model))
        self.board.ask(self.child(one))
        one["asks"], one["asked"] = True, one["round"]

    @if_any(asking)
    @rule(data=st.data())
    def an_agent_is_answered(self, data: Any) -> None:
        one = self.one_of(data, asking(self.model))
        self.board.decide(f"req_{self.child(one)}", "approve")
        one["asks"] = False

    @if_any(begun)
    @rule(data=st.data(), heard=st.integers(0, 9), calls=st.integers(0, 3), stale=st.booleans())
    def an_agent_looks_for_feedback(self, data: Any, heard: int, calls: int, stale: bool) -> None:
        one = self.one_of(data, begun(self.model))
        heard = min(heard, len(one["feedback"]))
        child = f"{RUN}/{one['name']}/{one['round'] - 1}" if stale else self.child(one)
        notes = self.board.consult(one["name"], child, heard, heard, calls)
        assert notes.gone is (stale or one["status"] not in ("DOING", "PAUSED"))
        if notes.gone:
            return
        self.model.count(one, calls)
        self.model.worked_in(one, heard)
        known = sum(status == "PROCESSED" for _, status in one["feedback"])
        assert notes.paused is (one["status"] == "PAUSED")
        if not notes.paused:
            new = [content for content, status in one["feedback"][heard:] if status == "PENDING"]
            assert self.board.told(one["name"], max(heard, known), notes.feedback) == new

    # -- the inbox ----------------------------------------------------------------------------------------------------

    @if_any(undecided)
    @rule(data=st.data(), verb=st.sampled_from(["approve", "edit", "request_changes", "withdrawn"]))
    def a_validation_is_decided_in_the_inbox(self, data: Any, verb: str) -> None:
        one = self.one_of(data, undecided(self.model))
        request = self.board.card(one["name"]).request
        assert request is not None
        value = self.next("said")
        match verb:
            case "withdrawn":
                self.board.withdraw(request)
            case "edit":
                self.board.decide(request, "edit", payload={"content": value})
            case "request_changes":
                self.board.decide(request, "request_changes", comment=value)
            case _:
                self.board.decide(request, "approve")
        one["answer"] = (verb, value)

    # -- people at the board ------------------------------------------------------------------------------------------

    def seen(self, data: Any, one: dict[str, Any]) -> int | None:
        """Return the round that a person saw: the present one, an older one, or none at all."""
        return data.draw(  # type: ignore[no-any-return]
            st.sampled_from([None, one["round"], one["round"], max(1, one["round"] - 1)]), label="round"
        )

    @rule(data=st.data(), what=st.sampled_from(["validate", "unblock", "pause", "resume", "feedback"]))
    def somebody_does_what_may_be_out_of_place(self, data: Any, what: str) -> None:
        one = self.one_of(data, self.model.tasks)
        name, round = one["name"], self.seen(data, one)
        match what:
            case "validate":
                refusal = self.board.act(moves.validate, task=name, round=round)
                self.compare(refusal, self.model.validate, name, round)
            case "unblock":
                self.compare(self.board.act(moves.unblock, task=name), self.model.unblock, name, None)
            case "pause":
                self.compare(self.board.act(moves.pause), self.model.pause)
            case "resume":
                self.compare(self.board.act(moves.resume), self.model.resume)
            case "feedback":
                refusal = self.board.act(moves.give_feedback, task=name, content="no", round=round)
                self.compare(refusal, self.model.feedback, name, "no", round)

    @if_any(done)
    @rule(data=st.data(), content=TEXTS)
    def somebody_gives_feedback_on_what_is_done(self, data: Any, content: str) -> None:
        one = self.one_of(data, done(self.model))
        refusal = self.board.act(moves.give_feedback, task=one["name"], content=content, round=None)
        self.compare(refusal, self.model.feedback, one["name"], content, None)

    @if_any(awaiting)
    @rule(data=st.data())
    def somebody_validates_what_awaits_it(self, data: Any) -> None:
        one = self.one_of(data, awaiting(self.model))
        refusal = self.board.act(moves.validate, task=one["name"], round=one["round"])
        self.compare(refusal, self.model.validate, one["name"], one["round"])

    @rule(data=st.data(), content=TEXTS)
    def somebody_gives_feedback(self, data: Any, content: str) -> None:
        one = self.one_of(data, self.model.tasks)
        refusal = self.board.act(moves.give_feedback, task=one["name"], content=content, round=None)
        self.compare(refusal, self.model.feedback, one["name"], content, None)

    @if_any(blocked)
    @rule(data=st.data(), note=st.none() | st.just(" ") | TEXTS)
    def somebody_unblocks(self, data: Any, note: str | None) -> None:
        one = self.one_of(data, blocked(self.model))
        refusal = self.board.act(moves.unblock, task=one["name"], note=note)
        self.compare(refusal, self.model.unblock, one["name"], note and note.strip())

    @precondition(lambda self: self.model.status in ("PAUSED", "ERRORED"))
    @rule()
    def somebody_resumes(self) -> None:
        self.compare(self.board.act(moves.resume), self.model.resume)

    @precondition(lambda self: self.count > 4)
    @rule(sure=st.integers(0, 5))
    def somebody_stops(self, sure: int) -> None:
        if sure == 0:
            self.compare(self.board.act(moves.stop), self.model.stop)

    # -- the team's own run -------------------------------------------------------------------------------------------

    @rule()
    def the_team_looks(self) -> None:
        settled = self.board.run().settled
        if self.board.look():
            self.model.catch_up()
        elif not settled:
            assert not self.model.pending(), "what has happened wakes the team"

    # -- what is always so --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.desk is not None)
    @invariant()
    def the_board_is_as_the_model_says(self) -> None:
        assert self.board.view() == self.model.view()

    @precondition(lambda self: self.desk is not None)
    @invariant()
    def rows_are_what_the_log_makes(self) -> None:
        (name, status, error, inputs, begun), cards, feedback = self.board.rows()
        rebuilt = self.board.board()
        assert (rebuilt.team, rebuilt.status, rebuilt.error, rebuilt.inputs, rebuilt.begun_at) == (
            name,
            status,
            error,
            inputs,
            begun,
        )
        assert rebuilt.cards == cards
        assert {task: rebuilt.feedback_on(task) for task in cards} == feedback

    @precondition(lambda self: self.desk is not None)
    @invariant()
    def only_what_awaits_people_asks_them(self) -> None:
        validations, tools = set[str](), set[str]()
        for request in self.board.open_requests():
            if request.run_id == RUN:
                assert request.id == self.board.card(request.address).request
                validations.add(request.address)
            else:
                tools.add(request.run_id)
        assert validations == {one["name"] for one in undecided(self.model)}
        assert tools == {self.child(one) for one in self.model.tasks if one["asks"]}

    @precondition(lambda self: self.desk is not None)
    @invariant()
    def agents_work_on_what_is_being_done_and_on_five_tasks_at_most(self) -> None:
        doing = self.model.in_status("DOING", "PAUSED")
        at_work = {run.id for run in self.board.children() if not run.settled}
        assert at_work == {self.child(one) for one in working(self.model)}
        assert len(doing) <= 5

    @precondition(lambda self: self.desk is not None)
    @invariant()
    def a_team_at_work_can_be_woken(self) -> None:
        if self.model.status in ("RUNNING", "BLOCKED", "PAUSED"):
            assert not self.board.run().settled

    @precondition(lambda self: self.desk is not None)
    @invariant()
    def the_log_has_only_what_the_tables_have(self) -> None:
        states, workflow = dict.fromkeys((one["name"] for one in self.model.tasks), "TODO"), "INITIAL"
        made, begun, rounds = dict[str, int](), dict[str, int](), dict[str, int]()
        for line in self.board.log():
            data = json.loads(line.data)
            assert line.actor
            if line.kind == "team_moved":
                assert data["to"] in WORKFLOW[workflow].split()
                assert data["reason"]
                workflow = data["to"]
            elif line.kind == "task_moved":
                task = data["task"]
                assert data["to"] in TASK[states[task]].split()
                assert data["reason"]
                states[task] = data["to"]
                if data["to"] == "DOING" and data["round"] != rounds.get(task):
                    begun[task], rounds[task] = line.sequence, data["round"]
                if data["has_result"]:
                    made[task] = line.sequence
        assert (workflow, states) == (self.model.status, {o["name"]: o["status"] for o in self.model.tasks})
        for one in self.model.in_status("DONE", "AWAITING_VALIDATION"):
            for needed in one["needs"]:
                assert made[needed] < begun[one["name"]], f"{one['name']} is made from an old {needed}"


Boards.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=set(Phase) - {Phase.explain},  # it traces every line, and takes ten times as long
)
test_a_board_moves_as_the_model_says = Boards.TestCase

"""The checker of the chaos test finds nothing in a good history, and each damage to it by the check that should."""

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handrail.inbox.log import chained
from handrail.inbox.ports import LogEntry
from tests.support import chaos_checker, chaos_findings, chaos_history, chaos_steps
from tests.support.chaos_history import Event, History

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = {
    "quorum": {"kind": "first"},
    "on_timeout": "approve",
    "escalations": [{"after": 6.0}, {"after": 12.0}],
    "reminders": [4.0, 9.0],
}
TWO_OF_THREE = {**POLICY, "quorum": {"kind": "fraction", "share": 0.66}, "reminders": [], "escalations": []}


class Story:
    """Tells what happened, in its order."""

    def __init__(self) -> None:
        self.history = History()
        self.run = ""

    def event(self, kind: str, data: Any, at: float, actor: str, request: str | None = None) -> None:
        number = len(self.history.events) + 1
        moment = (START + timedelta(seconds=at)).isoformat()
        event = Event(number, moment, actor, kind, request, self.run, json.dumps(data), "")
        self.history.events.append(event)

    def start(self, run: str) -> None:
        self.run = run
        for told in (None, "acknowledged"):
            self.history.starting.append({"what": "start", "run": run, "told": told})
        self.event("run_started", {}, 0, "starter")

    def opened(self, request: str, tokens: dict[str, str], *, at: float = 0, **more: Any) -> None:
        draft = {"kind": "approval", "title": request, "key": None, "pool": None, "context": {}}
        draft |= {"policy": POLICY, "proposal": {"tokens": tokens}, **more.pop("draft", {})}
        asked: dict[str, Any] = {
            "id": request,
            "run_id": self.run,
            "address": request,
            "asked": ["alice", "bob"],
        }
        asked |= {
            "opened_at": (START + timedelta(seconds=at)).isoformat(),
            "deadline": None,
            "worker": None,
            **more,
        }
        self.event("opened", {"request": {**asked, "draft": draft}}, at, "handrail", request)

    def decided(self, request: str, actor: str, verb: str, at: float = 1, told: str = "acknowledged") -> None:
        nonce = f"{actor} on {request}"
        line = {"what": "decide", "id": nonce, "request": request, "actor": actor, "verb": verb}
        self.history.deciding += [{**line, "told": None}, {**line, "told": told}]
        if told == "acknowledged":
            decision = {"verb": verb, "actor": actor, "comment": nonce}
            self.event("decided", {"decision": decision}, at, actor, request)

    def resolved(self, request: str, verb: str, at: float = 1, actor: str = "alice", **more: Any) -> None:
        outcome = {
            "verb": verb,
            "cause": "decision",
            "payload": None,
            "comment": f"{actor} on {request}",
            **more,
        }
        self.event("resolved", {"outcome": outcome, "superseded_by": None}, at, actor, request)

    def begin(self, what: str, token: str, at: float = 0, **seen: Any) -> None:
        line = {"did": "begin", "run": self.run, "what": what, "key": f"{self.run}/{what}", "token": token}
        line |= {"log": len(self.history.events), "clock": (START + timedelta(seconds=at)).isoformat()}
        self.history.effects.append({**line, "careful": False, "tokens": {}, "heard": {}, **seen})

    def done(self, token: str) -> None:
        self.history.effects.append({"did": "done", "run": self.run, "token": token})

    def step(self, what: str, token: str, at: float = 0, **seen: Any) -> None:
        self.begin(what, token, at, **seen)
        self.done(token)


def good() -> History:
    """A history with a little of everything."""
    story = Story()
    story.start("asks-1")
    story.step("draft", "d1")
    deadline = (START + timedelta(seconds=30)).isoformat()
    story.opened("publish", {"draft": "d1"}, deadline=deadline)
    story.event("reminded", {"passed": 1}, 4, "handrail", "publish")
    rung = {"rung": 1, "asked": ["alice", "bob", "carol"], "deadline": deadline}
    story.event("escalated", rung, 7, "handrail", "publish")
    story.decided("publish", "alice", "approve", 8)
    story.resolved("publish", "approve", 8)
    story.decided("publish", "bob", "reject", told="conflict")
    seen = {"tokens": {"draft": "d1"}, "heard": {"publish": "alice on publish"}, "careful": True}
    story.begin("finish", "f1", **seen)
    proposal = {"idempotency_key": "asks-1/finish"}
    story.opened("did it?", {}, draft={"kind": "interrupted", "proposal": proposal})
    story.decided("did it?", "alice", "answer")
    story.resolved("did it?", "answer", payload={"what": "run_again"})
    story.step("finish", "f2", **seen)
    story.event("run_finished", {}, 9, "handrail")

    story.start("waits-2")
    story.step("before", "b1")
    story.step("woke", "w1", 6.5, tokens={"before": "b1"})
    silent = (START + timedelta(seconds=10)).isoformat()
    story.opened("silent", {"woke": "w1"}, deadline=silent)
    story.resolved("silent", "approve", 11, "handrail", cause="timeout", comment=None)
    reviewers = {"asked": ["alice", "bob", "carol"], "draft": {"policy": TWO_OF_THREE}}
    story.opened("board", {}, **reviewers)
    story.decided("board", "alice", "reject")
    story.decided("board", "bob", "approve")
    story.decided("board", "carol", "approve")
    story.resolved("board", "approve", actor="carol")
    pool = {"draft": {"pool": {"workers": ["tina"], "capacity": 1}, "kind": "task"}}
    story.opened("task 1", {}, worker="tina", **pool)
    story.opened("task 2", {}, **pool)
    story.decided("task 1", "tina", "answer")
    story.resolved("task 1", "answer", actor="tina")
    story.event("assigned", {"worker": "tina"}, 1, "handrail", "task 2")
    story.event("withdrawn", {"superseded_by": None}, 2, "handrail", "task 2")
    story.history.starting += [
        {"what": "cancel", "run": "waits-2", "told": told} for told in (None, "acknowledged")
    ]
    story.event("run_cancelled", {}, 2, "starter")
    story.history.conductor += [{"what": "clock", "ahead": ahead} for ahead in (0.0, 5.0)]
    return rechained(story.history)


def rechained(history: History) -> History:
    """The same history with fitting numbers and hashes, as a careful forger would leave it."""
    previous, events = "", []
    for number, event in enumerate(history.events, 1):
        fitting = replace(event, sequence=number)
        previous = chaos_checker.chained(previous, fitting)
        events.append(replace(fitting, hash=previous))
    lines = (history.effects, history.deciding, history.starting, history.conductor)
    return History(events, *lines)


def wrong(history: History) -> set[str]:
    """The checks that find something."""
    return {name for name, found in chaos_checker.check(history).items() if found.wrong}


def place(history: History, kind: str, request: str | None = None, run: str | None = None) -> int:
    """Where the first such event is."""
    return next(
        index
        for index, event in enumerate(history.events)
        if event.kind == kind and request in (None, event.request_id) and run in (None, event.run_id)
    )


def test_a_good_history_passes_every_check_and_each_looks_at_something() -> None:
    found = chaos_checker.check(good())
    assert {name: finding.wrong for name, finding in found.items() if finding.wrong} == {}
    assert all(finding.looked_at for finding in found.values())


def test_the_formula_of_the_hash_is_the_one_of_the_log() -> None:
    previous = ""
    for event in good().events:
        facts = (
            event.sequence,
            event.at,
            event.actor,
            event.kind,
            event.request_id,
            event.run_id,
            event.data,
        )
        assert event.hash == chained(previous, LogEntry(*facts, hash="").line)
        previous = event.hash


def test_the_checker_imports_nothing_of_what_it_checks() -> None:
    modules = (chaos_checker, chaos_steps, chaos_findings, chaos_history)
    for module in modules:
        tree = ast.parse(Path(str(module.__file__)).read_text())
        names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        assert not [name for name in names if str(name).startswith("handrail")]
        own = {name for name in names if str(name).startswith("tests")}
        assert own <= {"tests.support", *(one.__name__ for one in modules)}


Damage = Callable[[History], None]
DAMAGES: list[tuple[str, set[str], Damage]] = []


def damages(*checks: str) -> Callable[[Damage], Damage]:
    """Register a damage and the checks that have to find it."""

    def register(damage: Damage) -> Damage:
        DAMAGES.append((damage.__name__, set(checks), damage))
        return damage

    return register


def drop(history: History, kind: str, request: str | None = None, run: str | None = None) -> None:
    """Let something else have happened, which concerns nobody: the places of the others stay as they are."""
    index = place(history, kind, request, run)
    history.events[index] = replace(
        history.events[index], kind="noted", request_id=None, run_id=None, data="{}"
    )


def insert(history: History, index: int, event: Event) -> None:
    """Let something more have happened; who has seen the log since has seen it longer."""
    history.events.insert(index, event)
    for line in history.effects:
        line["log"] = line.get("log", 0) + (line.get("log", 0) > index)


def double(history: History, kind: str, request: str | None = None, run: str | None = None) -> None:
    """Put the same event once more behind itself."""
    at = place(history, kind, request, run)
    insert(history, at + 1, history.events[at])


def change(history: History, kind: str, name: str, at: float | None = None, **facts: Any) -> None:
    """Change the moment or the actor of an event, or what it says."""
    index = place(history, kind, name)
    event = history.events[index]
    actor = facts.pop("by", event.actor)
    moment = event.at if at is None else (START + timedelta(seconds=at)).isoformat()
    data = json.dumps(merged(event.move, facts))
    history.events[index] = replace(event, at=moment, actor=actor, data=data)


def merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    return new


@damages("starts")
def a_start_is_lost(history: History) -> None:
    drop(history, "run_started", run="asks-1")


@damages("starts")
def a_run_is_started_twice(history: History) -> None:
    double(history, "run_started", run="asks-1")


@damages("starts")
def a_run_that_nobody_started(history: History) -> None:
    history.starting[:] = [line for line in history.starting if line["run"] != "asks-1"]


@damages("ends")
def a_run_is_lost(history: History) -> None:
    drop(history, "run_finished")


@damages("ends")
def a_run_ends_twice(history: History) -> None:
    double(history, "run_finished")


@damages("ends")
def a_run_goes_on_after_its_end(history: History) -> None:
    end = place(history, "run_finished")
    insert(history, end + 1, replace(history.events[end], kind="run_retried"))


@damages("ends")
def a_run_fails(history: History) -> None:
    index = place(history, "run_finished")
    history.events[index] = replace(history.events[index], kind="run_failed")


@damages("ends")
def a_run_is_cancelled_by_nobody(history: History) -> None:
    history.starting[:] = [line for line in history.starting if line["what"] != "cancel"]


@damages("ends")
def an_acknowledged_cancellation_is_lost(history: History) -> None:
    history.starting += [{"what": "cancel", "run": "asks-1", "told": told} for told in (None, "acknowledged")]


@damages("outcomes")
def an_outcome_comes_twice(history: History) -> None:
    double(history, "resolved", "silent")


@damages("outcomes")
def a_request_is_lost(history: History) -> None:
    drop(history, "resolved", "silent")


@damages("outcomes")
def a_request_is_moved_after_its_end(history: History) -> None:
    event = history.events[place(history, "resolved", "silent")]
    comment = replace(event, kind="commented", data="{}")
    insert(history, place(history, "resolved", "silent") + 1, comment)


@damages("outcomes", "policies")
def a_decision_counts_after_the_outcome(history: History) -> None:
    last = place(history, "resolved", "board")
    history.events[last - 1 : last + 1] = reversed(history.events[last - 1 : last + 1])


@damages("policies")
def an_outcome_is_not_what_the_decisions_say(history: History) -> None:
    change(history, "resolved", "board", outcome={"verb": "reject"})


@damages("policies")
def an_outcome_comes_too_soon(history: History) -> None:
    change(history, "opened", "board", request={"asked": ["alice", "bob", "carol", "dave", "erin"]})


@damages("asked_once")
def a_question_is_asked_again_elsewhere(history: History) -> None:
    change(history, "opened", "board", request={"draft": {"title": "silent"}})


@damages("asked_once")
def a_place_asks_again(history: History) -> None:
    change(history, "opened", "board", request={"address": "silent"})


@damages("asked_once")
def a_task_is_given_twice(history: History) -> None:
    for task in ("task 1", "task 2"):
        change(history, "opened", task, request={"draft": {"key": "the same"}})


@damages("decisions", "policies")
def an_acknowledged_decision_is_lost(history: History) -> None:
    drop(history, "decided", "publish")


@damages("decisions")
def an_acknowledged_vote_is_lost(history: History) -> None:
    drop(history, "decided", "board")


@damages("decisions")
def a_refused_decision_counts(history: History) -> None:
    for line in history.deciding:
        if line["id"] == "alice on board" and line["told"]:
            line["told"] = "conflict"


@damages("decisions")
def a_decision_is_somebody_elses(history: History) -> None:
    change(history, "decided", "publish", by="bob", decision={"actor": "bob"})


@damages("decisions")
def a_decision_has_another_verb(history: History) -> None:
    change(history, "decided", "board", decision={"verb": "abstain"})


@damages("decisions")
def a_decision_is_forged(history: History) -> None:
    history.deciding[:] = [line for line in history.deciding if line["id"] != "bob on board"]


@damages("timers")
def a_reminder_comes_twice(history: History) -> None:
    double(history, "reminded")


@damages("timers")
def a_reminder_comes_too_soon(history: History) -> None:
    change(history, "reminded", "publish", 3.9)


@damages("timers")
def a_rung_is_taken_twice(history: History) -> None:
    double(history, "escalated")


@damages("timers")
def a_rung_is_taken_too_soon(history: History) -> None:
    change(history, "escalated", "publish", 5.9)


@damages("timers")
def a_deadline_comes_too_soon(history: History) -> None:
    change(history, "resolved", "silent", 9.9)


@damages("timers")
def a_silence_means_something_else(history: History) -> None:
    change(history, "resolved", "silent", outcome={"verb": "reject"})


@damages("timers")
def a_decision_comes_after_the_deadline(history: History) -> None:
    change(history, "decided", "publish", 30)


@damages("sleeps")
def somebody_wakes_too_soon(history: History) -> None:
    for line in history.effects:
        if line.get("what") == "woke":
            line["clock"] = (START + timedelta(seconds=5.9)).isoformat()


@damages("steps")
def a_step_is_repeated_after_a_later_step_began(history: History) -> None:
    history.effects.append({**history.effects[0], "token": "d2"})
    history.effects[-1]["log"] = 1


@damages("steps")
def a_step_is_repeated_after_its_result_was_shown(history: History) -> None:
    shown = place(history, "opened", "publish") + 1
    history.effects.insert(2, {**history.effects[0], "token": "d2", "log": shown})


@damages("steps")
def a_step_gives_something_else(history: History) -> None:
    change(history, "opened", "publish", request={"draft": {"proposal": {"tokens": {"draft": "d2"}}}})


@damages("steps")
def a_result_is_there_before_the_step_has_ended(history: History) -> None:
    line = next(line for line in history.effects if line["did"] == "done" and line["token"] == "d1")
    history.effects.remove(line)


@damages("executions")
def a_step_is_executed_twice_at_once(history: History) -> None:
    history.effects.insert(1, {**history.effects[0], "token": "d0"})


@damages("executions")
def a_step_is_executed_after_the_end(history: History) -> None:
    for line in history.effects:
        if line["token"] == "f2" and line["did"] == "begin":
            line["log"] = place(history, "run_finished") + 1


@damages("executions", "repetitions")
def a_step_has_another_key_at_its_next_attempt(history: History) -> None:
    for line in history.effects:
        if line["token"] == "f2" and line["did"] == "begin":
            line["key"] = "another"
            again = {**line, "token": "f3"}
    history.effects.append(again)


@damages("repetitions")
def an_interrupted_step_is_repeated_silently(history: History) -> None:
    change(history, "resolved", "did it?", outcome={"payload": {"what": "happened", "result": "f1"}})


@damages("results")
def a_finished_run_has_skipped_its_last_step(history: History) -> None:
    history.effects[:] = [line for line in history.effects if line.get("what") != "finish"]


@damages("results")
def a_result_was_lost_on_the_way(history: History) -> None:
    for line in history.effects:
        if line.get("what") == "finish":
            line["tokens"] = {}


@damages("results")
def an_answer_went_to_another_question(history: History) -> None:
    for line in history.effects:
        if line.get("what") == "finish":
            line["heard"] = {"publish": "carol on board"}


@damages("tasks")
def a_worker_has_two_tasks(history: History) -> None:
    change(history, "opened", "task 2", request={"worker": "tina"})


@damages("tasks")
def a_task_is_done_by_somebody_else(history: History) -> None:
    change(history, "opened", "task 1", request={"worker": "tom"})


@pytest.mark.parametrize(("checks", "damage"), [pytest.param(*rest, id=name) for name, *rest in DAMAGES])
def test_a_damage_is_found(checks: set[str], damage: Damage) -> None:
    history = good()
    damage(history)
    assert wrong(rechained(history)) == checks


def test_every_check_has_a_damage_that_it_finds() -> None:
    assert {check for _, checks, _ in DAMAGES for check in checks} == chaos_checker.CHECKS.keys() - {"chain"}


def test_a_changed_dropped_or_rewritten_log_breaks_the_chain() -> None:
    assert wrong(good()) == set()
    changed = good()
    changed.events[3] = replace(changed.events[3], actor="mallory")
    assert "chain" in wrong(changed)
    dropped = good()
    del dropped.events[4]
    assert "chain" in wrong(dropped)
    forged = good()
    forged.events[-1] = replace(forged.events[-1], hash="0" * 64)
    assert wrong(forged) == {"chain"}
    seen = {"what": "log", "sequence": 6, "hash": good().events[5].hash}
    rewritten = good()
    rewritten.conductor.append(seen)
    assert wrong(rewritten) == set()
    rewritten.events[2] = replace(rewritten.events[2], actor="mallory")
    assert wrong(rechained(rewritten)) == {"chain"}

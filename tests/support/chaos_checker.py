"""Proves from the event log and the side effects that every promise was kept, whatever the conductor did.

It imports nothing of Handrail, and takes nobody's word: neither the journal nor the states of runs and requests. What
was recorded is known by its traces: a step's result that a later step or a question had in hand was stored before.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from tests.support import chaos_steps  # its checks are registered by that
from tests.support.chaos_findings import CHECKS, Judgement, check, proves
from tests.support.chaos_history import ENDS_OF_REQUESTS, ENDS_OF_RUNS, Event, History, Line, load

__all__ = ["CHECKS", "chaos_steps", "check", "load"]

SYSTEM = "handrail"
YES = ("approve", "edit", "answer")


# -- the log ----------------------------------------------------------------------------------------------------------


def chained(previous: str, event: Event) -> str:
    """Return the hash that a line must carry after one with the hash `previous`."""
    line = [event.sequence, event.at, event.actor, event.kind, event.request_id, event.run_id, event.data]
    text = previous + "\n" + json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@proves("the hash chain is whole, and what was seen of it is still there")
def chain(history: History) -> Iterator[Judgement]:
    previous = ""
    for number, event in enumerate(history.events, 1):
        right = event.sequence == number and event.hash == chained(previous, event)
        yield None if right else f"event {event.sequence} is not the {number}th, or not what was hashed"
        previous = event.hash
    hashes = {event.sequence: event.hash for event in history.events}
    for line in history.conductor:
        if line["what"] == "log":
            kept = hashes.get(line["sequence"]) == line["hash"]
            yield None if kept else f"event {line['sequence']} was seen with another hash"


# -- runs -------------------------------------------------------------------------------------------------------------


@proves("each acknowledged start is one run")
def starts(history: History) -> Iterator[Judgement]:
    started = Counter(event.run_id for event in history.events if event.kind == "run_started")
    acknowledged = {line["run"] for line in history.said("start", "acknowledged")}
    asked_for = {line["run"] for line in history.starting if line["what"] == "start"}
    for run_id in sorted(acknowledged | started.keys()):
        if run_id not in asked_for:
            yield f"run {run_id} was started by nobody"
        elif started[run_id] != 1:
            yield f"run {run_id} was acknowledged and is started {started[run_id]} times in the log"
        else:
            yield None


@proves("no run is lost: each ends once, as it should, and nothing happens after its end")
def ends(history: History) -> Iterator[Judgement]:
    may_be_cancelled = {line["run"] for line in history.starting if line["what"] == "cancel"}
    may_be_cancelled |= {
        key.partition("/")[0] for _, key, answer in history.interruptions if answer["what"] == "cancel"
    }
    must_be = {line["run"] for line in history.said("cancel", "acknowledged")}
    requests: dict[str, list[str]] = defaultdict(list)
    for request_id, request in history.opened.items():
        requests[request["run_id"] or ""].append(request_id)
    for run_id, events in history.runs.items():
        found = [event for event in events if event.kind in ENDS_OF_RUNS]
        if len(found) != 1:
            open_ones = [one for one in requests[run_id] if one not in history.ended]
            yield f"run {run_id} has {len(found)} ends; it waits for {open_ones or 'nothing'}"
            continue
        (end,) = found
        after = [
            request for request in requests[run_id] if history.requests[request][0].sequence > end.sequence
        ]
        if end.kind not in ("run_finished", "run_cancelled"):
            yield f"run {run_id} ended as {end.kind}: {end.data}"
        elif events[-1] is not end or after:
            yield f"run {run_id} has events after its end"
        elif end.kind == "run_cancelled" and run_id not in may_be_cancelled:
            yield f"run {run_id} was cancelled by nobody"
        elif end.kind == "run_finished" and run_id in must_be:
            yield f"run {run_id} finished, and its cancellation was acknowledged"
        else:
            yield None


# -- requests ---------------------------------------------------------------------------------------------------------


@proves("no request is lost, and each has one outcome, with nothing after it")
def outcomes(history: History) -> Iterator[Judgement]:
    for request_id, events in history.requests.items():
        kinds = [event.kind for event in events]
        terminal = [kind for kind in kinds if kind in ENDS_OF_REQUESTS]
        if kinds[0] != "opened" or kinds.count("opened") != 1:
            yield f"request {request_id} doesn't begin with its one opening: {kinds}"
        elif len(terminal) != 1:
            yield f"request {request_id} has {len(terminal)} ends: {kinds}"
        elif kinds[-1] not in ENDS_OF_REQUESTS:
            yield f"request {request_id} was moved after its end: {kinds}"
        else:
            yield None


@proves(
    "each outcome is what its policy makes of the decisions before it, and no earlier one would have been"
)
def policies(history: History) -> Iterator[Judgement]:
    for request_id, events in history.requests.items():
        if request_id in history.opened:
            yield from _judged(request_id, history.opened[request_id], events)


def _judged(request_id: str, request: Line, events: list[Event]) -> Iterator[Judgement]:
    votes: dict[str, Line] = {}
    asked = request["asked"]
    waits_for: str | None = None
    for event in events:
        move = event.move
        if event.kind == "escalated":
            asked = move["asked"]
        elif event.kind == "decided":
            if waits_for is not None:
                yield f"request {request_id} had its outcome {waits_for} and was decided again"
            votes = {name: vote for name, vote in votes.items() if name != event.actor}
            votes[event.actor] = move["decision"]
            waits_for = _outcome(request["draft"]["policy"], votes, asked)
        elif event.kind == "resolved" and move["outcome"]["cause"] != "timeout":
            verb = move["outcome"]["verb"]
            yield (
                None
                if verb == waits_for
                else f"request {request_id} is {verb} where it had to be {waits_for}"
            )
            waits_for = None
    if waits_for is not None:
        yield f"request {request_id} was decided ({waits_for}) and has not that outcome"


def _outcome(policy: Line, votes: dict[str, Line], asked: list[str] | None) -> str | None:
    """Return the verb of the outcome as soon as no further vote can change it."""
    if asked and all(name in votes and votes[name]["verb"] == "abstain" for name in asked):
        return "reject"
    if policy["quorum"]["kind"] == "first":
        spoken = [vote["verb"] for vote in votes.values() if vote["verb"] != "abstain"]
        return spoken[0] if spoken else None
    counting = [vote["verb"] for name, vote in votes.items() if name in (asked or [])]
    yes, share = sum(verb in YES for verb in counting), Fraction(str(policy["quorum"]["share"]))
    everybody = len(asked or [])
    if yes >= share * everybody:
        return "approve"
    return "reject" if yes + everybody - len(counting) < share * everybody else None


@proves("nobody is asked twice")
def asked_once(history: History) -> Iterator[Judgement]:
    seen: dict[tuple[str, ...], str] = {}
    for request_id, request in history.opened.items():
        draft, run_id = request["draft"], request["run_id"]
        places = [("key", draft["key"])] if draft["key"] else [("address", run_id, request["address"])]
        if run_id and draft["kind"] != "interrupted":
            places.append(("title", run_id, draft["title"]))
        before = [seen[place] for place in places if place in seen and not _replaced(history, seen[place])]
        yield f"request {request_id} asks what {before[0]} asks" if before else None
        seen |= dict.fromkeys(places, request_id)


def _replaced(history: History, request_id: str) -> bool:
    """Whether a request was replaced by its next revision, or nobody was to do it any more."""
    end = history.ended.get(request_id)
    return end is not None and (end.kind == "withdrawn" or bool(end.move.get("superseded_by")))


@proves("each acknowledged decision is in the log, by that person, once; no refused or forged one is")
def decisions(history: History) -> Iterator[Judgement]:
    logged: dict[str, list[Event]] = defaultdict(list)
    for event in history.events:
        if event.kind == "decided":
            logged[event.move["decision"]["comment"]].append(event)
    tried = {line["id"]: line for line in history.said("decide", None)}
    told = {line["id"]: line["told"] for line in history.deciding if line["told"] is not None}
    for nonce, line in tried.items():
        found = logged.get(nonce, [])
        if told.get(nonce) == "acknowledged" and not found:
            yield f"{line['actor']}: {line['verb']} on {line['request']} was acknowledged, and is not in the log"
        elif told.get(nonce) in ("conflict", "refused", "not stored") and found:
            yield f"{line['actor']}: {line['verb']} on {line['request']} was {told[nonce]}, and is in the log"
        else:
            yield None
    for nonce, found in logged.items():
        for event in found:
            made = event.move["decision"]
            line = tried.get(nonce, {})
            is_so = len(found) == 1 and (line.get("request"), line.get("actor"), line.get("verb")) == (
                event.request_id,
                event.actor,
                made["verb"],
            )
            yield (
                None
                if is_so and made["actor"] == event.actor
                else f"nobody decided event {event.sequence} so, once"
            )


# -- time -------------------------------------------------------------------------------------------------------------


@proves("deadlines, reminders and escalations come when they are due, once, and no decision after them")
def timers(history: History) -> Iterator[Judgement]:
    for request_id, events in history.requests.items():
        if request_id in history.opened:
            yield from _timed(request_id, history.opened[request_id], events)


def _timed(request_id: str, request: Line, events: list[Event]) -> Iterator[Judgement]:
    policy, opened_at = request["draft"]["policy"], _moment(request["opened_at"])
    deadline, rungs, reminded = request["deadline"], 0, 0
    for event in events:
        move, passed = event.move, (event.moment - opened_at).total_seconds()
        overdue = deadline is not None and event.moment >= _moment(deadline)
        match event.kind:
            case "escalated":
                by_deadline = overdue and move["deadline"] != deadline
                due = by_deadline or passed >= policy["escalations"][rungs]["after"]
                yield (
                    None
                    if move["rung"] == rungs + 1 and due
                    else f"request {request_id} escalated twice or too soon"
                )
                rungs, deadline = move["rung"], move["deadline"]
            case "reminded" if event.actor == SYSTEM:
                due = move["passed"] > reminded and passed >= policy["reminders"][move["passed"] - 1]
                yield None if due else f"request {request_id} reminded twice or too soon"
                reminded = move["passed"]
            case "resolved" if move["outcome"]["cause"] == "timeout":
                right = overdue and event.actor == SYSTEM and move["outcome"]["verb"] == _silence(policy)
                yield (
                    None
                    if right
                    else f"request {request_id}: its silence is {move['outcome']['verb']}, or too soon"
                )
            case "expired":
                yield (
                    None
                    if overdue and policy["on_timeout"] is None
                    else f"request {request_id} expired too soon"
                )
            case "decided" if overdue:
                yield f"request {request_id} was decided after its deadline"


def _silence(policy: Line) -> str:
    match policy["on_timeout"]:
        case {"verb": verb}:
            return str(verb)
        case "approve":
            return "approve"
    return "reject"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# -- tasks ------------------------------------------------------------------------------------------------------------


@proves("nobody has more tasks than room, and only who has a task does it")
def tasks(history: History) -> Iterator[Judgement]:
    having: dict[str, str] = {}
    for event in history.events:
        request_id = event.request_id or ""
        pool = history.opened[request_id]["draft"]["pool"] if request_id in history.opened else None
        if pool is None:
            continue
        if event.kind in ENDS_OF_REQUESTS:
            having.pop(request_id, None)
            continue
        if event.kind == "decided":
            right = having.get(request_id) == event.actor
            yield None if right else f"task {request_id} was done by {event.actor}, whose it is not"
        worker = event.move["request"]["worker"] if event.kind == "opened" else event.move.get("worker")
        if worker:
            having[request_id] = worker
            load = sum(who == worker for who in having.values())
            yield None if load <= pool["capacity"] else f"{worker} has {load} tasks at event {event.sequence}"

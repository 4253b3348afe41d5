"""The checks of what was executed: what was recorded is known by its traces.

A step's result that a later step or a question had in hand was stored before; from then on it may not begin again.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tests.support.chaos_findings import Judgement, proves
from tests.support.chaos_history import History, tokens_in

NAP = 6.0
"""seconds between the steps `before` and `woke` of the flow that sleeps"""
NEVER = 1 << 60


@proves("no step is executed again, or gives something else, once its result was recorded")
def steps(history: History) -> Iterator[Judgement]:
    recorded: dict[tuple[str, str], tuple[str, int, int]] = {}
    for run_id, step, token, place, sequence in _traces(history):
        known, first_place, first_sequence = recorded.get((run_id, step), (token, place, sequence))
        if known != token:
            yield f"run {run_id}: step {step!r} gave {known}, and later {token}"
        recorded[run_id, step] = (known, min(first_place, place), min(first_sequence, sequence))
    for (run_id, step), (token, place, sequence) in recorded.items():
        again = [
            line
            for begun, line in history.begins.get((run_id, step), [])
            if begun > place or line["log"] >= sequence
        ]
        if again:
            yield f"run {run_id}: step {step!r} was recorded and began again: {again[0]['token']}"
        elif not _executed(history, run_id, token, place):
            yield f"run {run_id}: step {step!r} has a result ({token}) that nobody made"
        else:
            yield None


def _traces(history: History) -> Iterator[tuple[str, str, str, int, int]]:
    """Return who had a step's result in hand: run, step, token, its place among the effects, and in the log."""
    for place, line in enumerate(history.effects):
        for step, token in line.get("tokens", {}).items():
            yield line["run"], step, token, place, NEVER
    for request_id, request in history.opened.items():
        shown = {"proposal": request["draft"]["proposal"], "context": request["draft"]["context"]}
        for step, token in tokens_in(shown):
            yield request["run_id"], step, token, NEVER, history.requests[request_id][0].sequence


def _executed(history: History, run_id: str, token: str, before: int) -> bool:
    """Whether this result was made by an execution that ended, or given by a person who was asked what happened."""
    if token in history.done:
        return history.done[token] < before
    return any(
        answer.get("result") == token and key.startswith(f"{run_id}/")
        for _, key, answer in history.interruptions
    )


@proves("no step is executed twice at once, and none after the end of its run")
def executions(history: History) -> Iterator[Judgement]:
    finished = {event.run_id: event.sequence for event in history.events if event.kind == "run_finished"}
    for (run_id, step), begun in history.begins.items():
        ends = [history.done.get(line["token"], -1) for _, line in begun]
        overlap = any(end > later for end, (later, _) in zip(ends, begun[1:], strict=False))
        after = any(line["log"] >= finished.get(run_id, NEVER) for _, line in begun)
        if len({line["key"] for _, line in begun}) != 1:
            yield f"run {run_id}: step {step!r} has several idempotency keys"
        elif overlap or after:
            yield f"run {run_id}: step {step!r} was executed {'twice at once' if overlap else 'after the end'}"
        else:
            yield None


@proves("a step that must not be repeated silently is repeated only when a person says so")
def repetitions(history: History) -> Iterator[Judgement]:
    allowed: dict[str, list[int]] = defaultdict(list)
    for event, key, answer in history.interruptions:
        if answer["what"] == "run_again":
            allowed[key].append(event.sequence)
    for (run_id, step), begun in history.begins.items():
        for number, (_, line) in enumerate(begun):
            if line["careful"]:
                said = sum(sequence <= line["log"] for sequence in allowed[line["key"]])
                yield (
                    None
                    if said >= number
                    else f"run {run_id}: step {step!r} was repeated and nobody was asked"
                )


@proves("what a finished run's last step has seen is everything, and its answers are the outcomes")
def results(history: History) -> Iterator[Judgement]:
    titles = {
        (request["run_id"], request["draft"]["title"]): request_id
        for request_id, request in history.opened.items()
    }
    steps_of: dict[str, set[str]] = defaultdict(set)
    for run_id, step in history.begins:
        steps_of[run_id].add(step)
    # Somebody may have said of a last step that had not even begun that it happened.
    told = {key for _, key, answer in history.interruptions if answer["what"] == "happened"}
    for run_id, events in history.runs.items():
        if events[-1].kind != "run_finished":
            continue
        if (run_id, "finish") not in history.begins and f"{run_id}/finish" in told:
            yield None
            continue
        last = [line for _, line in history.begins.get((run_id, "finish"), [])]
        missing = steps_of[run_id] - {"finish"} - (last[-1]["tokens"].keys() if last else set())
        if not last or missing:
            yield f"run {run_id} finished without {sorted(missing) or 'its last step'}"
            continue
        for name, said in last[-1]["heard"].items():
            end = history.ended.get(name) or history.ended.get(titles.get((run_id, name), ""))
            outcome = end.move.get("outcome") if end is not None else None
            right = outcome is not None and said in (outcome["payload"], outcome["comment"])
            yield None if right else f"run {run_id} heard {said!r} of {name}, which is not its outcome"


@proves("nobody wakes before a sleep is over")
def sleeps(history: History) -> Iterator[Judgement]:
    turns = [line["ahead"] for line in history.conductor if line["what"] == "clock"]
    back = sum(max(0.0, before - after) for before, after in pairwise(turns))
    for (run_id, what), executions in history.begins.items():
        if what == "woke":
            token = executions[0][1]["tokens"]["before"]
            slept = [one for _, one in history.begins[run_id, "before"] if one["token"] == token]
            early = (
                datetime.fromisoformat(slept[0]["clock"]) + timedelta(seconds=NAP - back) if slept else None
            )
            awake = early is not None and datetime.fromisoformat(executions[0][1]["clock"]) >= early
            yield None if awake else f"run {run_id} woke too soon"

"""What the run of an agent tells its board, and learns from it: units of work, each safe to be done twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from handrail.requests.content import JSON, decode
from handrail.runs.journal import State
from handrail.runs.run import RunStatus, StoredRun
from handrail.teams import plan
from handrail.teams.card import Card, total
from handrail.teams.desk import Desk, find_card
from handrail.teams.event import FeedbackProcessed, Spent
from handrail.teams.ports import TeamTransaction
from handrail.teams.round import CallUsage, RoundEnd, round_id
from handrail.teams.status import TaskStatus
from handrail.teams.turn import STEP, Turn

AT_IT = (TaskStatus.DOING, TaskStatus.PAUSED)


@dataclass(frozen=True)
class Notes:
    """What an agent is told between two calls of its model."""

    feedback: int = 0
    """the number of the last feedback that there is"""
    paused: bool = False
    gone: bool = False
    """whether this run works on the task no more"""


def consult(
    tx: TeamTransaction,
    *,
    run_id: str,
    task: str,
    child: str,
    heard: int,
    worked_in: int,
    usage: Sequence[CallUsage],
    now: datetime,
) -> Notes:
    """Tell what the calls of a round have used until now, and up to where feedback is worked in; learn what is new.

    `heard` is the number of the last feedback that the agent knows, `usage` that of all calls of this round.
    """
    desk = Desk.opened(tx, run_id, now, "")
    card = desk.card(task)
    desk.actor = card.planned.agent
    if card.run != child or card.status not in AT_IT:
        return Notes(gone=True)
    card = count(desk, card, usage)
    if worked_in > card.processed:
        card = desk.tell(card, FeedbackProcessed(task, worked_in))
    desk.close()
    if card.status is TaskStatus.PAUSED:
        return Notes(paused=True)
    return Notes(max(heard, card.feedback))


def told(tx: TeamTransaction, *, run_id: str, task: str, heard: int, last: int) -> list[dict[str, Any]]:
    """Return `number` and `content` of the feedback beyond `heard`, up to and with `last`; it never changes."""
    new = tx.feedback(run_id, task, heard, last - heard)
    return [{"number": each.number, "content": each.content} for each in new]


def is_held_up(tx: TeamTransaction, *, run_id: str, task: str, child: str) -> bool:
    """Whether the agent may begin no other call now: the team is paused, or this run works on the task no more."""
    card = find_card(tx, run_id=run_id, task=task)
    return card.run != child or card.status is not TaskStatus.DOING


def count(desk: Desk, card: Card, usage: Sequence[CallUsage]) -> Card:
    """Add what the calls of this round have used that isn't counted yet; calls with and without a price apart."""
    new = usage[card.counted :]
    for priced in (True, False):
        calls = [one for one in new if (one.cost is not None) is priced]
        if calls:
            card = desk.tell(card, _spent(card.id, calls, priced))
    return card


def _spent(task: str, calls: Sequence[CallUsage], priced: bool) -> Spent:
    return Spent(
        task,
        len(calls),
        sum(one.input_tokens for one in calls),
        sum(one.output_tokens for one in calls),
        str(total(Decimal(one.cost or 0) for one in calls)) if priced else None,
    )


def used_by(tx: TeamTransaction, run: StoredRun) -> Sequence[CallUsage]:
    """Return what the calls of a round have used, however it has ended: those of one cut off are in its journal."""
    if run.result is not None:
        return RoundEnd.read(run.result).usage
    return [
        Turn.read(decode(entry.value)).usage
        for frame in tx.entries(run.id, "")
        for entry in tx.entries(run.id, frame.address)
        if entry.state is State.DONE and entry.value and entry.label.partition("~")[0] == STEP
    ]


def processed(tx: TeamTransaction, *, run_id: str, task: str) -> int:
    """Return up to which number the feedback on a task is worked in."""
    return find_card(tx, run_id=run_id, task=task).processed


def brief(tx: TeamTransaction, *, run_id: str, task: str, number: int, processed: int) -> dict[str, Any]:
    """Return what an agent has to know to begin a round: its task, and what it builds on.

    `since` is the round in which the conversation has begun: `talk` tells what was said. `processed` is up to which
    number feedback was worked in when the round began.
    """
    team, card = tx.team(run_id), tx.card(run_id, task)
    assert team is not None
    assert card is not None
    planned = card.planned
    ids = [each.id for each in tx.outlines_of_cards(run_id)]
    forgotten = _forgotten(tx, run_id, card, number)
    results = {one: tx.card(run_id, one) for one in planned.dependencies}
    values: dict[str, JSON] = dict(team.inputs)
    put_in = plan.results_meant(planned, ids)
    for name, meant in put_in.items():
        found = results[meant]
        values[name] = found.result if found is not None else None
    description = plan.fill(planned.description, values)
    return {
        "title": planned.title if plan.has_own_title(planned, team.inputs) else plan.first_line(description),
        "description": description,
        "expected_output": plan.fill(planned.expected_output or "", values) or None,
        "output_schema": planned.output_schema,
        "context": [
            {"task": one, "title": found.planned.title, "result": found.result}
            for one, found in results.items()
            if found is not None and one not in put_in.values()  # nobody pays for reading it twice
        ],
        "since": card.since,
        "earlier_feedback": [each.content for each in tx.feedback(run_id, task, 0, processed) if forgotten],
        "result": card.result,
        "agent": planned.agent,
        "processed": processed,
    }


def _forgotten(tx: TeamTransaction, run_id: str, card: Card, number: int) -> bool:
    """Whether the conversation begins anew, or lacks a round that came to no end of its own.

    It also begins anew where nothing was said in a round: because its model could not be reached, say.
    """
    before = range(card.since, number)
    rounds = tx.standing([round_id(run_id, card.id, said) for said in before])
    if any(status is not RunStatus.FINISHED for _, status, _ in rounds):
        return True
    return not any(_said(tx, run_id, card.id, said) for said in before)


def talk(tx: TeamTransaction, *, run_id: str, task: str, since: int, number: int) -> list[JSON]:
    """Return what was said in the rounds from `since` until before `number`; it never changes."""
    return [message for said in range(since, number) for message in _said(tx, run_id, task, said)]


def _said(tx: TeamTransaction, run_id: str, task: str, number: int) -> Sequence[JSON]:
    """Return what was said in an earlier round."""
    run = tx.run(round_id(run_id, task, number))
    if run is None or run.parent != run_id or run.result is None:
        return ()
    return RoundEnd.read(run.result).messages

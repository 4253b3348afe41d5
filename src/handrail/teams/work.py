"""What the run of an agent tells its board, and learns from it: units of work, each safe to be done twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from handrail.requests.content import JSON
from handrail.teams import plan
from handrail.teams.card import Card
from handrail.teams.desk import Desk
from handrail.teams.event import FeedbackProcessed, Spent
from handrail.teams.ports import TeamTransaction
from handrail.teams.round import CallUsage, RoundEnd
from handrail.teams.status import TaskStatus


@dataclass(frozen=True)
class Notes:
    """What an agent is told between two calls of its model."""

    feedback: Sequence[dict[str, Any]] = ()
    """`number` and `content` of feedback that it hasn't heard"""
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
    if card.run != child or card.status not in (TaskStatus.DOING, TaskStatus.PAUSED):
        return Notes(gone=True)
    card = count(desk, card, usage)
    if worked_in > card.processed:
        card = desk.tell(card, FeedbackProcessed(task, worked_in))
    desk.close()
    if card.status is TaskStatus.PAUSED:
        return Notes(paused=True)
    new = tx.feedback(run_id, task, max(heard, card.processed))
    return Notes([{"number": each.number, "content": each.content} for each in new])


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
        str(sum(Decimal(one.cost or 0) for one in calls)) if priced else None,
    )


def brief(tx: TeamTransaction, *, run_id: str, task: str, number: int) -> dict[str, Any]:
    """Return what an agent has to know to begin a round: its task, and what it builds on.

    `since` is the round in which the conversation has begun: `talk` tells what was said.
    """
    team, card = tx.team(run_id), tx.card(run_id, task)
    assert team is not None
    assert card is not None
    planned = card.planned
    ids = [each.id for each in tx.outlines_of_cards(run_id)]
    results = {one: tx.card(run_id, one) for one in planned.dependencies}
    values: dict[str, JSON] = dict(team.inputs)
    for name, meant in plan.results_meant(planned, ids).items():
        found = results[meant]
        values[name] = found.result if found is not None else None
    return {
        "title": planned.title,
        "description": plan.fill(planned.description, values),
        "expected_output": plan.fill(planned.expected_output or "", values) or None,
        "output_schema": planned.output_schema,
        "context": [
            {"task": one, "title": found.planned.title, "result": found.result}
            for one, found in results.items()
            if found is not None
        ],
        "since": card.since,
        "earlier_feedback": [
            each.content for each in tx.feedback(run_id, task, 0, card.processed) if card.since == number
        ],
        "result": card.result,
        "agent": planned.agent,
        "processed": card.processed,
    }


def talk(tx: TeamTransaction, *, run_id: str, task: str, since: int, number: int) -> list[JSON]:
    """Return what was said in the rounds from `since` until before `number`; it never changes."""
    return [message for said in range(since, number) for message in _said(tx, run_id, task, said)]


def _said(tx: TeamTransaction, run_id: str, task: str, number: int) -> Sequence[JSON]:
    """Return what was said in an earlier round."""
    run = tx.run(f"{run_id}/{task}/{number}")
    return RoundEnd.read(run.result).messages if run is not None and run.result is not None else ()

"""Boards as every face shows them: JSON, made in the transaction that reads them."""

from collections.abc import Collection
from typing import Any

from handrail.inbox.viewer import Viewer
from handrail.requests.content import decode
from handrail.requests.identifier import parse_time, utc_text
from handrail.teams import desk, listing, plan
from handrail.teams.card import Card, Feedback, Usage
from handrail.teams.event import KINDS
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.rounds import Round, rounds_of
from handrail.teams.status import TaskStatus, WorkflowStatus
from handrail.teams.views import request_of, waiting_on

Object = dict[str, Any]
PAGE = 500
"""lines of a log that are looked at for one page of it"""
ROUNDS = 100
"""rounds of a task that are shown, the latest ones"""


def outline(tx: TeamTransaction, team: StoredTeam) -> Object:
    """Return a board as lists show it."""
    return {
        "id": team.run_id,
        "run_id": team.run_id,
        "team": team.name,
        "status": team.status.value,
        "error": team.error,
        "begun_at": utc_text(team.begun_at),
        "moved_at": utc_text(team.moved_at),
        "counts": {status.value: count for status, count in tx.task_counts(team.run_id).items()},
        "usage": usage(tx.usage_of_team(team.run_id)),
        "waiting_on": waiting_on(tx, run_id=team.run_id),
    }


def page(
    tx: TeamTransaction,
    *,
    viewer: Viewer,
    statuses: Collection[WorkflowStatus],
    team: str | None,
    after: str | None,
    limit: int,
) -> Object:
    """Return boards that one person may see, and the cursor of what follows: see `listing.page_of`."""
    found = listing.page_of(tx, viewer=viewer, statuses=statuses, name=team, after=after, limit=limit)
    return {"items": [outline(tx, each.team) for each in found.teams], "next": found.next}


def board(tx: TeamTransaction, *, run_id: str) -> Object:
    """Return a board with all its tasks. Raises `UnknownId`."""
    team = desk.find(tx, run_id=run_id)
    found = outline(tx, team)
    waits = {each["task"]: each["request_id"] for each in found["waiting_on"]}
    return {
        **found,
        "inputs": team.inputs,
        "result_task": team.result_task,
        "tasks": [card_outline(run_id, card, waits.get(card.id)) for card in tx.outlines_of_cards(run_id)],
    }


def tasks(tx: TeamTransaction, *, run_id: str, status: TaskStatus | None) -> list[Object]:
    """Return the tasks of a board (of one status) in order. Raises `UnknownId`."""
    desk.find(tx, run_id=run_id)
    cards = [card for card in tx.outlines_of_cards(run_id) if status in (None, card.status)]
    return [card_outline(run_id, card, request_of(tx, card)) for card in cards]


def card_outline(run_id: str, card: Card, request_id: str | None) -> Object:
    """Return a task as a board shows it; `request_id` is what it waits for."""
    return {
        "id": card.id,
        "run_id": run_id,
        "title": card.planned.title,
        "agent": card.planned.agent,
        "status": card.status.value,
        "round": card.round,
        "reason": card.reason,
        "moved_at": utc_text(card.moved_at),
        "feedback": card.feedback,
        "pending_feedback": card.feedback - card.processed,
        "request_id": request_id,
        "usage": usage(card.usage),
    }


def task(tx: TeamTransaction, *, run_id: str, task: str) -> Object:
    """Return a task with everything about it. Raises `UnknownId`."""
    inputs = desk.find(tx, run_id=run_id).inputs
    card = desk.find_card(tx, run_id=run_id, task=task)
    planned, rounds = card.planned, rounds_of(tx, run_id=run_id, card=card, most=ROUNDS)
    return {
        **card_outline(run_id, card, request_of(tx, card)),
        "description": plan.shown(planned.description, inputs),
        "expected_output": plan.shown(planned.expected_output or "", inputs) or None,
        "external_validation_required": planned.validated,
        "dependencies": list(planned.dependencies),
        "is_deliverable": planned.deliverable,
        "allow_parallel_execution": planned.parallel,
        "output_schema": planned.output_schema,
        "result": card.result,
        "feedback_history": [_feedback(each) for each in tx.feedback(run_id, task)],
        "revisions": [
            {"round": each.number, "result": each.result, "at": utc_text(each.ended_at or each.began_at)}
            for each in rounds
            if each.has_result
        ],
        "rounds": [_round(each) for each in rounds],
    }


def _round(each: Round) -> Object:
    return {
        "round": each.number,
        "run_id": each.run_id,
        "status": each.status.value,
        "began_at": utc_text(each.began_at),
        "ended_at": utc_text(each.ended_at) if each.ended_at else None,
        "blocked": each.blocked,
        "error": each.error,
        "calls": each.calls,
    }


def _feedback(given: Feedback) -> Object:
    return {
        "number": given.number,
        "content": given.content,
        "status": given.status.value,
        "timestamp": utc_text(given.timestamp),
        "given_by": given.given_by,
        "given_at": utc_text(given.given_at or given.timestamp),
    }


def usage(used: Usage) -> Object:
    """Return what models have used; the cost in dollars as decimal text, so that it stays exact."""
    return {
        "calls": used.calls,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "cost": f"{used.cost:f}",
        "unpriced_calls": used.unpriced,
    }


def log(
    tx: TeamTransaction, *, run_id: str, task: str | None, after: int, limit: int
) -> tuple[list[Object], int | None]:
    """Return events of a board behind a sequence in order, and behind which sequence the next page begins.

    With a `task` only its own; so a page may be short while there is more. Raises `UnknownId`.
    """
    desk.find(tx, run_id=run_id)
    if task is not None:
        desk.find_card(tx, run_id=run_id, task=task)
    found: list[Object] = []
    lines = tx.team_log(run_id, after, PAGE)
    for line in lines:
        if len(found) == limit:
            return found, after
        after = line.sequence
        if line.kind in KINDS:
            data = decode(line.data)
            reason, of = data.pop("reason", None), data.pop("task", None)
            if task in (None, of):
                found.append(
                    {
                        "sequence": line.sequence,
                        "at": utc_text(parse_time(line.at)),
                        "actor": line.actor,
                        "kind": line.kind,
                        "task": of,
                        "data": data,
                        "reason": reason,
                    }
                )
    return found, after if len(lines) == PAGE else None

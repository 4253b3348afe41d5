"""How a board goes on by itself: rounds that have ended, decisions that were made, tasks whose turn it is.

`catch_up` looks at what has happened and does what follows, until nothing more does. It may be called by anybody at
any time: where nothing has happened it does nothing.
"""

from typing import Any

from handrail.inbox import moves
from handrail.requests.decision import SYSTEM, Verb
from handrail.requests.facts import changed
from handrail.requests.identifier import new_id
from handrail.requests.request import HumanRequest
from handrail.requests.validation import merged
from handrail.runs import units
from handrail.runs.run import RunStatus, StoredRun
from handrail.teams.card import Card
from handrail.teams.desk import Desk
from handrail.teams.event import FeedbackGiven, FeedbackProcessed, TaskMoved, ValidationAsked
from handrail.teams.round import RoundEnd, round_id
from handrail.teams.status import AT_WORK, TAKES_FEEDBACK, TaskStatus, WorkflowStatus
from handrail.teams.validation import question, result_of
from handrail.teams.work import count, used_by

AT_ONCE = 5
"""tasks of one run of a team that are worked on at the same time"""


def catch_up(desk: Desk) -> None:
    """Do all that follows from what has happened."""
    for card in desk.tx.cards(desk.run_id, (TaskStatus.DOING,)):
        if card.run is not None and (run := desk.tx.run(card.run)) is not None and run.settled:
            _take_in(desk, card, run)
    for card in desk.tx.decided_cards(desk.run_id):
        _take_decision(desk, card)
    if desk.team.status in AT_WORK:
        _take_up(desk)
        _judge(desk)


# -- what an agent has come to ----------------------------------------------------------------------------------------


def _take_in(desk: Desk, card: Card, run: StoredRun) -> None:
    """Bring a task to where its agent's round has brought it."""
    if run.status is not RunStatus.FINISHED or run.result is None:
        _broken(desk, card, run)
        return
    end = RoundEnd.read(run.result)
    card = count(desk, card, end.usage)
    if end.worked_in > card.processed:
        card = desk.tell(card, FeedbackProcessed(card.id, end.worked_in))
    if end.blocked is not None:
        card = desk.move(card, TaskStatus.BLOCKED, end.blocked)
    elif card.planned.validated:
        card = desk.move(card, TaskStatus.AWAITING_VALIDATION, "done", has_result=True, result=end.result)
        card = card if card.pending else ask(desk, card)
    else:
        card = desk.move(card, TaskStatus.DONE, "done", has_result=True, result=end.result)
    if end.blocked is None and card.pending:
        revise(desk, card, "feedback that came too late for this round")


def _broken(desk: Desk, card: Card, run: StoredRun) -> None:
    """A round came to no end of its own: an obstacle of the task, and an error of the team if nobody wanted that."""
    message = (run.error or {}).get("message") or f"the run is {run.status}"
    # A run that can be mended keeps what it asks; this one won't go on, whatever is done next is another round.
    reason = f"the run is {run.status}"
    moves.withdraw_all(desk.tx, run_id=run.id, actor=SYSTEM.name, now=desk.now, reason=reason)
    card = count(desk, card, used_by(desk.tx, run))
    desk.move(card, TaskStatus.BLOCKED, f"run {run.id}: {message}")
    if run.status is not RunStatus.CANCELLED and desk.team.status in AT_WORK:
        desk.workflow(WorkflowStatus.ERRORED, error=f"task {card.id!r}, run {run.id}: {message}")


# -- what people have come to -----------------------------------------------------------------------------------------


def ask(desk: Desk, card: Card) -> Card:
    """Ask people whether the result of a task is good."""
    request_id = new_id("req", desk.now)
    moves.open_request(
        desk.tx,
        question(desk.team, card),
        now=desk.now,
        request_id=request_id,
        run_id=desk.run_id,
        flow=desk.run.flow or desk.team.name,
        address=card.id,
        initiator=desk.run.initiator,
    )
    return desk.tell(card, ValidationAsked(card.id, request_id))


def _take_decision(desk: Desk, card: Card) -> None:
    """Bring a task to where people have brought it."""
    request = moves.find(desk.tx, card.request or "")
    outcome = request.outcome
    by = outcome.by[0] if outcome and outcome.by else request.ended_by or SYSTEM.name
    if outcome is not None and outcome.approved:
        _approved(desk, card, request, by)
    elif outcome is not None and outcome.verb is Verb.REQUEST_CHANGES:
        _send_back(desk, card, outcome.comment or "", by)
    else:
        ask(desk, card)  # it was taken back or ran out: somebody still has to say whether the result is good


def _approved(desk: Desk, card: Card, request: HumanRequest, by: str) -> None:
    outcome = request.outcome
    edited = outcome is not None and outcome.verb is Verb.EDIT
    said = (outcome.comment if outcome else None) or ("edited and approved" if edited else "approved")
    more: dict[str, Any] = {}
    if outcome is not None and edited:
        more = {
            "has_result": True,
            "result": result_of(card, merged(request.draft.proposal, outcome.payload)),
        }
    card = desk.tell(card, TaskMoved(card.id, TaskStatus.VALIDATED, card.round, **more), said, actor=by)
    desk.tell(card, TaskMoved(card.id, TaskStatus.DONE, card.round), "validated", actor=by)


def _send_back(desk: Desk, card: Card, content: str, by: str) -> None:
    card = desk.tell(card, FeedbackGiven(card.id, card.feedback + 1, content), actor=by)
    revise(desk, card, "feedback", actor=by)


def revise(desk: Desk, card: Card, reason: str, *, actor: str | None = None) -> None:
    """Let feedback be worked in, and everything be done again that depends on the result."""
    if card.status not in TAKES_FEEDBACK:
        return
    desk.tell(card, TaskMoved(card.id, TaskStatus.REVISE, card.round), reason, actor=actor)
    for dependant in desk.tx.dependants(desk.run_id, card.id):
        left = take_back(desk, dependant, "the task is done again")
        desk.move(left, TaskStatus.TODO, f"feedback on {card.id}")
    if desk.team.status is WorkflowStatus.FINISHED:
        desk.workflow(WorkflowStatus.RUNNING, f"feedback on {card.id}")
        # Also where its run is about to end: with another token that end doesn't count.
        reopen(desk, actor=actor)


def reopen(desk: Desk, *, actor: str | None = None) -> None:
    """Let the run of a board that has ended look at the board again."""
    units.log(desk.tx, desk.run, "resumed", desk.now, actor or desk.actor)
    desk.tx.delete_entries(desk.run_id, "")
    units.revive(desk.tx, changed(desk.run, result=None), desk.now)


def take_back(desk: Desk, card: Card, reason: str) -> Card:
    """End what is done for a task: its agent's run, or the question whether its result is good."""
    if card.status in (TaskStatus.DOING, TaskStatus.PAUSED) and card.run is not None:
        run = units.cancel(desk.tx, run_id=card.run, now=desk.now, actor=desk.actor)
        if run is not None:
            card = count(desk, card, used_by(desk.tx, run))
    if card.status is TaskStatus.AWAITING_VALIDATION and card.request is not None:
        moves.withdraw(desk.tx, request_id=card.request, actor=SYSTEM, now=desk.now, reason=reason)
    return card


# -- what agents take up ----------------------------------------------------------------------------------------------


def _take_up(desk: Desk) -> None:
    """Let agents take up the tasks whose turn it is, as far as there is room."""
    room = AT_ONCE - len(desk.tx.cards(desk.run_id, (TaskStatus.DOING,)))
    for card in desk.tx.next_cards(desk.run_id, room) if room > 0 else ():
        if desk.team.status is WorkflowStatus.BLOCKED:
            desk.workflow(WorkflowStatus.RUNNING, f"{card.id} goes on")
        begin_round(desk, card)


def begin_round(desk: Desk, card: Card) -> None:
    """Let an agent take a task up: a child run of the team's."""
    number = card.round + 1
    while units.create(desk.tx, run=(child := _child(desk, card, number))) is not None:
        number += 1  # somebody has given this id to a run of their own
    reason = {
        TaskStatus.REVISE: "feedback is taken up",
        TaskStatus.BLOCKED: "the obstacle is removed",
    }.get(card.status, f"{card.planned.agent} picks it up")
    desk.move(card, TaskStatus.DOING, reason, round=number, run=child.id)


def _child(desk: Desk, card: Card, number: int) -> StoredRun:
    run = desk.run
    return StoredRun(
        id=round_id(run.id, card.id, number),
        flow=run.flow,
        queue=run.queue,
        input={"task": card.id, "round": number},
        status=RunStatus.PENDING,
        created_at=desk.now,
        updated_at=desk.now,
        initiator=run.initiator,
        signature=run.signature,
        home=run.home,
        parent=run.id,
    )


# -- where the work stands --------------------------------------------------------------------------------------------


def _judge(desk: Desk) -> None:
    """Bring the workflow to where its tasks are."""
    done = not desk.tx.any_open(desk.run_id)
    if done or not stuck(desk):
        if desk.team.status is WorkflowStatus.BLOCKED:
            desk.workflow(WorkflowStatus.RUNNING, "somebody has moved something")
        if done:
            desk.workflow(WorkflowStatus.FINISHED, "every task is done")
    elif desk.team.status is WorkflowStatus.RUNNING:
        desk.workflow(WorkflowStatus.BLOCKED, "nothing can move without a person")


def stuck(desk: Desk) -> bool:
    """Whether every task that is worked on waits for people."""
    doing = [card.run for card in desk.tx.cards(desk.run_id, (TaskStatus.DOING,)) if card.run]
    return all(asks and status is RunStatus.WAITING for _, status, asks in desk.tx.standing(doing))

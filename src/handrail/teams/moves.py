"""What people do to a board, as units of work: validate, give feedback, unblock, pause, resume, stop.

Each looks first at what has happened meanwhile, acts on the board as it is then, and does what follows, all in one
transaction. A refusal after something was done for that is returned and not raised, so that it is kept.
"""

from datetime import datetime
from typing import Any

from handrail.inbox import moves
from handrail.requests.content import encode
from handrail.requests.decision import Actor, Verb
from handrail.requests.errors import Conflict, IllegalMove, InvalidInput, PayloadTooLarge
from handrail.requests.request import HumanRequest
from handrail.runs import units
from handrail.runs.run import StoredRun
from handrail.teams import desk as desks
from handrail.teams import plan
from handrail.teams.card import Card
from handrail.teams.desk import Desk
from handrail.teams.event import FeedbackGiven, Unblocked
from handrail.teams.plan import Planned
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.progress import catch_up, reopen, revise, take_back
from handrail.teams.status import TaskStatus, WorkflowStatus, check_task
from handrail.teams.views import waiting_on

ENDED = frozenset({WorkflowStatus.STOPPING, WorkflowStatus.STOPPED})
DECIDED = frozenset({TaskStatus.REVISE, TaskStatus.VALIDATED, TaskStatus.DONE})
"""In these a round that awaited validation is decided."""
MOST_SAID = 100_000
"""characters that one piece of feedback may have"""


def advance(
    tx: TeamTransaction,
    *,
    run_id: str,
    name: str,
    tasks: tuple[Planned, ...],
    inputs: dict[str, Any],
    now: datetime,
) -> StoredTeam:
    """Let a board go on by itself; lay it out if there is none. Returns the team as it stands then."""
    if tx.team(run_id) is None:
        plan.check_inputs(tasks, inputs)
        run = tx.run(run_id)
        actor = (run.initiator if run else None) or name
        titled = tuple(plan.titled(task, inputs) for task in tasks)
        desk = desks.begin(tx, run_id=run_id, name=name, tasks=titled, inputs=inputs, now=now, actor=actor)
        desk.actor = name
    else:
        desk = Desk.opened(tx, run_id, now, name)
    catch_up(desk)
    return desk.close()


def _opened(tx: TeamTransaction, run_id: str, now: datetime, actor: Actor) -> Desk:
    """Return a board on which everything that has happened is taken in."""
    team = desks.find(tx, run_id=run_id)
    desk = Desk(tx, team, now, team.name)
    catch_up(desk)
    desk.actor = actor.name
    return desk


def _closed(desk: Desk) -> None:
    """Do what follows, and store the board."""
    actor, desk.actor = desk.actor, desk.team.name
    catch_up(desk)
    desk.actor = actor
    desk.close()


def look(tx: TeamTransaction, *, run_id: str, now: datetime) -> StoredTeam:
    """Let a board take in what has happened; returns the team as it stands then. Raises `UnknownId`."""
    team = desks.find(tx, run_id=run_id)
    desk = Desk(tx, team, now, team.name)
    catch_up(desk)
    return desk.close()


def rest(tx: TeamTransaction, *, run_id: str, now: datetime) -> tuple[StoredTeam, list[dict[str, Any]]]:
    """Let a board take in what has happened; returns the team as it stands then, with what needs people."""
    return look(tx, run_id=run_id, now=now), waiting_on(tx, run_id=run_id)


def validate(
    tx: TeamTransaction,
    *,
    run_id: str,
    task: str,
    actor: Actor,
    now: datetime,
    round: int | None = None,
    comment: str | None = None,
) -> Card | Conflict:
    """Approve the result of a task that awaits validation.

    `round` is the round that the person was shown. Returns a `Conflict` if that is decided, or has another round.
    """
    desk = _opened(tx, run_id, now, actor)
    card = desk.card(task)
    if (refused := _not_awaiting(desk, card, round)) is not None:
        desk.close()
        return refused
    decided = _decide(desk, card, Verb.APPROVE, actor, comment)
    return _after(desk, task, decided)


def give_feedback(
    tx: TeamTransaction,
    *,
    run_id: str,
    task: str,
    content: str,
    actor: Actor,
    now: datetime,
    round: int | None = None,
) -> Card | Conflict:
    """Say what is to be different about a task.

    `round` is the round that the person was shown awaiting validation, None if it was in another state then. Returns a
    `Conflict` if that round is decided meanwhile.
    """
    content = check_content(content)
    desk = _opened(tx, run_id, now, actor)
    card = desk.card(task)
    refused = _not_awaiting(desk, card, round, feedback=True) if round is not None else None
    if desk.team.status in ENDED or card.status is TaskStatus.ABORTED:
        refused = IllegalMove(
            f"the team of run {run_id!r} is {desk.team.status}: start it again with another run_id",
            winner=None,
        )
    if refused is not None:
        desk.close()
        return refused
    if card.status is TaskStatus.AWAITING_VALIDATION:
        return _after(desk, task, _decide(desk, card, Verb.REQUEST_CHANGES, actor, content))
    card = desk.tell(card, FeedbackGiven(task, card.feedback + 1, content))
    revise(desk, card, "feedback")
    return _after(desk, task, None)


def check_content(content: str, what: str = "feedback") -> str:
    """Return feedback without blanks around it. Raises `InvalidInput` if nothing is left, or too much."""
    if not isinstance(content, str) or not content.strip():
        raise InvalidInput(f"{what} needs a text: say what is to be different")
    if len(content) > MOST_SAID:
        raise PayloadTooLarge(
            f"the {what} has {len(content):,} characters, the limit is {MOST_SAID:,}: an agent reads all of it. Keep "
            "the large part in a file and say where it is"
        )
    encode(content, f"the {what}")
    return content.strip()


def unblock(
    tx: TeamTransaction, *, run_id: str, task: str, actor: Actor, now: datetime, note: str | None = None
) -> Card | Conflict:
    """Say that the obstacle of a BLOCKED task is removed; `note` is told to its agent."""
    said = check_content(note, "note") if note is not None and note.strip() else ""
    desk = _opened(tx, run_id, now, actor)
    card = desk.card(task)
    if card.status is not TaskStatus.BLOCKED or desk.team.status in ENDED:
        desk.close()
        return IllegalMove(
            f"task {task!r} is {card.status}: only a BLOCKED task can be unblocked", winner=None
        )
    if said:
        card = desk.tell(card, FeedbackGiven(task, card.feedback + 1, said), "the obstacle is removed")
    if not card.ready:
        desk.tell(card, Unblocked(task))
    return _after(desk, task, None)


def pause(tx: TeamTransaction, *, run_id: str, actor: Actor, now: datetime) -> StoredTeam | Conflict:
    """Let agents end the call they are in, and begin no other."""
    desk = _opened(tx, run_id, now, actor)
    if (refused := _move(desk, WorkflowStatus.PAUSED)) is None:
        for card in tx.cards(run_id, (TaskStatus.DOING,)):
            desk.move(card, TaskStatus.PAUSED, "the team is paused")
    team = desk.close()
    return refused or team


def resume(tx: TeamTransaction, *, run_id: str, actor: Actor, now: datetime) -> StoredTeam | Conflict:
    """Let a team that was paused, or that has met an error, go on."""
    desk = _opened(tx, run_id, now, actor)
    errored = desk.team.status is WorkflowStatus.ERRORED
    if (refused := _move(desk, WorkflowStatus.RESUMED)) is None:
        desk.workflow(WorkflowStatus.RUNNING, "resumed")
        for card in tx.cards(run_id, (TaskStatus.PAUSED,)):
            resumed = desk.move(card, TaskStatus.RESUMED, "the team is resumed")
            desk.move(resumed, TaskStatus.DOING, "the team is resumed")
            units.wake(tx, card.run, now)
        if (
            errored or desk.run.settled
        ):  # it has ended with the error, or is about to: that doesn't count then
            reopen(desk)
        _closed(desk)
    team = desk.close()
    return refused or team


def stop(tx: TeamTransaction, *, run_id: str, actor: Actor, now: datetime) -> StoredTeam | Conflict:
    """End the work for good: no agent works any more, and nobody is asked."""
    desk = _opened(tx, run_id, now, actor)
    if (refused := _move(desk, WorkflowStatus.STOPPING)) is None:
        open_states = [one for one in TaskStatus if _can_abort(one)]
        for card in tx.cards(run_id, open_states):
            left = take_back(desk, card, "the team is stopped")
            desk.move(left, TaskStatus.ABORTED, "the team is stopped")
        desk.workflow(WorkflowStatus.STOPPED, "no agent works any more")
        units.cancel(tx, run_id=run_id, now=now, actor=actor.name)
    team = desk.close()
    return refused or team


def cancel(tx: TeamTransaction, *, run_id: str, now: datetime, actor: str) -> StoredRun | None:
    """Cancel a run as `units.cancel` does; that of a team by stopping the team."""
    team = tx.team(run_id)
    if team is not None and team.status not in (*ENDED, WorkflowStatus.FINISHED):
        stop(tx, run_id=run_id, actor=Actor(actor), now=now)
        return tx.run(run_id)
    return units.cancel(tx, run_id=run_id, now=now, actor=actor)


def _can_abort(status: TaskStatus) -> bool:
    try:
        check_task("", status, TaskStatus.ABORTED)
    except IllegalMove:
        return False
    return True


def _move(desk: Desk, to: WorkflowStatus) -> IllegalMove | None:
    try:
        desk.workflow(to)
    except IllegalMove as error:
        return error
    return None


def _not_awaiting(desk: Desk, card: Card, round: int | None, *, feedback: bool = False) -> Conflict | None:
    """Return why this round of a task can't be decided, or None if it can."""
    awaiting = card.status is TaskStatus.AWAITING_VALIDATION
    if awaiting and round in (None, card.round):
        return None
    if feedback and round == card.round and card.status not in DECIDED:
        return None  # it was shown in another state, and is in that round still: nobody was faster
    winner = _winner(desk, card, card.round if round is None else round)
    by = f" ({winner} was faster)" if winner and round is not None else ""
    stands = f"{card.status} in round {card.round}"
    if round is None:
        return IllegalMove(
            f"task {card.id!r} is {card.status}: only a task that is AWAITING_VALIDATION can be validated",
            winner=winner,
        )
    return Conflict(
        f"round {round} of task {card.id!r} doesn't await validation{by}: it is {stands}. Look at it again",
        winner=winner,
    )


def _winner(desk: Desk, card: Card, round: int) -> str | None:
    """Return who decided a round, also after the agent has begun another one, or has ended it."""
    request = desk.tx.request(card.request) if card.request else None
    while request is not None and request.draft.context.get("round", round) > round:
        request = desk.tx.request(request.draft.previous) if request.draft.previous else None
    decided = request is not None and request.ended and request.draft.context.get("round") == round
    return request.winner if request is not None and decided else None


def _decide(desk: Desk, card: Card, verb: Verb, actor: Actor, comment: str | None) -> HumanRequest | Conflict:
    return moves.decide(
        desk.tx, request_id=card.request or "", verb=verb, actor=actor, now=desk.now, comment=comment
    )


def _after(desk: Desk, task: str, decided: Any) -> Card | Conflict:
    """Do what follows from a move, and return the card as it is then; or the refusal."""
    if isinstance(decided, Conflict):
        desk.close()
        return decided
    _closed(desk)
    return desk.card(task)

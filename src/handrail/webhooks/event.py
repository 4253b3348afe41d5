"""What a webhook is told: an event of the log as a CloudEvent (1.0, structured JSON), the same in every attempt.

The body is made from the log alone, so it says how things stood right after the event, however late it is sent. Without
`content` it tells what happened to what, by whom and how it ended; with it also what was shown and answered, as the API
tells it to an admin: whose votes are blind stays untold until the request has ended.
"""

from functools import reduce
from typing import Any, get_args

from handrail.inbox.ports import LogEntry, LogFilter
from handrail.people.entry import EntryKind
from handrail.requests.content import decode
from handrail.requests.errors import FieldProblem, InvalidInput
from handrail.requests.identifier import parse_time, utc_text
from handrail.requests.lifecycle import Event, Move, apply
from handrail.requests.record import is_blind, public, read_move
from handrail.requests.request import HumanRequest
from handrail.teams.event import KINDS as BOARD
from handrail.webhooks.ports import WebhookTransaction

MOVES = frozenset(move.kind for move in get_args(Move))
OTHERS = frozenset({*get_args(EntryKind), "messages_retried"})
RUN, WEBHOOK = "run_", "webhook_"
TYPE = "dev.handrail."
MEDIA = "application/cloudevents+json"
NOBODY = ""
"""a viewer who hasn't decided: votes that are blind aren't told"""
OF_A_BOARD = frozenset(
    {"team", "to", "task", "round", "run", "request", "feedback", "upto"}
    | {"calls", "input_tokens", "output_tokens", "cost"}
)
"""what of a board's events is a fact; all else is what people and models have written"""
MOST = 1_000_000
"""lines of the log about one request"""


def check_kinds(kinds: Any) -> tuple[str, ...]:
    """Return kinds of events, each once. Raises `InvalidInput` for one that there is not.

    >>> check_kinds(["decided", "run_finished", "decided"])
    ('decided', 'run_finished')
    """
    for kind in kinds:
        if kind not in MOVES | BOARD.keys() | OTHERS and not (kind.startswith(RUN) and kind.isidentifier()):
            known = ", ".join(sorted(MOVES | BOARD.keys() | OTHERS))
            told = f"{str(kind)[:40]!r} never happens: use {known}, or what happens to runs ({RUN}...)"
            raise InvalidInput(told, fields=[FieldProblem("kinds", told)])
    return tuple(dict.fromkeys(kinds))


def type_of(kind: str) -> str:
    """Return the type of an event: what it is about, and what happened to it.

    >>> type_of("decided"), type_of("run_finished"), type_of("task_moved"), type_of("key_made")
    ('dev.handrail.request.decided', 'dev.handrail.run.finished', 'dev.handrail.task.moved', 'dev.handrail.key.made')
    """
    if kind in MOVES:
        return f"{TYPE}request.{kind}"
    if kind == "logged_in":
        return f"{TYPE}person.logged_in"
    return TYPE + kind.replace("_", ".", 1)


def event_id(hashed: str) -> str:
    """Return the id of the event whose line in the log has a hash: nothing else has it, in any store."""
    return f"evt_{hashed[:32]}"


def event(tx: WebhookTransaction, line: LogEntry, *, content: bool) -> dict[str, Any]:
    """Return what is told of a line of the log."""
    told = {
        "specversion": "1.0",
        "id": event_id(line.hash),
        "source": source(tx),
        "type": type_of(line.kind),
        "subject": line.request_id or line.run_id,
        "time": utc_text(parse_time(line.at)),
        "datacontenttype": "application/json",
        "handrailsequence": line.sequence,
        "data": _data(tx, line, content),
    }
    return {name: value for name, value in told.items() if value is not None}


def source(tx: WebhookTransaction) -> str:
    """Return what this store is called, for ever: by the first line of its log."""
    (first,) = tx.log(0, 1)
    return f"urn:handrail:store:{first.hash[:16]}"


def _data(tx: WebhookTransaction, line: LogEntry, content: bool) -> dict[str, Any]:
    head = {"kind": line.kind, "at": utc_text(parse_time(line.at)), "actor": line.actor}
    if line.request_id is not None:
        return head | _of_request(tx, line, content)
    details = decode(line.data)
    if line.run_id is None:
        return head | {"details": details}
    initiator, flow = tx.run_facts(line.run_id) or (None, None)
    told = {**head, "run": {"id": line.run_id, "flow": flow, "initiator": initiator}}
    if line.kind in BOARD:
        details = details if content else {name: details[name] for name in OF_A_BOARD & details.keys()}
        return told | {"details": details}
    return told | ({"details": details} if content else {})


def _of_request(tx: WebhookTransaction, line: LogEntry, content: bool) -> dict[str, Any]:
    """Return how a request stood right after an event."""
    which = LogFilter(request_id=line.request_id)
    lines = tx.lines(which, 1, line.sequence, MOST, ascending=True)
    events = [
        Event(str(each.request_id), parse_time(each.at), each.actor, read_move(each.data)) for each in lines
    ]
    request: HumanRequest = reduce(apply, events, None)  # type: ignore[assignment]
    blind = is_blind(request, NOBODY) and line.kind == "decided"
    hidden = {"actor": None} if blind else {}
    if not content:
        return hidden | {"request": _facts(request)} | ({} if blind else _vote(request, line))
    details = decode(line.data)
    details.pop("request", None)
    return hidden | {"request": public(request, NOBODY)} | ({} if blind else {"details": details})


def _facts(request: HumanRequest) -> dict[str, Any]:
    """Return what is known of a request, and nothing of what it shows or what was written about it."""
    whole = public(request, NOBODY)
    names = ("id", "status", "kind", "flow", "run_id", "thread", "revision", "content_hash", "opened_at")
    facts = {name: whole[name] for name in (*names, "due_at", "claimed_by", "superseded_by", "ended_at")}
    outcome = whole["outcome"]
    ended = (
        None
        if outcome is None
        else {name: outcome[name] for name in ("verb", "approved", "by", "at", "cause")}
    )
    return facts | {"outcome": ended}


def _vote(request: HumanRequest, line: LogEntry) -> dict[str, Any]:
    if line.kind != "decided" or not request.decisions:
        return {}
    verb = next((one.verb for one in reversed(request.decisions) if one.actor == line.actor), None)
    return {"verb": verb}

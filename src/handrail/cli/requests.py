"""The commands about requests: list them, decide, and every other move of the inbox."""

import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.cli.ending import command
from handrail.cli.loading import parse_json
from handrail.cli.opening import actor, opened, read_list, where
from handrail.cli.options import As, AsJSON, Limit, Reason, RequestArgument, Store
from handrail.cli.printing import asked, moment, print_items, print_json, say
from handrail.cli.runs import parse_statuses
from handrail.inbox import views
from handrail.inbox.inbox import Inbox
from handrail.inbox.moves import PENDING
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidDecision
from handrail.requests.record import public
from handrail.requests.request import HumanRequest, Status

PAGE = 1000
SPARE = ("run_id", "flow", "asked", "due", "rev")
"""columns that a narrow terminal leaves out, the first one first"""
EXAMPLES: dict[str, str] = {
    Verb.EDIT: """'{"content": "the new text"}' (an object of the changed keys of the proposal)""",
    Verb.ANSWER: """'"dry"' (a text needs its quotes inside), 4, or '{"score": 4}'""",
}


@command
async def requests(
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Only these; PENDING is OPEN and CLAIMED. By default all.",
            show_default=False,
        ),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="RUN_ID", help="Only those of a run.", show_default=False)
    ] = None,
    flow: Annotated[
        str | None, typer.Option("--flow", metavar="NAME", help="Only those of a flow.", show_default=False)
    ] = None,
    limit: Limit = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """List requests, oldest first."""
    statuses = parse_statuses(status or (), Status, {"PENDING": PENDING})

    async def read(app: App) -> list[HumanRequest]:
        found: deque[HumanRequest] = deque(maxlen=limit)
        after: str | None = None
        while page := await views.requests(
            app.store, statuses, run_id=run_id, flow=flow, after=after, limit=PAGE
        ):
            found += page
            after = page[-1].id
        return list(found)

    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "id": lambda request: request["id"],
        "status": lambda request: request["status"],
        "title": _titled,
        "rev": lambda request: str(request["revision"]),
        "flow": lambda request: request["flow"] or "",
        "run_id": lambda request: request["run_id"] or "",
        "due": lambda request: moment(request["due_at"]),
        "asked": asked,
    }
    found = [public(request) for request in await read_list(store, read)]
    print_items(found, columns, as_json=as_json, empty=f"no requests in {where(store)}", spare=SPARE)


def _titled(request: dict[str, Any]) -> str:
    """Return the title, and of which item or branch: those of a `MapNode` often have the same one."""
    places = "".join(re.findall(r"\[\d+\]", request["address"] or ""))
    return f"{request['title']} {places}" if places else request["title"]


async def _move(
    store: str | None, request_id: str, as_json: bool, move: Callable[[Inbox], Awaitable[HumanRequest]]
) -> None:
    """Move a request and print what it is then."""
    async with opened(store, f"request {request_id!r}") as app:
        request = await move(app.inbox)
    if as_json:
        print_json([public(request)])
    else:
        say(told(request, request_id))


def told(request: HumanRequest, moved: str) -> str:
    """Say what a request is after a move."""
    if request.id != moved:
        return f"request {moved} was replaced by revision {request.revision}: request {request.id} is {request.status}"
    text = f"request {request.id} is {request.status}"
    if (outcome := request.outcome) is not None:
        by = f" by {', '.join(outcome.by)}" if outcome.by else f" ({outcome.cause})"
        return f"{text}: {outcome.verb}{by}"
    if request.claimed_by:
        return f"{text} by {request.claimed_by}"
    if request.decisions and not request.ended:
        return f"{text}: {len(request.decisions)} decided so far"
    return text


@command
async def decide(
    request_id: RequestArgument,
    verb: Annotated[
        str,
        typer.Argument(
            metavar="VERB",
            help="approve, edit, request_changes, reject, answer or abstain, as the request allows.",
            show_default=False,
        ),
    ],
    person: As = None,
    comment: Annotated[
        str | None,
        typer.Option(
            "--comment", metavar="TEXT", help="With request_changes: the feedback.", show_default=False
        ),
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(
            "--payload",
            metavar="JSON",
            help="With edit: an object of changed keys. With answer: the answer itself. - is stdin, @FILE a file.",
            show_default=False,
        ),
    ] = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Decide on a request."""
    meant = verb.strip().lower().replace("-", "_")
    example = EXAMPLES.get(meant, " or ".join(EXAMPLES.values()))
    value = None if payload is None else parse_json(payload, "the payload", f"--payload {example}")
    who = actor(person)
    try:
        await _move(
            store,
            request_id,
            as_json,
            lambda inbox: inbox.decide(request_id, meant, actor=who, payload=value, comment=comment),
        )
    except InvalidDecision as error:
        if payload is None and meant in EXAMPLES and all(problem.path != "verb" for problem in error.fields):
            error.add_note(f"{meant} takes its content as JSON: --payload {example}")
        raise


@command
async def claim(
    request_id: RequestArgument, person: As = None, store: Store = None, as_json: AsJSON = False
) -> None:
    """Reserve a request for one person."""
    who = actor(person)
    await _move(store, request_id, as_json, lambda inbox: inbox.claim(request_id, actor=who))


@command
async def release(
    request_id: RequestArgument, person: As = None, store: Store = None, as_json: AsJSON = False
) -> None:
    """Give a claimed request back."""
    who = actor(person)
    await _move(store, request_id, as_json, lambda inbox: inbox.release(request_id, actor=who))


@command
async def comment(
    request_id: RequestArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.", show_default=False)],
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Say something about an open request."""
    who = actor(person)
    await _move(store, request_id, as_json, lambda inbox: inbox.comment(request_id, text, actor=who))


@command
async def reassign(
    request_id: RequestArgument,
    to: Annotated[
        list[str],
        typer.Option(
            "--to", metavar="NAME", help="A person, or group:NAME. Give it once for each.", show_default=False
        ),
    ],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="More of the same.", show_default=False)
    ] = None,
    reason: Reason = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Ask other people instead."""
    who, names = actor(person), [*to, *(more or ())]
    await _move(
        store, request_id, as_json, lambda inbox: inbox.reassign(request_id, names, actor=who, reason=reason)
    )


@command
async def escalate(
    request_id: RequestArgument, person: As = None, store: Store = None, as_json: AsJSON = False
) -> None:
    """Take the next rung of a request's ladder now."""
    who = actor(person)
    await _move(store, request_id, as_json, lambda inbox: inbox.escalate(request_id, actor=who))


@command
async def remind(
    request_id: RequestArgument, person: As = None, store: Store = None, as_json: AsJSON = False
) -> None:
    """Remind the people asked now."""
    who = actor(person)
    await _move(store, request_id, as_json, lambda inbox: inbox.remind(request_id, actor=who))


@command
async def withdraw(
    request_id: RequestArgument,
    reason: Reason = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Take a request back: nobody can decide it any more."""
    who = actor(person)
    await _move(
        store, request_id, as_json, lambda inbox: inbox.withdraw(request_id, actor=who, reason=reason)
    )

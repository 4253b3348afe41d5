"""The command `show`: a request with all that is needed to judge it, or a run with what it has done."""

import shlex
from dataclasses import asdict
from difflib import unified_diff
from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.channels.terminal.hints import how_to_decide
from handrail.cli.ending import command
from handrail.cli.opening import opened, option
from handrail.cli.options import AsJSON, Store
from handrail.cli.outbox import listed
from handrail.cli.printing import asked, json_text, moment, print_json, print_table, say
from handrail.flows.web_approval import request_url, web_url
from handrail.inbox import views
from handrail.inbox.ports import MessageFilter
from handrail.requests.errors import UnknownId
from handrail.requests.record import public as public_request
from handrail.requests.request import HumanRequest
from handrail.runs.history import read_history
from handrail.runs.journal import told_parts
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.run import public as public_run
from handrail.teams.ports import StoredTeam, TeamTransaction

INDENT = "  "
HASH = 12
"""characters of a hash that tell it apart by eye"""
MOST_MESSAGES = 1_000_000


@command
async def show(
    given: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a request or of a run.", show_default=False)
    ],
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Show a request or a run."""
    async with opened(store, f"request or run {given!r}") as app:
        request, run, team = await app.store.read(_find, given=given)
        if request is not None:
            messages = await app.store.read(
                listed, which=MessageFilter(request_id=given), limit=MOST_MESSAGES
            )
            detail = await views.detail(app.store, given)
            found = {
                **detail,
                "messages": messages,
                "task_url": request_url(given, web_url(app.store.web_url)),
            }
        elif run is not None:
            found = await _detail(app, run)
        else:
            raise UnknownId(
                f"there is no request and no run {given!r} in {app.store.where}; "
                "`handrail requests` and `handrail runs` list them"
            )
        decidable = request is not None and not request.ended and not request.in_line
        decide_with = how_to_decide(request, app.store) if request and decidable else ""
    if as_json:
        print_json([found])
    elif request is not None:
        _show_request(found)
        part("decide with", decide_with)
    elif run is not None:
        _show_run(found, store, alone=run.home is not None, board=_board(run, team, store), team=team)


def _message(message: dict[str, Any]) -> str:
    to = f"{message['channel']}:{message['recipient']}" if message["recipient"] else message["channel"]
    error = f"  {message['error']}" if message["error"] and message["state"] != "sent" else ""
    return f"{to}  {message['occasion']}  {message['state']}{error}"


def _find(
    tx: TeamTransaction, *, given: str
) -> tuple[HumanRequest | None, StoredRun | None, StoredTeam | None]:
    return tx.request(given), tx.run(given), tx.team(given)


def _board(run: StoredRun, team: StoredTeam | None, store: str | None) -> str | None:
    """Return the command that shows the board which a run has, or the task of a board that it works on."""
    if run.parent is not None and "task" in run.input:
        return f"handrail board {shlex.quote(run.parent)} {run.input['task']}{option(store)}"
    return None if team is None else f"handrail board {shlex.quote(run.id)}{option(store)}"


async def _detail(app: App, run: StoredRun) -> dict[str, Any]:
    found = await app.store.read(read_history, run_id=run.id)
    return {
        **public_run(run),
        "steps": found.steps,
        "requests": [public_request(request) for request in found.requests],
        "migrate": [asdict(suggestion) for suggestion in found.suggestions],
    }


def facts(told: dict[str, str | None]) -> None:
    """Print names with their values, those that have one."""
    width = max(map(len, told))
    for name, value in told.items():
        if value:
            say(f"{name.ljust(width)}  {value}")


def part(title: str, text: str) -> None:
    """Print a part under its title, if there is something in it."""
    if text:
        say(f"\n{title}")
        for line in text.split("\n"):
            say(f"{INDENT}{line}".rstrip())


def laid_out(value: dict[str, Any]) -> str:
    """Return an object key by key: texts as they are, anything else as JSON."""
    parts = []
    for key, inner in value.items():
        text = inner if isinstance(inner, str) else json_text(inner, indent=2)
        multiline = "\n" in text and isinstance(inner, str)
        parts.append(f"{key}:\n{text}" if multiline else f"{key}: {text}")
    return "\n".join(parts)


def _show_request(found: dict[str, Any]) -> None:
    say(found["title"])
    say()
    silence = found["on_timeout"] if isinstance(found["on_timeout"], str) else json_text(found["on_timeout"])
    facts(
        {
            "request": found["id"],
            "status": found["status"] + (f" by {found['claimed_by']}" if found["claimed_by"] else ""),
            "revision": f"{found['revision']} of thread {found['thread']}",
            "replaced by": found["superseded_by"],
            "run": found["run_id"] and f"{found['run_id']} ({found['flow'] or 'a flow without a name'})",
            "asked": f"{asked(found)}; quorum {found['quorum']}",
            "opened": moment(found["opened_at"]),
            "due": found["due_at"] and f"{moment(found['due_at'])}; silence means {silence}",
            "verbs": ", ".join(found["verbs"]),
            "content": found["content_hash"][:HASH],
            "guideline": found["guideline"],
            "effect": found["effect"],
            "page": found["task_url"],
        }
    )
    part("proposal", laid_out(found["proposal"]))
    if (before := found["previous_proposal"]) is not None:
        changes = unified_diff(
            laid_out(before).split("\n"), laid_out(found["proposal"]).split("\n"), lineterm="", n=2
        )
        part("changed since the last revision", "\n".join(list(changes)[2:]))
    part("context", laid_out(found["context"]))
    if found["response_schema"] is not None:
        part("the answer's JSON Schema", json_text(found["response_schema"], indent=2))
    part("decisions", "\n".join(map(_decision, found["decisions"])))
    if (outcome := found["outcome"]) is not None:
        part("outcome", _outcome(outcome))
    part("comments", "\n".join(f"{moment(c['at'])}  {c['by']}: {c['text']}" for c in found["comments"]))
    part("messages", "\n".join(_message(m) for m in found["messages"]))
    part("log", "\n".join(f"{moment(e['at'])}  {e['move']} by {e['actor']}" for e in found["log"]))


def _decision(decision: dict[str, Any]) -> str:
    identity = f"{decision['actor']} ({decision['strength']}, {decision['channel']})"
    text = f"{moment(decision['at'])}  {identity}: {decision['verb']}"
    if decision["payload"] is not None:
        text += f" {json_text(decision['payload'])}"
    return f"{text} — {decision['comment']}" if decision["comment"] else text


def _outcome(outcome: dict[str, Any]) -> str:
    text = f"{outcome['verb']} ({outcome['cause']})"
    if outcome["by"]:
        text += f" by {', '.join(outcome['by'])}"
    if outcome["payload"] is not None:
        text += f"\n{json_text(outcome['payload'], indent=2)}"
    return text


def _show_run(
    found: dict[str, Any], store: str | None, *, alone: bool, board: str | None, team: StoredTeam | None
) -> None:
    facts(
        {
            "run": found["id"],
            "status": found["status"],
            "flow": found["flow"] or "(without a name)",
            "started": f"{moment(found['created_at'])} by {found['initiator']}",
            "changed": moment(found["updated_at"]),
            "worker": found["worker"],
            "part of": found["parent"],
            "board": board,
            "team": team.status.value if team is not None else None,
        }
    )
    part("input", laid_out(found["input"]))
    if found["result"] is not None:
        part("result", laid_out(found["result"]))
    if (error := found["error"]) is not None:
        part(
            "error",
            f"{error['kind']} in {error['name']}: {error['message']}"
            if "kind" in error
            else error["message"],
        )
    _show_difference(found, store)
    if found["status"] == RunStatus.FAILED and not alone:  # else only its caller could go on with it
        _show_ways_on(found["id"], store, team)
    if found["steps"]:
        say("\nsteps")
        rows = [
            [step["address"], step["kind"], step["state"], step["request_id"] or ""]
            for step in found["steps"]
        ]
        print_table(["step", "kind", "state", "request_id"], rows)
    if found["requests"]:
        say("\nrequests")
        rows = [[request["id"], request["status"], request["title"]] for request in found["requests"]]
        print_table(["id", "status", "title"], rows)


def _show_difference(found: dict[str, Any], store: str | None) -> None:
    """Say where the past doesn't match the flow, and which commands would say what was meant."""
    difference = (found["error"] or {}).get("difference")
    if not difference:
        return
    names = {"recorded": difference["recorded"], "the flow has": difference["flow"]}
    lines = [
        f"{what}: {place['name']} ({place['kind']})" if place else f"{what}: nothing"
        for what, place in names.items()
    ]
    lines += [f"changed: {words}"] if (words := told_parts(difference)) else []
    part(
        f"difference at position {difference['position']} of {difference['frame'] or 'the flow'}",
        "\n".join(lines),
    )
    name = shlex.quote(found["id"])
    commands = [
        f"handrail migrate {name} --map {shlex.quote(hint['mapping'])}{option(store)}   # {hint['meaning']}"
        for hint in found["migrate"]
    ]
    commands += [
        f"handrail retry {name}{option(store)}   # once workers have the old code again",
        f"handrail cancel {name}{option(store)}   # and start another one, if need be",
    ]
    part("go on with one of", "\n".join(commands))


def _show_ways_on(run_id: str, store: str | None, team: StoredTeam | None) -> None:
    """Say which commands a failed run waits for."""
    named = f"{shlex.quote(run_id)}{option(store)}"
    commands = [
        f"handrail team resume {named}   # once the cause is mended"
        if team is not None
        else f"handrail retry {named}   # once the cause is mended: it goes on at the step that failed",
        f"handrail cancel {named}   # to leave it",
    ]
    part("go on with one of", "\n".join(commands))

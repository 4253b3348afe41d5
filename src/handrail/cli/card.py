"""A task of a board as the command line shows it: what it is, what it came to, what was said, what has happened."""

import shlex
from typing import Any

from handrail.app import App
from handrail.cli.columns import price
from handrail.cli.opening import option
from handrail.cli.printing import counted, json_text, moment, print_json, print_table, say
from handrail.cli.show import facts, part
from handrail.teams import record
from handrail.teams.ports import TeamTransaction

Item = dict[str, Any]
EVENTS = 50
"""events that are shown, the latest ones"""


def _read(tx: TeamTransaction, *, run_id: str, task: str) -> tuple[Item, list[Item]]:
    events: list[Item] = []
    after: int | None = 0
    while after is not None:
        page, after = record.log(tx, run_id=run_id, task=task, after=after, limit=record.PAGE)
        events = [*events, *page][-EVENTS:]
    return record.task(tx, run_id=run_id, task=task), events


async def show_card(app: App, run_id: str, task: str, store: str | None, as_json: bool) -> None:
    """Print a task. Raises `UnknownId`."""
    found, events = await app.store.read(_read, run_id=run_id, task=task)
    if as_json:
        print_json([{**found, "log": events}])
        return
    _print_facts(found, store)
    part("description", found["description"])
    part("expected output", found["expected_output"] or "")
    part("result", _text(found["result"]))
    part("feedback", "\n".join(map(_said, found["feedback_history"])))
    if found["rounds"]:
        say("\nrounds")
        rows = [
            [str(each["round"]), each["status"], each["run_id"], each["blocked"] or each["error"] or ""]
            for each in found["rounds"]
        ]
        print_table(["", "status", "run_id", "obstacle"], rows)
    part("log", "\n".join(map(_event, events)))


def _print_facts(found: Item, store: str | None) -> None:
    used = found["usage"]
    tokens = f"{used['input_tokens']} + {used['output_tokens']} tokens"
    request = found["request_id"]
    say(found["title"])
    say()
    facts(
        {
            "task": f"{found['id']} of {found['run_id']}",
            "status": f"{found['status']} since {moment(found['moved_at'])}",
            "why": found["reason"],
            "agent": found["agent"],
            "round": str(found["round"]) if found["round"] else None,
            "needs": ", ".join(found["dependencies"]),
            "used": f"{counted(used['calls'], 'call')}, {tokens}" if used["calls"] else None,
            "cost": price(used) if used["calls"] else None,
            "waits for": request and f"handrail show {shlex.quote(request)}{option(store)}",
        }
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text(value, indent=2)


def _said(given: Item) -> str:
    return f"{moment(given['given_at'])}  {given['given_by']} ({given['status']}): {given['content']}"


def _event(event: Item) -> str:
    return f"{moment(event['at'])}  {_happened(event['kind'], event['data'], event['reason'])} by {event['actor']}"


def _happened(kind: str, data: Item, reason: str | None) -> str:
    match kind:
        case "task_moved":
            told = f"{data['to']} in round {data['round']}" if data["round"] else data["to"]
        case "task_feedback_given":
            told = f"feedback {data['feedback']}"
        case "task_feedback_processed":
            told = f"feedback up to {data['upto']} worked in"
        case "task_spent":
            price = f"${data['cost']}" if "cost" in data else "price unknown"
            tokens = f"{data['input_tokens']} + {data['output_tokens']} tokens"
            told = f"{counted(data['calls'], 'call')}, {tokens}, {price}"
        case "task_validation_asked":
            told = f"asked in {data['request']}"
        case _:
            told = kind.removeprefix("task_")
    return f"{told} ({reason})" if reason else told

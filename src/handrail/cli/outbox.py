"""The command `outbox`: what is told to people through channels, and whether it has been delivered."""

from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.cli.ending import command
from handrail.cli.opening import read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import moment, print_items
from handrail.inbox.ports import InboxTransaction
from handrail.requests.identifier import utc_text

MOST = 1_000_000


def listed(tx: InboxTransaction, *, request_id: str | None = None, limit: int = MOST) -> list[dict[str, Any]]:
    """Return the messages of a request, or all, oldest first, with the words of the documentation as keys."""
    return [
        {
            "id": message.id,
            "request_id": message.request_id,
            "channel": message.channel,
            "occasion": message.occasion,
            "state": message.state,
            "attempts": message.attempts,
            "due_at": utc_text(message.due_at),
            "error": message.error,
        }
        for message in reversed(tx.messages(request_id, limit))
    ]


@command
async def outbox(
    request_id: Annotated[
        str | None,
        typer.Option("--request", metavar="ID", help="Only those of a request.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Only the newest so many.")] = 1000,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """List the messages of channels, oldest first."""

    async def read(app: App) -> list[dict[str, Any]]:
        return await app.store.read(listed, request_id=request_id, limit=limit)

    columns = {
        "id": lambda message: message["id"],
        "state": lambda message: message["state"],
        "channel": lambda message: message["channel"],
        "occasion": lambda message: message["occasion"],
        "request_id": lambda message: message["request_id"],
        "attempts": lambda message: str(message["attempts"]),
        "due": lambda message: moment(message["due_at"]),
        "error": lambda message: message["error"] or "",
    }
    found = await read_list(store, read)
    print_items(found, columns, as_json=as_json, empty=f"no messages in {where(store)}")

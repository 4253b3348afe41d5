"""The command `outbox`: what is told to people through channels, whether it has been delivered, and trying it again."""

from typing import Annotated, Any, Literal

import typer

from handrail.app import App
from handrail.cli.ending import command
from handrail.cli.opening import actor, opened, read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import moment, note, print_items, print_json, say
from handrail.inbox import messages, retrying
from handrail.inbox.ports import InboxTransaction, MessageFilter
from handrail.requests.errors import InvalidInput, UnknownId

State = Literal["pending", "failed"]
WAITS = {"quiet": "quiet hours", "digest": "digest"}
COLUMNS = {
    "id": lambda message: message["id"],
    "state": lambda message: message["state"],
    "channel": lambda message: message["channel"],
    "recipient": lambda message: message["recipient"],
    "occasion": lambda message: message["occasion"],
    "request_id": lambda message: message["request_id"],
    "attempts": lambda message: str(message["attempts"]),
    "due": lambda message: moment(message["due_at"]),
    "waits": lambda message: WAITS.get(message["waits"], ""),
    "error": lambda message: message["error"] or "",
}


@command
async def outbox(
    message_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only this message.", show_default=False)
    ] = None,
    request_id: Annotated[
        str | None,
        typer.Option("--request", metavar="ID", help="Only those of a request.", show_default=False),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option("--channel", metavar="NAME", help="Only those of a channel.", show_default=False),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that were given up.")] = False,
    pending: Annotated[bool, typer.Option("--pending", help="Only those still to be delivered.")] = False,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Try them again now: one, or all that were given up; with --pending those that wait.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Only the newest so many.")] = 1000,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """List the messages of channels, oldest first, or try them again."""
    if failed and pending:
        raise InvalidInput("use --failed or --pending: without them all are listed")
    if message_id is not None and (failed or pending or request_id or channel):
        raise InvalidInput("one message is named by its id alone")
    state: State | None = "failed" if failed else "pending" if pending else None
    which = MessageFilter(state, channel, request_id)
    if not retry:
        await _list(message_id, which, limit, store, as_json)
    elif message_id is not None:
        await _retry(message_id, store, as_json)
    else:
        await _retry_all(which, store, as_json)


async def _list(
    message_id: str | None, which: MessageFilter, limit: int, store: str | None, as_json: bool
) -> None:
    async def read(app: App) -> list[dict[str, Any]]:
        return await app.store.read(listed, which=which, limit=limit, message_id=message_id)

    found = await read_list(store, read)
    empty = f"no messages{' like that' if which != MessageFilter() else ''} in {where(store)}"
    print_items(found, COLUMNS, as_json=as_json, empty=empty)


def listed(
    tx: InboxTransaction, *, which: MessageFilter, limit: int, message_id: str | None = None
) -> list[dict[str, Any]]:
    """Return messages, oldest first. Raises `UnknownId` for the id of none."""
    if message_id is None:
        return [messages.public(each) for each in reversed(tx.find_messages(which, None, limit))]
    if (found := tx.message(message_id)) is None:
        raise UnknownId(f"there is no message {message_id[:80]!r} in the outbox")
    return [messages.public(found)]


async def _retry(message_id: str, store: str | None, as_json: bool) -> None:
    async with opened(store, f"message {message_id!r}") as app:
        now = app.clock.now()
        again = await app.store.do(retrying.retry, message_id=message_id, actor=actor(None), now=now)
    if as_json:
        print_json([messages.public(again)])
    elif again.due_at == now:
        say(f"{again.id} is tried now, by whoever carries {again.channel}")
    else:
        say(f"{again.id} is tried by itself within two minutes")


async def _retry_all(which: MessageFilter, store: str | None, as_json: bool) -> None:
    async with opened(store, "outbox") as app:
        number = await retrying.retry_all(app.store, which, actor=actor(None), now=app.clock.now())
    if as_json:
        print_json([{"retried": number}])
        return
    say("1 message is tried now" if number == 1 else f"{number} messages are tried now")
    if which.state == "pending":
        note("what is due within two minutes is tried by itself")

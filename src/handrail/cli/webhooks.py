"""The commands `webhooks`: who is told what happens, what is still to be told, and who may call in."""

from typing import Annotated, Literal

import typer

from handrail.cli.ending import command
from handrail.cli.opening import actor, connected, opened, read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import Item, moment, note, print_items, print_json, say
from handrail.requests.errors import InvalidInput
from handrail.webhooks import inbound
from handrail.webhooks.desk import public, public_delivery

webhooks = typer.Typer(help="Programs that are told what happens, and that decide.", no_args_is_help=True)
inbound_webhooks = typer.Typer(
    help="Programs that decide by signed calls, as service accounts.", no_args_is_help=True
)
webhooks.add_typer(inbound_webhooks, name="inbound")

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.", show_default=False)]
InboundId = Annotated[str, typer.Argument(metavar="ID", help="Its id.", show_default=False)]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", metavar="KIND", help="What to tell; again for each. Without, all.", show_default=False
    ),
]
Flow = Annotated[
    str | None, typer.Option("--flow", metavar="NAME", help="Only of this flow.", show_default=False)
]
Description = Annotated[
    str | None, typer.Option("--description", metavar="TEXT", help="What it is for.", show_default=False)
]
Content = Annotated[
    bool | None,
    typer.Option(
        "--content/--no-content", help="Whether it is told what was shown and answered.", show_default=False
    ),
]


def _state(item: Item) -> str:
    if not item["active"]:
        return str(item["stopped_because"])
    return f"failing: {item['trouble']}" if item["trouble"] else "active"


COLUMNS = {
    "id": lambda item: item["id"],
    "url": lambda item: item["url"],
    "kinds": lambda item: ", ".join(item["kinds"]) or "everything",
    "flow": lambda item: item["flow"] or "",
    "state": _state,
    "pending": lambda item: str(item["pending"]),
    "failed": lambda item: str(item["failed"]),
    "description": lambda item: item["description"],
}
DELIVERIES = {
    "sequence": lambda item: str(item["sequence"]),
    "kind": lambda item: item["kind"],
    "subject": lambda item: item["subject"] or "",
    "state": lambda item: item["state"],
    "attempts": lambda item: str(item["attempts"]),
    "due": lambda item: moment(item["due_at"]),
    "done": lambda item: moment(item["done_at"]),
    "error": lambda item: item["error"] or "",
}
INBOUND = {
    "id": lambda item: item["id"],
    "person": lambda item: item["person"],
    "label": lambda item: item["label"],
    "used": lambda item: moment(item["used_at"]),
    "revoked": lambda item: moment(item["revoked_at"]),
}


@webhooks.command("list")
@command
async def list_webhooks(store: Store = None, as_json: AsJSON = False) -> None:
    """List the webhooks, the oldest first."""
    found = await read_list(store, lambda app: app.webhooks.listed())
    items = [public(each) for each in found]
    spare = ("description", "flow")
    print_items(items, COLUMNS, as_json=as_json, empty=f"no webhooks in {where(store)}", spare=spare)


@webhooks.command("add")
@command
async def add_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to tell it.", show_default=False)],
    kinds: Kinds = None,
    flow: Flow = None,
    description: Description = None,
    content: Content = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Tell a URL what happens from now on, and print the secret of its signatures, once."""
    async with connected(store) as app:
        added, secret = await app.webhooks.add(
            url,
            actor=actor(None),
            kinds=kinds or (),
            flow=flow,
            description=description or "",
            content=bool(content),
        )
    _print_secret(public(added), secret, f"webhook {added.webhook.id}", as_json)


@webhooks.command("change")
@command
async def change_webhook(
    webhook_id: WebhookId,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Another address.", show_default=False)
    ] = None,
    kinds: Kinds = None,
    everything: Annotated[bool, typer.Option("--everything", help="Tell every kind of event.")] = False,
    flow: Flow = None,
    description: Description = None,
    content: Content = None,
    active: Annotated[
        bool | None,
        typer.Option("--on/--off", help="Whether it is told anything.", show_default=False),
    ] = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Change what is given. What happened while it was off isn't told; `--flow ''` stands for all flows."""
    if kinds and everything:
        raise InvalidInput("use --kind or --everything")
    async with opened(store, f"webhook {webhook_id!r}") as app:
        changed = await app.webhooks.change(
            webhook_id,
            actor=actor(None),
            url=url,
            kinds=() if everything else kinds or None,
            flow=flow,
            description=description,
            content=content,
            active=active,
        )
    _print(public(changed), f"webhook {webhook_id} is {'on' if changed.webhook.active else 'off'}", as_json)


@webhooks.command("test")
@command
async def send_test(webhook_id: WebhookId, store: Store = None, as_json: AsJSON = False) -> None:
    """Let an event go to this webhook alone; whoever works on the store sends it."""
    async with opened(store, f"webhook {webhook_id!r}") as app:
        tested = await app.webhooks.test(webhook_id, actor=actor(None))
    told = f"it is sent by whoever works on this store; see `handrail webhooks deliveries {webhook_id}`"
    _print(public(tested), told, as_json)


@webhooks.command("rotate")
@command
async def rotate_secret(webhook_id: WebhookId, store: Store = None, as_json: AsJSON = False) -> None:
    """Make a new secret and print it, once; for a day calls are signed with the one before as well."""
    async with opened(store, f"webhook {webhook_id!r}") as app:
        rotated, secret = await app.webhooks.rotate(webhook_id, actor=actor(None))
    _print_secret(public(rotated), secret, f"webhook {webhook_id}", as_json)


@webhooks.command("remove")
@command
async def remove_webhook(webhook_id: WebhookId, store: Store = None, as_json: AsJSON = False) -> None:
    """Tell this webhook nothing any more."""
    async with opened(store, f"webhook {webhook_id!r}") as app:
        await app.webhooks.remove(webhook_id, actor=actor(None))
    _print({"id": webhook_id, "removed": True}, f"webhook {webhook_id} is removed", as_json)


@webhooks.command("deliveries")
@command
async def list_deliveries(
    webhook_id: WebhookId,
    state: Annotated[
        Literal["pending", "delivered", "failed"] | None,
        typer.Option(
            "--state", metavar="STATE", help="Only those: pending, delivered, failed.", show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Only the newest so many.")] = 100,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """List what a webhook is told, oldest first."""
    async with opened(store, f"webhook {webhook_id!r}") as app:
        found, _ = await app.webhooks.deliveries(webhook_id, state=state, limit=limit)
    items = [public_delivery(each) for each in reversed(found)]
    print_items(
        items, DELIVERIES, as_json=as_json, empty=f"no deliveries of {webhook_id}", spare=("due", "done")
    )


@webhooks.command("redeliver")
@command
async def redeliver(
    webhook_id: WebhookId,
    sequence: Annotated[
        int, typer.Argument(metavar="SEQUENCE", help="Of the event in the log.", show_default=False)
    ],
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Let a delivery go out now, with the same id."""
    async with opened(store, f"webhook {webhook_id!r}") as app:
        again = await app.webhooks.redeliver(webhook_id, sequence, actor=actor(None))
    _print(public_delivery(again), f"{again.event_id} goes out now", as_json)


@inbound_webhooks.command("list")
@command
async def list_inbound(store: Store = None, as_json: AsJSON = False) -> None:
    """List who may call in, the newest first, revoked ones too."""
    found = await read_list(store, lambda app: app.webhooks.inbounds())
    items = [inbound.public(each) for each in found]
    print_items(
        items, INBOUND, as_json=as_json, empty=f"nobody may call in at {where(store)}", spare=("revoked",)
    )


@inbound_webhooks.command("add")
@command
async def add_inbound(
    person: Annotated[
        str, typer.Argument(metavar="NAME", help="The service account that it acts as.", show_default=False)
    ],
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What it is for.", show_default=False)],
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Let a program decide as a service account, and print the secret that it signs with, once."""
    async with opened(store, f"person {person!r}") as app:
        added, secret = await app.webhooks.add_inbound(person, label, actor=actor(None))
    _print_secret(inbound.public(added), secret, f"inbound webhook {added.id} of {added.person}", as_json)


@inbound_webhooks.command("rotate")
@command
async def rotate_inbound(inbound_id: InboundId, store: Store = None, as_json: AsJSON = False) -> None:
    """Make a new secret and print it, once; the one before counts for another day."""
    async with opened(store, f"inbound webhook {inbound_id!r}") as app:
        rotated, secret = await app.webhooks.rotate_inbound(inbound_id, actor=actor(None))
    _print_secret(inbound.public(rotated), secret, f"inbound webhook {inbound_id}", as_json)


@inbound_webhooks.command("revoke")
@command
async def revoke_inbound(inbound_id: InboundId, store: Store = None, as_json: AsJSON = False) -> None:
    """End it at once."""
    async with opened(store, f"inbound webhook {inbound_id!r}") as app:
        revoked = await app.webhooks.revoke_inbound(inbound_id, actor=actor(None))
    _print(inbound.public(revoked), f"inbound webhook {inbound_id} is revoked", as_json)


def _print(item: Item, told: str, as_json: bool) -> None:
    if as_json:
        print_json([item])
    else:
        say(told)


def _print_secret(item: Item, secret: str, what: str, as_json: bool) -> None:
    if as_json:
        print_json([{**item, "secret": secret}])
    else:
        say(secret)
        note(f"{what}: keep its secret, it can't be shown again")

"""The commands `keys`: by which programs reach the API. The text of a key is printed once, when it is made."""

from typing import Annotated

import typer

from handrail.app import App
from handrail.cli.ending import command
from handrail.cli.opening import actor, opened, read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import Item, moment, note, print_items, print_json, say
from handrail.people.facts import Key
from handrail.requests.identifier import utc_text

keys = typer.Typer(help="Keys by which programs reach the API.", no_args_is_help=True)
DAY = 86400.0


def public(key: Key) -> Item:
    """Return a key without its secret as JSON, with the words of the documentation as keys."""
    return {
        "id": key.id,
        "label": key.label,
        "person": key.person,
        "scopes": [str(scope) for scope in key.scopes],
        "created_at": utc_text(key.created_at),
        "created_by": key.created_by,
        "expires_at": utc_text(key.expires_at) if key.expires_at else None,
        "used_at": utc_text(key.used_at) if key.used_at else None,
        "revoked_at": utc_text(key.revoked_at) if key.revoked_at else None,
    }


@keys.command("list")
@command
async def list_keys(
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="NAME", help="Only those of a person.", show_default=False),
    ] = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """List the keys, the newest first, revoked ones too."""

    async def read(app: App) -> list[Item]:
        name = (await app.people.find(person)).name if person else None
        return [public(key) for key in await app.people.keys(name)]

    columns = {
        "id": lambda key: key["id"],
        "person": lambda key: key["person"],
        "label": lambda key: key["label"],
        "scopes": lambda key: ", ".join(key["scopes"]),
        "used": lambda key: moment(key["used_at"]),
        "expires": lambda key: moment(key["expires_at"]),
        "revoked": lambda key: moment(key["revoked_at"]),
    }
    found = await read_list(store, read)
    spare = ("revoked", "used", "expires")
    print_items(found, columns, as_json=as_json, empty=f"no keys in {where(store)}", spare=spare)


@keys.command("add")
@command
async def add_key(
    person: Annotated[
        str, typer.Argument(metavar="NAME", help="Whose key: a person or a service.", show_default=False)
    ],
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What it is for.", show_default=False)],
    scopes: Annotated[
        list[str],
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="What it may be used for: a scope, again for each.",
            show_default=False,
        ),
    ],
    days: Annotated[
        float | None, typer.Option("--days", help="Until it expires; else it doesn't.", show_default=False)
    ] = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Make a key and print it, once. Scopes: requests:read, requests:write, decide, runs:read, runs:write, admin."""
    async with opened(store, f"person {person!r}") as app:
        expires_in = None if days is None else days * DAY
        key, text = await app.people.make_key(person, label, scopes, actor=actor(None), expires_in=expires_in)
    if as_json:
        print_json([{**public(key), "key": text}])
    else:
        say(text)
        note(f"key {key.id} of {key.person}: keep it, it can't be shown again")


@keys.command("revoke")
@command
async def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id.", show_default=False)],
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """End a key."""
    async with opened(store, f"key {key_id!r}") as app:
        key = await app.people.revoke_key(key_id, actor=actor(None))
    if as_json:
        print_json([public(key)])
    else:
        say(f"key {key.id} of {key.person} is revoked")


@keys.command("callback")
@command
async def callback_secret(store: Store = None, as_json: AsJSON = False) -> None:
    """Print by what calls of callback URLs are signed: whoever receives them needs it."""
    from handrail.web.callback import signing_secret

    async with opened(store, "signing secret") as app:
        found = signing_secret(app.people.secret)
    if as_json:
        print_json([{"secret": found}])
    else:
        say(found)

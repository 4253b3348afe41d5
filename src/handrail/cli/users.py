"""The commands `users`: who may use the pages and the API. Passwords are typed or read from stdin."""

import getpass
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.cli.ending import command
from handrail.cli.notify import notify
from handrail.cli.opening import actor, connected, opened, read_list, where
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import Item, note, print_items, print_json, say
from handrail.flows.web_approval import DEFAULT_URL, web_url
from handrail.people import identity
from handrail.people.facts import Identity, Kind, Person, Role
from handrail.people.link import LOGIN_LIFE
from handrail.requests.errors import InvalidInput
from handrail.requests.identifier import utc_text

users = typer.Typer(help="Who may use the pages and the API.", no_args_is_help=True)
users.command("notify")(notify)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The person's name, or their email.", show_default=False)
]
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="admin, reviewer or viewer.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"Where the server is reached; else HANDRAIL_URL, where it was served last, or {DEFAULT_URL}.",
        show_default=False,
    ),
]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin, its first line.")
]
LOGIN_PATH = "/login/link/"
"""what stands between the server and a link to log in"""


def public(person: Person, identities: Sequence[Identity] = ()) -> Item:
    """Return a person as JSON, with the words of the documentation as keys, and who they are on channels."""
    return {
        "name": person.name,
        "display": person.display,
        "email": person.email,
        "role": str(person.role),
        "service": person.service,
        "active": person.active,
        "has_password": person.has_password,
        "created_at": utc_text(person.created_at),
        "identities": [identity.public(each) for each in identities],
    }


async def _whole(app: App, person: Person) -> Item:
    return public(person, await app.people.identities(person.name))


def _state(person: Item) -> str:
    return "on" if person["active"] else "off"


def _channels(person: Item) -> str:
    return ", ".join(f"{known['channel']}:{known['address']}" for known in person["identities"])


def _told(person: Item, as_json: bool, what: str) -> None:
    if as_json:
        print_json([person])
    else:
        say(what)


def _password(from_stdin: bool) -> str:
    """Return a password: the first line of stdin, or what somebody types twice. Raises `InvalidInput`."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidInput(
            "nobody can type a password here: use --password-stdin, or a one-time link instead (users link NAME)"
        )
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise InvalidInput("the two passwords differ: do it again")
    return password


async def _link(app: App, person: Person, url: str | None) -> Item:
    token = await app.people.make_link(Kind.LOGIN, person.name, actor=actor(None))
    server = (url or web_url(app.store.web_url)).rstrip("/")
    return {"url": f"{server}{LOGIN_PATH}{token}", "seconds": LOGIN_LIFE}


def _is_known(app: App, url: str | None) -> bool:
    """Whether it was said where the server is, by whoever asks or by a server."""
    return bool(url or os.environ.get("HANDRAIL_URL") or app.store.web_url)


def _show_link(link: Item, known: bool) -> None:
    say(link["url"])
    note(f"It works once, within {LOGIN_LIFE / 60:.0f} minutes: hand it to nobody else.")
    if not known:
        note(f"It assumes that the server is at {DEFAULT_URL}: say where by --url, or by HANDRAIL_URL.")


@users.command("list")
@command
async def list_users(store: Store = None, as_json: AsJSON = False) -> None:
    """List everybody, by name."""

    async def read(app: App) -> list[Item]:
        known: dict[str, list[Identity]] = {}
        for each in await app.people.identities():
            known.setdefault(each.person, []).append(each)
        return [public(person, known.get(person.name, ())) for person in await app.people.everybody()]

    columns = {
        "name": lambda person: person["name"],
        "display": lambda person: person["display"],
        "email": lambda person: person["email"] or "",
        "role": lambda person: person["role"] + (" (service)" if person["service"] else ""),
        "state": _state,
        "channels": _channels,
    }
    empty = f"nobody in {where(store)}: handrail users add NAME --role admin adds the first"
    print_items(
        await read_list(store, read),
        columns,
        as_json=as_json,
        empty=empty,
        spare=("display", "channels", "email"),
    )


@users.command("show")
@command
async def show_user(name: Name, store: Store = None, as_json: AsJSON = False) -> None:
    """Show somebody: what they may, and by which addresses channels know them."""
    async with opened(store, f"person {name!r}") as app:
        person = await _whole(app, await app.people.find(name))
        groups = await app.people.groups_of(person["name"])
    if as_json:
        print_json([{**person, "groups": list(groups)}])
        return
    say(
        f"{person['name']} ({person['display']}), {person['role']}{' (service)' if person['service'] else ''}"
    )
    for word, told in (
        ("state", _state(person)),
        ("email", person["email"] or "none"),
        ("password", "yes" if person["has_password"] else "none"),
        ("groups", ", ".join(groups) or "none"),
        ("channels", _channels(person) or "none"),
    ):
        say(f"  {word}: {told}")


@users.command("identity")
@command
async def set_identity(
    name: Name,
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="The channel, such as slack.", show_default=False)
    ],
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS", help="Theirs there: T012:U345 on Slack, an email.", show_default=False
        ),
    ],
    remove: Annotated[bool, typer.Option("--remove", help="It is theirs no more.")] = False,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Say that an address on a channel is somebody's: what comes from there is theirs."""
    async with opened(store, f"person {name!r}") as app:
        person = await app.people.find(name)
        if remove:
            known = await app.people.remove_identity(channel, address, actor=actor(None), who=person.name)
        else:
            known = await app.people.add_identity(person.name, channel, address, actor=actor(None))
    if as_json:
        print_json([identity.public(known)])
    else:
        what = "is nobody now" if remove else f"is {known.person}"
        say(f"{known.address} on {known.channel} {what}")


@users.command("add")
@command
async def add_user(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="What they are called in audiences.", show_default=False),
    ],
    role: RoleOption = "reviewer",
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="Their email.", show_default=False)
    ] = None,
    display: Annotated[
        str | None,
        typer.Option("--display", metavar="TEXT", help="What pages call them.", show_default=False),
    ] = None,
    password_stdin: FromStdin = False,
    link: Annotated[bool, typer.Option("--link", help="No password: print a one-time link.")] = False,
    service: Annotated[bool, typer.Option("--service", help="An account for a program, with keys.")] = False,
    url: Url = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Add somebody, with a password (asked for twice) or a one-time link to log in."""
    if link + service + password_stdin > 1:
        raise InvalidInput("use one of --link, --service and --password-stdin")
    password = None if link or service else _password(password_stdin)
    async with connected(store) as app:
        person = await app.people.add(
            name,
            actor=actor(None),
            role=role,
            display=display,
            email=email,
            service=service,
            password=password,
        )
        made = await _link(app, person, url) if link else None
        known = _is_known(app, url)
        everybody = await app.people.everybody()
    if as_json:
        print_json([{**public(person), **(made or {})}])
    else:
        say(f"{person.name} may log in as {person.role}" if not service else f"{person.name} was added")
        if made:
            _show_link(made, known)
    if not any(one.role is Role.ADMIN and one.active and not one.service for one in everybody):
        note("nobody is an admin yet: handrail users role NAME admin")


@users.command("password")
@command
async def set_password(
    name: Name, password_stdin: FromStdin = False, store: Store = None, as_json: AsJSON = False
) -> None:
    """Give somebody a new password; their sessions end."""
    async with opened(store, f"person {name!r}") as app:
        person = await app.people.find(name)
        person = await app.people.set_password(person.name, _password(password_stdin), actor=actor(None))
        found = await _whole(app, person)
    _told(found, as_json, f"{person.name} has a new password, and their sessions have ended")


@users.command("role")
@command
async def set_role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="admin, reviewer or viewer.")],
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Give somebody another role."""
    await _change(name, store, as_json, "{name} has the role {role} now", role=role)


@users.command("off")
@command
async def switch_off(name: Name, store: Store = None, as_json: AsJSON = False) -> None:
    """Shut somebody out: their sessions, keys and links end for good."""
    await _change(
        name, store, as_json, "{name} is shut out; sessions, keys and links have ended", active=False
    )


@users.command("on")
@command
async def switch_on(name: Name, store: Store = None, as_json: AsJSON = False) -> None:
    """Let somebody in again."""
    await _change(name, store, as_json, "{name} may log in again", active=True)


async def _change(name: str, store: str | None, as_json: bool, told: str, **what: Any) -> None:
    async with opened(store, f"person {name!r}") as app:
        person = await app.people.change(name, actor=actor(None), **what)
        found = await _whole(app, person)
    _told(found, as_json, told.format(name=person.name, role=person.role))


@users.command("link")
@command
async def login_link(name: Name, url: Url = None, store: Store = None, as_json: AsJSON = False) -> None:
    """Print a one-time link by which somebody logs in."""
    async with opened(store, f"person {name!r}") as app:
        made = await _link(app, await app.people.find(name), url)
        known = _is_known(app, url)
    if as_json:
        print_json([made])
    else:
        _show_link(made, known)

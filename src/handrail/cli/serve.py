"""The command `serve`: the web inbox and the API, and a worker beside them."""

import asyncio
import ipaddress
from typing import Annotated

import typer

from handrail import settings
from handrail.app import App
from handrail.cli.carried import tell_channels
from handrail.cli.ending import command, leave_soon
from handrail.cli.execution import AppArgument, LogLevel, known_flows, tell_on_stderr, until_signalled
from handrail.cli.loading import load_app
from handrail.cli.opening import option
from handrail.cli.options import Store
from handrail.cli.printing import note
from handrail.inbox.outside import CHANNEL
from handrail.people.facts import Kind, Role
from handrail.people.people import People
from handrail.requests.decision import Actor, Strength
from handrail.requests.errors import InvalidInput

MISSING = "serving pages needs further packages: pip install 'handrail[web]'"


@command
async def serve(
    target: AppArgument,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            help="Where people reach it, if that differs (https://inbox.example.com, behind a proxy).",
            show_default=False,
        ),
    ] = None,
    store: Store = None,
    log_level: Annotated[
        LogLevel, typer.Option("--log-level", case_sensitive=False, help="What is told on stderr.")
    ] = LogLevel.WARNING,
) -> None:
    """Serve the web inbox and the API of an app, and work on its runs, until Ctrl-C or SIGTERM."""
    tell_on_stderr(log_level)
    app = load_app(target)
    stopping = until_signalled()
    async with app.work(store):
        await serve_app(app, host, port, url, stopping, store)
    leave_soon(0)


async def serve_app(
    app: App, host: str, port: int, url: str | None, stopping: asyncio.Event, store: str | None = None
) -> None:
    """Serve the pages and the API of an open app until `stopping` is set."""
    try:
        from handrail.web.callback import Callbacks
        from handrail.web.serving import Serving
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("handrail", ""):
            raise
        raise InvalidInput(MISSING) from error
    await _check_people(app.people, host, store)
    check_named(host, url)
    async with Serving(host, port, url) as serving:
        app.store.served.tell(serving.url)
        face = app.face(serving.url)
        callbacks = Callbacks(face.store, face.clock, face.people.secret, face.outgoing)
        app.channels.setdefault(CHANNEL, callbacks)
        await serving.begin(face)
        note(
            f"Handrail is at {serving.url}, working on {known_flows(app)}, in {app.store.where}; Ctrl-C ends it"
        )
        await tell_channels(app, serving.url)
        if await nobody_can_log_in(app.people):
            link = await first_link(app.people, serving.url)
            note(f"nobody can sign in with a password yet; this link signs you in, once:\n\n    {link}\n")
        await serving.until(stopping)
        note("stopping; what is not finished goes on when a worker runs again")


async def nobody_can_log_in(people: People) -> bool:
    """Whether there is nobody with a password."""
    return not any(person.active and person.has_password for person in await people.everybody())


async def first_link(people: People, url: str) -> str:
    """Return a link by which whoever started the server signs in as an administrator."""
    name = settings.os_user()
    actor = Actor(name, Strength.ASSERTED, "cli")
    if all(person.name.lower() != name.lower() for person in await people.everybody()):
        await people.add(name, actor=actor, role=Role.ADMIN)
    token = await people.make_link(Kind.LOGIN, name, actor=actor)
    return f"{url}/login/link/{token}"


async def _check_people(people: People, host: str, store: str | None) -> None:
    """Refuse to listen where others can reach it as long as nobody has to prove who they are."""
    if _is_loopback(host) or not await nobody_can_log_in(people):
        return
    raise InvalidInput(
        f"{host} can be reached by others, and nobody has an account: make one first with "
        f"`handrail users add NAME --role admin{option(store)}`, or serve on 127.0.0.1"
    )


def check_named(host: str, url: str | None) -> None:
    """Raise `InvalidInput` for all addresses of a machine without a URL: the server answers only to its own name.

    >>> check_named("0.0.0.0", "https://inbox.example.com")
    """
    try:
        everywhere = ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        everywhere = False
    if everywhere and url is None:
        raise InvalidInput(
            f"{host} is every address of this machine, and nobody opens that: say by --url which one people open, "
            "such as --url http://inbox.example.com:8000"
        )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

"""The commands that execute flows, or have them executed: run (here), start (by a worker), worker."""

import asyncio
import logging
import shlex
import signal
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.cli.alive import somebody_knows
from handrail.cli.carried import tell_channels
from handrail.cli.ending import FAILED, command, leave_soon, report
from handrail.cli.loading import load_app, load_flow, parse_input
from handrail.cli.many import start_many
from handrail.cli.opening import actor, option
from handrail.cli.options import As, AsJSON, DataArgument, OneOrNone, RunId, Store
from handrail.cli.printing import note, print_json, say
from handrail.cli.team_run import told
from handrail.flows.node import ChainableNode
from handrail.host import app_here, execute_here
from handrail.requests.errors import InvalidInput, RunError
from handrail.requests.identifier import new_id
from handrail.runs.run import SETTLED_RUNS, RunStatus, public
from handrail.runs.runs import result_of
from handrail.teams.flow import TeamFlow

AppArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:APP",
        help="Where the app is; the working directory is importable.",
        show_default=False,
    ),
]


class LogLevel(StrEnum):
    """How much a worker tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@command
async def run(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:FLOW", help="A node or an async function over nodes.", show_default=False
        ),
    ],
    data: DataArgument,
    run_id: RunId = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> int | None:
    """Execute a flow here, asking in this terminal, and print its result."""
    given = parse_input(data)
    flow, again = load_flow(target), f"handrail run {shlex.quote(target)} JSON"
    return await _execute(flow, given, target, again, run_id, person, store, as_json)


def script(flow: ChainableNode, default: dict[str, Any] | None, path: str, about: str | None) -> typer.Typer:
    """Return a program that executes one flow as `run` does: what `handrail.main` in the script at `path` calls."""
    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @program.command(help=_as_written(about), context_settings={"help_option_names": ["-h", "--help"]})
    @command
    async def execute(
        data: OneOrNone = None,
        run_id: RunId = None,
        person: As = None,
        store: Store = None,
        as_json: AsJSON = False,
    ) -> int | None:
        if data is None and default is None:
            raise typer.BadParameter("give the input as JSON")
        given = parse_input(data) if data is not None else (default or {})
        again = f"python {shlex.quote(path)}{' JSON' if data is not None else ''}"
        return await _execute(flow, given, Path(path).stem, again, run_id, person, store, as_json)

    return program


def _as_written(text: str | None) -> str | None:
    """Return a text that the help shows with the line breaks it has."""
    return "\n\n".join(f"\b\n{part}" for part in cleandoc(text).split("\n\n")) if text else None


async def _execute(
    flow: ChainableNode,
    given: dict[str, Any],
    name: str,
    again: str,
    run_id: str | None,
    person: str | None,
    store: str | None,
    as_json: bool,
) -> int | None:
    """Execute a flow, print its result and return the exit code; `again` is the command that did it."""
    here = asyncio.current_task()
    if here is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, here.cancel)
    if isinstance(flow, TeamFlow):
        run_id, name = run_id or new_id("run", datetime.now(UTC)), flow.team
    try:
        async with await _telling(flow, run_id, person, store):
            ended = await execute_here(flow, given, run_id, url=store, name=name, person=person)
    except asyncio.CancelledError:
        note(_how_to_go_on(again, run_id, person, store))
        raise
    if as_json:
        print_json([{**public(ended), "run_id": ended.id}])
    try:
        result = result_of(ended)
    except RunError as error:
        report(error)
        if ended.status is RunStatus.FAILED and run_id is not None:
            retry = f"`handrail retry {shlex.quote(run_id)}{option(store)}`"
            note(f"once the cause is gone: {retry}, then the same command again")
        return FAILED
    if not as_json:
        print_json(result)
    return None


async def _telling(
    flow: ChainableNode, run_id: str | None, person: str | None, store: str | None
) -> AbstractAsyncContextManager[None]:
    """Return what tells in this terminal how a team gets on; a flow asks, and that is all."""
    if not isinstance(flow, TeamFlow) or run_id is None:
        return nullcontext()
    return told(await app_here(store, person), run_id)


def _how_to_go_on(again: str, run_id: str | None, person: str | None, store: str | None) -> str:
    if run_id is None:
        return "interrupted: this run ended with its process; with --run-id ID the same command goes on where it was"
    who = f" --as {shlex.quote(person)}" if person else ""
    return (
        f"interrupted: run {run_id} is kept; it goes on with the same input and "
        f"`{again} --run-id {shlex.quote(run_id)}{who}{option(store)}`"
    )


@command
async def start(
    target: AppArgument,
    flow: Annotated[
        str, typer.Argument(metavar="FLOW", help="The name that the app gave the flow.", show_default=False)
    ],
    data: OneOrNone = None,
    run_id: RunId = None,
    many: Annotated[
        str | None,
        typer.Option(
            "--many",
            metavar="FILE",
            help="Start a run for each line of a file, a JSON object each (- is stdin); again: only what is missing.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="NAME",
            help="With --many: another name makes new runs of the same lines; by default the flow's.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="With --many: until every run has settled.")] = False,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> int | None:
    """Store a run for the workers and print its id, or with --many one for each line of a file."""
    _check_form(data, run_id, many, batch, wait)
    given = parse_input(data) if data is not None else {}
    app = load_app(target)
    async with app.connect(store):
        if app.store.path is None:
            raise InvalidInput(
                "a run in memory would end with this command: name a file with --store sqlite:///handrail.db"
            )
        if many is not None:
            if flow in app.flows:
                await _note_missing_worker(app, flow, target, store)
            return await start_many(
                app, flow, many, batch=batch, wait=wait, initiator=actor(person).name, as_json=as_json
            )
        started = await app.start(flow, given, run_id, initiator=actor(person).name)
        if as_json:
            print_json([public(await app.runs.get(started.id))])
        else:
            say(started.id)
        if started.status not in SETTLED_RUNS:
            await _note_missing_worker(app, flow, target, store)
        if isinstance(app.flows[flow], TeamFlow):
            note(f"watch its board with `handrail board {shlex.quote(started.id)} --watch{option(store)}`")
    return None


def _check_form(
    data: str | None, run_id: str | None, many: str | None, batch: str | None, wait: bool
) -> None:
    """Refuse, as wrong usage, what doesn't go together."""
    if many is None and data is None:
        raise typer.BadParameter("give the input as JSON, or a file of inputs with --many FILE")
    if many is None and (batch is not None or wait):
        raise typer.BadParameter("--batch and --wait belong to --many FILE")
    if many is not None and (data is not None or run_id is not None):
        raise typer.BadParameter("--many FILE takes no JSON and no --run-id: the file has the inputs")


async def _note_missing_worker(app: App, flow: str, target: str, store: str | None) -> None:
    if not await somebody_knows(app, flow):
        needed = f"`handrail worker {target}{option(store)}`"
        note(f"no worker of {app.store.where} knows {flow!r} right now: start one with {needed}")


@command
async def worker(
    target: AppArgument,
    store: Store = None,
    log_level: Annotated[
        LogLevel, typer.Option("--log-level", case_sensitive=False, help="What is told on stderr.")
    ] = LogLevel.INFO,
) -> None:
    """Work on the runs of an app until Ctrl-C or SIGTERM; a second one kills."""
    tell_on_stderr(log_level)
    app = load_app(target)
    stopping = until_signalled()
    async with app.work(store):
        note(f"working on {known_flows(app)}, in {app.store.where}; Ctrl-C ends it")
        await tell_channels(app)
        await stopping.wait()
        note("stopping; what is not finished goes on when a worker runs again")
    leave_soon(0)


def known_flows(app: App) -> str:
    """Return what a worker of this app works on."""
    return ", ".join(sorted(app.flows)) or "no flow at all: register one with app.flow(NAME, flow)"


def tell_on_stderr(level: LogLevel) -> None:
    """Let the log be told on stderr from this level on."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("httpx", "httpx2", "httpcore2", "openai", "imapclient", "mail.log", "slack_sdk"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def until_signalled() -> asyncio.Event:
    """Return what is set by the first SIGINT or SIGTERM; the next one kills, as it would have anyway."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        stopping.set()
        for each in signals:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in signals:
        loop.add_signal_handler(each, stop)
    return stopping

"""The program: every command by its name. What a command needs beyond that it imports itself, so that help is quick."""

from collections.abc import Callable
from typing import Annotated

import typer

import handrail
from handrail.cli import board, doctor, execution, outbox, requests, runs, serve, show, team, upkeep
from handrail.cli.ending import end
from handrail.cli.groups import groups
from handrail.cli.keys import keys
from handrail.cli.options import As, AsJSON, Store
from handrail.cli.users import users
from handrail.cli.webhooks import webhooks

program = typer.Typer(
    name="handrail",
    help="Durable human-in-the-loop workflows for AI.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
database = typer.Typer(help="Look after the database.", no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        print(handrail.__version__)
        raise typer.Exit


@program.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Durable human-in-the-loop workflows for AI."""


@program.command()
def demo(
    store: Store = None,
    terminal: Annotated[
        bool,
        typer.Option("--terminal", help="In this terminal: a draft, your feedback, its revision, a file."),
    ] = False,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """See Handrail at work: the web inbox with requests that wait for you."""
    from handrail.cli.demo import demo_command
    from handrail.cli.demo_web import demo_web

    if terminal:
        end(lambda: demo_command(store))
    else:
        demo_web(store, host, port)


@program.command()
def inbox(
    person: As = None,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is open any more.")] = False,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Decide, one after the other, what waits for you; with --json list it."""
    from handrail.cli.inbox import inbox_command, list_inbox

    if as_json:
        end(lambda: list_inbox(store, person), as_json=True)
    else:
        end(lambda: inbox_command(store, person, once))


_COMMANDS: dict[str, Callable[..., None]] = {
    "run": execution.run,
    "start": execution.start,
    "worker": execution.worker,
    "serve": serve.serve,
    "runs": runs.runs,
    "requests": requests.requests,
    "show": show.show,
    "decide": requests.decide,
    "claim": requests.claim,
    "release": requests.release,
    "comment": requests.comment,
    "reassign": requests.reassign,
    "escalate": requests.escalate,
    "remind": requests.remind,
    "withdraw": requests.withdraw,
    "board": board.board,
    "validate": team.validate,
    "feedback": team.feedback,
    "unblock": team.unblock,
    "outbox": outbox.outbox,
    "cancel": runs.cancel,
    "retry": runs.retry,
    "migrate": runs.migrate,
    "verify": upkeep.verify,
    "doctor": doctor.doctor,
}
for _name, _command in _COMMANDS.items():
    program.command(_name)(_command)
database.command("upgrade")(upkeep.upgrade)
program.add_typer(database, name="db")
program.add_typer(team.team, name="team")
program.add_typer(users, name="users")
program.add_typer(groups, name="groups")
program.add_typer(keys, name="keys")
program.add_typer(webhooks, name="webhooks")

"""The commands by which people act on boards: validate, feedback, unblock; team pause, resume, stop."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from handrail.app import App
from handrail.cli.alive import note_who_goes_on
from handrail.cli.ending import command
from handrail.cli.opening import actor, opened
from handrail.cli.options import As, AsJSON, RunArgument, Store
from handrail.cli.printing import print_json, say
from handrail.teams import record

team = typer.Typer(help="Pause, resume and stop teams.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task's id.", show_default=False)]
Round = Annotated[
    int | None,
    typer.Option(
        "--round",
        metavar="N",
        min=1,
        help="The round that you have seen; refused if there is another one by now.",
        show_default=False,
    ),
]


@command
async def validate(
    run_id: RunArgument,
    task: TaskArgument,
    round: Round = None,
    comment: Annotated[
        str | None, typer.Option("--comment", metavar="TEXT", help="What to say.", show_default=False)
    ] = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Approve the result of a task that awaits validation."""
    who = actor(person)
    await _act(
        store,
        run_id,
        task,
        as_json,
        lambda app: app.teams.validate(run_id, task, actor=who, round=round, comment=comment),
    )


@command
async def feedback(
    run_id: RunArgument,
    task: TaskArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be different.", show_default=False)],
    round: Round = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Say what is to be different about a task, at any point."""
    who = actor(person)
    await _act(
        store,
        run_id,
        task,
        as_json,
        lambda app: app.teams.give_feedback(run_id, task, text, actor=who, round=round),
    )


@command
async def unblock(
    run_id: RunArgument,
    task: TaskArgument,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="TEXT", help="Is told to its agent.", show_default=False),
    ] = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Say that the obstacle of a BLOCKED task is removed."""
    who = actor(person)
    await _act(
        store, run_id, task, as_json, lambda app: app.teams.unblock(run_id, task, actor=who, note=note)
    )


async def _act(
    store: str | None, run_id: str, task: str, as_json: bool, act: Callable[[App], Awaitable[Any]]
) -> None:
    """Act on a task and print how it stands then."""
    async with opened(store, f"run {run_id!r}") as app:
        await act(app)
        found = await app.store.read(record.task, run_id=run_id, task=task)
        if as_json:
            print_json([found])
        else:
            say(f"task {task} of {run_id} is {found['status']}{_pending(found['pending_feedback'])}")
        await note_who_goes_on(app, await app.runs.get(run_id))


def _pending(count: int) -> str:
    return f", with {count} feedback to be worked in" if count else ""


@team.command("pause")
@command
async def pause(run_id: RunArgument, person: As = None, store: Store = None, as_json: AsJSON = False) -> None:
    """Let agents end the call they are in, and begin no other."""
    who = actor(person)
    await _steer(store, run_id, as_json, lambda app: app.teams.pause(run_id, actor=who))


@team.command("resume")
@command
async def resume(
    run_id: RunArgument, person: As = None, store: Store = None, as_json: AsJSON = False
) -> None:
    """Let a team that was paused, or has met an error, go on."""
    who = actor(person)
    await _steer(store, run_id, as_json, lambda app: app.teams.resume(run_id, actor=who), goes_on=True)


@team.command("stop")
@command
async def stop(run_id: RunArgument, person: As = None, store: Store = None, as_json: AsJSON = False) -> None:
    """End the work of a team for good: no agent works any more, and nobody is asked."""
    who = actor(person)
    await _steer(store, run_id, as_json, lambda app: app.teams.stop(run_id, actor=who))


async def _steer(
    store: str | None,
    run_id: str,
    as_json: bool,
    act: Callable[[App], Awaitable[Any]],
    *,
    goes_on: bool = False,
) -> None:
    """Act on a team and print how it stands then."""
    async with opened(store, f"run {run_id!r}") as app:
        await act(app)
        found = await app.store.read(record.board, run_id=run_id)
        if as_json:
            print_json([found])
        else:
            say(f"team {found['team']} of {run_id} is {found['status']}")
        if goes_on:
            await note_who_goes_on(app, await app.runs.get(run_id))

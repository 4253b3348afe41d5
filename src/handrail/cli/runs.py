"""The commands about runs: runs, cancel, retry, migrate."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from handrail.app import App
from handrail.cli.check import check_runs
from handrail.cli.ending import command
from handrail.cli.opening import actor, opened, read_list, where
from handrail.cli.options import As, AsJSON, Limit, RunArgument, Store
from handrail.cli.printing import moment, print_items, print_json, say
from handrail.requests.errors import InvalidInput
from handrail.runs.migration import parse_mapping
from handrail.runs.run import RunStatus, StoredRun, public

PAGE = 1000
S = TypeVar("S", bound=StrEnum)


def parse_statuses(given: Iterable[str], kind: type[S], words: dict[str, tuple[S, ...]]) -> list[S]:
    """Return the statuses that users name, each or several with commas between, in any case; `words` are more names."""
    found: list[S] = []
    for name in [part.strip() for text in given for part in text.split(",") if part.strip()]:
        normal = name.upper().replace("-", "_")
        if normal in words:
            found += words[normal]
        elif normal in kind.__members__:
            found.append(kind[normal])
        else:
            names = ", ".join([*kind.__members__, *words])
            raise InvalidInput(f"{name!r} is no status; there are: {names}")
    return found


async def every_run(
    app: App, statuses: Iterable[RunStatus] = (), flow: str | None = None
) -> AsyncIterator[StoredRun]:
    """Give the runs of a store, oldest first."""
    after: str | None = None
    while page := await app.runs.list(tuple(statuses), flow=flow, after=after, limit=PAGE):
        for run in page:
            yield run
        after = page[-1].id


@command
async def runs(
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help="Only these; by default all.", show_default=False),
    ] = None,
    flow: Annotated[
        str | None, typer.Option("--flow", metavar="NAME", help="Only runs of this flow.", show_default=False)
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="MODULE:APP",
            help="Say which would stop if this app were deployed, and why; by default of those that haven't ended.",
            show_default=False,
        ),
    ] = None,
    children: Annotated[
        bool, typer.Option("--children", help="With the rounds of teams' agents, which are runs too.")
    ] = False,
    limit: Limit = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> int | None:
    """List runs, oldest first, or check before a deploy which of them would stop; 1 if any would."""
    statuses = parse_statuses(status or (), RunStatus, {})
    if check is not None:
        return await check_runs(check, statuses, flow, limit, store, as_json)

    async def read(app: App) -> list[StoredRun]:
        return [run async for run in every_run(app, statuses, flow) if children or run.parent is None]

    found = (await read_list(store, read))[-limit if limit else 0 :]
    columns = {
        "id": lambda run: run["id"],
        "status": lambda run: run["status"],
        "flow": lambda run: run["flow"] or "",
        "started": lambda run: moment(run["created_at"]),
        "changed": lambda run: moment(run["updated_at"]),
        "by": lambda run: run["initiator"] or "",
    }
    empty = f"{_none_of(statuses, flow)} in {where(store)}"
    print_items([public(run) for run in found], columns, as_json=as_json, empty=empty)
    return None


def _none_of(statuses: Iterable[RunStatus], flow: str | None) -> str:
    wanted = " or ".join(dict.fromkeys(statuses))
    of_flow = "" if flow is None else f" of flow {flow!r}"
    return f"no {wanted}{' ' if wanted else ''}runs{of_flow}"


GOES_ON = ": a worker that knows its flow goes on with it"


async def _change(
    store: str | None, run_id: str, as_json: bool, change: Callable[[App], Awaitable[StoredRun]], told: str
) -> None:
    """Change a run and print what it is then."""
    async with opened(store, f"run {run_id!r}") as app:
        run = await change(app)
    if as_json:
        print_json([public(run)])
    else:
        # Without a name only its caller knows its flow.
        told = told if run.queue == run.flow else told and ": execute it again with the same run id and input"
        say(f"run {run.id} is {run.status}{told}")


@command
async def cancel(
    run_id: RunArgument, person: As = None, store: Store = None, as_json: AsJSON = False
) -> None:
    """Cancel a run and withdraw its requests; a team is stopped."""
    who = actor(person).name
    await _change(store, run_id, as_json, lambda app: app.runs.cancel(run_id, actor=who), "")


@command
async def retry(run_id: RunArgument, person: As = None, store: Store = None, as_json: AsJSON = False) -> None:
    """Let a FAILED run go on at the step that failed, or one that NEEDS_ATTENTION try its flow again."""
    who = actor(person).name
    await _change(store, run_id, as_json, lambda app: app.runs.retry(run_id, actor=who), GOES_ON)


@command
async def migrate(
    run_id: RunArgument,
    mapping: Annotated[
        list[str],
        typer.Option(
            "--map",
            metavar="OLD=NEW",
            help="The step OLD is called NEW now; OLD= is gone, =NEW is new. Give it once for each step. "
            "'map/0[*]/a=map/0[*]/b' maps a in every branch.",
            show_default=False,
        ),
    ],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[OLD=NEW]...", help="More of the same.", show_default=False)
    ] = None,
    person: As = None,
    store: Store = None,
    as_json: AsJSON = False,
) -> None:
    """Bring a run to a changed flow by mapping old names of steps to new ones, `[*]` for every branch."""
    pairs = parse_mapping([*mapping, *(more or ())])
    who = actor(person).name
    await _change(store, run_id, as_json, lambda app: app.migrate(run_id, pairs, actor=who), GOES_ON)

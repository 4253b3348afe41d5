"""What `runs --check MODULE:APP` does: which runs would stop if this code were deployed, found out on a copy.

The copy is made while workers go on, upgraded if this Handrail is newer, and deleted: the store itself is only read.
"""

import sys
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from handrail import settings
from handrail.app import App
from handrail.cli.ending import FAILED
from handrail.cli.loading import load_app
from handrail.cli.printing import print_items, print_json, say
from handrail.requests.errors import InvalidInput, UnknownId
from handrail.runs.rehearsal import Finding, Verdict, rehearse
from handrail.runs.run import RunStatus, StoredRun
from handrail.stores.snapshot import copy
from handrail.stores.sqlite import SQLiteStore

UNENDED = (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING)
"""the runs that somebody would go on with after the deploy"""
HARMLESS = (Verdict.GOES_ON, Verdict.ELSEWHERE)
PAGE = 1000
COLUMNS = {
    "id": lambda found: found["id"],
    "status": lambda found: found["status"],
    "flow": lambda found: found["flow"] or "",
    "verdict": lambda found: found["verdict"],
    "why": lambda found: found["why"] or "",
}


async def check_runs(
    target: str,
    statuses: Collection[RunStatus],
    flow: str | None,
    limit: int | None,
    store: str | None,
    as_json: bool,
) -> int | None:
    """Print which runs would not go on with the app that `target` names; 1 if there are any."""
    with redirect_stdout(sys.stderr):  # what the app's own code prints is no part of the answer
        app = load_app(target)
        async with _copied(app, store) as where:
            await _check_flow(app, flow, where)
            found = [finding async for finding in _findings(app, statuses or UNENDED, flow)]
    found = found[-limit if limit else 0 :]
    bad = [finding for finding in found if finding.verdict not in HARMLESS]
    if as_json:
        print_json([_public(finding) for finding in found])
    else:
        shown = [_public(finding) for finding in found if finding.verdict is not Verdict.GOES_ON]
        if shown:
            print_items(shown, COLUMNS, as_json=False, empty="")
        say(_summary(found, where))
        for verdict, way in WAYS.items():
            if any(finding.verdict is verdict for finding in found):
                say(f"what {way}")
    return FAILED if bad else None


@asynccontextmanager
async def _copied(app: App, store: str | None) -> AsyncIterator[str]:
    """Open the app on a copy of its store; gives the path of the store itself."""
    path = _path(app, store)
    if path is None:
        raise InvalidInput("a store in memory has no runs of others: name a file with --store")
    with tempfile.TemporaryDirectory(prefix="handrail-check-") as folder:
        made = Path(folder) / "handrail.db"
        if path.exists():  # where nothing has run yet there is nothing to check
            copy(path, made)
        async with app.connect(f"sqlite:///{made}"):
            yield str(path)


def _path(app: App, store: str | None) -> Path | None:
    given = app.configured_store
    if store is None and isinstance(given, SQLiteStore):
        return given.path
    url = settings.store_url(store, given if isinstance(given, str) else None)
    return settings.open_store(url).path


async def _check_flow(app: App, flow: str | None, where: str) -> None:
    """Raises `UnknownId` for a flow that neither the app nor a run of the store names: a mistyped one fits."""
    if flow is None or flow in app.flows or await app.runs.list(flow=flow, limit=1):
        return
    known = ", ".join(sorted(app.flows)) or "none"
    raise UnknownId(f"there is no flow {flow!r}: the app knows {known}, and no run in {where} has it")


async def _findings(app: App, statuses: Collection[RunStatus], flow: str | None) -> AsyncIterator[Finding]:
    after: str | None = None
    while page := await app.runs.list(tuple(statuses), flow=flow, after=after, limit=PAGE):
        for run in page:
            yield await _finding(app, run)
        after = page[-1].id


async def _finding(app: App, run: StoredRun) -> Finding:
    if (flow := app.flows.get(run.queue)) is not None:
        return await rehearse(run, flow, app.store, app.clock)
    if run.queue != run.flow:
        why = "no worker takes it: only whoever executes it with its run id goes on with it"
        return Finding(run, Verdict.ELSEWHERE, why)
    known = ", ".join(sorted(app.flows)) or "none"
    return Finding(run, Verdict.UNKNOWN, f"the app doesn't know flow {run.flow!r}; it knows {known}")


def _public(finding: Finding) -> dict[str, Any]:
    run = finding.run
    return {
        "id": run.id,
        "status": run.status.value,
        "flow": run.flow,
        "verdict": finding.verdict.value,
        "why": finding.why,
        "difference": finding.difference,
    }


SUMMARY = {
    Verdict.STOPS: "would stop as NEEDS_ATTENTION",
    Verdict.FAILS: "would fail",
    Verdict.UNKNOWN: "of flows that the app doesn't know",
    Verdict.ELSEWHERE: "of their callers alone",
    Verdict.GOES_ON: "would go on",
}
WAYS = {
    Verdict.STOPS: "stops: put the old code back, or after the deploy `handrail show RUN_ID` says what differs "
    "and `handrail migrate RUN_ID --map OLD=NEW` how it was meant",
    Verdict.FAILS: "fails: mend the code, or do it after the deploy and then `handrail retry RUN_ID`",
    Verdict.UNKNOWN: "is unknown: register the flow, or check it with its own app and --flow NAME",
}
"""what to do about each"""


def _summary(found: list[Finding], where: str) -> str:
    verdicts = [finding.verdict for finding in found]
    counts = [
        f"{verdicts.count(verdict)} {words}" for verdict, words in SUMMARY.items() if verdict in verdicts
    ]
    return f"{', '.join(counts) or 'no runs'} (of {len(found)} checked, in {where})"

"""Whether anybody goes on with a run: what commands say that only store what people want."""

from handrail.app import App
from handrail.cli.printing import note
from handrail.runs.ports import RunTransaction, Worker
from handrail.runs.run import StoredRun


def _workers(tx: RunTransaction) -> list[Worker]:
    return tx.workers()


async def somebody_knows(app: App, flow: str | None) -> bool:
    """Whether a living worker of the store has registered the flow's name; without a name, whether any lives."""
    workers = await app.store.read(_workers)
    return any(
        (flow is None or flow in worker.flows) and not app.store.liveness.is_dead(worker.id)
        for worker in workers
    )


async def note_who_goes_on(app: App, run: StoredRun) -> None:
    """Say when a run goes on, if nobody is there who would do it now."""
    named = run.flow if run.queue == run.flow else None
    if run.settled or await somebody_knows(app, named):
        return
    if named is None:
        note(f"nobody works on {run.id} right now: it goes on when its program is started again")
    else:
        note(f"no worker of {app.store.where} knows {named!r} right now: it goes on when one does")

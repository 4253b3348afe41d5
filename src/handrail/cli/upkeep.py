"""The commands for whoever keeps the store: verify, db upgrade."""

from handrail.cli.ending import FAILED, command
from handrail.cli.opening import existing
from handrail.cli.options import AsJSON, Store
from handrail.cli.printing import note, print_json, say
from handrail.teams.verification import verify as verify_store


@command
async def verify(store: Store = None, as_json: AsJSON = False) -> int | None:
    """Check the log's chain of hashes, and every request and board against its events."""
    async with existing(store) as app:
        found = await verify_store(app.store)
        where = app.store.where
    if as_json:
        print_json(
            [
                {
                    "ok": found.ok,
                    "store": where,
                    "events": found.events,
                    "requests": found.requests,
                    "head": found.head,
                    "problems": found.problems,
                }
            ]
        )
    else:
        say(f"{found.events} events and {found.requests} requests in {where}")
        say(f"head {found.head or '(no event yet)'}")
        for problem in found.problems:
            say(f"problem: {problem}")
    if found.ok:
        return None
    note(
        f"error: {len(found.problems)} of them: {where} was changed by something else than Handrail, or is damaged"
    )
    return FAILED


@command
async def upgrade(store: Store = None, as_json: AsJSON = False) -> None:
    """Bring an older database to the level of this Handrail; a newer one is refused."""
    async with existing(store) as app:
        (before, after), where = app.store.upgraded, app.store.where
    if as_json:
        print_json([{"store": where, "before": before, "after": after}])
    elif before == after:
        say(f"{where} has level {after} already")
    else:
        say(f"{where} was upgraded from level {before} to {after}")

"""What must be true of every journey, wherever its process died: nothing lost, nothing repeated, nobody asked twice."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from handrail import App
from handrail.inbox.log import verify
from handrail.inbox.moves import PENDING
from tests.support.journey_process import Site, repeated, until


class AheadClock:
    """The time of this machine and some more."""

    def __init__(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def check_effects(site: Site, recorded: set[str], cut_off: int = 2) -> None:
    """No step ran again whose result was stored when the process died; at most `cut_off` others did, once.

    Two may have been cut off in their middle: the branches of the flow are executed at once.
    """
    done = [line for line in site.effects() if line["what"] != "post"]
    again = repeated(done)
    assert not (again.keys() & recorded), f"recorded, and executed again: {again.keys() & recorded}"
    assert len(again) <= cut_off, f"only what was cut off may happen twice: {again}"
    assert set(again.values()) <= {2}


def check_questions(site: Site, run_id: str, expected: list[str]) -> None:
    """Each question was opened once and has ended."""
    opened = site.rows(
        "SELECT data FROM event WHERE kind = 'opened' AND run_id = ? ORDER BY sequence", run_id
    )
    drafts = [json.loads(data)["request"]["draft"] for (data,) in opened]
    asked = Counter(draft["title"] for draft in drafts if draft["kind"] != "interrupted")
    assert asked == Counter(expected)
    pending = site.rows("SELECT id FROM request WHERE run_id = ? AND status IN (?, ?)", run_id, *PENDING)
    assert not pending


def check_timers(site: Site) -> None:
    """The deadline that passed was moved once, by nobody but the clock."""
    moves = [
        (request_id, json.loads(data))
        for request_id, data in site.rows("SELECT request_id, data FROM event WHERE kind = 'resolved'")
    ]
    by_clock = [request_id for request_id, move in moves if move["outcome"]["cause"] == "timeout"]
    assert len(by_clock) == 1
    assert len(moves) == len({request_id for request_id, _ in moves}), "a request has one outcome"


async def check_log(app: App) -> None:
    """The log is whole, and every request is what its events make of it."""
    found = await verify(app.store)
    assert found.ok, found.problems
    assert found.requests > 0


async def check_messages(site: Site, app: App, occasions: list[str]) -> None:
    """What was to be told has been told, at least once and hardly more often."""

    async def all_sent() -> bool:
        return not site.rows("SELECT id FROM message WHERE state <> 'sent'")

    async with app.work():  # its clock is ahead: a delivery that was cut off is due again after a minute
        await until(all_sent, "every message is sent")
    delivered = [line for line in site.effects() if line["what"] == "post"]
    first = {line["key"]: line["occasion"] for line in delivered}
    assert Counter(first.values()) == Counter(occasions)
    assert set(repeated(delivered).values()) <= {2}


def same_result(result: dict[str, Any], expected: dict[str, Any]) -> None:
    """The parts of a result that are known beforehand are as expected."""
    assert {key: result[key] for key in expected} == expected

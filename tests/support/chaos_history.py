"""What the chaos test left behind, as its checker reads it: the event log and the lines that the processes wrote.

Nothing of Handrail is imported: what is judged here is what an outsider finds in the files.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

Line = dict[str, Any]
ENDS_OF_REQUESTS = ("resolved", "expired", "withdrawn")
ENDS_OF_RUNS = ("run_finished", "run_cancelled", "run_failed", "run_abandoned", "run_needs_attention")


@dataclass(frozen=True)
class Event:
    """One line of the log."""

    sequence: int
    at: str
    actor: str
    kind: str
    request_id: str | None
    run_id: str | None
    data: str
    hash: str

    @cached_property
    def move(self) -> Line:
        """What happened, as the log has it."""
        found: Line = json.loads(self.data)
        return found

    @cached_property
    def moment(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.at)


@dataclass
class History:
    """Everything that is known of a performance."""

    events: list[Event] = field(default_factory=list)
    effects: list[Line] = field(default_factory=list)
    deciding: list[Line] = field(default_factory=list)
    """what deciders tried (`told` is None) and what they were told"""
    starting: list[Line] = field(default_factory=list)
    conductor: list[Line] = field(default_factory=list)

    @cached_property
    def requests(self) -> dict[str, list[Event]]:
        """The events of each request, in the order of the log."""
        return _grouped(self.events, lambda event: event.request_id)

    @cached_property
    def runs(self) -> dict[str, list[Event]]:
        """The events of each run itself, without those of its requests."""
        return _grouped(self.events, lambda event: None if event.request_id else event.run_id)

    @cached_property
    def opened(self) -> dict[str, Line]:
        """Each request as it was opened."""
        return {
            event.request_id or "": event.move["request"] for event in self.events if event.kind == "opened"
        }

    @cached_property
    def ended(self) -> dict[str, Event]:
        """The first end of each request."""
        ends: dict[str, Event] = {}
        for event in self.events:
            if event.request_id and event.kind in ENDS_OF_REQUESTS:
                ends.setdefault(event.request_id, event)
        return ends

    @cached_property
    def begins(self) -> dict[tuple[str, str], list[tuple[int, Line]]]:
        """The executions of each step (its run and what it does), with their places among the side effects."""
        found: dict[tuple[str, str], list[tuple[int, Line]]] = defaultdict(list)
        for place, line in enumerate(self.effects):
            if line["did"] == "begin":
                found[line["run"], line["what"]].append((place, line))
        return dict(found)

    @cached_property
    def done(self) -> dict[str, int]:
        """Where the end of each execution stands among the side effects, by its token."""
        return {line["token"]: place for place, line in enumerate(self.effects) if line["did"] == "done"}

    @cached_property
    def interruptions(self) -> list[tuple[Event, str, Line]]:
        """What people answered about interrupted steps: the event, the step's idempotency key, the answer."""
        return [
            (event, request["draft"]["proposal"]["idempotency_key"], event.move["outcome"]["payload"])
            for request_id, event in self.ended.items()
            if event.kind == "resolved"
            and (request := self.opened[request_id])["draft"]["kind"] == "interrupted"
        ]

    def said(self, kind: str, *told: str | None) -> list[Line]:
        """Return the lines of deciders or starters of a kind, with what they were told."""
        lines = self.deciding if kind == "decide" else self.starting
        return [line for line in lines if line["what"] == kind and line["told"] in told]

    def summary(self) -> str:
        """Say how much happened."""
        ends = [event.kind.removeprefix("run_") for event in self.events if event.kind in ENDS_OF_RUNS]
        acknowledged = len(self.said("decide", "acknowledged"))
        refused = len(self.said("decide", "conflict", "refused", "not stored"))
        begun = sum(map(len, self.begins.values()))
        return (
            f"{ends.count('finished'):,} runs finished, {ends.count('cancelled'):,} cancelled; {len(self.opened):,} "
            f"requests; {acknowledged:,} decisions acknowledged, {refused:,} refused; {begun:,} executions of "
            f"{len(self.begins):,} steps; {len(self.events):,} events"
        )


def load(folder: Path, database: Path) -> History:
    """Read what is in a folder."""
    with closing(sqlite3.connect(database)) as store:
        columns = "sequence, at, actor, kind, request_id, run_id, data, hash"
        rows = store.execute(f"SELECT {columns} FROM event ORDER BY sequence").fetchall()
    return History(
        [Event(*row) for row in rows],
        _lines(folder, "effects"),
        _lines(folder, "decider-*"),
        _lines(folder, "starter-*"),
        _lines(folder, "conductor"),
    )


def _lines(folder: Path, name: str) -> list[Line]:
    return [
        json.loads(line)
        for path in sorted(folder.glob(f"{name}.jsonl"))
        for line in path.read_text().splitlines()
    ]


def _grouped(events: list[Event], key: Any) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if (name := key(event)) is not None:
            found[name].append(event)
    return dict(found)


def tokens_in(shown: Any) -> Iterator[tuple[str, str]]:
    """Return the steps and their tokens that stand anywhere under `tokens` in what people were shown."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            if key == "tokens" and isinstance(value, dict):
                yield from value.items()
            else:
                yield from tokens_in(value)

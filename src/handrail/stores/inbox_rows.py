"""Requests, the log and group members as rows of SQLite."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Any

from handrail.inbox.filing import NEVER, TITLE, lot_of, lots_aside
from handrail.inbox.log import GENESIS, chained
from handrail.inbox.ports import Filter, LogEntry
from handrail.requests.errors import ProgrammingError, StoreCorrupt
from handrail.requests.identifier import parse_time
from handrail.requests.lifecycle import Event
from handrail.requests.moments import to_moment_or_none, to_number, to_number_or_none
from handrail.requests.record import Written, read_move, read_request, write_request, write_state
from handrail.requests.request import HumanRequest
from handrail.stores.statements import statements

SQL = statements("inbox")


class InboxRows:
    """The port of the inbox, on SQLite."""

    connection: sqlite3.Connection
    signals: list[tuple[str, str]]
    moved: dict[str, HumanRequest]
    """requests as this transaction has stored them"""
    reading: bool
    """whether nothing may be written"""
    head: tuple[int, str] | None
    unwritten: list[tuple[Any, ...]]
    """rows of events that were appended and not written yet"""

    def request(self, request_id: str) -> HumanRequest | None:
        if (moved := self.moved.get(request_id)) is not None:
            return moved.apart()
        row = self.connection.execute(SQL["request"], (request_id,)).fetchone()
        return _request(row) if row else None

    def requests(self, which: Filter) -> list[HumanRequest]:
        conditions, values = _conditions(which)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        statement = f"SELECT id, draft, state FROM request{where} ORDER BY id LIMIT ?"
        return [_request(row) for row in self.connection.execute(statement, [*values, which.limit])]

    def keyed(self, key: str) -> HumanRequest | None:
        row = self.connection.execute(SQL["keyed"], {"key": key}).fetchone()
        return _request(row) if row else None

    def release_key(self, request_id: str) -> None:
        self.connection.execute(SQL["release_key"], {"id": request_id})

    def ended_tasks(self, keys: Collection[str]) -> list[HumanRequest]:
        rows = self.connection.execute(SQL["ended_tasks"], {"keys": json.dumps(list(keys))})
        return [_request(row) for row in rows]

    def last_pending(self, key_prefix: str) -> str | None:
        row = self.connection.execute(SQL["last_pending"], {"prefix": key_prefix}).fetchone()
        return row[0] if row else None

    def load(self, worker: str) -> int:
        count: int = self.connection.execute(SQL["load"], {"worker": worker}).fetchone()[0]
        return count

    def last_task(self, worker: str) -> str:
        return self.connection.execute(SQL["last_task"], {"worker": worker}).fetchone()[0] or ""

    def in_line(self, worker: str) -> list[str]:
        rows = self.connection.execute(SQL["in_line"], {"worker": worker})
        return [request_id for (request_id,) in rows]

    def add_watch(self, request_id: str, run_id: str, strand: str) -> None:
        values = {"request_id": request_id, "run_id": run_id, "strand": strand}
        self.connection.execute(SQL["add_watch"], values)

    def take_watchers(self, request_id: str) -> list[tuple[str, str]]:
        return self.connection.execute(SQL["take_watchers"], {"request_id": request_id}).fetchall()

    def delete_watches(self, run_id: str) -> None:
        self.connection.execute(SQL["delete_watches"], {"run_id": run_id})

    def insert_request(self, request: HumanRequest, written: Written | None = None) -> None:
        written = written or write_request(request)
        draft = request.draft
        self.connection.execute(
            SQL["insert_request"],
            (
                request.id,
                request.thread,
                request.run_id,
                request.flow,
                written.draft,
                draft.key,
                draft.priority,
                draft.title[:TITLE],
                *_state_row(request, written.state),
            ),
        )
        self.file_aside(request)

    def update_request(self, request: HumanRequest, since: int) -> bool:
        row = (*_state_row(request, write_state(request)), request.id, since)
        written = self.connection.execute(SQL["update_request"], row).rowcount == 1
        if written:
            # What ends a request leaves whom it asks: one that asks everybody had no further lots.
            if not (request.ended and request.audience.is_open):
                self.connection.execute(SQL["delete_aside"], (request.id,))
                self.file_aside(request)
            self.moved[request.id] = request
        return written

    def file_aside(self, request: HumanRequest) -> None:
        """File a request under its further lots."""
        if lots := lots_aside(request):
            row = (
                request.draft.priority,
                _moment(request),
                request.id,
                request.run_id,
                request.draft.title[:TITLE],
            )
            self.connection.executemany(SQL["insert_aside"], [(lot, *row) for lot in lots])

    def misfiled_requests(self) -> list[str]:
        return [request_id for (request_id,) in self.connection.execute(SQL["misfiled_requests"])]

    def due_requests(self, now: datetime, limit: int) -> list[str]:
        rows = self.connection.execute(SQL["due_requests"], {"now": to_number(now), "limit": limit})
        return [request_id for (request_id,) in rows]

    def next_request_due(self) -> datetime | None:
        return to_moment_or_none(self.connection.execute(SQL["next_request_due"]).fetchone()[0])

    def members(self, group: str) -> frozenset[str]:
        return frozenset(person for (person,) in self.connection.execute(SQL["members"], {"group": group}))

    def set_members(self, group: str, people: Collection[str]) -> None:
        if self.members(group) == frozenset(people):
            return
        self.connection.execute(SQL["delete_members"], {"group": group})
        self.connection.executemany(
            SQL["insert_member"], [{"group": group, "person": person} for person in people]
        )

    def append_event(
        self,
        kind: str,
        data: str,
        *,
        at: datetime,
        actor: str,
        request_id: str | None = None,
        run_id: str | None = None,
    ) -> None:
        if self.reading:
            raise ProgrammingError(
                "a unit of work that was given to `read` wrote to the log: give it to `do`"
            )
        sequence, previous = self._end()
        line = (sequence + 1, at.isoformat(), actor, kind, request_id, run_id, data)
        self.head = (sequence + 1, chained(previous, line))
        self.unwritten.append((*line, self.head[1]))

    def write_events(self) -> None:
        """Write the events that were appended: those of a whole batch at once, which costs a fraction."""
        if self.unwritten:
            rows, self.unwritten = self.unwritten, []
            self.connection.executemany(SQL["insert_event"], rows)

    def events(self, request_id: str) -> list[Event]:
        self.write_events()
        rows = self.connection.execute(SQL["events"], {"request_id": request_id})
        return [Event(request_id, parse_time(at), actor, read_move(data)) for at, actor, data in rows]

    def log(self, after: int, limit: int) -> list[LogEntry]:
        self.write_events()
        return [
            LogEntry(*row) for row in self.connection.execute(SQL["log"], {"after": after, "limit": limit})
        ]

    def end_of_log(self) -> int:
        return self._end()[0]

    def _end(self) -> tuple[int, str]:
        """Return the last sequence and hash."""
        return self.head or self.connection.execute(SQL["last_hash"]).fetchone() or (0, GENESIS)


def _conditions(which: Filter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if which.statuses:
        # Literal values: SQLite takes the partial index of pending requests only if it sees them.
        conditions.append(
            f"status IN ({', '.join(f'{status.value!r}' for status in sorted(which.statuses, reverse=True))})"
        )
    if which.thread is not None:
        conditions.append("(id = ? OR (thread = ? AND thread <> id))")  # as the index of threads has it
        values += [which.thread] * 2
    for column in ("run_id", "flow"):
        if (value := getattr(which, column)) is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if which.key_prefix is not None:
        conditions.append("key >= ? AND key < ? || char(0x10FFFF)")
        values += [which.key_prefix] * 2
    if which.awaited_by:
        runs = "(SELECT value FROM json_each(?))"
        begun = f"(SELECT value FROM json_each(?) UNION ALL SELECT id FROM run WHERE parent IN {runs})"
        conditions.append(
            f"(run_id IN {begun} OR id IN (SELECT request_id FROM watch WHERE run_id IN {runs}))"
        )
        values += [json.dumps(which.awaited_by)] * 3
    if which.after is not None:
        conditions.append("id > ?")
        values.append(which.after)
    return conditions, values


def _request(row: tuple[str, str, str]) -> HumanRequest:
    request_id, draft, state = row
    try:
        return read_request(draft, state)
    except ValueError:  # its text would show the content
        raise StoreCorrupt(
            f"request {request_id} can't be read, its row is damaged: restore the database from a backup"
        ) from None


def _state_row(request: HumanRequest, state: str) -> tuple[Any, ...]:
    """Return what every move may change: version, status, due_at, pool, worker, lot, moment, state."""
    return (
        request.version,
        request.status.value,
        to_number_or_none(request.due_at),
        _line(request),
        request.worker,
        lot_of(request),
        _moment(request),
        state,
    )


def _moment(request: HumanRequest) -> int:
    """Return when a request has ended, or by when it is to be decided."""
    moment = request.ended_at if request.ended else request.due
    return NEVER if moment is None else to_number(moment)


def _line(request: HumanRequest) -> str | None:
    """Return in which line a task waits: that of its pool and capacity."""
    pool = request.draft.pool
    return json.dumps([pool.capacity, *pool.workers]) if pool is not None and request.in_line else None

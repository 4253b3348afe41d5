"""Runs, journals, due wakeups and workers as rows of SQLite."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from handrail.inbox.ports import LogEntry
from handrail.requests.content import writer
from handrail.requests.moments import to_moment, to_moment_or_none, to_number, to_number_or_none
from handrail.runs.journal import Entry, State
from handrail.runs.ports import Worker
from handrail.runs.run import RunStatus, StoredRun
from handrail.stores.statements import statements

SQL = statements("runs")
RUN_COLUMNS = (
    "id, flow, queue, status, token, worker, home, initiator, created_at, updated_at, "
    "signature, input, result, error, parent"
)


class RunRows:
    """The port of runs, on SQLite."""

    connection: sqlite3.Connection
    reading: bool
    woken: dict[str, int]
    """when runs were woken that the table doesn't know of yet: most are taken by who follows, and never come into it"""
    following: bool
    """whether a follower is at work, after whose failure `woken` is put back"""

    def log_of_run(self, run_id: str) -> list[LogEntry]:
        return [LogEntry(*row) for row in self.connection.execute(SQL["log_of_run"], {"run_id": run_id})]

    def insert_run(self, run: StoredRun) -> bool:
        return self.connection.execute(SQL["insert_run"], _row(run)).rowcount == 1

    def run(self, run_id: str) -> StoredRun | None:
        row = self.connection.execute(SQL["run"], {"id": run_id}).fetchone()
        return _run(row) if row else None

    def runs(
        self, statuses: Collection[RunStatus], flow: str | None, after: str | None, limit: int
    ) -> list[StoredRun]:
        conditions, values = ["1"], list[Any]()
        if statuses:
            conditions.append(f"status IN ({', '.join('?' * len(statuses))})")
            values += [status.value for status in statuses]
        behind = "(created_at, id) > (SELECT created_at, id FROM run WHERE id = ?)"
        for condition, value in (("flow = ?", flow), (behind, after)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        statement = (
            f"SELECT {RUN_COLUMNS} FROM run WHERE {' AND '.join(conditions)} ORDER BY created_at, id LIMIT ?"
        )
        return [_run(row) for row in self.connection.execute(statement, [*values, limit])]

    def standing(self, run_ids: Collection[str]) -> list[tuple[str, RunStatus, bool]]:
        rows = self.connection.execute(SQL["standing"], {"ids": json.dumps(list(run_ids))})
        return [(run_id, RunStatus(status), bool(asks)) for run_id, status, asks in rows]

    def settled(self, run_ids: Collection[str]) -> list[str]:
        rows = self.connection.execute(SQL["settled"], {"ids": json.dumps(list(run_ids))})
        return [run_id for (run_id,) in rows]

    def update_run(self, run: StoredRun, held: int | None = None) -> bool:
        self.write_wakeups(run.id)  # only a run that hasn't settled can be woken
        row = (
            run.status.value,
            run.token,
            run.worker,
            run.home,
            to_number(run.updated_at),
            _text(run.result),
            _text(run.error),
            run.id,
        )
        if held is None:
            return self.connection.execute(SQL["update_run"], row).rowcount == 1
        return self.connection.execute(SQL["update_held_run"], (*row, held)).rowcount == 1

    def holds(self, run_id: str, token: int) -> bool:
        return self.connection.execute(SQL["holds"], (run_id, token)).fetchone() is not None

    def take_waiting(self, run_id: str, token: int, worker: str, now: datetime) -> bool:
        values = (worker, to_number(now), run_id, token)
        return self.connection.execute(SQL["take_waiting"], values).rowcount == 1

    def set_waiting(self, run_id: str, token: int, now: datetime) -> bool:
        values = (to_number(now), run_id, token)
        return self.connection.execute(SQL["set_waiting"], values).rowcount == 1

    def write_entries(self, run_id: str, entries: Sequence[Entry], at: datetime | None = None) -> None:
        moment = to_number_or_none(at)
        rows = [_entry_row(run_id, entry, moment) for entry in entries]
        self.connection.executemany(SQL["write_entry"], rows)

    def entries(self, run_id: str, frame: str) -> list[Entry]:
        return [
            _entry(row) for row in self.connection.execute(SQL["entries"], {"run_id": run_id, "frame": frame})
        ]

    def latest_entries(self, run_id: str, frame: str, limit: int) -> list[Entry]:
        values = {"run_id": run_id, "frame": frame, "limit": limit}
        return [_entry(row) for row in self.connection.execute(SQL["latest_entries"], values)][::-1]

    def entry(self, run_id: str, frame: str, ordinal: int) -> Entry | None:
        values = {"run_id": run_id, "frame": frame, "ordinal": ordinal}
        row = self.connection.execute(SQL["entry"], values).fetchone()
        return _entry(row) if row else None

    def asked(self, run_id: str) -> list[str]:
        return [request_id for (request_id,) in self.connection.execute(SQL["asked"], {"run_id": run_id})]

    def open_branches(self, run_id: str) -> None:
        self.connection.execute(SQL["open_branches"], {"run_id": run_id})

    def branches(self, run_id: str, frame: str, state: State | None, limit: int | None = None) -> list[Entry]:
        values = {"run_id": run_id, "frame": frame, "state": state and state.value, "limit": limit or -1}
        statement = SQL["branches_open" if state is State.OPEN else "branches"]
        return [_entry(row) for row in self.connection.execute(statement, values)]

    def branches_begun(self, run_id: str, frame: str) -> int:
        values = {"run_id": run_id, "frame": frame}
        last: int | None = self.connection.execute(SQL["last_branch"], values).fetchone()[0]
        return 0 if last is None else last + 1

    def delete_entries(self, run_id: str, frame: str) -> None:
        self.connection.execute(SQL["delete_under"], {"run_id": run_id, "address": frame})

    def move_entries(self, run_id: str, entries: Sequence[Entry], frame: str) -> None:
        before = {entry.ordinal: entry for entry in self.entries(run_id, frame)}
        inner: list[Entry] = []
        for entry in entries:
            old = before.get(entry.ordinal)
            if old is not None and old.label != entry.label:
                inner += self._taken_out(run_id, old.address, entry.address)
        kept = {entry.ordinal for entry in entries}
        for old in before.values():
            if old.ordinal not in kept:
                self.delete_entries(run_id, old.address)
        self.connection.execute(SQL["delete_frame"], {"run_id": run_id, "frame": frame})
        ordered = [replace(entry, frame=frame, ordinal=place) for place, entry in enumerate(entries)]
        self.write_entries(run_id, [*ordered, *inner])

    def _taken_out(self, run_id: str, address: str, new: str) -> list[Entry]:
        rows = self.connection.execute(
            SQL["entries_under"], {"run_id": run_id, "address": address}
        ).fetchall()
        self.delete_entries(run_id, address)
        found = [_entry(row) for row in rows]
        return [replace(entry, frame=new + entry.frame[len(address) :]) for entry in found]

    def add_wakeup(self, run_id: str, strand: str, not_before: datetime) -> None:
        moment = to_number(not_before)
        if strand or self.reading or run_id in self.woken:
            self.write_wakeups(run_id)
            self.connection.execute(SQL["add_wakeup"], (strand, moment, run_id))
        else:
            self.woken[run_id] = moment

    def write_wakeups(self, run_id: str | None = None) -> None:
        """Write the wakeups that were kept back: if there is one of this run, or in any case."""
        if self.woken and (run_id is None or run_id in self.woken):
            rows, self.woken = [("", moment, woken) for woken, moment in self.woken.items()], {}
            self.connection.executemany(SQL["add_wakeup"], rows)

    def wakeups(self, queues: Collection[str], now: datetime, limit: int) -> list[str]:
        self.write_wakeups()
        values = {"queues": json.dumps(list(queues)), "now": to_number(now), "limit": limit}
        return list(dict.fromkeys(run_id for (run_id,) in self.connection.execute(SQL["wakeups"], values)))

    def next_wakeup(self, queues: Collection[str]) -> datetime | None:
        self.write_wakeups()
        values = {"queues": json.dumps(list(queues))}
        return to_moment_or_none(self.connection.execute(SQL["next_wakeup"], values).fetchone()[0])

    def has_wakeup(self, run_id: str, now: datetime) -> bool:
        moment = to_number(now)
        if self.following and self.woken.get(run_id, moment + 1) <= moment:
            return True
        self.write_wakeups(run_id)
        return self.connection.execute(SQL["has_wakeup"], (run_id, moment)).fetchone() is not None

    def take_wakeups(self, run_id: str, now: datetime) -> list[str]:
        moment = to_number(now)
        if self.following and self.woken.get(run_id, moment + 1) <= moment:
            del self.woken[run_id]
            taken = [""]
        else:
            self.write_wakeups(run_id)
            taken = []
        rows = self.connection.execute(SQL["take_wakeups"], (run_id, moment)).fetchall()
        return [*taken, *(strand for (strand,) in rows)]

    def branches_due(self, run_ids: Collection[str], now: datetime) -> list[str]:
        values = {"run_ids": json.dumps(list(run_ids)), "now": to_number(now)}
        return [run_id for (run_id,) in self.connection.execute(SQL["branches_due"], values)]

    def next_branch_wakeup(self, run_ids: Collection[str], now: datetime) -> datetime | None:
        values = {"run_ids": json.dumps(list(run_ids)), "now": to_number(now)}
        return to_moment_or_none(self.connection.execute(SQL["next_branch_wakeup"], values).fetchone()[0])

    def take_branch_wakeups(self, run_id: str, now: datetime) -> list[str]:
        values = {"run_id": run_id, "now": to_number(now)}
        rows = self.connection.execute(SQL["take_branch_wakeups"], values).fetchall()
        return [strand for (strand,) in rows]

    def is_awaited(self, run_id: str) -> bool:
        self.write_wakeups(run_id)
        return bool(self.connection.execute(SQL["is_awaited"], (run_id,)).fetchone()[0])

    def delete_wakeups(self, run_id: str) -> None:
        self.write_wakeups(run_id)
        self.connection.execute(SQL["delete_wakeups"], {"run_id": run_id})

    def insert_worker(self, worker: Worker) -> None:
        values = {
            "id": worker.id,
            "pid": worker.pid,
            "host": worker.host,
            "started_at": to_number(worker.started_at),
            "flows": json.dumps(worker.flows),
        }
        self.connection.execute(SQL["insert_worker"], values)

    def delete_worker(self, worker_id: str) -> None:
        self.connection.execute(SQL["delete_worker"], {"id": worker_id})

    def workers(self) -> list[Worker]:
        rows = self.connection.execute(SQL["workers"])
        return [
            Worker(key, pid, host, to_moment(at), tuple(json.loads(flows)))
            for key, pid, host, at, flows in rows
        ]

    def runs_of_worker(self, worker_id: str) -> list[StoredRun]:
        return [_run(row) for row in self.connection.execute(SQL["runs_of_worker"], {"worker": worker_id})]


_write = writer()


def _text(value: Any) -> str | None:
    return None if value is None else _write(value)


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _row(run: StoredRun) -> tuple[Any, ...]:
    return (
        run.id,
        run.flow,
        run.queue,
        run.status.value,
        run.token,
        run.worker,
        run.home,
        run.initiator,
        to_number(run.created_at),
        to_number(run.updated_at),
        _text(run.signature),
        _text(run.input),
        _text(run.result),
        _text(run.error),
        run.parent,
    )


def _run(row: tuple[Any, ...]) -> StoredRun:
    (
        run_id,
        flow,
        queue,
        status,
        token,
        worker,
        home,
        initiator,
        created,
        updated,
        signature,
        data,
        result,
        error,
        parent,
    ) = row
    return StoredRun(
        id=run_id,
        flow=flow,
        queue=queue,
        input=_value(data),
        status=RunStatus(status),
        created_at=to_moment(created),
        updated_at=to_moment(updated),
        initiator=initiator,
        signature=tuple(_value(signature)),
        home=home,
        worker=worker,
        token=token,
        result=_value(result),
        error=_value(error),
        parent=parent,
    )


def _entry_row(run_id: str, entry: Entry, moment: int | None) -> tuple[Any, ...]:
    return (
        run_id,
        entry.frame,
        entry.ordinal,
        entry.label,
        entry.kind,
        entry.state.value,
        entry.value,
        entry.request_id,
        entry.attempt,
        entry.at if moment is None else moment,
        entry.took,
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    frame, ordinal, label, kind, state, value, request_id, attempt, at, took = row
    return Entry(frame, ordinal, label, kind, State(state), value, request_id, attempt, at, took)

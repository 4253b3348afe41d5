"""`handrail start --many`: a run for each line of a file, and what came of them."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from handrail.app import App, Run
from handrail.cli.ending import FAILED
from handrail.cli.printing import note, print_json, say
from handrail.requests.errors import InvalidInput, InvalidItem
from handrail.runs.many import standing
from handrail.runs.run import RunStatus

EXAMPLE = '{"prompt": "Write about rivers"}'


class Lines:
    """The objects of a file with one JSON object on each line; empty lines don't count."""

    def __init__(self, file: Iterable[str]) -> None:
        self._file = file
        self._empty: list[int] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(self._file, 1):
            if line.strip():
                yield _parsed(line, number)
            else:
                self._empty.append(number)

    def number(self, index: int) -> int:
        """Return the number of the line, from 1, on which the item with this index stands."""
        number = index + 1
        for empty in self._empty:
            number += empty <= number
        return number


def _parsed(line: str, number: int) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        place = f"{error.msg} at column {error.colno}"
        raise InvalidInput(
            f"line {number} is not JSON: {place}. Write one object on each line: {EXAMPLE}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidInput(f"line {number} is nested too deeply, or a number in it is too long") from error
    if not isinstance(data, dict):
        raise InvalidInput(f"line {number} is not an object. Write one object on each line: {EXAMPLE}")
    return data


async def start_many(
    app: App, flow: str, path: str, *, batch: str | None, wait: bool, initiator: str, as_json: bool
) -> int | None:
    """Start the runs, print how many there are and how they stand; 1 if one that was waited for hasn't finished."""
    with _opened(path) as file:
        lines = Lines(file)
        try:
            runs = await app.start_many(flow, lines, batch=batch, wait=wait, initiator=initiator)
        except InvalidItem as error:
            raise InvalidInput(f"line {lines.number(error.index)}: {error.reason}") from error
        except asyncio.CancelledError:
            note("interrupted: the runs that are started go on; the same command starts what is missing")
            raise
    statuses = await _statuses(app, runs)
    if as_json:
        print_json([{"id": run.id, "status": statuses[run.id].value} for run in runs])
    else:
        _tell(flow, statuses)
    return FAILED if wait and set(statuses.values()) - {RunStatus.FINISHED} else None


@contextmanager
def _opened(path: str) -> Iterator[IO[str]]:
    try:
        if path == "-":
            yield sys.stdin
            return
        with Path(path).open(encoding="utf-8") as file:
            yield file
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text: {error.reason}") from error


async def _statuses(app: App, runs: Sequence[Run]) -> dict[str, RunStatus]:
    found = await app.store.read(standing, run_ids=[run.id for run in runs])
    return {run_id: status for run_id, status, _ in found}


def _tell(flow: str, statuses: dict[str, RunStatus]) -> None:
    counts = Counter(statuses.values())
    told = ", ".join(f"{counts[status]:,} {status}" for status in RunStatus if counts[status])
    say(f"{len(statuses):,} {'run' if len(statuses) == 1 else 'runs'} of {flow}{': ' if told else ''}{told}")

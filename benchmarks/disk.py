"""The disk under a benchmark: where databases are made, what a durable write costs there, and what a bare commit does.

A database is copied together with its write-ahead log, and the copy is on the disk before anything is measured:
what the kernel still has to write would else be in somebody's figure.
"""

import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

WORK = Path(__file__).parent / ".work"
"""what benchmarks leave behind; git ignores it"""
JOURNAL = """CREATE TABLE entry (run_id TEXT, frame TEXT, ordinal INTEGER, value TEXT,
    PRIMARY KEY (run_id, frame, ordinal)) WITHOUT ROWID"""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk of this checkout, gone afterwards."""
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK, prefix="scratch-") as folder:
        yield Path(folder)


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, such as ext4."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = line.split()
        inside = str(folder.resolve()).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind


def durable_writes(folder: Path, count: int = 100) -> list[float]:
    """Return the seconds that each of so many writes of 4 KB with fdatasync took."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(count):
            began = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return took


def fsync_ms(folder: Path, count: int = 100) -> float:
    """Return the median of `durable_writes`, in milliseconds."""
    return statistics.median(durable_writes(folder, count)) * 1000


@contextmanager
def bare_commits(folder: Path) -> Iterator["BareCommits"]:
    """SQLite alone, in WAL mode with synchronous=FULL, in a file of its own in `folder`."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 200")
        connection.execute(JOURNAL)
        yield BareCommits(connection)


class BareCommits:
    """Commits of one row each, shaped like a journaled step."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ordinal = 0

    def make(self, count: int) -> float:
        """Make so many and return the seconds that they took."""
        began = time.perf_counter()
        for _ in range(count):
            self._ordinal += 1
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "INSERT INTO entry VALUES ('run_1', '', ?, '{\"n\": 1}')", (self._ordinal,)
            )
            self._connection.execute("COMMIT")
        return time.perf_counter() - began


def copy_database(source: Path, target: Path) -> Path:
    """Copy a closed database, and wait until the copy is on the disk."""
    for suffix in ("", "-wal"):
        part = source.with_name(source.name + suffix)
        if part.exists():
            shutil.copyfile(part, copied := target.with_name(target.name + suffix))
            with copied.open("rb") as file:
                os.fsync(file.fileno())
    return target


def move_database(source: Path, target: Path) -> None:
    """Give a closed database another name on the same disk. Its last user has emptied its write-ahead log."""
    log = source.with_name(source.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise RuntimeError(f"{source} has not been closed")
    source.replace(target)


def database_bytes(path: Path) -> int:
    """Return the size of a database with its write-ahead log."""
    return sum(part.stat().st_size for part in path.parent.glob(path.name + "*"))

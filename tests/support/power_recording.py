"""What programs do to the files of one folder, in order: run them under `power_recorder.c`, read what it wrote down."""

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("power_recorder.c")
HEADER = struct.Struct("<cxHIQqQ")
PATIENCE = 60.0
PROBE = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE probe (it)')"


class Unrecordable(Exception):
    """This machine can't record what SQLite does; says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened: `C`reated, `W`ritten, `T`runcated, `U`nlinked, a `S`ync begun and ended (`s`).

    Of the folder itself, which can only be synced, the name is empty.
    """

    kind: str
    name: str
    inode: int
    thread: int
    offset: int
    data: bytes


def _records(log: bytes) -> Iterator[Record]:
    at = 0
    while at < len(log):
        kind, name_length, thread, inode, offset, length = HEADER.unpack_from(log, at)
        name_at = at + HEADER.size
        data_at = name_at + name_length
        at = data_at + length
        yield Record(
            kind.decode(),
            log[name_at:data_at].decode(),
            inode,
            thread,
            offset,
            log[data_at : data_at + length],
        )


def built(folder: Path) -> Path:
    """Compile the recorder into `folder` and see that it sees SQLite. Raises `Unrecordable`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not sys.platform.startswith("linux"):
        raise Unrecordable("recording what is synced needs LD_PRELOAD and /proc, as Linux has them")
    if compiler is None:
        raise Unrecordable("recording what is synced needs a C compiler (cc): install gcc")
    library = folder / "power_recorder.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    if compiled.returncode:
        raise Unrecordable(f"the C compiler can't build the recorder: {compiled.stderr.strip()}")
    probe = Recorder(library, folder / "probe")
    probe.wait(probe.start(sys.executable, "-c", PROBE, str(probe.folder / "probe.db")))
    if not any(record.kind == "W" and record.name == "probe.db" for record in probe.records()):
        raise Unrecordable("this Python's SQLite can't be recorded: is it linked without the C library?")
    return library


class Recorder:
    """A folder in which programs are recorded."""

    def __init__(self, library: Path | None, place: Path) -> None:
        """Make the folder in `place`. Without a `library` nothing is recorded: for programs that are only killed."""
        place.mkdir()
        self.library = library
        self.folder = Path(os.path.realpath(place)) / "folder"
        self.folder.mkdir()
        self.log = place / "log"

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a program that is recorded from its beginning."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("HANDRAIL_")}
        if self.library is not None:
            clean |= {
                "LD_PRELOAD": str(self.library),
                "POWER_FOLDER": str(self.folder),
                "POWER_LOG": str(self.log),
            }
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return subprocess.Popen(
            command, env=clean | {"PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True, cwd=self.folder
        )

    def wait(self, *programs: "subprocess.Popen[str]") -> None:
        """Wait until the programs have done what they do."""
        try:
            for program in programs:
                _, complaints = program.communicate(timeout=PATIENCE)
                assert program.returncode == 0, complaints
        finally:
            self.kill(*programs)

    def kill(self, *programs: "subprocess.Popen[str]") -> None:
        """End the programs that are left with SIGKILL, none of them in the middle of a record."""
        with self.log.open("ab") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            for program in programs:
                program.kill()
        for program in programs:
            program.communicate()

    def records(self) -> list[Record]:
        """Return what was recorded so far."""
        return list(_records(self.log.read_bytes())) if self.log.exists() else []

    def files(self) -> dict[str, bytes]:
        """Return what lies in the folder."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def inodes(self) -> dict[int, str]:
        """Return the names of what lies in the folder by the numbers that records call them."""
        return {path.stat().st_ino: path.name for path in self.folder.iterdir()}

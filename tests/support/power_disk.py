"""A disk that forgets what was not synced: it replays a recording and says what could lie there after a power cut.

A file keeps what it was when its last completed sync began. Of everything later each sector survives or not, by itself,
in any order; lengths and truncations too. A name, made or removed, is sure once the folder was synced; of what came
after, any first part may have happened, for each name by itself.
"""

import copy
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.power_recording import Record


class Change(NamedTuple):
    """Something done to a file that may still be lost."""

    number: int
    offset: int
    data: bytes | None
    """None: truncated (or extended) to `offset`"""


@dataclass
class File:
    """Bytes that are sure, and changes that are not."""

    sure: bytearray = field(default_factory=bytearray)
    later: list[Change] = field(default_factory=list)

    def synced(self, before: int) -> None:
        """Make everything sure that was done before that number."""
        for change in self.later:
            if change.number < before:
                _change(self.sure, change.offset, change.data)
        self.later = [change for change in self.later if change.number >= before]


class Entry(NamedTuple):
    """A name that was made or removed (no file), which may still be lost."""

    number: int
    name: str
    file: File | None


@dataclass(frozen=True)
class Cut:
    """How lucky one is: the chance of each sector and of each name to survive, the size of a sector in bytes."""

    data: float
    names: float
    sector: int = 512


LOST = Cut(0.0, 0.0)
"""nothing survives that was not synced"""
KEPT = Cut(1.0, 1.0)
"""everything survives: what a SIGKILL leaves"""


def some_cut(chance: random.Random) -> Cut:
    """Return a cut that tears and reorders."""
    data = chance.choice((0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0))
    return Cut(data, chance.choice((0.0, 0.5, 1.0)), chance.choice((512, 4096)))


class Disk:
    """What is sure and what is not, after a number of records."""

    def __init__(
        self, files: Mapping[str, bytes] | None = None, inodes: Mapping[int, str] | None = None
    ) -> None:
        """With what lay there before, all of it sure, and what the records call it."""
        self.count = 0
        self._sure = {name: File(bytearray(data)) for name, data in (files or {}).items()}
        self._later: list[Entry] = []
        self._files = {inode: self._sure[name] for inode, name in (inodes or {}).items()}
        self._begun: dict[tuple[int, int], int] = {}

    def replay(self, records: Iterable[Record]) -> None:
        """Let all of this happen."""
        for record in records:
            self._happen(record)
            self.count += 1

    def moved(self, inodes: Mapping[int, str]) -> "Disk":
        """Return this disk as it goes on elsewhere: the same names are sure and unsure, under other numbers."""
        disk = Disk()
        disk.__dict__.update(copy.deepcopy(self.__dict__))
        names = dict(disk._sure)
        for entry in disk._later:
            _enter(names, entry)
        disk._files = {inode: names[name] for inode, name in inodes.items()}
        return disk

    def _happen(self, record: Record) -> None:
        match record.kind:
            case "C":
                file = self._files[record.inode] = File()  # a number is used anew once its file is gone
                self._later.append(Entry(self.count, record.name, file))
            case "U":
                self._later.append(Entry(self.count, record.name, None))
            case "W":
                self._files[record.inode].later.append(Change(self.count, record.offset, record.data))
            case "T":
                self._files[record.inode].later.append(Change(self.count, record.offset, None))
            case "S":
                self._begun[record.thread, record.inode] = self.count
            case "s":
                self._synced(record.name, record.inode, self._begun.pop((record.thread, record.inode)))

    def _synced(self, name: str, inode: int, begun: int) -> None:
        if name:
            self._files[inode].synced(begun)
            return
        for entry in self._later:
            if entry.number < begun:
                _enter(self._sure, entry)
        self._later = [entry for entry in self._later if entry.number >= begun]

    def after(self, cut: Cut, chance: random.Random) -> dict[str, bytes]:
        """Return what could lie in the folder if the power failed now."""
        names = dict(self._sure)
        for name in sorted({entry.name for entry in self._later}):
            for entry in (entry for entry in self._later if entry.name == name):
                if chance.random() >= cut.names:
                    break  # what was done to one name is not reordered
                _enter(names, entry)
        return {name: _survivor(file, cut, chance) for name, file in names.items()}


def _enter(names: dict[str, File], entry: Entry) -> None:
    if entry.file is None:
        names.pop(entry.name, None)
    else:
        names[entry.name] = entry.file


def _survivor(file: File, cut: Cut, chance: random.Random) -> bytes:
    content = bytearray(file.sure)
    for change in file.later:
        if change.data is None:
            if chance.random() < cut.data:
                _change(content, change.offset, None)
            continue
        for start, end in _sectors(change.offset, len(change.data), cut.sector):
            if chance.random() < cut.data:
                _change(content, start, change.data[start - change.offset : end - change.offset])
    return bytes(content)


def _sectors(offset: int, length: int, sector: int) -> Iterable[tuple[int, int]]:
    start, end = offset, offset + length
    while start < end:
        border = min(end, (start // sector + 1) * sector)
        yield start, border
        start = border


def _change(content: bytearray, offset: int, data: bytes | None) -> None:
    length = offset if data is None else offset + len(data)
    if length > len(content):
        content.extend(bytes(length - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:length] = data

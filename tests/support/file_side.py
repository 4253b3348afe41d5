"""What people see and do behind the channel of `examples/file_channel.py`: they read and write files."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from examples.file_channel import FileChannel
from handrail.testing.other_side import OtherSide, Shown
from handrail.testing.store_units import until

NAMES = ("alice", "bob", "carol", "mallory")


class FileSide(OtherSide):
    """Folders of four people; alice's and bob's get requests, each may write answers into their own."""

    name = "desk"

    def __init__(self, root: Path) -> None:
        self.root = root / "desk"
        self.channel = FileChannel(self.root)
        self.store = f"sqlite:///{root}/handrail.db"
        self.recipients = ("alice", "bob")
        self.addresses = {name: name for name in NAMES}
        self.done: list[tuple[Path, str, int]] = []
        for name in NAMES:
            (self.root / name).mkdir(parents=True)

    async def shown(self) -> Sequence[Shown]:
        return [_read(path) for path in sorted(self.root.glob("*/*.txt"))]

    async def said(self) -> Sequence[str]:
        return [line for name in self.recipients for line in self._notes(name) if ": " in line]

    async def told(self, address: str) -> Sequence[str]:
        return self._notes(address)

    async def act(self, address: str, shown: Shown, verb: str, comment: str = "") -> None:
        path = self.root / address / f"{shown.place}.answer"
        path.write_text(f"{verb} {comment}\n")
        self.done.append((path, path.read_text(), path.stat().st_mtime_ns))
        await _gone(path)

    async def say(self, address: str, shown: Shown, text: str) -> None:
        await self.act(address, shown, "comment", text)

    async def forged(self, address: str, shown: Shown, verb: str) -> None:
        path = self.root / address / f"{shown.place}.answer"
        draft = path.with_suffix(".draft")
        draft.write_text(f"{verb}\n")
        draft.chmod(0o666)
        draft.rename(path)
        await _gone(path)

    async def again(self, number: int) -> None:
        path, text, written = self.done[number]
        draft = path.with_suffix(".draft")
        draft.write_text(text)
        os.utime(draft, ns=(written, written))
        draft.rename(path)
        await _gone(path)

    async def down(self) -> None:
        self.root.rename(self.root.with_name("unmounted"))

    async def up(self) -> None:
        self.root.with_name("unmounted").rename(self.root)

    def _notes(self, name: str) -> list[str]:
        return [
            line
            for path in sorted((self.root / name).glob("*.notes"))
            for line in path.read_text().splitlines()
        ]


def _read(path: Path) -> Shown:
    """Read a file as somebody does: its first line says what they may do."""
    text = path.read_text()
    offered = re.search(r"^Answer: (.*) \|", text.split("\n")[0])
    verbs = frozenset(offered[1].split(" | ")) if offered else frozenset()
    return Shown(path.parent.name, text, verbs, path.stem)


async def _gone(path: Path) -> None:
    """Wait until an answer was read."""
    await until(lambda: not path.exists())

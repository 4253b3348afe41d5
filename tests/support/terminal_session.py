"""A program at a real terminal (a pty), and somebody who reads its screen and types."""

import io
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import pexpect

from handrail import App

R = TypeVar("R")
PATIENCE = 40
"""seconds until what should appear on the screen counts as missing, also on a loaded machine"""
HANDRAIL = (sys.executable, "-c", "from handrail.cli import main; main()")
PROMPT = "\n> "


def environment(**more: str) -> dict[str, str]:
    """An environment without a key, an editor or colours."""
    dropped = (
        "HANDRAIL_",
        "OPENAI_",
        "VISUAL",
        "EDITOR",
        "COLUMNS",
        "LINES",
        "NO_COLOR",
        "FORCE_COLOR",
        "PAGER",
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return {**kept, "TERM": "dumb", "PYTHONFAULTHANDLER": "1", **more}


class Session:
    """A process on a pty, in a folder; killed at the end of the block if it still runs."""

    def __init__(self, folder: Path, *command: str, columns: int = 80, **more: str) -> None:
        self.log = io.StringIO()
        self.process = pexpect.spawn(
            command[0], list(command[1:]), cwd=str(folder), env=environment(**more), encoding="utf-8",
            timeout=PATIENCE, dimensions=(50, columns), echo=True,
        )  # fmt: skip
        self.process.logfile_read = self.log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.close(force=True)

    def sees(self, text: str) -> None:
        """Wait until a text appears (after what was seen before), wherever lines were folded."""
        words = r"(?:\s|│)+".join(re.escape(word) for word in text.split())
        try:
            self.process.expect(words)
        except (pexpect.TIMEOUT, pexpect.EOF):
            raise AssertionError(f"{text!r} did not appear. The screen:\n{self.log.getvalue()}") from None

    def prompted(self) -> None:
        """Wait until a command is asked for."""
        self.sees("[?]")
        self.sees(">")

    def types(self, line: str) -> None:
        """Type a line."""
        self.process.sendline(line)

    def ends(self, code: int = 0) -> str:
        """Wait for the end of the process; returns all of the screen."""
        try:
            self.process.expect(pexpect.EOF)
        except pexpect.TIMEOUT:
            raise AssertionError(f"it goes on. The screen:\n{self.log.getvalue()}") from None
        self.process.wait()
        screen = self.log.getvalue()
        assert self.process.exitstatus == code, (
            f"{self.process.exitstatus}, {self.process.signalstatus}\n{screen}"
        )
        return screen


async def at_store(folder: Path, act: Callable[[App], Awaitable[R]], name: str = "handrail.db") -> R:
    """Do something with the store of a folder, from this process."""
    async with App(store=f"sqlite:///{folder / name}").connect() as app:
        return await act(app)


def editor(folder: Path, *texts: str | dict[str, Any]) -> str:
    """Return an EDITOR that writes one text after the other, a new one each time it is opened; `+` appends to it."""
    program = folder / "editor.py"
    count = folder / "editor-count"
    pages = [text if isinstance(text, str) else json.dumps(text) for text in texts]
    program.write_text(
        "import pathlib, sys\n"
        f"count, pages = pathlib.Path({str(count)!r}), {pages!r}\n"
        "number = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(number + 1))\n"
        "page, path = pages[number], pathlib.Path(sys.argv[1])\n"
        "old = path.read_text()\n"
        f"pathlib.Path({str(folder / 'editor-saw')!r}).write_text(old)\n"
        "path.write_text(old + page[1:] if page.startswith('+') else page)\n"
    )
    return f"{sys.executable} {program}"

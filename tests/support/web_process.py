"""`handrail serve` as a process of its own, on a free port, with the link by which one signs in."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-c", "from handrail.cli import main; main()")
PATIENCE = 60.0
"""seconds until a server that doesn't begin counts as broken, also on a loaded machine"""


class Served:
    """A folder with a store, and a server there that can be killed and started again."""

    def __init__(self, folder: Path, program: Sequence[str] = PROGRAM, path: str | None = str(ROOT)) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = f"sqlite:///{folder / 'handrail.db'}"
        self.said = ""
        self._program = program
        self._path = path
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self, app: str = "tests.support.web_app:app") -> None:
        """Start it, and return once it answers."""
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith(("HANDRAIL_", "PYTHONPATH"))
        }
        if self._path is not None:
            clean["PYTHONPATH"] = os.pathsep.join([self._path, os.environ.get("PYTHONPATH", "")])
        command = [*self._program, "serve", app, "--port", str(self.port), "--store", self.store]
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=clean, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        self.said = ""
        self._reading = asyncio.create_task(self._read())
        await self.until(rf"Handrail is at\s+{re.escape(self.url)}")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(4096):
            self.said += chunk.decode()

    async def until(self, pattern: str) -> re.Match[str]:
        """Return what the server says once it says it."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE):
            while (found := re.search(pattern, self.said)) is None:
                assert self._process.returncode is None, self.said
                await asyncio.sleep(0.02)
        return found

    async def link(self) -> str:
        """Return the link by which whoever started it signs in."""
        return (await self.until(r"(http://\S+/login/link/\S+)\s"))[1]

    async def stop(self, how: signal.Signals = signal.SIGKILL) -> str:
        """End it, and return what it has said."""
        if self._process is not None and self._reading is not None:
            if self._process.returncode is None:
                self._process.send_signal(how)
            await self._process.wait()
            await self._reading
        return self.said

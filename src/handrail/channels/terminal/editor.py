"""Writing more than a line: in the person's own editor, in a file that stays until the decision is made."""

import asyncio
import os
import shlex
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

FAREWELL = 2.0
"""seconds that an editor gets to leave the screen when it is ended"""
FALLBACKS = ("nano", "vim", "vi")


class NoEditor(Exception):
    """There is no editor, or it can't be started; the message says what to do."""


def editor() -> list[str] | None:
    """Return the command of the person's editor: `$VISUAL`, `$EDITOR`, or one that is installed."""
    for variable in ("VISUAL", "EDITOR"):
        if command := os.environ.get(variable, "").strip():
            return shlex.split(command)
    return next(([found] for name in FALLBACKS if (found := shutil.which(name))), None)


class Page:
    """A temporary file with a text, for the person's editor.

    Only its owner can read it. It stays, with all that was written, until `discard`.
    """

    def __init__(self, text: str, suffix: str) -> None:
        handle, name = tempfile.mkstemp(prefix="handrail-", suffix=suffix)
        self.path = Path(name)
        self._original = text
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())

    async def edit(self) -> str:
        """Open the editor, wait until it is closed and return the text. Raises `NoEditor`, also for a failing one."""
        if (command := editor()) is None:
            raise NoEditor("there is no editor: set EDITOR to the command of yours")
        await _run([*command, str(self.path)])
        try:
            text = self.path.read_bytes().decode().replace("\r\n", "\n")
        except (UnicodeDecodeError, OSError) as error:
            raise NoEditor(f"{self.path} can't be read as UTF-8 text: save it as such") from error
        # Most editors end the last line, also where it had no end.
        if text.endswith("\n") and not self._original.endswith("\n"):
            text = text[:-1]
        return self._original if text == self._original.replace("\r\n", "\n") else text

    @property
    def changed(self) -> bool:
        """Whether something else is saved than what was given to edit."""
        try:
            return self.path.read_bytes().decode(errors="replace").strip() != self._original.strip()
        except OSError:
            return False

    def discard(self) -> None:
        """Remove the file."""
        with suppress(OSError):
            self.path.unlink()


async def _run(command: list[str]) -> None:
    # The editor belongs to the terminal, wherever the output of the script goes: its stdout is our stderr.
    with _terminal_settings():
        try:
            process = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr.fileno())
        except OSError as error:
            raise NoEditor(
                f"the editor {command[0]!r} can't be started: {error.strerror}; set EDITOR"
            ) from error
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            # Until it has ended the screen is the editor's: whatever is said meanwhile would be wiped away with it.
            with suppress(ProcessLookupError, TimeoutError):
                process.terminate()
                async with asyncio.timeout(FAREWELL):
                    await process.wait()
            raise
    if code != 0:
        raise NoEditor(f"the editor {command[0]!r} ended with code {code}, so nothing was taken over")


class _terminal_settings:
    """Gives the terminal its settings back, however the editor has ended."""

    def __enter__(self) -> None:
        import termios

        self._settings: list[Any] | None = None
        with suppress(termios.error, OSError):
            self._settings = termios.tcgetattr(0)

    def __exit__(self, *error: object) -> None:
        import termios

        if self._settings is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSADRAIN, self._settings)

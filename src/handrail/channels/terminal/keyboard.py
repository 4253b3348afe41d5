"""Lines from the terminal, read in a way that can be given up: a request may end while somebody is typing.

The terminal stays in its usual (cooked) mode, so its own editing keys and Ctrl-C work as everywhere.
"""

import asyncio
import os
import re
import sys
from contextlib import suppress

_KEY_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O[A-Za-z]|.)?")
"""What arrow and function keys leave in a line."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Keyboard:
    """The keyboard of this process."""

    def __init__(self) -> None:
        self._fd = 0
        self._rest = b""

    @property
    def usable(self) -> bool:
        """Whether somebody can be asked here: both ends are a terminal, and this process is not in the background."""
        if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
            return False
        with suppress(
            OSError, AttributeError
        ):  # not our controlling terminal: nobody can put us in the background
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        return hasattr(os, "getpgrp")

    async def line(self) -> str:
        """Return the next line, without its end and without control characters. Raises `EOFError` for Ctrl-D."""
        while b"\n" not in self._rest:
            await self._readable()
            try:
                read = os.read(self._fd, 65536)
            except OSError:  # the terminal is gone
                read = b""
            if not read:
                self._rest = b""
                raise EOFError
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        text = line.decode(errors="replace")
        return _CONTROL.sub("", _KEY_SEQUENCE.sub("", text))

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._fd)

    def forget(self) -> None:
        """Drop what was typed and not read: it was meant for what was on the screen before."""
        import termios

        self._rest = b""
        with suppress(OSError, termios.error):
            termios.tcflush(self._fd, termios.TCIFLUSH)


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream is not None and stream.isatty())  # type: ignore[attr-defined]
    except (ValueError, AttributeError):  # closed, or replaced by something else
        return False

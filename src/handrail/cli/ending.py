"""How a command ends: its exit code, an error as one line on stderr, and never a traceback for what users do.

A command is an async function; `command` makes of it what typer calls. With `--json` stdout is JSON after an error
too: an empty list.
"""

import asyncio
import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

import typer

from handrail.cli.printing import note
from handrail.requests.errors import (
    Conflict,
    HandrailError,
    IllegalMove,
    InvalidDecision,
    InvalidInput,
    NotAllowed,
    RunMismatch,
    UnknownId,
)

P = ParamSpec("P")

FAILED, DECIDED, INVALID, UNKNOWN, INTERRUPTED, TERMINATED = 1, 3, 4, 5, 130, 143
LAST_MOMENTS = 0.5
"""seconds that threads of the flow get to end when the command has ended"""


def exit_code(error: Exception) -> int:
    """Return what the process ends with because of `error`."""
    match error:
        case Conflict() if not isinstance(error, IllegalMove):
            return DECIDED
        case IllegalMove() | InvalidDecision() | NotAllowed() | InvalidInput() | RunMismatch():
            return INVALID
        case UnknownId():
            return UNKNOWN
    return FAILED


def command(work: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Make a command of an async function; what it returns is the exit code, None is success."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        end(lambda: asyncio.run(work(*args, **kwargs)), as_json=bool(kwargs.get("as_json")))

    return run


def end(work: Callable[[], int | None], *, as_json: bool = False) -> None:
    """Do the work of a command and end with its exit code, or with that of its error."""
    try:
        code = work()
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, asyncio.CancelledError) as stopped:
        code = INTERRUPTED if isinstance(stopped, KeyboardInterrupt) else TERMINATED
        if as_json:
            print("[]", flush=True)
        leave_soon(code)
        if code == INTERRUPTED:
            raise
    except (HandrailError, OSError) as error:
        report(error)
        if as_json:
            print("[]")
        code = exit_code(error)
    if code:
        raise typer.Exit(code)


def report(error: Exception) -> None:
    """Say on stderr what is wrong: one line, and one more for each field of a decision or further hint."""
    match error:
        case HandrailError():
            text = str(error)
        case OSError(filename=name, strerror=reason) if name:
            text = f"{name}: {reason}"
        case _:
            text = f"{type(error).__name__}: {error}"
    note(f"error: {' '.join(text.split())}")
    if isinstance(error, InvalidDecision):
        for problem in error.fields:
            if problem.message not in text:  # the line above has the first few
                note(f"  {problem.path or 'payload'}: {problem.message}")
    for hint in getattr(error, "__notes__", ()):
        note(f"  {hint}")


def leave_soon(code: int) -> None:
    """End the process with `code` shortly, even if a thread of a flow is busy: such a thread can't be stopped."""

    def leave() -> None:
        time.sleep(LAST_MOMENTS)
        sys.stderr.flush()
        os._exit(code)

    threading.Thread(target=leave, name="handrail-leave", daemon=True).start()

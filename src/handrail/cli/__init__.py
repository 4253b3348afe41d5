"""The command line: the store owner's door. `handrail --help` lists the commands.

Exit codes: 0 success, 1 any failure, 2 wrong usage, 3 already decided, 4 invalid or not allowed, 5 unknown id,
130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

WRONG_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line with `arguments`, by default those of this process. Always raises `SystemExit`."""
    from handrail.cli.program import program

    call(program, sys.argv[1:] if arguments is None else list(arguments), "handrail")


def call(program: Callable[..., Any], given: list[str], name: str) -> NoReturn:
    """Run a program that typer made, called `name`, with the arguments given. Always raises `SystemExit`."""
    try:
        program(args=given, prog_name=name)
    except SystemExit as ending:
        if ending.code == WRONG_USAGE and "--json" in given:
            print("[]")  # with --json stdout is always JSON
        raise
    finally:
        _flush()
    sys.exit(0)


def _flush() -> None:
    """Write out what was printed; a reader that has gone (`| head`) is no reason to complain at the very end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""Fresh processes of a benchmark: started, let go at one moment, and asked for the JSON that they print last.

A child that has to begin together with others says `ready` on its output and waits at the `Gate`; the parent writes it
the moment (of the monotonic clock, which processes share) at which all begin.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 300
"""seconds after which a child is given up"""
NOTICE = 0.3
"""seconds between the word to begin and the moment"""


class Gate:
    """Where a child waits for its parent."""

    def wait(self) -> float:
        """Say that everything is prepared, and return the moment at which all begin."""
        print("ready", flush=True)
        return float(sys.stdin.readline())


def start(
    script: Path, arguments: Iterable[object], python: str | Path = sys.executable
) -> "subprocess.Popen[str]":
    """Start a script; its errors go where those of this process go."""
    return subprocess.Popen(
        [str(python), str(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def await_ready(child: "subprocess.Popen[str]") -> None:
    """Wait until a child is at its gate."""
    assert child.stdout is not None
    if (said := child.stdout.readline()) != "ready\n":
        raise RuntimeError(f"a child process has not become ready, it said {said!r}")


def let_go(running: Sequence["subprocess.Popen[str]"]) -> float:
    """Let children that are ready begin, all at the moment that is returned."""
    moment = time.monotonic() + NOTICE
    for child in running:
        assert child.stdin is not None
        child.stdin.write(f"{moment}\n")
        child.stdin.flush()
    return moment


def outcome(child: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait for a child's end and return what it found."""
    said, _ = child.communicate(timeout=PATIENCE)
    if child.returncode:
        raise RuntimeError(f"{child.args!r} ended with {child.returncode}")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@contextmanager
def running(children: Sequence["subprocess.Popen[str]"]) -> Iterator[Sequence["subprocess.Popen[str]"]]:
    """End the children with the block, whatever happens in it."""
    try:
        yield children
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()


def at_once(
    script: Path, arguments: Sequence[Iterable[object]], python: str | Path = sys.executable
) -> list[dict[str, Any]]:
    """Run a script in as many processes as there are lists of arguments, all at once, and return what they found."""
    with running([start(script, one, python) for one in arguments]) as begun:
        for child in begun:
            await_ready(child)
        let_go(begun)
        return [outcome(child) for child in begun]


def alone(
    script: Path, arguments: Iterable[object] = (), python: str | Path = sys.executable
) -> dict[str, Any]:
    """Run a script in a fresh process and return what it found."""
    with running([start(script, arguments, python)]) as (child,):
        return outcome(child)

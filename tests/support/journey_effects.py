"""Side effects of the flows that journeys run: lines in a file that survive the death of whoever wrote them.

Each line says which step it was, its idempotency key, and the process. A process that was told to die in a step
kills itself before or after the line is on the disk.
"""

import json
import os
import signal
from pathlib import Path
from typing import Any

from handrail import idempotency_key

FILE = "JOURNEY_EFFECTS"
DIE_IN = "JOURNEY_DIE_IN"
"""`publish:before` or `publish:after` the effect"""


def effect(what: str) -> str:
    """Write one line and return the key of the step; dies here if it was told to."""
    key = idempotency_key()
    _die_if(f"{what}:before")
    write({"what": what, "key": key, "pid": os.getpid()})
    _die_if(f"{what}:after")
    return key


def write(line: dict[str, Any]) -> None:
    """Append a line, durably."""
    descriptor = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (json.dumps(line) + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> list[dict[str, Any]]:
    """Return all lines."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _die_if(moment: str) -> None:
    if os.environ.get(DIE_IN) == moment:
        os.kill(os.getpid(), signal.SIGKILL)

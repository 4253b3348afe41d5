"""Where a run stopped because its past doesn't match its flow, and which other places are like that one.

A pattern is an address with `[*]` for any branch: `map/0[*]/each` is the step `each` of every item.
"""

import re
from dataclasses import dataclass
from typing import Any

from handrail.runs.run import StoredRun

EVERY = "[*]"


@dataclass(frozen=True)
class Stop:
    """What is recorded at a place and what the flow has there, each with its `name` and `kind`, or nothing."""

    frame: str
    position: int
    recorded: dict[str, Any] | None
    flow: dict[str, Any] | None

    def is_in(self, frame: str) -> bool:
        """Whether it is directly in this frame, or in one that the pattern stands for."""
        return matches(frame, self.frame)


def stop_of(run: StoredRun) -> Stop | None:
    """Return where a run stopped, if its past doesn't match."""
    found = (run.error or {}).get("difference")
    return Stop(found["frame"], found["position"], found["recorded"], found["flow"]) if found else None


def split(address: str) -> tuple[str, str]:
    """Return the frame and the label of an address; the frame of what is in a branch ends with its bracket."""
    place = max(address.rfind("/"), address.rfind("]"))
    return (address[: place + 1].rstrip("/"), address[place + 1 :]) if place >= 0 else ("", address)


def everywhere(frame: str) -> str:
    """Return the pattern of a frame: the same place in every branch."""
    return re.sub(r"\[\d+\]", EVERY, frame)


def matches(pattern: str, address: str) -> bool:
    """Whether a pattern stands for an address, or is that address."""
    return re.fullmatch(re.escape(pattern).replace(re.escape(EVERY), r"\[\d+\]"), address) is not None

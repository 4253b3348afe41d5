"""Figures of a process, and of several measurements: medians, percentiles, memory, how they are printed."""

import json
import math
import resource
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p99 and the largest value."""
    return {
        "p50": statistics.median(values),
        "p99": percentile(values, 0.99),
        "most": max(values),
        "samples": len(values),
    }


def resident() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def processor_seconds() -> float:
    """Return the seconds that this process has computed in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print what a script has found, one figure a line or as JSON."""
    if as_json:
        print(json.dumps(found), flush=True)
        return
    for name, value in found.items():
        print(f"{name:<40} {value:,.3f}" if isinstance(value, float) else f"{name:<40} {value}")

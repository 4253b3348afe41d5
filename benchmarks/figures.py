"""Figures of a process, and of several measurements: medians, percentiles, memory, how they are printed."""

import argparse
import json
import math
import resource
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ENOUGH = 100
"""samples from which on a 99th percentile is more than the largest of them"""


def whole(text: str) -> int:
    """Return the number that an option is given: a whole one, at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return number


def positive(text: str) -> float:
    """Return the number that an option is given: more than 0, and finite."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of more than 0")
    return number


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let a script print what it has found as JSON."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


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
        if name == "p99" and found.get("samples", ENOUGH) < ENOUGH:
            continue
        print(f"{name:<40} {value:,.3f}" if isinstance(value, float) else f"{name:<40} {value}")

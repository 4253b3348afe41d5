"""What is measured, as the text that Prometheus reads (format 0.0.4)."""

import platform
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import version
from itertools import accumulate

from handrail.runs.measures import Measures, Tally
from handrail.web.meter import BOUNDS, Meter

FLOWS = 50
"""flows that have a series of their own, those with the most open requests"""

Sample = tuple[Mapping[str, object], float]


def exposition(found: Measures, tally: Tally, meter: Meter, now: datetime) -> str:
    """Return what is measured of requests, runs and the server itself."""
    oldest = (now - found.oldest_open).total_seconds() if found.oldest_open else 0.0
    return "".join(
        [
            family(
                "handrail_build_info",
                "gauge",
                "The version that runs.",
                [({"version": version("handrail"), "python": platform.python_version()}, 1)],
            ),
            family(
                "handrail_requests_open", "gauge", "Requests that wait for people, by flow.", _open(found)
            ),
            family(
                "handrail_oldest_open_request_seconds",
                "gauge",
                "How long the oldest open request waits.",
                [({}, max(0.0, oldest))],
            ),
            family(
                "handrail_request_moves_total",
                "counter",
                "What happened to requests since this server looked first, by whichever process.",
                _moves(tally, MOVES),
            ),
            family(
                "handrail_decisions_total",
                "counter",
                "Decisions since this server looked first, by verb.",
                [
                    ({"verb": verb}, number)
                    for (kind, verb), number in sorted(tally.items(), key=str)
                    if kind == "decided"
                ],
            ),
            family(
                "handrail_runs",
                "gauge",
                "Runs by status, of the 10,000 youngest.",
                [({"status": status}, number) for status, number in sorted(found.runs.items())],
            ),
            *_http(meter),
        ]
    )


MOVES = (
    "opened",
    "claimed",
    "released",
    "reassigned",
    "escalated",
    "reminded",
    "resolved",
    "expired",
    "withdrawn",
)


def _open(found: Measures) -> Iterable[Sample]:
    flows = list(found.open.items())  # the most first
    yield from (({"flow": flow}, number) for flow, number in flows[:FLOWS])
    if rest := sum(number for _, number in flows[FLOWS:]):
        yield {"flow": "(others)"}, rest


def _moves(tally: Tally, kinds: Iterable[str]) -> Iterable[Sample]:
    return (({"move": kind}, tally[kind, None]) for kind in kinds)


def _http(meter: Meter) -> Iterable[str]:
    yield family(
        "handrail_http_requests_total",
        "counter",
        "Answers by route and status.",
        [
            ({"method": method, "route": template, "status": status}, number)
            for (method, template, status), number in sorted(meter.answered.items())
        ],
    )
    name = "handrail_http_request_duration_seconds"
    lines = [f"# HELP {name} How long it took until an answer began.\n# TYPE {name} histogram\n"]
    for (method, template), buckets in sorted(meter.buckets.items()):
        labels = {"method": method, "route": template}
        for bound, number in zip((*map(str, BOUNDS), "+Inf"), accumulate(buckets), strict=True):
            lines.append(_line(f"{name}_bucket", {**labels, "le": bound}, number))
        lines.append(_line(f"{name}_sum", labels, meter.seconds[method, template]))
        lines.append(_line(f"{name}_count", labels, sum(buckets)))
    yield "".join(lines)


def family(name: str, kind: str, help: str, samples: Iterable[Sample]) -> str:
    """Return all samples of one name."""
    return f"# HELP {name} {help}\n# TYPE {name} {kind}\n" + "".join(
        _line(name, labels, value) for labels, value in samples
    )


def _line(name: str, labels: Mapping[str, object], value: float) -> str:
    text = ",".join(f'{key}="{_escaped(str(each))}"' for key, each in labels.items())
    return f"{name}{{{text}}} {value}\n" if text else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

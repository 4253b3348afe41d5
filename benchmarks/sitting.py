"""One sitting: what is measured of whom, in which order. Contenders take turns, round after round.

Each measurement is a fresh process. A figure is kept under its name and its contender's, with one value a round.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import children
import environments

HERE = Path(__file__).parent
HANDRAIL = "Handrail"
PEERS = {
    "langgraph": (
        "LangGraph",
        ["default", "sync", "exit"],
        ["langgraph.graph", "langgraph.checkpoint.sqlite"],
    ),
    "dbos": ("DBOS", ["default", "tuned"], ["dbos"]),
}
AT_1000 = {"langgraph": ["default", "sync"], "dbos": ["tuned"]}
"""configurations that are measured with 1,000 cycles under way, too: those that may be a peer's best"""


@dataclass(frozen=True)
class Sizes:
    """How much is done."""

    rounds: int = 3
    seconds: float = 4.0
    waiting: int = 100_000
    peers_waiting: int = 1000
    samples: int = 300
    idle: float = 10.0


QUICK = Sizes(rounds=1, seconds=1.0, waiting=1000, peers_waiting=100, samples=50, idle=2.0)


@dataclass
class Sitting:
    """What was found so far: `values[figure][contender]` has a value for each round."""

    sizes: Sizes
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, contender: str, found: dict[str, Any], names: dict[str, str]) -> None:
        """Keep figures of a measurement, each under the name that it has in the table."""
        for key, name in names.items():
            self.values.setdefault(name, {}).setdefault(contender, []).append(found[key])
        if "settings" in found:
            self.settings[contender] = found["settings"]

    def take(self, what: str, measurement: Callable[[], None]) -> None:
        """Make a measurement; one that fails is told about and doesn't end the sitting."""
        print(f"  {what} ...", file=sys.stderr, flush=True)
        try:
            measurement()
        except Exception as error:
            self.failures.append(f"{what}: {error}")
            print(f"  {what} FAILED: {error}", file=sys.stderr, flush=True)


def hold(sizes: Sizes, peers: bool) -> Sitting:
    """Measure everything."""
    sitting = Sitting(sizes)
    sitting.take("the waiting runs", partial(_waiting, sitting))
    for number in range(1, sizes.rounds + 1):
        print(f"Round {number} of {sizes.rounds}", file=sys.stderr, flush=True)
        _throughput(sitting, peers)
        _latencies(sitting)
    sitting.take("Handrail, ready and idle", partial(_ready, sitting))
    if peers:
        _peers_waiting(sitting)
    _footprints(sitting, peers)
    return sitting


def _script(name: str) -> Path:
    return HERE / f"{name}.py"


def _waiting(sitting: Sitting) -> None:
    found = children.alone(_script("waiting"), ["--count", sitting.sizes.waiting, "--json"])
    keys = ("building_mb", "open_mb", "building_bytes", "disk_bytes", "building_seconds")
    sitting.add(HANDRAIL, found, {key: key for key in keys})


def _ready(sitting: Sitting) -> None:
    arguments = ["--count", sitting.sizes.waiting, "--idle", sitting.sizes.idle, "--json"]
    found = children.alone(_script("ready"), arguments)
    names = {"seconds": "ready", "without_imports": "ready_imported", "answered": "answered"}
    sitting.add(HANDRAIL, found, {**names, "idle_percent": "idle"})


def _throughput(sitting: Sitting, peers: bool) -> None:
    """Cycles and steps: the contenders take turns."""
    for concurrent in (64, 1000):
        sitting.take(f"Handrail, {concurrent} cycles at once", partial(_cycles, sitting, concurrent, 1))
        for peer in PEERS if peers else ():
            for configuration in PEERS[peer][1] if concurrent == 64 else AT_1000[peer]:
                what = f"{PEERS[peer][0]} {configuration}, {concurrent} cycles at once"
                sitting.take(what, partial(_peer_cycles, sitting, peer, configuration, concurrent))
    sitting.take("Handrail, two processes", partial(_cycles, sitting, 64, 2))
    sitting.take("Handrail, steps", partial(_steps, sitting))
    for peer in PEERS if peers else ():
        for configuration in PEERS[peer][1]:
            what = f"{PEERS[peer][0]} {configuration}, steps"
            sitting.take(what, partial(_peer_steps, sitting, peer, configuration))


def _cycles(sitting: Sitting, concurrent: int, processes: int) -> None:
    arguments = ["--concurrent", concurrent // processes, "--processes", processes]
    found = children.alone(_script("cycles"), [*arguments, "--seconds", sitting.sizes.seconds, "--json"])
    name = f"cycles_{concurrent}" if processes == 1 else "two_processes"
    sitting.add(HANDRAIL, found, {"cycles_per_second": name, "cpu_ms": f"cpu_of_{name}", "fsync_ms": "fsync"})


def _peer_cycles(sitting: Sitting, peer: str, configuration: str, concurrent: int) -> None:
    arguments = ["cycles", "--configuration", configuration, "--concurrent", concurrent]
    arguments += ["--seconds", sitting.sizes.seconds]
    (found,) = children.at_once(_script(f"on_{peer}"), [arguments], environments.of_peer(peer))
    names = {"cycles_per_second": f"cycles_{concurrent}", "cpu_ms": f"cpu_of_cycles_{concurrent}"}
    sitting.add(f"{PEERS[peer][0]} {configuration}", found, names)


def _steps(sitting: Sitting) -> None:
    found = children.alone(_script("steps"), ["--json"])
    sitting.add(HANDRAIL, found, {"step_us": "step", "beyond_us": "step_beyond", "commit_us": "commit"})


def _peer_steps(sitting: Sitting, peer: str, configuration: str) -> None:
    arguments = ["steps", "--configuration", configuration]
    found = children.alone(_script(f"on_{peer}"), arguments, environments.of_peer(peer))
    sitting.add(f"{PEERS[peer][0]} {configuration}", found, {"step_us": "step", "commit_us": "commit"})


def _latencies(sitting: Sitting) -> None:
    for beside in ("nothing", "cycles", "flood"):
        for decided in ("here", "elsewhere"):
            what = f"Handrail, decided {decided}, beside {beside}"
            sitting.take(what, partial(_latency, sitting, decided, beside))


def _latency(sitting: Sitting, decided: str, beside: str) -> None:
    arguments = ["--decided", decided, "--beside", beside, "--samples", sitting.sizes.samples]
    found = children.alone(_script("latency"), [*arguments, "--count", sitting.sizes.waiting, "--json"])
    name = f"{decided}_{beside}"
    sitting.add(HANDRAIL, found, {"p50": f"p50_{name}", "p99": f"p99_{name}"})


def _peers_waiting(sitting: Sitting) -> None:
    for peer, (title, configurations, _) in PEERS.items():
        for configuration in configurations:
            what = f"{title} {configuration}, waiting runs"
            sitting.take(what, partial(_peer_waiting, sitting, peer, configuration))


def _peer_waiting(sitting: Sitting, peer: str, configuration: str) -> None:
    # A decision takes DBOS a second by default: few of them say as much.
    samples = 10 if (peer, configuration) == ("dbos", "default") else min(sitting.sizes.samples, 50)
    arguments: list[object] = ["waiting", "--configuration", configuration, "--samples", samples]
    arguments += ["--count", sitting.sizes.peers_waiting]
    found = children.alone(_script(f"on_{peer}"), arguments, environments.of_peer(peer))
    names = {"memory_bytes": "building_bytes", "disk_bytes": "disk_bytes"}
    names |= {"p50": "p50_here_nothing", "p99": "p99_here_nothing"}
    sitting.add(f"{PEERS[peer][0]} {configuration}", found, names)


def _footprints(sitting: Sitting, peers: bool) -> None:
    rounds = 10 if sitting.sizes.rounds > 1 else 3
    names = {"installed_mb": "installed", "import_seconds": "import"}

    def footprint(contender: str, arguments: list[object]) -> None:
        found = children.alone(_script("footprint"), [*arguments, "--rounds", rounds, "--json"])
        sitting.add(contender, found, names)

    sitting.take("Handrail, footprint", partial(footprint, HANDRAIL, []))
    for peer in PEERS if peers else ():
        title, _, modules = PEERS[peer]
        given = ["--python", environments.of_peer(peer), "--modules", *modules]
        sitting.take(f"{title}, footprint", partial(footprint, f"{title} default", given))

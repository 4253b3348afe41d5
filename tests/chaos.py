"""Chaos: `python tests/chaos.py --minutes 3 [--seed 7] [--keep FOLDER]`.

Workers, deciders, a starter and a sweeper, each a process of its own, work on one SQLite file while a conductor kills
and suspends them, jumps their clock and fills their disk. Then all may finish, and a checker that knows nothing of
Handrail's code proves from the event log and the side effects that every promise was kept. Ends with 1 if not.
The seed repeats the faults, not the very moments at which they hit.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
import textwrap
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support import chaos_checker
from tests.support.chaos_conductor import CAST, Conductor

WIDTH = 100
"""characters of a line of the report; what violates a promise is never folded"""


def perform(folder: Path, seconds: float, seed: int) -> tuple[bool, str]:
    """Make chaos in a folder for so many seconds; returns whether all was well, and the report."""
    conductor = Conductor(folder, seed)
    took = conductor.play(seconds)
    began = time.monotonic()
    history = chaos_checker.load(folder, conductor.database)
    findings = chaos_checker.check(history)
    violations = conductor.deaths + [
        f"{name}: {text}" for name, found in findings.items() for text in found.wrong
    ]
    report = [
        f"{seconds:.0f} s of it, then {took:.1f} s until all had ended, "
        f"checked in {time.monotonic() - began:.1f} s",
        *_survived(conductor),
        *_folded(f"  {history.summary()}"),
        *(
            line
            for found in findings.values()
            for line in _folded(
                f"  {'ok ' if not found.wrong else 'NOT'} {found.sentence} ({found.looked_at:,})"
            )
        ),
        *(f"VIOLATION {text}" for text in violations[:50]),
    ]
    return not violations, "\n".join(report)


def _folded(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="      ", break_long_words=False)


def _survived(conductor: Conductor) -> list[str]:
    faults = conductor.faults
    kinds = {
        name: ", ".join(f"{faults[f'{name} {role}']} of the {role}s" for role in CAST)
        for name in ("kill", "stop")
    }
    kills = sum(count for what, count in faults.items() if what.startswith("kill"))
    stops = sum(count for what, count in faults.items() if what.startswith("stop"))
    how = (
        ""
        if conductor.disk is not None
        else " (as a limit of SQLite's pages: only root can mount a small disk)"
    )
    full = f"full disk: {faults['full disk']} times{how}"
    beside = f"{faults['jump']} jumps of the clock, {full}"
    return [
        line
        for part in (f"{kills} kills ({kinds['kill']})", f"{stops} stops ({kinds['stop']})", beside)
        for line in _folded(f"  survived {part}")
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=Path, default=None, help="a folder in which the evidence stays")
    options = parser.parse_args()
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"chaos: seed {seed}", flush=True)
    folder = options.keep or Path(tempfile.mkdtemp(prefix="handrail-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    well, report = perform(folder.resolve(), options.minutes * 60, seed)
    print(report)
    if not well:
        print(f"the evidence is kept in {folder}")
    elif options.keep is None:
        shutil.rmtree(folder)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

"""One table of everything: Handrail beside LangGraph and DBOS, same work, same sitting. What `make bench` runs.

    python benchmarks/bench.py [--quick] [--no-peers] [--write]

The table goes to the terminal and, as Markdown, to `.work/benchmarks.md`; with `--write` also into
`docs/benchmarks.md`, between its marks. The first time, the peers' virtual environments are made.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import disk
import environments
import machine
import sitting as sittings
import table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured by: make bench WRITE=1 -->\n", "<!-- end -->"

UNJUDGED = "Small sizes: no verdicts, for the targets are those of the full ones."


def prepare(peers: bool) -> None:
    """Make the virtual environments before anything is measured."""
    environments.of_handrail()
    for peer in sittings.PEERS if peers else ():
        environments.of_peer(peer)


def report(sitting: sittings.Sitting, facts: dict[str, str]) -> str:
    """Return table, machine and settings as Markdown."""
    parts = [table.as_markdown(list(table.lines(sitting)))]
    if not table.judged(sitting):
        parts.append(UNJUDGED)
    parts.append("\n".join(["| The machine | |", "|---|---|", *(f"| {k} | {v} |" for k, v in facts.items())]))
    settings = [f"* {contender}: `{found}`" for contender, found in sitting.settings.items()]
    if settings:
        parts.append("The peers' databases as they said themselves:\n\n" + "\n".join(settings))
    if sitting.failures:
        parts.append("Not measured:\n\n" + "\n".join(f"* {one}" for one in sitting.failures))
    return "\n\n".join(parts) + "\n"


def write(markdown: str) -> None:
    """Put the report between the marks of the page."""
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} has lost its marks: {BEGIN.strip()} and {END}")
    PAGE.write_text(f"{before}{begin}\n{markdown}\n{end}{after}")


def main() -> int:
    """Hold a sitting and show what it found; 1 if something could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: a look whether everything runs")
    parser.add_argument("--no-peers", action="store_true", help="Handrail alone")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md, too")
    given = parser.parse_args()
    sizes = sittings.QUICK if given.quick else sittings.Sizes()
    disk.WORK.mkdir(exist_ok=True)
    prepare(not given.no_peers)
    facts = {"Measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", **machine.facts(disk.WORK)}
    began = time.monotonic()
    sitting = sittings.hold(sizes, not given.no_peers)
    facts["Rounds"] = f"{sizes.rounds}, in {(time.monotonic() - began) / 60:.0f} minutes"
    markdown = report(sitting, facts)
    (disk.WORK / "benchmarks.md").write_text(markdown)
    (disk.WORK / "benchmarks.json").write_text(json.dumps(sitting.values, indent=1))
    print(table.as_text(list(table.lines(sitting))))
    if not table.judged(sitting):
        print(f"\n{UNJUDGED}")
    print("\n" + "\n".join(f"{name}: {value}" for name, value in facts.items()))
    if given.write:
        write(markdown)
    for failure in sitting.failures:
        print(f"not measured: {failure}", file=sys.stderr)
    return 1 if sitting.failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""The table of a sitting: medians with the least and the most, targets, and how many times the better peer.

The better peer is the best figure among the configurations that store each step as Handrail does or close to it;
LangGraph's "exit" stores none until the graph stops, so it is shown and not compared.
"""

from collections.abc import Iterator, Sequence
from statistics import median

from rows import Row, rows
from sitting import HANDRAIL, Sitting, Sizes

NOT_COMPARED = {"LangGraph exit"}
DASH = "–"
Line = tuple[str, ...]


def spread(values: Sequence[float], row: Row) -> str:
    """Return the median and, of several, the least and the most."""
    shown = [f"{value:,.{row.digits}f}" for value in (median(values), min(values), max(values))]
    return shown[0] if len(values) == 1 else f"{shown[0]} ({shown[1]}–{shown[2]})"


def contenders(sitting: Sitting) -> list[str]:
    """Return the peers' configurations that were measured."""
    found = {name: None for values in sitting.values.values() for name in values if name != HANDRAIL}
    return list(found)


def better_peer(sitting: Sitting, row: Row) -> float | None:
    """Return the best figure of a peer."""
    values = sitting.values.get(row.figure, {})
    found = [median(of) for name, of in values.items() if name not in {HANDRAIL, *NOT_COMPARED}]
    if not found or row.figure == "commit":
        return None
    return max(found) if row.more_is_better else min(found)


def ratio(sitting: Sitting, row: Row) -> float | None:
    """Return how many times as good as the better peer Handrail is."""
    own, peer = sitting.values.get(row.figure, {}).get(HANDRAIL), better_peer(sitting, row)
    if not own or peer is None or peer <= 0 or median(own) <= 0:
        return None
    return median(own) / peer if row.more_is_better else peer / median(own)


def judged(sitting: Sitting) -> bool:
    """Whether what was done is what the targets were set for."""
    return sitting.sizes == Sizes()


def verdict(sitting: Sitting, row: Row) -> str:
    """Return whether the target was reached, by the median."""
    own = sitting.values.get(row.figure, {}).get(HANDRAIL)
    if not own:
        return "not measured"
    if not judged(sitting):
        return ""
    reached = [row.reached(median(own))]
    times = ratio(sitting, row)
    if row.times_better_peer is not None and times is not None:
        reached.append(times >= row.times_better_peer)
    known = [one for one in reached if one is not None]
    return "" if not known else "reached" if all(known) else "falls short"


def target(row: Row) -> str:
    """Return what is to be reached."""
    times = f", {row.times_better_peer:g} × peer" if row.times_better_peer else ""
    return f"{row.target()}{times}"


def lines(sitting: Sitting) -> Iterator[Line]:
    """Return the table, its header first."""
    peers = contenders(sitting)
    yield ("", HANDRAIL, "target", "", *(["× better peer"] if peers else []), *peers)
    for row in rows(sitting.sizes.waiting):
        values = sitting.values.get(row.figure, {})
        shown = [spread(values[name], row) if values.get(name) else DASH for name in (HANDRAIL, *peers)]
        times = ratio(sitting, row)
        compared = (
            [DASH if times is None else f"{times:.1f}" if times >= 1 else f"{times:.2g}"] if peers else []
        )
        yield (row.title, shown[0], target(row), verdict(sitting, row), *compared, *shown[1:])


def as_text(table: Sequence[Line]) -> str:
    """Return the table in columns."""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    text = ["  ".join(_padded(line, widths)).rstrip() for line in table]
    return "\n".join([text[0], "  ".join("─" * width for width in widths), *text[1:]])


def _padded(line: Line, widths: Sequence[int]) -> Iterator[str]:
    yield line[0].ljust(widths[0])
    for cell, width in zip(line[1:], widths[1:], strict=True):
        yield cell.rjust(width)


def as_markdown(table: Sequence[Line]) -> str:
    """Return the table as Markdown."""
    marked = ["| " + " | ".join(line) + " |" for line in table]
    return "\n".join([marked[0], "|---|" + "--:|" * (len(table[0]) - 1), *marked[1:]])

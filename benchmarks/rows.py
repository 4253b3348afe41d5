"""The rows of the table: which figure, in which unit, and what is to be reached, as set beforehand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure of the table; `least` or `most` is the target."""

    figure: str
    title: str
    digits: int = 0
    least: float | None = None
    most: float | None = None
    more_is_better: bool = False
    times_better_peer: float | None = None

    def reached(self, value: float) -> bool | None:
        """Whether a value reaches the target; None without one."""
        if self.least is not None:
            return value >= self.least
        return value <= self.most if self.most is not None else None

    def target(self) -> str:
        """Return the target in words."""
        if self.least is not None:
            return f"≥ {self.least:,.{self.digits if self.least < 10 else 0}f}"
        return f"≤ {self.most:g}" if self.most is not None else ""


def rows(waiting: int) -> list[Row]:
    """Return all rows; so many runs wait in those that say so."""
    among = f"{waiting:,} waiting"
    return [
        Row(
            "cycles_64", "cycles a second, 64 at once", least=2000, more_is_better=True, times_better_peer=25
        ),
        Row("cpu_of_cycles_64", "  computing time of one, ms", digits=2),
        Row("cycles_1000", "cycles a second, 1,000 at once", more_is_better=True),
        Row("two_processes", "cycles a second, two processes on one file", least=2500, more_is_better=True),
        Row("step", "a journaled step, µs"),
        Row("step_beyond", "  beyond a bare commit, µs", most=200),
        Row("building_bytes", "memory of a waiting run, bytes"),
        Row("disk_bytes", "disk of a waiting run, bytes"),
        Row("building_mb", f"more memory, {among}, started here, MB", digits=1, most=20),
        Row("open_mb", f"more memory, {among}, worker just started, MB", digits=1, most=20),
        Row("p50_here_nothing", "decision → next node, p50, ms", digits=1),
        Row("p99_here_nothing", "decision → next node, p99, ms", digits=1, most=10),
        Row("p50_elsewhere_nothing", "  decided by another process, p50, ms", digits=1),
        Row("p99_elsewhere_nothing", "  decided by another process, p99, ms", digits=1, most=10),
        Row("p99_here_cycles", "  beside 500 cycles a second, p99, ms", digits=1, most=20),
        Row("p99_elsewhere_cycles", "  the same, decided by another process, p99, ms", digits=1, most=20),
        Row("p99_here_flood", "  beside a process that floods the file, p99, ms", digits=1, most=25),
        Row("p99_elsewhere_flood", "  the same, decided by another process, p99, ms", digits=1, most=25),
        Row("ready", f"process start → ready, {among}, s", digits=2, most=0.5),
        Row("ready_imported", "  without imports, s", digits=3),
        Row("answered", "  until a first decision has reached its node, s", digits=2),
        Row("idle", f"idle, {among}, % of a core", digits=2, most=1),
        Row("import", "import, s", digits=3, most=0.3),
        Row("installed", "installed, MB", digits=1, most=40),
        Row("fsync", "beside: 4 KB write with fdatasync, ms", digits=3),
        Row("commit", "beside: a bare commit, µs"),
    ]

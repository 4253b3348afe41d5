"""What a sitting was measured on, in words: processor, kernel, Python, SQLite, and the disk."""

import os
import platform
import sqlite3
from pathlib import Path

import disk


def processor() -> str:
    """Return the processor's name and how many cores this process may use."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def facts(folder: Path) -> dict[str, str]:
    """Return what figures depend on; `folder` is where the databases are."""
    return {
        "Processor": processor(),
        "Memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        "File system": disk.file_system(folder),
        "Load before": f"{os.getloadavg()[0]:.1f} (processes that wanted to run, on average over a minute)",
    }

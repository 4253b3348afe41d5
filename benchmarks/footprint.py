"""What comes with a package: megabytes installed, and seconds that its import takes.

    python benchmarks/footprint.py [--python .venv/bin/python] [--modules handrail] [--rounds 10] [--json]

The interpreter is that of a virtual environment in which nothing else is installed; without one, an environment of
Handrail's core alone is made from this checkout. Megabytes are those of site-packages without pip and setuptools, with
compiled bytecode. The import is a fresh process, warm, less what a bare interpreter takes: both in turn, so many times.
"""

import argparse
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import environments
import figures

TOOLS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence")


def installed_bytes(python: Path) -> dict[str, float]:
    """Return how large site-packages is, with bytecode and without, beyond the tools."""
    (folder,) = (python.parent.parent / "lib").glob("python3*/site-packages")
    parts = [part for part in folder.iterdir() if not part.name.lower().startswith(TOOLS)]
    files = [file for part in parts for file in [part, *part.rglob("*")] if file.is_file()]
    sizes = {file: file.stat().st_size for file in files}
    source = sum(size for file, size in sizes.items() if file.suffix != ".pyc")
    return {"installed_mb": sum(sizes.values()) / 1e6, "without_bytecode_mb": source / 1e6}


def execution_seconds(python: Path, code: str) -> float:
    """Return how long a fresh interpreter takes for a line of code."""
    began = time.perf_counter()
    subprocess.run([python, "-I", "-c", code], check=True)
    return time.perf_counter() - began


def import_seconds(python: Path, modules: list[str], rounds: int) -> dict[str, float]:
    """Return the least and the median time that importing takes."""
    code = f"import {', '.join(modules)}"
    execution_seconds(python, code)
    took = [execution_seconds(python, code) - execution_seconds(python, "pass") for _ in range(rounds)]
    return {"import_seconds": statistics.median(took), "import_least": min(took)}


def measure(python: Path, modules: list[str], rounds: int) -> dict[str, Any]:
    """Return both."""
    return {**installed_bytes(python), **import_seconds(python, modules, rounds)}


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=Path, help="the interpreter of a virtual environment")
    parser.add_argument("--modules", nargs="+", default=["handrail"], help="what is imported")
    parser.add_argument("--rounds", type=figures.whole, default=10, help="imports that are timed")
    figures.add_json(parser)
    given = parser.parse_args()
    python = given.python or environments.of_handrail()
    figures.show(measure(python, given.modules, given.rounds), as_json=given.json)


if __name__ == "__main__":
    main()

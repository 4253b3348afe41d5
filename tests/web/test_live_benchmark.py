"""The benchmark of the live stream runs, in its smallest size; how fast is not tested."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "live.py"


@pytest.mark.slow
@pytest.mark.parametrize("decided", ["here", "elsewhere"])
def test_every_reader_hears_of_every_decision(decided: str) -> None:
    arguments = ["--decided", decided, "--readers", "3", "--samples", "4", "--json"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["samples"] == 12
    assert 0 < found["p50"] <= found["p95"] <= found["most"]

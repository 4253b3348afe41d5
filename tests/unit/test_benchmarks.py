"""The benchmarks run, in their smallest size, and say what they are asked for; how fast is not tested."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FEW = ["--count", "60"]


def found_by(script: str, *arguments: str) -> dict[str, Any]:
    """Run a script of the benchmarks and return the figures that it prints."""
    command = [sys.executable, str(BENCHMARKS / script), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_cycles_are_counted_in_one_process_and_in_two(processes: str) -> None:
    found = found_by("cycles.py", "--concurrent", "4", "--seconds", "0.3", "--processes", processes)
    assert found["cycles"] > 0
    assert found["cycles_per_second"] > 0
    assert found["cpu_ms"] > 0
    assert found["fsync_ms"] > 0


@pytest.mark.slow
def test_steps_are_measured_beside_bare_commits() -> None:
    found = found_by("steps.py", "--steps", "5", "--rounds", "2")
    assert found["steps"] == 10
    assert found["step_us"] > 0
    assert found["commit_us"] > 0


@pytest.mark.slow
def test_waiting_runs_are_made_once_and_their_cost_is_told() -> None:
    found = found_by("waiting.py", *FEW)
    assert found["count"] == 60
    assert found["disk_bytes"] > 0
    assert {"building_mb", "open_mb", "building_bytes"} <= found.keys()
    assert found_by("waiting.py", *FEW)["building_seconds"] == found["building_seconds"]


@pytest.mark.slow
@pytest.mark.parametrize("decided", ["here", "elsewhere"])
@pytest.mark.parametrize("beside", ["nothing", "cycles", "flood"])
def test_decisions_reach_the_next_node_whatever_goes_on_beside(decided: str, beside: str) -> None:
    found = found_by("latency.py", "--decided", decided, "--beside", beside, "--samples", "10", *FEW)
    assert found["samples"] == 10
    assert 0 < found["p50"] <= found["p99"] <= found["most"]
    assert (found["beside_per_second"] > 0) is (beside != "nothing")


@pytest.mark.slow
def test_a_worker_becomes_ready_answers_and_idles() -> None:
    found = found_by("ready.py", *FEW, "--rounds", "2", "--idle", "0.5")
    assert 0 < found["without_imports"] < found["seconds"] <= found["answered"]
    assert found["idle_percent"] >= 0


def test_the_page_has_the_marks_between_which_the_table_is_written() -> None:
    page = (BENCHMARKS.parent / "docs" / "benchmarks.md").read_text()
    _, begin, rest = page.partition("<!-- measured by: make bench WRITE=1 -->\n")
    assert begin
    assert "<!-- end -->" in rest

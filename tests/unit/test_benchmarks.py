"""The benchmarks run, in their smallest size, and say what they are asked for; how fast is not tested."""

import argparse
import importlib
import json
import runpy
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


def ended(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the benchmarks to whatever end it comes to."""
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("cycles.py", ("--concurrent", "0")),
        ("cycles.py", ("--seconds", "nan")),
        ("footprint.py", ("--rounds", "-1")),
        ("latency.py", ("--rate", "inf")),
        ("latency.py", ("--samples", "11", "--count", "10")),
        ("mapped_items.py", ("10", "0")),
        ("ready.py", ("--idle", "0")),
        ("ready.py", ("--rounds", "11", "--count", "10")),
        ("steps.py", ("--steps", "many")),
        ("team_board.py", ("--events", "0")),
        ("waiting.py", ("--count", "-5")),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(script: str, arguments: tuple[str, ...]) -> None:
    done = ended(script, *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert f"{script}: error: " in done.stderr
    assert arguments[1] in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "", "x"])
def test_numbers_of_options_are_more_than_nothing(text: str) -> None:
    figures = runpy.run_path(str(BENCHMARKS / "figures.py"))
    for kind in ("whole", "positive"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"more than 0|at least 1"):
            figures[kind](text)
    assert (figures["whole"]("3"), figures["positive"]("0.5")) == (3, 0.5)


def test_a_99th_percentile_of_few_samples_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    figures = runpy.run_path(str(BENCHMARKS / "figures.py"))
    for count in (99, 100):
        figures["show"](figures["summary"](range(count)), as_json=False)
        assert ("p99 " in capsys.readouterr().out) == (count == 100)


def test_small_sizes_are_not_judged_against_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    sitting, table = importlib.import_module("sitting"), importlib.import_module("table")
    for sizes, said in ((sitting.Sizes(), "reached"), (sitting.QUICK, "")):
        one = sitting.Sitting(sizes, {"cycles_64": {sitting.HANDRAIL: [9000.0]}})
        (line,) = [line for line in table.lines(one) if line[0].startswith("cycles a second, 64")]
        assert line[3] == said
    few = sitting.Sizes(samples=99)
    one = sitting.Sitting(few, {"p99_here_nothing": {sitting.HANDRAIL: [1.0]}})
    assert "reached" not in {line[3] for line in table.lines(one)}


@pytest.mark.slow
def test_items_of_a_map_are_asked_about_and_decided() -> None:
    found = found_by("mapped_items.py", "5", "10")
    assert [size["items"] for size in found["sizes"]] == [5, 10]
    assert all(size["asking_us"] > 0 and size["deciding_us"] > 0 for size in found["sizes"])


@pytest.mark.slow
def test_changes_of_a_board_are_measured_by_its_events_and_by_its_tasks() -> None:
    sizes = ["--events", "50", "100", "--tasks", "3", "12", "--cycles", "2", "--rounds", "1"]
    found = found_by("team_board.py", *sizes)
    assert [row["tasks"] for row in found["by_tasks"]] == [3, 12]
    assert all(row["events"] >= least for row, least in zip(found["by_events"], (50, 100), strict=True))
    for row in [*found["by_events"], *found["by_tasks"]]:
        assert set(row["ratios"]) == {"result", "feedback", "validation", "reopening"}
        assert all(value > 0 for value in row["microseconds"].values())


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


@pytest.mark.slow
def test_the_pages_of_a_board_are_timed() -> None:
    found = found_by("board_page.py", "--cards", "20", "--times", "2")
    assert found.keys() == {"board", "card", "all cards", "list"}
    assert all(0 < each["p50"] <= each["p95"] for each in found.values())

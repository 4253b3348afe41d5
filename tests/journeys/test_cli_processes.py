"""The command line as people use it: several processes on one store, interrupted, killed, and piped."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest

from handrail import settings

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
FLOWS = "tests.support.command_line_flows"
PROGRAM = [sys.executable, "-c", "from handrail.cli import main; main()"]
TOPIC = '{"topic": "rivers"}'
PATIENCE = 60.0
"""seconds until a condition that is waited for counts as missed, also on a loaded machine"""


class Place:
    """A folder with a store, and commands that run there as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drafts = folder / "drafts.txt"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("HANDRAIL_")},
            "PYTHONUNBUFFERED": "",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "DRAFTS": str(self.drafts),
        }
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command."""
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        """Wait for the end of a command; returns its code and what it printed."""
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def data(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what a command prints as JSON; it must succeed."""
        code, out, err = self.ended(self.start(*arguments, "--json"))
        assert code == 0, err
        found = json.loads(out)
        assert isinstance(found, list)
        return found

    def worker(self) -> subprocess.Popen[str]:
        """Start a worker and wait until it works."""
        worker = self.start("worker", f"{FLOWS}:app")
        assert worker.stderr is not None
        assert "working on block, linger, publish-post, tone" in worker.stderr.readline()
        return worker

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until a condition holds and return its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited in vain: {what}"
            time.sleep(0.02)
        return value

    def wait_for_request(self, *, parked: bool = True) -> str:
        """Wait until something is asked and its run waits, unless that is dead; return the request's id."""
        statement = (
            "SELECT request.id FROM request JOIN run ON run.id = run_id "
            "WHERE request.status = 'OPEN' AND (run.status = 'WAITING' OR NOT ?)"
        )
        return str(self.wait(lambda: self.rows(statement, parked), "a request")[0][0])

    def wait_for_status(self, run_id: str, status: str) -> dict[str, Any]:
        """Wait until a run has a status, and return the run."""
        statement = "SELECT 1 FROM run WHERE id = ? AND status = ?"
        self.wait(lambda: self.rows(statement, run_id, status), f"{run_id} {status}")
        (found,) = (run for run in self.data("runs", "--status", status) if run["id"] == run_id)
        return found

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database as it lies there, without a process of its own; nothing before it is made."""
        path = self.folder / "handrail.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path, timeout=30)) as connection, suppress(sqlite3.OperationalError):
            return connection.execute(statement, values).fetchall()
        return []


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    for process in place.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_worker_start_decide_show(place: Place) -> None:
    worker = place.worker()
    code, out, err = place.ended(place.start("start", f"{FLOWS}:app", "publish-post", TOPIC))
    assert (code, err) == (0, "")
    run_id = out.strip()
    request_id = place.wait_for_request()
    assert place.data("show", run_id)[0]["status"] == "WAITING"
    assert place.data("doctor")
    assert (
        place.data("decide", request_id, "edit", "--payload", '{"content": "Rivers!"}')[0]["status"]
        == "RESOLVED"
    )
    assert place.wait_for_status(run_id, "FINISHED")["result"] == {"published": True, "content": "Rivers!"}
    assert place.ended(place.start("decide", request_id, "approve"))[0] == 3
    assert place.data("verify")[0]["ok"]
    worker.send_signal(signal.SIGTERM)
    code, _, err = place.ended(worker)
    assert code == 0, err
    assert "Traceback" not in err
    assert place.drafts.read_text() == "draft\n"


def test_a_killed_worker_is_replaced(place: Place) -> None:
    worker = place.worker()
    run_id = place.data("start", f"{FLOWS}:app", "publish-post", TOPIC, "--run-id", "post-1")[0]["id"]
    request_id = place.wait_for_request()
    worker.kill()
    assert place.ended(worker)[0] == -signal.SIGKILL
    workers = {check["check"]: check["value"] for check in place.data("doctor")}["workers"]
    assert workers == "0 alive, 1 dead"
    code, _, err = place.ended(place.start("start", f"{FLOWS}:app", "tone", TOPIC))
    assert code == 0
    assert "no worker" in err
    place.data("decide", request_id, "approve", "--as", "bob")
    assert place.data("show", run_id)[0]["status"] == "WAITING"
    place.worker()
    assert place.wait_for_status(run_id, "FINISHED")["result"] == {
        "published": True,
        "content": "About rivers",
    }
    assert place.drafts.read_text() == "draft\n"


@pytest.mark.parametrize(
    ("target", "decision", "result", "flow"),
    [
        ("publish", ["approve"], {"published": True, "content": "About rivers"}, "publish-post"),
        ("tone", ["answer", "--payload", '"dry"'], {"tone": "dry"}, f"{FLOWS}:tone"),
    ],
)
def test_run_killed_goes_on_with_the_same_command(
    place: Place, target: str, decision: list[str], result: dict[str, Any], flow: str
) -> None:
    """A flow that an app has registered goes by that name, any other by MODULE:FLOW."""
    command = ("run", f"{FLOWS}:{target}", TOPIC, "--run-id", "post-1")
    killed = place.start(*command, HANDRAIL_KILL_AT="ask:after")
    assert place.ended(killed)[0] == -signal.SIGKILL
    place.data("decide", place.wait_for_request(parked=False), *decision)
    code, out, err = place.ended(place.start(*command))
    assert code == 0, err
    assert json.loads(out) == result
    assert [run["flow"] for run in place.data("runs")] == [flow]
    assert len(place.data("requests")) == 1
    assert not place.drafts.exists() or place.drafts.read_text() == "draft\n"


@pytest.mark.parametrize("run_id", ["post-1", None])
def test_run_interrupted_says_how_to_go_on(place: Place, run_id: str | None) -> None:
    command = ("run", f"{FLOWS}:renamed", TOPIC, *(["--run-id", run_id] if run_id else []))
    process = place.start(*command)
    request_id = place.wait_for_request()
    process.send_signal(signal.SIGINT)
    code, out, err = place.ended(process)
    assert (code, out) == (130, "")
    assert "--run-id" in err
    assert "Traceback" not in err
    (request,) = place.data("show", request_id)
    (run,) = place.data("runs")
    if run_id is None:
        assert (request["status"], run["status"]) == ("WITHDRAWN", "ABANDONED")
        return
    assert (request["status"], run["status"]) == ("OPEN", "WAITING")
    place.data("decide", request_id, "approve")
    code, out, _ = place.ended(place.start(*command))
    assert (code, json.loads(out)["published"]) == (0, True)


def test_cancelling_elsewhere_ends_a_run_here(place: Place) -> None:
    process = place.start("run", f"{FLOWS}:renamed", TOPIC, "--run-id", "post-1")
    place.wait_for_request()
    place.data("cancel", "post-1")
    code, out, err = place.ended(process)
    assert (code, out) == (1, "")
    assert "post-1 was cancelled" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_though_a_thread_of_a_flow_is_busy(place: Place, number: signal.Signals) -> None:
    worker = place.worker()
    run_id = place.data("start", f"{FLOWS}:app", "block", "{}")[0]["id"]
    assert worker.stdout is not None
    assert worker.stdout.readline() == "blocking\n"
    worker.send_signal(number)
    code, _, err = place.ended(worker)
    assert code == 0, err
    assert place.data("show", run_id)[0]["status"] in ("PENDING", "WAITING")
    assert {check["check"]: check["value"] for check in place.data("doctor")}["workers"] == "0 alive, 0 dead"


def test_a_second_signal_kills(place: Place) -> None:
    worker = place.worker()
    place.data("start", f"{FLOWS}:app", "linger", "{}")
    assert worker.stdout is not None
    assert worker.stderr is not None
    assert worker.stdout.readline() == "lingering\n"
    worker.send_signal(signal.SIGTERM)
    place.wait(lambda: "stopping" in worker.stderr.readline(), "the first signal")
    worker.send_signal(signal.SIGTERM)
    assert place.ended(worker)[0] == -signal.SIGTERM


def test_a_reader_that_goes_away_is_no_reason_to_complain(place: Place) -> None:
    long = json.dumps({"content": "x" * 300_000})
    (place.folder / "long.json").write_text(long)
    place.data("run", f"{FLOWS}:shout", "@long.json")
    for command in (("runs", "--json"), ("runs",), ("--help",)):
        process = place.start(*command)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.wait(timeout=PATIENCE)


def test_tables_on_a_narrow_terminal_keep_ids_whole(place: Place) -> None:
    ids = [place.data("start", f"{FLOWS}:app", "publish-post", TOPIC)[0]["id"] for _ in range(2)]
    shown, code = pexpect.run(
        " ".join([sys.executable, "-c", "'from handrail.cli import main; main()'", "runs"]),
        cwd=str(place.folder),
        env={**place.environment, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        withexitstatus=True,
        timeout=PATIENCE,
    )
    assert code == 0
    text = shown.decode()
    for run_id in ids:
        assert run_id in text
    assert settings.os_user() in text


def test_the_data_of_scripts_stays_clean(place: Place) -> None:
    """stdout has the data and nothing else, whatever is asked and noted meanwhile."""
    process = place.start("run", f"{FLOWS}:renamed", TOPIC, "--json")
    place.data("decide", place.wait_for_request(), "reject", "--comment", "no")
    code, out, _ = place.ended(process)
    assert code == 0
    (found,) = json.loads(out)
    assert found["status"] == "FINISHED"
    assert found["result"]["published"] is False


def test_nobody_decides_for_a_run_that_has_died_with_its_process(place: Place) -> None:
    """Without a run id a run lives with its process: what it asked is withdrawn when that is dead."""
    process = place.start("run", f"{FLOWS}:renamed", TOPIC)
    request_id = place.wait_for_request()
    process.kill()
    place.ended(process)
    code, _, err = place.ended(place.start("decide", request_id, "approve"))
    assert code == 3
    assert "WITHDRAWN" in err
    assert place.data("runs")[0]["status"] == "ABANDONED"


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stdout_is_json_also_when_interrupted(place: Place, number: signal.Signals, expected: int) -> None:
    process = place.start("run", f"{FLOWS}:renamed", TOPIC, "--run-id", "post-1", "--json")
    place.wait_for_request()
    process.send_signal(number)
    code, out, err = place.ended(process)
    assert (code, json.loads(out)) == (expected, [])
    assert "post-1" in err
    assert "Traceback" not in err

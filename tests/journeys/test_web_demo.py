"""`handrail demo` as somebody tries it: open the link, decide, kill the server, start it again: nothing is lost."""

import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from handrail.cli import main; main()"]


class Server:
    """The demo, on a free port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        known = {key: value for key, value in os.environ.items() if not key.startswith("HANDRAIL_")}
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=folder,
            env={**known, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.said = ""
        while "/login/link/" not in self.said:
            line = self.process.stderr.readline()
            assert line, f"it ended with {self.process.wait()}: {self.said}"
            self.said += line
        found = re.search(r"(http://127\.0\.0\.1:\d+)(/login/link/\S+)", self.said)
        assert found is not None
        self.url, self.link = found[1], found[2]

    def sign_in(self) -> httpx.Client:
        """Return a browser that has used the link."""
        client = httpx.Client(base_url=self.url, follow_redirects=True)
        shown = client.get(self.link)
        assert "Sign in as" in shown.text
        entered = client.post(self.link, data={"form_token": token(shown.text)})
        assert entered.status_code == 200
        assert entered.url.path == "/inbox"
        return client

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> int:
        """End it."""
        self.process.send_signal(how)
        self.process.communicate(timeout=60)
        return self.process.returncode


def token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def waiting(page: str) -> dict[str, str]:
    """Return the requests of a list: title and address."""
    found = re.findall(r'<a href="(/requests/[^"?]+)[^"]*"[^>]*>([^<]+)</a>\s*<span class="due', page)
    return {title: address for address, title in found}


def test_the_demo_waits_for_a_person_and_survives_the_plug(tmp_path: Path) -> None:
    with Server(tmp_path, "demo", "--port", "0") as server, closing(server.sign_in()) as browser:
        work = waiting(browser.get("/inbox").text)
        assert len(work) == 6
        board = browser.get("/boards/notes-4.2").text
        assert "Blocked" in board
        assert "Write the notes of release 4.2" in board
        assert "late" in browser.get("/inbox").text
        post = next(address for title, address in work.items() if title.startswith("Publish the post"))
        page = browser.get(post).text
        assert "Revision 2" in page
        assert "<ins>" in page
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
        assert seen is not None
        sent = {"form_token": token(page), "verb": "approve", "seen": seen[1]}
        decided = browser.post(f"{post}/decide", data=sent)
        assert decided.status_code == 200
        assert "Approved." in decided.text
        server.end(signal.SIGKILL)

    with Server(tmp_path, "demo", "--port", "0") as server, closing(server.sign_in()) as browser:
        left = waiting(browser.get("/inbox").text)
        assert set(left) == set(work) - {title for title in work if work[title] == post}
        assert "approved this" in browser.get(post).text
        assert list((tmp_path / "handrail-demo").iterdir()), "the post was published"
        assert server.end(signal.SIGTERM) == 0


def test_others_are_let_in_only_once_there_is_an_account(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from handrail import App\napp = App()\n")
    refused = subprocess.run(
        [*PROGRAM, "serve", "app:app", "--host", "0.0.0.0", "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 4
    assert "handrail users add" in refused.stderr

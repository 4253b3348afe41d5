"""Where a web approval was decided: the address of the server of its store, for every process on that store."""

from pathlib import Path

import pytest

from handrail import Actor, App, Strength, WebUIApprovalNode
from handrail.flows.web_approval import request_url, web_url
from handrail.stores.served import Served
from handrail.stores.sqlite import SQLiteStore
from tests.support.journey_runs import asked

ALICE = Actor("alice", Strength.SESSION, "web")
URL = "http://127.0.0.1:8410"


async def decided(path: Path, url: str | None = None) -> str:
    """Return the address that the result of a run on a store names."""
    app = App(store=f"sqlite:///{path}")
    app.flow("ask", WebUIApprovalNode(url=url))
    async with app:
        run = await app.start("ask", {"content": "bees"})
        (request,) = await asked(app)
        await app.inbox.decide(request.id, "approve", actor=ALICE)
        found = (await run.result(60))["task_url"]
        assert found.endswith(f"/requests/{request.id}")
        return str(found).removesuffix(f"/requests/{request.id}")


async def test_a_result_names_the_server_of_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDRAIL_URL", raising=False)
    path = tmp_path / "handrail.db"
    assert await decided(path) == "http://127.0.0.1:8000"
    Served(path).tell(URL)
    assert await decided(path) == URL
    assert await decided(path, "https://own.example") == "https://own.example"
    monkeypatch.setenv("HANDRAIL_URL", "https://inbox.example.com/")
    assert await decided(path) == "https://inbox.example.com"


def test_another_store_on_the_file_knows_its_server_and_the_last_one_counts(tmp_path: Path) -> None:
    serving, other = SQLiteStore(tmp_path / "a.db"), SQLiteStore(tmp_path / "a.db")
    assert other.web_url is None
    serving.served.tell(URL)
    assert other.web_url == URL
    serving.served.tell("http://127.0.0.1:8411")
    assert other.web_url == "http://127.0.0.1:8411"
    assert [path.name for path in tmp_path.iterdir()] == ["a.db.url"]
    assert SQLiteStore(tmp_path / "b.db").web_url is None


def test_what_cant_be_written_or_read_is_no_address(tmp_path: Path) -> None:
    Served(tmp_path / "missing" / "a.db").tell(URL)
    (tmp_path / "a.db.url").write_bytes(b"\xff\xfe")
    assert Served(tmp_path / "a.db").url is None


def test_an_address_of_ones_own_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDRAIL_URL", raising=False)
    assert request_url("req_1", web_url(URL)) == f"{URL}/requests/req_1"

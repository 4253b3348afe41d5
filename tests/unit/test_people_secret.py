"""The signing key: from the environment or a file beside the store, made once, and readable by its owner only."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handrail import App
from handrail.people.secret import Secret
from handrail.requests.errors import InvalidInput
from tests.support.people_desk import KEEPER


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDRAIL_SECRET", raising=False)


def test_the_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    key = Secret(tmp_path / "handrail.db").key("link")
    file = tmp_path / "handrail.db.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_bytes()) == 32
    assert len(key) == 32
    assert key not in file.read_bytes(), "what signs is derived"
    assert Secret(tmp_path / "handrail.db").key("link") == key
    assert Secret(tmp_path / "handrail.db").key("form") != key
    assert [path.name for path in tmp_path.iterdir()] == ["handrail.db.key"]


def test_of_many_who_come_first_all_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        tasks = [threads.submit(Secret(tmp_path / "a.db").key, "link") for _ in range(64)]
    assert len({task.result() for task in tasks}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.db.key"]


def test_the_variable_comes_first_and_must_be_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_SECRET", "s" * 32)
    key = Secret(tmp_path / "a.db").key("link")
    assert key == Secret(tmp_path / "b.db").key("link") == Secret(None).key("link")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("HANDRAIL_SECRET", "s" * 31)
    with pytest.raises(InvalidInput, match="has 31 characters and needs 32") as refused:
        Secret(tmp_path / "a.db").key("link")
    assert "sss" not in str(refused.value)


def test_a_file_that_others_can_read_or_that_was_cut_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.db.key"
    file.write_bytes(b"x" * 32)
    file.chmod(0o640)
    with pytest.raises(InvalidInput, match="others can read"):
        Secret(tmp_path / "a.db").key("link")
    file.chmod(0o600)
    assert Secret(tmp_path / "a.db").key("link")
    file.write_bytes(b"x" * 31)
    with pytest.raises(InvalidInput, match="has 31 bytes and needs 32"):
        Secret(tmp_path / "a.db").key("link")


def test_a_folder_that_cant_hold_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="set HANDRAIL_SECRET instead"):
        Secret(tmp_path / "missing" / "a.db").key("link")


def test_a_store_in_memory_has_one_of_its_process() -> None:
    assert Secret(None).key("link") == Secret(None).key("link")


async def test_links_outlive_their_process_and_die_with_the_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with App(store=url).connect() as app:
        await app.people.add("alice", actor=KEEPER)
        token = await app.people.make_link("login", "alice", actor=KEEPER)
    async with App(store=url).connect() as app:
        assert (await app.people.look_at_link(token))[1].name == "alice"
    os.unlink(tmp_path / "a.db.key")
    async with App(store=url).connect() as app:
        with pytest.raises(Exception, match="doesn't work"):
            await app.people.look_at_link(token)

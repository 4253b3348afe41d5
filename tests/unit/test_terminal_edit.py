"""What an edited file comes to, and what typed words mean."""

from datetime import UTC, datetime
from typing import Any

import pytest

from handrail.channels.terminal.commands import offered, understood
from handrail.channels.terminal.edit import changes, editable
from handrail.channels.terminal.hints import how_to_decide
from handrail.requests.decision import Verb
from handrail.requests.policy import Audience, policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.stores.memory import MemoryStore
from handrail.stores.sqlite import SQLiteStore

ALL = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)


def request(verbs: tuple[Verb, ...] = ALL, **more: Any) -> HumanRequest:
    draft = RequestDraft("approval", "Publish?", {"content": "x"}, verbs, **more)
    return HumanRequest("req_1", draft, "hash", "req_1", 1, datetime.now(UTC), Audience())


def test_a_lone_text_is_edited_as_markdown_and_anything_else_as_json() -> None:
    assert editable({"content": "# Hi\r\nthere"}) == ("# Hi\r\nthere", ".md")
    assert editable({"content": 1})[1] == ".json"
    text, suffix = editable({"content": "Grüße", "to": None})
    assert suffix == ".json"
    assert "Grüße" in text


@pytest.mark.parametrize(
    ("proposal", "text", "changed"),
    [
        ({"content": "old"}, "new", {"content": "new"}),
        ({"content": "old"}, "old", {}),
        ({"a": 1, "b": [1]}, '{"b": [1], "a": 1}', {}),
        ({"a": 1, "b": [1]}, '{"a": 1.5, "b": [1]}', {"a": 1.5}),
        ({"a": 1, "b": [1]}, '{"a": true, "b": [1]}', {"a": True}),
        ({"a": 1}, '{"a": 1, "more": 2}', {"more": 2}),  # the inbox refuses it, naming the key
    ],
)
def test_only_what_has_changed_is_sent(proposal: dict[str, Any], text: str, changed: dict[str, Any]) -> None:
    found = changes(proposal, text)
    assert found == changed
    assert [type(value) for value in found.values()] == [type(value) for value in changed.values()]


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', '{"a": NaN, "b": 1}', "[" * 100_000])
def test_what_can_not_be_taken_over_is_said(text: str) -> None:
    with pytest.raises(ValueError):
        changes({"a": 1, "b": 2}, text)


def test_letters_and_words_mean_verbs() -> None:
    meanings = {
        "a": "approve", "yes": "approve", " Y ": "approve", "e": "edit", "c": "request_changes",
        "request changes": "request_changes", "r": "reject", "NO": "reject", "s": "skip", "q": "quit",
        "m": "comment", "?": "help", "abstain": "abstain",
    }  # fmt: skip
    for typed, name in meanings.items():
        command = understood(typed, request())
        assert command is not None
        assert command.name == name
    assert understood("", request()) is None
    assert understood("w", request()) is None


def test_only_what_a_request_takes_is_offered() -> None:
    assert offered(request()) == "[a]pprove  [e]dit  request [c]hanges  [r]eject  [s]kip  [q]uit  [?]"
    assert offered(request((Verb.ANSWER,))) == "[a]nswer  [s]kip  [q]uit  [?]"
    assert understood("edit", request((Verb.APPROVE, Verb.REJECT))) is None
    counted = request(policy=policy(audience=["alice", "bob"], quorum="all"))
    assert "a[b]stain" in offered(counted)


def test_commands_for_elsewhere_name_a_store_that_is_not_the_default(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    here, there = SQLiteStore("handrail.db"), SQLiteStore(tmp_path / "an other.db")
    assert how_to_decide(request(), here) == (
        "handrail decide req_1 approve   (or edit, request_changes, reject)"
    )
    assert f"--store 'sqlite:///{tmp_path}/an other.db'" in how_to_decide(request(), there)
    assert "--payload JSON" in how_to_decide(request((Verb.ANSWER,)), here)
    assert "only this process" in how_to_decide(request(), MemoryStore())

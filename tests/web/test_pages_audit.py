"""The audit: who did what, found again by filters, and exported so that it can be opened safely."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handrail.inbox import audit as reading
from handrail.people.facts import Role
from handrail.requests.decision import Actor, Strength
from handrail.requests.policy import Policy
from handrail.requests.request import RequestDraft
from handrail.web.pages import audit
from handrail.web.pages.export import cell
from tests.support.web_visits import ROOT, Place, Visitor, place, text

BOB = Actor("bob", Strength.SESSION, "web")
NASTY = "<script>alert(1)</script>"


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place() as made:
        yield made


async def asked(here: Place, title: str = "Publish it?", initiator: str = "alice") -> str:
    """Open a request outside any run."""
    draft = RequestDraft("approval", title, {"content": "secret words"}, policy=Policy())
    return (await here.app.inbox.open(draft, initiator=initiator)).id


async def lines(visitor: Visitor, form: str = "jsonl", **query: str) -> list[dict[str, object]]:
    """Return what is exported."""
    answer = await visitor.http.get(f"/audit/export.{form}", params=query)
    assert answer.status_code == 200, answer.text
    if form == "csv":
        return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_each_line_is_told_in_words_the_newest_first(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    request_id = await asked(here)
    await here.app.inbox.comment(request_id, "Is the number right?", actor=BOB)
    await here.app.inbox.decide(request_id, "reject", actor=BOB, comment="No source.")
    page = await alice.see("/audit")
    said = text(page)
    rejected, commented = (
        said.index("bob rejected Publish it? , which settled it No source."),
        said.index("bob commented on Publish it?"),
    )
    assert rejected < commented < said.index("alice asked Publish it?")
    assert "settled Publish it?" not in said, "one act is told once"
    assert " · line " not in said
    assert re.search(r'title="[^"]+, line \d+"', page)
    assert "root made a one-time link person alice" in said
    assert "alice signed in by link" in said
    assert f'href="/requests/{request_id}"' in page
    assert "secret words" not in page


async def test_runs_are_told_and_linked(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.run("write", {"prompt": "x"}, "post/1")
    page = await alice.see("/audit")
    assert "alice ’s run post/1 finished" in text(page)
    assert 'href="/runs/post%2F1"' in page


async def test_filters_find_lines_again(here: Place) -> None:
    first = await asked(here, "First?")
    here.clock.turn(timedelta(days=2))
    alice = await here.visitor("alice", Role.ADMIN)
    second = await asked(here, "Second?", "carol")
    await here.app.inbox.decide(second, "approve", actor=BOB)
    await here.run("approve", {"prompt": "x"}, "post")

    async def kinds(**query: str) -> set[str]:
        return {str(line["kind"]) for line in await lines(alice, **query)}

    assert await kinds(request=first) == {"opened"}
    assert await kinds(request=second) == {"opened", "decided", "resolved"}
    assert await kinds(actor="bob") == {"decided", "resolved"}
    assert await kinds(kind="decided") == {"decided"}
    assert await kinds(run="post") == {"run_started", "opened"}
    assert await kinds(actor="carol", since="2026-01-03") == {"opened"}
    assert await kinds(actor="carol", until="2026-01-02") == set()
    assert await kinds(kind="opened", since="2026-01-01", until="2026-01-01") == {"opened"}
    assert len(await lines(alice, kind="opened", until="2026-01-02")) == 1
    page = text(await alice.see("/audit", actor="bob", kind="decided"))
    assert "bob approved Second?" in page
    assert "First?" not in page
    assert "No line of the log is like that." in text(await alice.see("/audit", actor="nobody"))


async def test_a_day_that_is_none_is_told_beside_its_field(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    page = await alice.see("/audit", 422, since="yesterday", actor="bob")
    assert "Write a day as year-month-day" in page
    assert 'aria-describedby="since-error"' in page
    assert 'value="bob"' in page
    assert "before the first day" in await alice.see("/audit", 422, since="2026-01-02", until="2026-01-01")
    assert (await alice.http.get("/audit/export.csv?since=never")).status_code == 422
    assert (await alice.http.get("/audit/export.pdf")).status_code == 422


async def test_older_leads_through_the_whole_log_once(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 4)
    alice = await here.visitor("alice", Role.ADMIN)
    for number in range(9):
        await asked(here, f"Number {number}?")
    seen: list[str] = []
    address = "/audit?kind=opened"
    for _ in range(4):
        page = await alice.see(address)
        seen += [f"Number {number}?" for number in reversed(range(9)) if f">Number {number}?<" in page]
        older = [part.split('"')[0] for part in page.split('href="') if ">Older<" in part[:300]]
        if not older:
            break
        address = older[-1].replace("&amp;", "&")
    assert seen == [f"Number {number}?" for number in reversed(range(9))]


async def test_a_page_looks_at_a_bounded_part_of_the_log(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await here.app.inbox.comment(await asked(here), "old", actor=BOB)
    for _ in range(12):
        await asked(here)
    monkeypatch.setattr(reading, "STRETCH", 5)
    page = text(await alice.see("/audit", kind="commented"))
    assert "None of the lines looked at is one of these. There are older ones." in page
    assert [line["actor"] for line in await lines(alice, kind="commented")] == ["bob"]  # a file has them all


async def test_the_export_comes_in_pages_and_holds_every_line(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    for _ in range(10):
        await asked(here)
    monkeypatch.setattr(audit, "FILE_PAGE", 3)
    whole = await lines(alice)
    assert [line["sequence"] for line in whole] == list(range(1, len(whole) + 1))
    rows = await lines(alice, "csv")
    assert [int(str(row["sequence"])) for row in rows] == list(range(1, len(whole) + 1))
    assert rows[0]["at"] == whole[0]["at"] == "2026-01-01T12:00:00Z"
    assert rows[0]["hash"] == whole[0]["hash"]
    head = await alice.http.get("/audit/export.csv")
    assert head.headers["content-disposition"] == 'attachment; filename="handrail-audit-2026-01-01.csv"'
    assert head.headers["content-type"] == "text/csv; charset=utf-8"


async def test_contents_are_neither_shown_nor_exported(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    request_id = await asked(here)
    await here.app.inbox.decide(request_id, "edit", payload={"content": "edited words"}, actor=BOB)
    for form in ("csv", "jsonl"):
        whole = (await alice.http.get(f"/audit/export.{form}")).text
        assert "secret words" not in whole
        assert "edited words" not in whole
    assert "edited words" not in await alice.see("/audit")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "＝"])
def test_a_cell_is_never_a_formula(begin: str) -> None:
    assert cell(f"{begin}cmd|' /C calc'!A0").startswith("'")
    assert cell("alice") == "alice"
    assert cell("\tx") == "'\tx"


async def test_a_name_that_is_a_formula_is_a_text_in_the_file(here: Place) -> None:
    await here.people.add("=HYPERLINK(0)", actor=ROOT)
    alice = await here.visitor("alice", Role.ADMIN)
    await here.app.inbox.comment(await asked(here, initiator="@SUM(1)"), "x", actor=Actor("=HYPERLINK(0)"))
    rows = await lines(alice, "csv")
    assert {"'=HYPERLINK(0)", "'@SUM(1)"} <= {str(row["actor"]) for row in rows}
    assert not any(str(value).startswith(("=", "+", "@")) for row in rows for value in row.values())
    assert any(line["actor"] == "=HYPERLINK(0)" for line in await lines(alice))  # programs get it as it is


async def test_nothing_in_the_log_becomes_markup(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    nasty = Actor(f"mallory {NASTY}", Strength.SESSION, "web")
    request_id = await asked(here, f"Title {NASTY}", nasty.name)
    await here.app.inbox.comment(request_id, f"Text {NASTY} \u202e reversed", actor=nasty)
    await here.run("write", {"prompt": "x"}, f"run {NASTY}")
    page = await alice.see("/audit")
    assert NASTY not in page
    assert page.count("&lt;script&gt;") >= 4
    assert "\u202e" not in page
    filtered = await alice.see("/audit", actor=f'"><b>{NASTY}', request=NASTY, run=NASTY)
    assert NASTY not in filtered
    assert "<b>&lt;" not in filtered


async def test_the_chain_is_told_with_its_last_hash(here: Place) -> None:
    alice = await here.visitor("alice", Role.ADMIN)
    await asked(here)
    last = (await here.app.store.read(lambda tx: tx.log(0, 1000)))[-1]
    said = text(await alice.see("/audit"))
    assert f"Last hash {last.hash}" in said
    assert f"Lines {last.sequence}" in said
    assert "handrail verify" in said


@pytest.mark.parametrize("path", ["/audit", "/audit/export.csv", "/audit/export.jsonl"])
async def test_only_admins_read_the_log(here: Place, path: str) -> None:
    await asked(here)
    reviewer, stranger = await here.visitor("rita"), await here.visitor(None)
    answer = await reviewer.http.get(path)
    assert answer.status_code == 403
    assert "An admin can give you another one" in text(answer.text)
    assert (await stranger.http.get(path)).headers["location"].startswith("/login?next=")


async def test_a_key_opens_no_page(here: Place) -> None:
    await here.visitor("alice", Role.ADMIN)
    _, secret = await here.people.make_key("alice", "all", ["admin", "runs:read"], actor=ROOT)
    program = await here.visitor(None)
    for path in ("/audit", "/settings/me", "/runs"):
        answer = await program.http.get(path, headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == 303, path

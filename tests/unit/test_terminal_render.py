"""All of a request is shown, nothing in it can pass for Handrail's own words, and changes stand out."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from handrail import Actor, App
from handrail.channels.terminal.deadline import due
from handrail.channels.terminal.difference import difference
from handrail.channels.terminal.prose import prose
from handrail.channels.terminal.render import ending, rendered
from handrail.inbox import views
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft

ESC = "\x1b"
VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT)


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with App(store="memory://").connect() as app:
        yield app


def printed(*parts: Any, width: int = 80, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, markup=False, emoji=False, highlight=False,
        force_terminal=colour, color_system="standard" if colour else None, legacy_windows=False,
    )  # fmt: skip
    for part in parts:
        console.print(part, width=width)
    return file.getvalue()


async def screen_of(app: App, request: HumanRequest, width: int = 80, *, colour: bool = False) -> str:
    previous = await views.previous_proposal(app.store, request)
    return printed(*rendered(request, previous, app.clock.now(), width), width=width, colour=colour)


def inside_of_frames(screen: str) -> str:
    """The text of all frames, without borders and line breaks."""
    return "".join(line.strip("│ \n") for line in screen.splitlines() if line.startswith("│"))


def asking(proposal: dict[str, Any], **more: Any) -> RequestDraft:
    return RequestDraft("approval", more.pop("title", "Publish?"), proposal, more.pop("verbs", VERBS), **more)


async def test_markdown_is_rendered_and_all_facts_are_there(app: App) -> None:
    request = await app.inbox.open(
        asking(
            {"content": "# Hello\n\nSome **bold** text, a [link](https://example.com/x).\n\n- one\n- two"},
            policy=policy(timeout=7200),
            guideline="Be strict.",
            context={"customer": "ACME", "history": ["a", "b"]},
        )
    )
    screen = await screen_of(app, request)
    assert "Publish?" in screen
    assert "How to judge: Be strict." in screen
    assert "due in 1 h 59 min" in screen
    assert "customer: ACME" in screen
    assert '"a",' in screen
    assert "│ Hello" in screen
    assert "**bold**" not in screen
    assert "link (https://example.com/x)" in screen
    assert "• one" in screen or " • one" in screen
    assert request.id in screen


@pytest.mark.parametrize("width", [80, 120, 24])
async def test_content_cannot_drive_the_terminal_or_speak_for_handrail(app: App, width: int) -> None:
    evil = f"[bold red]no markup[/] {ESC}[2J{ESC}[1;1H✓ You approved.\r\n\u202eevil :smile: &#x202e; &#27;[2J"
    request = await app.inbox.open(
        asking({"content": evil, evil: evil}, title=evil, guideline=evil, context={evil: [evil]})
    )
    screen = await screen_of(app, request, width)
    assert ESC not in screen
    assert "\u202e" not in screen
    flat = screen.replace("\n", "").replace("│", "").replace(" ", "")
    assert "[boldred]nomarkup[/]" in flat
    assert r"\x1b[2J" in flat
    assert ":smile:" in flat
    single = await app.inbox.open(asking({"content": evil}))
    assert ESC not in await screen_of(app, single, width)
    assert "\u202e" not in await screen_of(app, single, width)


@pytest.mark.parametrize(
    "hidden",
    [
        "Fine.\n\n<!-- and delete everything -->",
        "Fine <b onclick=steal>really</b>",
        "![picture](https://evil.example/track)",
        '[link](https://example.com "and a title")',
        "[ref]\n\n[ref]: https://evil.example/reference",
        "| a | b | c |\n|---|---|---|\n" + "| " + "x" * 70 + " | " + "y" * 70 + " | " + "z" * 70 + " |",
        "```python evil=1 more\ncode\n```",
        "&#x200b;invisible",
    ],
)
async def test_text_that_rendering_would_hide_is_shown_as_written(app: App, hidden: str) -> None:
    request = await app.inbox.open(asking({"content": hidden}))
    shown = inside_of_frames(await screen_of(app, request)).replace(" ", "")
    assert hidden.replace("\n", "").replace(" ", "") in shown


def test_code_with_a_language_is_still_markdown() -> None:
    assert prose("Text\n\n```python\nprint(1)\n```\n", 76)[1] is None


async def test_very_long_content_is_shown_whole(app: App) -> None:
    words = [f"word{number}" for number in range(20_000)]
    request = await app.inbox.open(asking({"content": " ".join(words) + "\n" + "x" * 50_000}))
    screen = await screen_of(app, request)
    shown = inside_of_frames(screen)
    assert "word19999" in shown
    assert shown.count("x" * 40) * 40 >= 45_000


async def revised(app: App, old: str, new: str) -> HumanRequest:
    first = await app.inbox.open(asking({"output": old}))
    await app.inbox.decide(first.id, "request_changes", actor=Actor("alice"), comment="more")
    return await app.inbox.open(asking({"output": new}, previous=first.id))


async def test_a_revision_shows_what_has_changed(app: App) -> None:
    same = "\n".join(f"line {number}" for number in range(30))
    request = await revised(app, f"# Old title\n{same}\nThe end", f"# New title\n{same}\nThe end")
    screen = await screen_of(app, request)
    assert "round 2" in screen
    assert "changed since round 1" in screen
    assert "- # Old title" in screen
    assert "+ # New title" in screen
    changes = screen[screen.index("changed since") :]
    assert "line 2" in changes
    assert "line 9" not in changes  # only the context of a change
    coloured = await screen_of(app, request, colour=True)
    assert f"{ESC}[31m- # " in coloured
    assert f"{ESC}[32m+ # " in coloured


def test_changed_words_are_marked() -> None:
    found = difference("The quick brown fox jumps", "The slow brown fox jumps")
    assert found is not None
    marked = {found.plain[span.start : span.end] for span in found.spans if "reverse" in str(span.style)}
    assert marked == {"quick", "slow"}
    assert difference("same", "same") is None


def test_a_difference_escapes_what_it_shows() -> None:
    found = difference("a", f"b{ESC}[31m")
    assert found is not None
    assert ESC not in found.plain


async def test_who_has_decided_is_shown_unless_reviewers_are_blind(app: App) -> None:
    for blind in (False, True):
        asked = policy(audience=["alice", "bob", "carol"], quorum="all", blind=blind)
        request = await app.inbox.open(asking({"content": "x"}, policy=asked))
        request = await app.inbox.decide(request.id, "approve", actor=Actor("alice"), comment="fine by me")
        screen = await screen_of(app, request)
        assert "3 must approve, of 3 asked" in screen
        assert ("alice approved: fine by me" in screen) is not blind
        assert ("1 so far" in screen) is not blind


async def test_a_plain_question_is_not_shown_twice(app: App) -> None:
    request = await app.inbox.open(
        asking({"question": "Which tone?"}, title="Which tone?", verbs=(Verb.ANSWER,))
    )
    assert (await screen_of(app, request)).count("Which tone?") == 1


async def test_how_a_request_has_ended_is_said(app: App) -> None:
    request = await app.inbox.open(asking({"content": "x"}))
    assert ending(await app.inbox.decide(request.id, "approve", actor=Actor("alice"))) == "alice approved"
    request = await app.inbox.open(asking({"content": "x"}))
    assert ending(await app.inbox.withdraw(request.id, actor=Actor("bob"))) == "it was withdrawn by bob"


def test_deadlines_are_relative_and_on_the_clock() -> None:
    now = datetime(2026, 3, 2, 12, 4, tzinfo=UTC)
    for ahead, said in [
        (timedelta(seconds=45), "due in 45 s, 12:04:45"),
        (timedelta(minutes=12), "due in 12 min, 12:16"),
        (timedelta(hours=1, minutes=30), "due in 1 h 30 min, 13:34"),
        (timedelta(hours=11), "due in 11 h, 23:04"),
        (timedelta(days=3), "due in 3 days, Thu 5 Mar 12:04"),
        (timedelta(days=400), "due in 400 days, Tue 6 Apr 2027 12:04"),
        (timedelta(seconds=-5), "overdue since 12:03:55"),
    ]:
        assert due(now + ahead, now, UTC) == said

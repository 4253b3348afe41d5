"""Links to decide: opening one does nothing, a button acts once, and everything else is said and changes nothing."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from handrail.inbox import views
from handrail.people.facts import Kind
from handrail.requests.decision import SYSTEM, Actor, Strength, Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft
from handrail.testing.clock import TurnableClock
from handrail.web.decide_by_link import link_for
from tests.support.web_live import Served, served

BOB = Actor("bob")


def form_of(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))


def buttons(page: httpx.Response) -> list[str]:
    return re.findall(r'name="verb" value="(\w+)"', page.text)


async def press(
    client: httpx.AsyncClient, url: str, page: httpx.Response, verb: str, comment: str = ""
) -> httpx.Response:
    return await client.post(url, data={**form_of(page), "verb": verb, "comment": comment})


async def now(opened: Served, request: HumanRequest) -> HumanRequest:
    return await views.request(opened.app.store, request.id)


async def test_opening_a_link_shows_what_is_asked_and_does_nothing() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(
            {"content": "<script>alert(1)</script> \u202etxt.exe"},
            audience="alice",
            guideline="Be kind",
            context={"effect": "publishes at once"},
        )
        url = await link_for(opened.face, request, "alice")
        for _ in range(3):
            page = await client.get(url)
            assert page.status_code == 200
        assert "Publish?" in page.text
        assert "Be kind" in page.text
        assert "publishes at once" in page.text
        assert "<script>alert" not in page.text
        assert "U+202E" in page.text
        assert buttons(page) == ["approve", "request_changes", "reject"]
        assert page.headers["cache-control"] == "no-store"
        assert (await client.head(url)).status_code in (200, 405)
        assert (await now(opened, request)).version == request.version


@pytest.mark.parametrize(
    ("verb", "comment", "told"),
    [
        ("approve", "", "You approved it"),
        ("request_changes", "shorter", "You requested changes"),
        ("reject", "no", "You rejected it"),
    ],
)
async def test_a_button_decides_by_the_strength_of_a_link_and_uses_it_up(
    verb: str, comment: str, told: str
) -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience="alice")
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        done = await press(client, url, page, verb, comment)
        assert done.status_code == 200
        assert told in done.text
        (decision,) = (await now(opened, request)).decisions
        assert (decision.verb, decision.actor, decision.comment) == (verb, "alice", comment or None)
        assert (decision.strength, decision.channel) == (Strength.LINK, "link")
        for used in (await client.get(url), await press(client, url, page, verb, comment)):
            assert used.status_code == 410
            assert "This link was used just now" in used.text
            assert f"{told} with it" in used.text


async def test_of_two_that_press_at_once_one_acts() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience=["alice", "bob"], quorum="all")
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        answers = await asyncio.gather(
            *(press(client, url, page, verb, "because") for verb in ("approve", "request_changes") * 8)
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [410] * 15
        after = await now(opened, request)
        assert len(after.decisions) == 1
        assert after.version == request.version + 1


async def test_two_links_for_two_people_race_and_the_loser_is_told_who_won() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        for name in ("alice", "bob"):
            await opened.person(name)
        request = await opened.open(audience=["alice", "bob"])
        urls = [await link_for(opened.face, request, name) for name in ("alice", "bob")]
        pages = [await client.get(url) for url in urls]
        answers = await asyncio.gather(
            press(client, urls[0], pages[0], "approve"),
            press(client, urls[1], pages[1], "reject", "my words"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        winner = (await now(opened, request)).winner
        lost = next(answer for answer in answers if answer.status_code == 409)
        assert f"{winner} " in re.sub(r"<[^>]+>", " ", lost.text)
        assert "Nothing was decided with this link" in lost.text
        if winner == "alice":
            assert "my words" in lost.text


async def test_a_request_that_has_ended_meanwhile_names_who_ended_it() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience=["alice", "bob"])
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        await opened.app.inbox.decide(request.id, "reject", actor=BOB, comment="not like <b>this</b>")
        for late in (await client.get(url), await press(client, url, page, "approve")):
            assert late.status_code == 409
            assert "bob rejected it" in late.text
            assert "not like &lt;b&gt;this" in late.text
        assert len((await now(opened, request)).decisions) == 1


async def test_a_link_that_is_forged_or_for_something_else_does_nothing() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience="alice")
        other = await opened.open(audience="alice")
        url = await link_for(opened.face, request, "alice")
        elsewhere = await link_for(opened.face, other, "alice")
        token, foreign = url.rsplit("/", 1)[1], elsewhere.rsplit("/", 1)[1]
        login = await opened.face.people.make_link(Kind.LOGIN, "alice", actor=SYSTEM)
        mixed = f"{token.split('.')[0]}.{foreign.split('.')[1]}"
        page = await client.get(url)
        for wrong in ("x", token[:-2], mixed, login, "a.b.c", "%00", "\u00e9"):
            address = opened.face.link(f"/decide/{wrong}")
            assert (await client.get(address)).status_code == 403, wrong
            assert (await press(client, address, page, "approve")).status_code == 403
        assert (await client.post(url, data={"verb": "approve"})).status_code == 403
        assert (await now(opened, request)).version == request.version
        assert (await press(client, url, page, "approve")).status_code == 200


async def test_an_expired_link_does_nothing() -> None:
    clock = TurnableClock()
    async with served(clock=clock) as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience="alice")
        url = await link_for(opened.face, request, "alice", lasts=60)
        page = await client.get(url)
        clock.turn(61)
        assert (await client.get(url)).status_code == 403
        expired = await press(client, url, page, "approve")
        assert expired.status_code == 403
        assert "expired" in expired.text
        assert (await now(opened, request)).version == request.version


async def test_a_policy_that_demands_a_session_shows_nothing_and_says_to_sign_in() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open({"content": "a secret text"}, audience="alice", require="session")
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        assert page.status_code == 403
        assert "Sign in to decide" in page.text
        assert "a secret text" not in page.text
        assert f'href="/login?next=/requests/{request.id}"' in page.text
        assert (
            await press(client, url, await client.get(opened.face.link("/login")), "approve")
        ).status_code == 403
        assert (await now(opened, request)).version == request.version


async def test_rights_are_those_of_the_moment() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        for name in ("alice", "bob"):
            await opened.person(name)
        request = await opened.open({"content": "a secret text"}, audience="alice")
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        await opened.app.inbox.reassign(request.id, "bob", actor=SYSTEM)
        refused = await client.get(url)
        assert (refused.status_code, "a secret text" in refused.text) == (403, False)
        assert (await press(client, url, page, "approve")).status_code == 403
        await opened.app.inbox.reassign(request.id, "alice", actor=SYSTEM)
        await opened.face.people.add("root", actor=SYSTEM, role="admin")
        await opened.face.people.change("alice", role="viewer", actor=SYSTEM)
        assert (await press(client, url, page, "approve")).status_code == 403
        await opened.face.people.change("alice", active=False, actor=SYSTEM)
        assert (await client.get(url)).status_code == 403
        assert (await now(opened, request)).decisions == ()


async def test_feedback_needs_words_and_what_was_typed_is_kept() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience="alice")
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        empty = await press(client, url, page, "request_changes", "  ")
        assert empty.status_code == 422
        assert "it is the feedback for the next round" in empty.text
        huge = await press(client, url, page, "reject", "words " * 200_000)
        assert huge.status_code == 422
        assert (await press(client, url, page, "reject")).status_code == 422
        unknown = await press(client, url, page, "eat", "my words")
        assert unknown.status_code == 422
        assert "my words" in unknown.text
        assert (await press(client, url, empty, "request_changes", "shorter")).status_code == 200


async def test_what_is_cut_cannot_be_approved() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open({"content": "word " * 50_000}, audience="alice")
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        assert page.status_code == 200
        assert buttons(page) == ["request_changes", "reject"]
        assert f'href="/requests/{request.id}"' in page.text
        assert (await press(client, url, page, "approve")).status_code == 422
        assert (await now(opened, request)).decisions == ()
        assert (await press(client, url, page, "reject", "too long")).status_code == 200


async def test_a_question_that_wants_an_answer_is_opened_instead() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        asked: dict[str, Any] = {"question": "Which tone?"}
        draft = RequestDraft("question", "Which tone?", asked, (Verb.ANSWER,), policy(audience="alice"))
        request = await opened.app.inbox.open(draft)
        page = await client.get(await link_for(opened.face, request, "alice"))
        assert buttons(page) == []
        assert f'href="/requests/{request.id}"' in page.text


async def test_a_request_that_a_later_revision_replaced_is_not_decided() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        first = await opened.open(audience="alice")
        url = await link_for(opened.face, first, "alice")
        page = await client.get(url)
        second = await opened.open({"content": "new"}, audience="alice", previous=first.id)
        late = await press(client, url, page, "approve")
        assert late.status_code == 409
        assert f'href="/requests/{second.id}"' in late.text
        assert (await now(opened, second)).decisions == ()


async def test_moments_can_be_shown_by_the_readers_clock() -> None:
    async with served() as opened, httpx.AsyncClient() as client:
        await opened.person("alice")
        request = await opened.open(audience="alice", timeout=86_400)
        url = await link_for(opened.face, request, "alice")
        page = await client.get(url)
        assert re.search(r'<time datetime="[^"]+Z" data-local>', page.text)
        assert (await press(client, url, page, "approve")).status_code == 200
        assert re.search(r'with it \(<time datetime="[^"]+Z" data-local>', (await client.get(url)).text)

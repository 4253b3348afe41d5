"""Guidelines of flows and groups: versions that stay, requests that keep theirs, and changes in the log."""

import pytest

from handrail import HumanApprovalNode
from handrail.inbox import views
from handrail.people import guideline
from handrail.requests.content import content_hash
from handrail.requests.errors import InvalidInput
from tests.support.journey_runs import asked, working
from tests.support.people_desk import KEEPER, people_desk


async def test_each_change_of_a_guideline_is_a_version() -> None:
    async with people_desk() as opened:
        people = opened.people
        assert await people.guideline("publish") is None
        for text in ("Be kind.", " Be kind.\r\n", "Be\r\nstrict."):
            made = await people.set_guideline("publish", text, actor=KEEPER)
        assert (made.version, made.text, made.created_by) == (2, "Be\nstrict.", "keeper")
        await people.set_guideline("answer", "Be quick.", actor=KEEPER)
        assert [one.flow for one in await people.guidelines()] == ["answer", "publish"]
        await people.set_guideline("publish", "  ", actor=KEEPER)
        assert await people.guideline("publish") is None
        assert [one.flow for one in await people.guidelines()] == ["answer"]
        assert [one.version for one in await people.guideline_history("publish")] == [3, 2, 1]
        assert (await opened.log())[1] == (
            "guideline_changed",
            "keeper",
            {"flow": "publish", "version": 2},
        )


@pytest.mark.parametrize(
    ("flow", "text"), [("publish", "x" * (guideline.LONGEST + 1)), ("", "x"), ("publish", "\ud800")]
)
async def test_a_guideline_that_cant_be_is_refused(flow: str, text: str) -> None:
    async with people_desk() as opened:
        with pytest.raises(InvalidInput):
            await opened.people.set_guideline(flow, text, actor=KEEPER)
        assert await opened.people.guidelines() == []


async def test_a_request_takes_the_guideline_of_its_flow_and_keeps_it() -> None:
    async with working(HumanApprovalNode()) as app:
        first = await app.start("flow", {"content": "a"})
        (before,) = await asked(app)
        await app.people.set_guideline("flow", "Be kind.", actor=KEEPER)
        second = await app.start("flow", {"content": "a"})
        (after,) = await asked(app, run_id=second.id)
        await app.people.set_guideline("flow", "Be strict.", actor=KEEPER)
        assert (before.draft.guideline, after.draft.guideline) == (None, "Be kind.")
        assert after.content_hash == content_hash(after.draft.shown) != before.content_hash
        assert after.draft.question_hash == before.draft.question_hash
        assert (await views.request(app.store, after.id)).draft.guideline == "Be kind."
        for run, request in ((first, before), (second, after)):
            await app.inbox.decide(request.id, "approve", actor=KEEPER, seen_hash=request.content_hash)
            assert (await run.result(60))["approved"]


async def test_a_guideline_of_ones_own_comes_first_and_other_flows_have_none() -> None:
    own = HumanApprovalNode(guideline="Be quick.") | HumanApprovalNode(guideline="", name="again")
    async with working(own, name="own") as app:
        app.flow("other", HumanApprovalNode())
        await app.people.set_guideline("own", "Be kind.", actor=KEEPER)
        run = await app.start("own", {"content": "a"})
        (request,) = await asked(app)
        assert request.draft.guideline == "Be quick."
        await app.inbox.decide(request.id, "approve", actor=KEEPER)
        (request,) = await asked(app, run_id=run.id)
        assert request.draft.guideline == "", "an empty one is one: nothing is said here"
        other = await app.start("other", {"content": "a"})
        (request,) = await asked(app, run_id=other.id)
        assert request.draft.guideline is None


async def test_a_group_is_set_as_a_whole_and_names_people_as_audiences_do() -> None:
    async with people_desk() as opened:
        people = opened.people
        await opened.add("Bob", email="bob@example.com")
        for who in (["carol", "bob", "BOB"], ["bob@example.com", "carol"]):
            assert await people.set_group("legal", who, actor=KEEPER) == ("Bob", "carol")
        await people.set_group("board", ["Bob"], actor=KEEPER)
        assert await people.groups() == {"board": ("Bob",), "legal": ("Bob", "carol")}
        assert await people.groups_of("Bob") == ("board", "legal")
        await people.set_group("board", [], actor=KEEPER)
        assert await people.groups() == {"legal": ("Bob", "carol")}
        changes = [data for kind, _, data in await opened.log() if kind == "group_changed"]
        assert changes == [
            {"group": "legal", "people": ["Bob", "carol"]},
            {"group": "board", "people": ["Bob"]},
            {"group": "board", "people": []},
        ]
        for name, who in (("", ["bob"]), ("legal", [""]), ("legal", ["group:board"]), ("a\n", [])):
            with pytest.raises(InvalidInput):
                await people.set_group(name, who, actor=KEEPER)

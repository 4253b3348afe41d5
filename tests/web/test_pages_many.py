"""Many at once, word by word: what is shown before, what is refused for each, and what each has come to."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from handrail.inbox import views
from handrail.inbox.inbox import Inbox
from handrail.requests.decision import Actor, Strength, Verb
from handrail.requests.policy import at_least, policy
from handrail.requests.request import HumanRequest, RequestDraft
from tests.support.web_visits import Place, Visitor, place, text

VERBS = (Verb.APPROVE, Verb.EDIT, Verb.REJECT)
TWO_OF_THREE = {"audience": ["alice", "bob", "carol"], "quorum": at_least(2)}
LONG = {"content": "A line of a very long text.\n\n" * 30_000}


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app and its pages."""
    async with place() as made:
        yield made


async def asked(here: Place, rules: Mapping[str, Any], title: str = "Publish?", **given: Any) -> HumanRequest:
    given = {"proposal": {"content": "one"}, **given}
    draft = RequestDraft("approval", title, verbs=VERBS, policy=policy(**rules), **given)
    return await Inbox(here.app.store, here.clock).open(draft, initiator="alice")


async def now(here: Place, request: HumanRequest) -> HumanRequest:
    return await views.request(here.app.store, request.id)


async def many(
    bob: Visitor, expected: int, *requests: HumanRequest, verb: str = "approve", **fields: Any
) -> str:
    seen = {f"seen {each.id}": each.content_hash for each in requests}
    pick = [each.id for each in requests]
    return (await bob.post("/requests/many", expected, pick=pick, verb=verb, **{**seen, **fields})).text


async def test_what_is_too_long_to_be_shown_at_once_is_not_approved_with_others(here: Place) -> None:
    bob = await here.visitor("bob")
    long, short = await asked(here, {}, "Long", proposal=LONG), await asked(here, {}, "Short")
    page = await many(bob, 200, long, short)
    assert "Approve 1 request?" in text(page)
    assert "Long : it is too long to be shown at once; open it to decide" in text(page)
    assert f'name="pick" value="{long.id}"' not in page
    page = await many(bob, 207, long, short, sure="1")
    assert "1 approved, 1 not" in text(page)
    assert "open it to decide" in text(page)
    assert "Try the" not in page
    assert [(await now(here, each)).ended for each in (long, short)] == [False, True]


async def test_what_is_long_may_be_rejected_with_others_as_on_its_own_page(here: Place) -> None:
    bob = await here.visitor("bob")
    long = await asked(here, {}, proposal=LONG)
    await many(bob, 200, long, verb="reject", sure="1", comment="Too long.")
    assert (await now(here, long)).status == "RESOLVED"


async def test_each_is_shown_with_its_effect_its_deadline_and_who_decides(here: Place) -> None:
    bob = await here.visitor("bob")
    one = await asked(here, {"timeout": 7200}, effect="Writes to the site at once.")
    vote = await asked(here, TWO_OF_THREE)
    page = text(await many(bob, 200, one, vote))
    assert "Writes to the site at once. One decides: anybody. Due in 2 h" in page
    assert (
        "2 of 3 must approve; nobody so far. You may change your vote while it is open. No deadline." in page
    )


async def test_a_vote_is_told_as_a_vote_and_not_as_an_outcome(here: Place) -> None:
    bob = await here.visitor("bob")
    vote, one = await asked(here, TWO_OF_THREE, "Pay?"), await asked(here, {})
    page = text(await many(bob, 200, vote, one, sure="1"))
    assert "1 approved, 1 vote counted" in page
    assert "Pay? : your vote counts, 1 of 2 needed to approve" in page
    assert not (await now(here, vote)).ended
    carol = await here.visitor("carol")
    assert "1 approved " in text(await many(carol, 200, vote, sure="1"))


async def test_a_blind_vote_tells_nothing_of_the_others(here: Place) -> None:
    alice, bob = await here.visitor("alice"), await here.visitor("bob")
    vote = await asked(here, {**TWO_OF_THREE, "blind": True})
    await many(alice, 200, vote, verb="reject", sure="1", comment="No.")
    page = text(await many(bob, 200, vote, sure="1"))
    assert "your vote counts, 2 of 3 have voted" in page
    assert "needed" not in page


async def test_what_somebody_else_has_settled_names_them_and_is_not_tried_again(here: Place) -> None:
    bob = await here.visitor("bob")
    lost, unseen = await asked(here, {}, "Lost"), await asked(here, {}, "Unseen")
    decided = Actor("ray", Strength.SESSION, "web")
    await Inbox(here.app.store, here.clock).decide(lost.id, "reject", actor=decided, comment="Not now.")
    page = await many(bob, 207, lost, sure="1", comment="my words")
    assert "Lost : ray rejected this just now" in text(page)
    assert "RESOLVED" not in page
    assert "my words" in page
    assert "Try the" not in page
    page = await many(bob, 207, lost, unseen, sure="1", **{f"seen {unseen.id}": ""})
    assert "Try the 1 again" in page
    assert f'name="pick" value="{unseen.id}"' in page
    assert f'name="pick" value="{lost.id}"' not in page

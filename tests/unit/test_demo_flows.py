"""The triage of the web demo: what a person chooses is what is filed, and the guess of the classifier leads nobody."""

import pytest

from handrail import App, Run
from handrail.cli.demo_flows import register
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest
from tests.support.journey_runs import BOB, asked
from tests.support.web_visits import place

UNSURE = "We cannot add a second seat after the downgrade of our plan, it fails with an error"
SURE = "I forgot my password and my login is locked"


async def question(app: App) -> tuple[Run, HumanRequest]:
    register(app, "carol")
    run = await app.start("triage-tickets", {"ticket": UNSURE})
    [request] = await asked(app, run_id=run.id)
    return run, request


@pytest.mark.parametrize("topic", ["billing", "access", "fault"])
async def test_the_topic_that_a_person_chooses_is_filed(topic: str) -> None:
    async with App(store="memory://") as app:
        run, request = await question(app)
        assert request.draft.verbs == (Verb.ANSWER,)
        await app.inbox.decide(request.id, "answer", actor=BOB, payload=topic)
        result = await run.result(20)
        assert (result["topic"], result["filed"]) == (topic, topic)


async def test_whom_it_is_sure_of_asks_nobody() -> None:
    async with App(store="memory://") as app:
        register(app, "carol")
        result = await (await app.start("triage-tickets", {"ticket": SURE})).result(20)
        assert result["filed"] == "access"


async def test_the_page_offers_the_topics_says_why_and_makes_no_choice() -> None:
    async with place() as here:
        _, request = await question(here.app)
        alice = await here.visitor("alice")
        page = await alice.see(f"/requests/{request.id}")
        assert page.count('type="radio"') == 3
        assert " checked" not in page
        assert "Confidence 0.50 on a scale" in page
        assert page.count('id="doubt-') == 6
        await alice.post(
            f"/requests/{request.id}/decide", seen=request.content_hash, verb="answer", answer="0"
        )

"""The pages of webhooks: added, looked at, tested, switched, removed; secrets are shown once."""

import re
from collections.abc import AsyncIterator

import pytest

from handrail.people.facts import Role
from tests.support.journey_process import until
from tests.support.web_visits import ROOT, Place, Visitor, place, text
from tests.support.webhook_receiver import receiving, verified

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
PATH = "/settings/webhooks"


@pytest.fixture
async def here() -> AsyncIterator[Place]:
    """An app that works, and its pages."""
    async with place(allow_hosts="127.0.0.1") as made:
        yield made


async def added(here: Place, url: str, **fields: str) -> tuple[Visitor, str, str]:
    """Add a webhook as an admin; returns their browser, its id and its secret."""
    root = await here.visitor("rita", Role.ADMIN)
    page = (await root.post(PATH, 200, url=url, **fields)).text
    (secret,) = SECRET.findall(page)
    listed = await root.see(PATH)
    assert "whsec_" not in listed
    return root, re.findall(rf"{PATH}/(wh_[0-9a-f]+)", listed)[-1], secret


async def seen(visitor: Visitor, hook: str, words: str) -> str:
    """Return a webhook's page once it says these words."""

    async def says() -> str:
        page = text(await visitor.see(f"{PATH}/{hook}"))
        return page if words in page else ""

    return str(await until(says, f"the page says {words!r}"))


async def test_a_webhook_is_added_tested_and_its_deliveries_are_seen(here: Place) -> None:
    async with receiving() as receiver:
        root, hook, secret = await added(
            here, receiver.url, description="to the chat", kinds="opened, resolved"
        )
        listed = text(await root.see(PATH))
        assert "to the chat" in listed
        assert "opened, resolved" in listed
        await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
        await until(lambda: receiver.calls, "it is called")
        (got,) = receiver.calls
        now = here.app.clock.now().timestamp()
        assert verified(secret, got.headers, got.body, now)["type"] == "dev.handrail.webhook.tested"
        page = await seen(root, hook, "Taken")
        assert "webhook_tested" in page


async def test_what_was_not_taken_says_why_and_goes_out_again(here: Place) -> None:
    async with receiving(lambda got: (500, {})) as receiver:
        root, hook, _ = await added(here, receiver.url)
        await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
        await seen(root, hook, "it was answered with 500")
        page = await root.see(f"{PATH}/{hook}")
        sequence = re.findall(r'name="sequence" value="(\d+)"', page)[-1]
        receiver.answer = lambda got: (200, {})
        await root.post(f"{PATH}/act", 303, webhook=hook, act="redeliver", sequence=sequence)
        await seen(root, hook, "Taken")


async def test_it_is_switched_off_and_on_given_a_new_secret_and_removed(here: Place) -> None:
    root, hook, secret = await added(here, "http://127.0.0.1:1/")
    await root.post(f"{PATH}/act", 303, webhook=hook, act="off")
    assert "switched off by rita" in text(await root.see(PATH))
    await root.post(f"{PATH}/act", 303, webhook=hook, act="test")
    assert "switch it on first" in text(await root.see(f"{PATH}/{hook}"))
    await root.post(f"{PATH}/act", 303, webhook=hook, act="on")
    assert "Active" in text(await root.see(PATH))
    (other,) = SECRET.findall((await root.post(f"{PATH}/act", 200, webhook=hook, act="rotate")).text)
    assert other != secret
    await root.post(f"{PATH}/act", 303, webhook=hook, act="remove")
    assert "There is no webhook yet" in text(await root.see(PATH))
    await root.see(f"{PATH}/{hook}", 404)
    await root.post(f"{PATH}/act", 404, webhook=hook, act="remove")
    await root.post(f"{PATH}/act", 404, webhook=hook, act="dance")


async def test_what_cannot_be_added_says_so_beside_its_field_and_keeps_what_was_typed(here: Place) -> None:
    root = await here.visitor("rita", Role.ADMIN)
    page = (await root.post(PATH, 422, url="http://10.0.0.1/", description="mine")).text
    assert "not a public address" in text(page)
    assert 'value="mine"' in page
    page = (await root.post(PATH, 422, url="http://127.0.0.1/", kinds="dancing")).text
    assert "never happens" in text(page)
    page = (await root.post(PATH, 422, url='http://x"><script>/', kinds="<script>")).text
    assert "<script>" not in page.replace('<script src="', "").replace("<script defer", "")


async def test_a_program_may_call_in_until_it_is_revoked(here: Place) -> None:
    root = await here.visitor("rita", Role.ADMIN)
    assert "there is none" in text(await root.see(PATH))
    await here.people.add("robot", actor=ROOT, service=True)
    await root.post(f"{PATH}/inbound", 422, person="rita", label="checks")
    page = (await root.post(f"{PATH}/inbound", 200, person="robot", label="checks")).text
    (secret,) = SECRET.findall(page)
    (inbound,) = set(re.findall(r"inbound-webhooks/(in_[0-9a-f]+)/decisions", page))
    rotated = await root.post(f"{PATH}/inbound/act", 200, inbound=inbound, act="rotate")
    assert SECRET.findall(rotated.text) != [secret]
    await root.post(f"{PATH}/inbound/act", 303, inbound=inbound, act="revoke")
    assert "Revoked" in text(await root.see(PATH))
    await root.post(f"{PATH}/inbound/act", 303, inbound=inbound, act="rotate")
    await root.post(f"{PATH}/inbound/act", 404, inbound="in_none", act="revoke")

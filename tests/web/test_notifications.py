"""Notifications over HTTP and on pages: one's own by oneself, others and the default by admins, refusals by field."""

from typing import Any

import pytest
from playwright.async_api import expect

from handrail.inbox.channel import Channel, Delivery
from handrail.people.facts import Role
from handrail.requests.policy import policy
from handrail.requests.request import RequestDraft
from handrail.web.api.notification_bodies import NotificationsBody
from tests.support.web_browser import site
from tests.support.web_desk import Desk
from tests.support.web_visits import ROOT, place, text

WHOLE = {
    "channels": {
        "asked": ["slack"],
        "open": [],
        "reminded": ["slack", "email"],
        "commented": [],
        "ended": [],
    },
    "zone": "Europe/Berlin",
    "quiet": {"starts": "22:00", "ends": "07:00", "days": ["sunday"]},
    "digest": {"every": "daily", "at": "08:30", "weekdays_only": True, "of": ["open", "ended"]},
}
MINE = "/users/alice/notifications"


async def test_what_is_set_is_what_is_answered_and_the_log_says_only_that_it_was(desk: Desk) -> None:
    before = (await desk.call("alice", "GET", MINE)).json()
    assert (before["own"], before["channels"]["asked"], before["zone"]) == (False, [], "UTC")
    for _ in range(2):
        answer = await desk.call("alice", "PUT", MINE, json=WHOLE)
        assert (answer.status_code, answer.json()) == (200, {"person": "alice", "own": True, **WHOLE})
    assert (await desk.call("root", "GET", MINE)).json() == answer.json()
    lines = await desk.app.store.read(lambda tx: tx.log(0, 1000))
    (line,) = [each for each in lines if each.kind == "notifications_changed"]
    assert (line.actor, line.data) == ("alice", '{"person":"alice"}')
    gone = await desk.call("alice", "DELETE", MINE)
    assert (gone.status_code, gone.json()) == (200, before)


async def test_the_default_is_what_all_have_who_have_set_nothing(desk: Desk) -> None:
    answer = await desk.call("root", "PUT", "/notifications", json=WHOLE)
    assert answer.json() == {"person": None, "own": True, **WHOLE}
    assert (await desk.call("root", "GET", "/notifications")).json() == answer.json()
    assert (await desk.call("bob", "GET", "/users/bob/notifications")).json()["zone"] == "Europe/Berlin"
    for who in ("alice", "carol"):
        for method in ("GET", "PUT"):
            refused = await desk.call(who, method, "/notifications", json={} if method == "PUT" else None)
            assert (refused.status_code, refused.json()["rule"]) == (403, "role")


async def test_others_are_for_admins_and_a_key_needs_its_scope(desk: Desk) -> None:
    for method in ("GET", "PUT", "DELETE"):
        given = {"json": {}} if method == "PUT" else {}
        refused = await desk.call("bob", method, MINE, **given)
        assert (refused.status_code, refused.json()["rule"]) == (403, "role")
        assert (await desk.call("root", method, MINE, **given)).status_code == 200
        assert (await desk.call("root", method, "/users/nobody/notifications", **given)).status_code == 404
    narrow = await desk.key("alice", ["requests:read"])
    async with desk.client(None, authorization=f"Bearer {narrow}") as client:
        assert (await client.get(f"/api/v1{MINE}")).status_code == 200
        refused = await client.put(f"/api/v1{MINE}", json={})
        assert (refused.status_code, refused.json()["rule"]) == (403, "scope")
    narrow = await desk.key("root", ["requests:read", "requests:write"])
    async with desk.client(None, authorization=f"Bearer {narrow}") as client:
        assert (await client.put(f"/api/v1{MINE}", json={})).json()["rule"] == "scope"
        assert (await client.put("/api/v1/users/root/notifications", json={})).status_code == 200


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": "europe/berlin"}, "zone"),
        ({"channels": {"asked": ["pager"]}}, "channels.asked"),
        ({"channels": {"ended": ["slack", "telex"]}}, "channels.ended"),
        ({"channels": {"asked": ["sl ack"]}}, "channels.asked"),
        ({"channels": {"other": []}}, "channels.other"),
        ({"quiet": {"starts": "22:00"}}, "quiet.ends"),
        ({"quiet": {"ends": "22:00"}}, "quiet.starts"),
        ({"quiet": {"starts": "25:00", "ends": "07:00"}}, "quiet.starts"),
        ({"quiet": {"starts": "7", "ends": "07:00"}}, "quiet.starts"),
        ({"quiet": {"starts": "07:00", "ends": "07:00"}}, "quiet.ends"),
        ({"quiet": {"days": ["someday"]}}, "quiet.days.0"),
        (
            {
                "quiet": {
                    "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
                }
            },
            "quiet.days",
        ),
        ({"digest": {"every": "yearly"}}, "digest.every"),
        ({"digest": {"at": "8 o’clock"}}, "digest.at"),
        ({"digest": {"of": ["reminded"]}}, "digest.of.0"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_field(
    desk: Desk, given: dict[str, Any], field: str
) -> None:
    refused = await desk.call("alice", "PUT", MINE, json=given)
    assert refused.status_code == 422, refused.text
    fields = [each["path"] for each in refused.json()["fields"]]
    assert [path.removeprefix("body.") for path in fields] == [field]
    assert not (await desk.call("alice", "GET", MINE)).json()["own"]


async def test_a_channel_that_is_carried_no_more_may_stay_and_a_program_has_no_notifications(
    desk: Desk,
) -> None:
    await desk.people.set_notifications("alice", {"channels": {"asked": ["telex"]}}, actor=ROOT)
    kept = {"channels": {"asked": ["telex"], "ended": ["slack"]}}
    assert (await desk.call("alice", "PUT", MINE, json=kept)).status_code == 200
    await desk.people.add("robot", actor=ROOT, service=True)
    refused = await desk.call("root", "PUT", "/users/robot/notifications", json={})
    assert refused.status_code == 422


async def test_the_example_of_the_documentation_is_taken(desk: Desk) -> None:
    (example,) = NotificationsBody.model_config["json_schema_extra"]["examples"]  # type: ignore[index,call-overload,unused-ignore]
    answer = await desk.call("alice", "PUT", MINE, json=example)
    assert answer.status_code == 200, answer.text


async def test_a_message_says_for_what_it_waits(desk: Desk) -> None:
    await desk.call("root", "PUT", "/users/bob/notifications", json=WHOLE | {"digest": {"every": "hourly"}})
    await desk.open(policy={"audience": {"users": ["bob"]}})
    (item,) = (await desk.call("root", "GET", "/outbox")).json()["items"]
    assert (item["recipient"], item["channel"], item["news"], item["waits"]) == (
        "@bob",
        "slack",
        "asked",
        "digest",
    )


# -- pages ------------------------------------------------------------------------------------------------------------


async def test_forms_work_without_a_script_and_say_what_is_wrong_where_it_is() -> None:
    async with place() as here:
        await here.people.set_notifications(None, {"channels": {"asked": ["telex"]}}, actor=ROOT)
        admin, alice = await here.visitor("keeper", Role.ADMIN), await here.visitor("alice")
        fields = {"zone": "Asia/Tokyo", "every": "daily", "at": "09:15", "asked": "slack", "of": "asked"}
        told = await alice.act("/settings/me/notifications", **fields)
        assert "Your notifications were set." in told
        known = await here.people.notifications("alice")
        assert (known.wishes.zone, known.wishes.digest.at.isoformat()) == ("Asia/Tokyo", "09:15:00")
        wrong = {**fields, "zone": "Nowhere", "starts": "22:00"}
        refused = (await alice.post("/settings/me/notifications", 422, **wrong)).text
        assert 'id="zone-error"' in refused
        assert 'value="Nowhere"' in refused, "what was typed stays"
        assert 'id="quiet.ends-error"' in refused
        given = {"name": "alice", "default": "yes"}
        assert "by the default" in await admin.act("/settings/person/notifications", **given)
        assert not (await here.people.notifications("alice")).own
        assert (
            'id="zone-error"'
            in (await admin.post("/settings/person/notifications", 422, name="alice", **wrong)).text
        )
        assert "The default was set." in await admin.act("/settings/notifications", **fields)
        assert (await here.people.notifications("alice")).wishes.zone == "Asia/Tokyo"


async def test_the_page_of_a_request_says_for_what_a_message_waits() -> None:
    async with place() as here:
        admin, _ = await here.visitor("keeper", Role.ADMIN), await here.visitor("alice")
        clock = here.clock.now()
        for digest, words in (("off", "for the end of quiet hours"), ("hourly", "for the digest")):
            wished = {
                "channels": {"asked": ["telex"]},
                "quiet": {"starts": f"{clock:%H}:00", "ends": f"{(clock.hour + 2) % 24:02}:00"},
                "digest": {"every": digest},
            }
            await here.people.set_notifications("alice", wished, actor=ROOT)
            rules = policy(audience=["alice"])
            draft = RequestDraft("approval", "Deploy?", {"content": "now"}, policy=rules)
            request = await here.app.inbox.open(draft)
            told = text(await admin.see(f"/requests/{request.id}"))
            assert f"telex @alice The request · Waits {words}" in told


class Post(Channel):
    """A channel to people, which delivers nothing here."""

    reaches_people = True

    async def deliver(self, delivery: Delivery) -> str:
        return delivery.message.id


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("script", [True, False])
async def test_somebody_sets_their_notifications_on_a_phone(browser: Any, script: bool) -> None:
    async with site(browser, channels={"post": Post()}) as served:
        options = {"viewport": {"width": 375, "height": 740}, "java_script_enabled": script}
        visit = await served.visit("alice", **options)
        page = await visit.open("/settings/me")
        part = page.get_by_role("region", name="Notifications")
        asks = part.get_by_role("group", name="Something asks me")
        await asks.get_by_label("post").check()
        await part.get_by_role("group", name="Reminders and escalations").get_by_label("post").check()
        await part.get_by_label("Once a day", exact=True).check()
        await part.get_by_label("At, once a day").fill("09:00")
        await part.get_by_label("From").fill("22:00")
        await part.get_by_label("To", exact=True).fill("07:00")
        await part.get_by_label("Sunday", exact=True).check()
        await part.get_by_label("Time zone").fill("Europe/Berlin")
        await part.get_by_role("button", name="Set notifications").click()
        await expect(
            page.locator(".note.is-done").filter(has_text="Your notifications were set.")
        ).to_be_visible()
        await expect(asks.get_by_label("post")).to_be_checked()
        if script:
            assert await page.evaluate("document.documentElement.scrollWidth") <= 375
        known = await served.app.people.notifications("alice")
        assert (known.wishes.zone, known.wishes.quiet.days) == ("Europe/Berlin", ("sunday",))
        await part.get_by_role("button", name="Back to the default").click()
        await expect(asks.get_by_label("post")).not_to_be_checked()

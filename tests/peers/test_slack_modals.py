"""Modals at the local Slack: triggers, what people can fill in, and what an acknowledgement does."""

from typing import Any

import pytest

pytest.importorskip("slack_bolt")

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.slack import (
    Delivery,
    Impossible,
    Message,
    SlackServer,
    User,
)
from tests.support.slack_app import (
    NotingApp,
    Part,
    asked,
    by_http,
    modal,
    plain,
)


async def test_a_modal_is_opened_filled_in_and_closed(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    async with by_http(slack, app):
        await slack.click(alice, message, "edit")
        await slack.until(lambda: slack.open_view(alice))
        delivery = await slack.submit(alice, {"why": {"value": "because"}})
    assert delivery.acknowledged
    (view,) = app.seen
    assert view["state"]["values"] == {"why": {"value": {"type": "plain_text_input", "value": "because"}}}
    assert slack.open_view(alice) is None


async def test_what_the_acknowledgement_of_a_modal_says_is_done(
    slack: SlackServer, app: NotingApp, alice: User, message: Message
) -> None:
    async def say(text: str) -> Delivery:
        return await slack.submit(alice, {"why": {"value": text}})

    async with by_http(slack, app):
        await slack.click(alice, message, "edit")
        await slack.until(lambda: slack.open_view(alice))
        await say("wrong")
        assert slack.view_errors(alice) == {"why": "No."}
        await say("newer")
        assert (slack.open_view(alice) or {})["title"]["text"] == "Newer"
        assert slack.view_errors(alice) == {}
        await say("more")
        await say("more")
        failed = await say("more")
        assert failed.failure == "invalid_acknowledgement: push_limit_reached"
        assert slack.troubles(alice) == ["We had some trouble connecting. Try again?"]
        await say("fine")
        assert len(slack.state.views.stack("U1")) == 2
        unknown = await say("nonsense")
        assert unknown.failure == "invalid_acknowledgement: no input blocks ['elsewhere']"
        await say("all")
    assert slack.open_view(alice) is None


async def test_the_client_lets_nobody_send_off_what_does_not_fit(slack: SlackServer, alice: User) -> None:
    slack.state.views.open(slack.state.triggers.mint(alice.id), modal())
    for values in ({}, {"why": {"value": "x" * 21}}, {"why": {"value": "a\nb"}}, {"who": {"value": "a"}}):
        with pytest.raises(Impossible):
            await slack.submit(alice, values)
    assert slack.deliveries == []


A, B = ({"text": plain(text), "value": text} for text in "ab")
ELEMENTS: dict[str, tuple[Part, Any, Part, list[Any]]] = {
    "static_select": ({"options": [A, B]}, "b", {"selected_option": B}, ["c", ["a"]]),
    "radio_buttons": ({"options": [A, B]}, "b", {"selected_option": B}, ["c"]),
    "multi_static_select": (
        {"options": [A, B], "max_selected_items": 1},
        ["b"],
        {"selected_options": [B]},
        [["c"], ["a", "b"], "a"],
    ),
    "checkboxes": ({"options": [A, B]}, ["b", "a"], {"selected_options": [A, B]}, [["c"]]),
    "datepicker": ({}, "2026-02-28", {"selected_date": "2026-02-28"}, ["2026-02-30", "soon"]),
    "timepicker": ({}, "23:59", {"selected_time": "23:59"}, ["24:00"]),
    "datetimepicker": ({}, 1_700_000_000, {"selected_date_time": 1_700_000_000}, ["now", -1]),
    "email_text_input": ({}, "a@example.com", {"value": "a@example.com"}, ["a@b", "a"]),
    "url_text_input": (
        {},
        "https://example.com",
        {"value": "https://example.com"},
        ["example.com", "file:///a"],
    ),
    "number_input": (
        {"is_decimal_allowed": False, "min_value": "1", "max_value": "9"},
        "9",
        {"value": "9"},
        ["10", "0", "1.5", "many", "1e0", "nan"],
    ),
    "users_select": ({}, "U1", {"selected_user": "U1"}, ["U9"]),
    "multi_users_select": ({}, ["U1"], {"selected_users": ["U1"]}, [["U9"]]),
    "plain_text_input": ({"min_length": 2}, "ab", {"value": "ab"}, ["a", 5]),
}
EMPTY: Part = {"selected_options": [], "selected_users": []}


@pytest.mark.parametrize("kind", ELEMENTS)
async def test_each_element_tells_its_value_in_its_own_shape(
    slack: SlackServer, alice: User, kind: str
) -> None:
    fields, value, shape, impossible = ELEMENTS[kind]
    blocks = [asked("one", {"type": kind, **fields}), asked("two", {"type": kind, **fields}, optional=True)]
    slack.state.views.open(slack.state.triggers.mint(alice.id), modal(*blocks))
    for wrong in impossible:
        with pytest.raises(Impossible):
            await slack.submit(alice, {"one": {"value": wrong}})
    delivery = await slack.submit(alice, {"one": {"value": value}})
    told = delivery.payload["view"]["state"]["values"]
    (name,) = shape
    assert told["one"]["value"] == {"type": kind, **shape}
    assert told["two"]["value"] == {"type": kind, name: EMPTY.get(name)}


async def test_what_stood_in_a_modal_is_sent_off_unless_it_was_changed(
    slack: SlackServer, alice: User
) -> None:
    blocks = [
        asked("text", {"type": "plain_text_input", "initial_value": "old"}),
        asked("one", {"type": "static_select", "options": [A, B], "initial_option": B}),
        asked("many", {"type": "checkboxes", "options": [A, B], "initial_options": [A]}, optional=True),
        asked("day", {"type": "datepicker", "initial_date": "2026-01-01"}),
    ]
    slack.state.views.open(slack.state.triggers.mint(alice.id), modal(*blocks))
    delivery = await slack.submit(alice, {"many": {"value": None}})
    told = {name: parts["value"] for name, parts in delivery.payload["view"]["state"]["values"].items()}
    assert told["text"]["value"] == "old"
    assert told["one"]["selected_option"] == B
    assert told["many"]["selected_options"] == []
    assert told["day"]["selected_date"] == "2026-01-01"


async def test_a_trigger_opens_one_modal_within_three_seconds(
    slack: SlackServer, client: AsyncWebClient, alice: User, message: Message
) -> None:
    async def trigger() -> str:
        return str((await slack.click(alice, message, "edit", hold=True)).payload["trigger_id"])

    async def refused(trigger_id: str) -> str:
        with pytest.raises(SlackApiError) as error:
            await client.views_open(trigger_id=trigger_id, view=modal())
        return str(error.value.response["error"])

    used = await trigger()
    assert (await client.views_open(trigger_id=used, view=modal()))["view"]["hash"]
    assert await refused(used) == "exchanged_trigger_id"
    assert await refused("1.2.three") == "invalid_trigger_id"
    old = await trigger()
    slack.clock.turn(3.1)
    assert await refused(old) == "expired_trigger_id"


async def test_a_modal_is_changed_only_if_it_is_still_the_one_that_was_meant(
    slack: SlackServer, client: AsyncWebClient, alice: User
) -> None:
    view = slack.state.views.open(slack.state.triggers.mint(alice.id), modal(external_id="ours"))
    changed = await client.views_update(
        view_id=view["id"], hash=view["hash"], view=modal(title=plain("Newer"))
    )
    assert (slack.open_view(alice) or {})["hash"] == changed["view"]["hash"] != view["hash"]
    for arguments, error in (
        ({"view_id": view["id"], "hash": view["hash"]}, "hash_conflict"),
        ({"view_id": "V9"}, "not_found"),
    ):
        with pytest.raises(SlackApiError, match=error):
            await client.views_update(view=modal(), **arguments)


async def test_a_modal_is_pushed_only_onto_one_in_which_somebody_acted(
    slack: SlackServer, client: AsyncWebClient, alice: User, message: Message
) -> None:
    more = {"type": "actions", "elements": [{"type": "button", "action_id": "more", "text": plain("More")}]}
    slack.state.views.open(slack.state.triggers.mint(alice.id), modal(more, notify_on_close=True))
    outside = (await slack.click(alice, message, "edit", hold=True)).payload["trigger_id"]
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_push(trigger_id=outside, view=modal())
    pressed = await slack.press(alice, "more", hold=True)
    pushed = await client.views_push(trigger_id=pressed.payload["trigger_id"], view=modal())
    assert pushed["view"]["previous_view_id"] == pressed.payload["view"]["id"]
    assert await slack.close_view(alice) is None
    told = await slack.close_view(alice)
    assert told is not None
    assert told.payload["type"] == "view_closed"

"""What the local Slack refuses in blocks, views and metadata: each limit met is fine, and one more isn't.

The calls go out by Slack's own client, so that what is refused is what Slack would have seen.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

pytest.importorskip("slack_sdk")

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    InputBlock,
    MarkdownBlock,
    Option,
    OverflowMenuElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.slack import SlackServer
from tests.support.slack_parts import (
    IMAGE,
    Part,
    X,
    actions,
    asked,
    button,
    dialog,
    mrkdwn,
    option,
    options,
    plain,
    select,
    view,
)


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        slack.rate.on = False
        slack.channel("C1", "deploys", [slack.user("U1", "alice")])
        yield slack


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, slack.api_url, retry_handlers=[])


# Each makes blocks of a size: the largest that is taken, and where one more is refused.
LIMITS: dict[str, tuple[Callable[[int], list[Part]], int, str]] = {
    "blocks of a message": (lambda n: [{"type": "divider"}] * n, 50, "/blocks"),
    "text of a section": (lambda n: [{"type": "section", "text": mrkdwn(X(n))}], 3000, "/blocks/0/text/text"),
    "fields": (lambda n: [{"type": "section", "fields": [mrkdwn("a")] * n}], 10, "/blocks/0/fields"),
    "text of a field": (
        lambda n: [{"type": "section", "fields": [mrkdwn(X(n))]}],
        2000,
        "/blocks/0/fields/0/text",
    ),
    "header": (lambda n: [{"type": "header", "text": plain(X(n))}], 150, "/blocks/0/text/text"),
    "context": (lambda n: [{"type": "context", "elements": [mrkdwn("a")] * n}], 10, "/blocks/0/elements"),
    "markdown": (lambda n: [{"type": "markdown", "text": X(n)}], 12_000, "/blocks/0/text"),
    "block_id": (lambda n: [{"type": "divider", "block_id": X(n)}], 255, "/blocks/0/block_id"),
    "alt_text": (lambda n: [IMAGE | {"alt_text": X(n)}], 2000, "/blocks/0/alt_text"),
    "image_url": (lambda n: [IMAGE | {"image_url": X(n)}], 3000, "/blocks/0/image_url"),
    "elements of actions": (lambda n: [actions(*[button() for _ in range(n)])], 25, "/blocks/0/elements"),
    "text of a button": (lambda n: [actions(button(X(n)))], 75, "/blocks/0/elements/0/text/text"),
    "value of a button": (lambda n: [actions(button(value=X(n)))], 2000, "/blocks/0/elements/0/value"),
    "url of a button": (lambda n: [actions(button(url=X(n)))], 3000, "/blocks/0/elements/0/url"),
    "action_id": (lambda n: [actions(button(action_id=X(n)))], 255, "/blocks/0/elements/0/action_id"),
    "title of a dialog": (
        lambda n: [actions(button(confirm=dialog(title=X(n))))],
        100,
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "text of a dialog": (
        lambda n: [actions(button(confirm=dialog(text=X(n))))],
        300,
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "options": (lambda n: [actions(select(options=options(n)))], 100, "/blocks/0/elements/0/options"),
    "text of an option": (
        lambda n: [actions(select(options=[option(text=X(n))]))],
        75,
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "description of an option": (
        lambda n: [actions(select(options=[option(description=plain(X(n)))]))],
        75,
        "/blocks/0/elements/0/options/0/description/text",
    ),
    "value of an option": (
        lambda n: [actions(select(options=[option(X(n))]))],
        150,
        "/blocks/0/elements/0/options/0/value",
    ),
    "placeholder": (
        lambda n: [actions(select(options=[option()], placeholder=plain(X(n))))],
        150,
        "/blocks/0/elements/0/placeholder/text",
    ),
    "checkboxes": (
        lambda n: [actions({"type": "checkboxes", "options": options(n)})],
        10,
        "/blocks/0/elements/0/options",
    ),
    "radio buttons": (
        lambda n: [actions({"type": "radio_buttons", "options": options(n)})],
        10,
        "/blocks/0/elements/0/options",
    ),
    "overflow": (
        lambda n: [actions({"type": "overflow", "options": options(n)})],
        5,
        "/blocks/0/elements/0/options",
    ),
}


def problem(refused: pytest.ExceptionInfo[SlackApiError]) -> str:
    messages: list[str] = refused.value.response["response_metadata"]["messages"]
    assert all(message.startswith("[ERROR] ") for message in messages)
    return "; ".join(messages)


@pytest.mark.parametrize("name", LIMITS)
async def test_blocks_of_a_message_may_be_as_large_as_slack_says_and_no_larger(
    client: AsyncWebClient, name: str
) -> None:
    make, most, where = LIMITS[name]
    assert (await client.chat_postMessage(channel="C1", text="a", blocks=make(most)))["ok"]
    with pytest.raises(SlackApiError, match="invalid_blocks") as refused:
        await client.chat_postMessage(channel="C1", text="a", blocks=make(most + 1))
    assert f"[json-pointer:{where}]" in problem(refused)


WRONG: dict[str, tuple[list[Part], str]] = {
    "an unknown block": ([{"type": "sektion", "text": mrkdwn("a")}], "unsupported type: sektion"),
    "no type": ([{"text": mrkdwn("a")}], "unsupported type: None"),
    "an unknown element": ([actions({"type": "knob"})], "unsupported type: knob"),
    "a text input among buttons": (
        [actions({"type": "plain_text_input"})],
        "unsupported type: plain_text_input",
    ),
    "an input in a message": ([asked()], "unsupported type: input"),
    "a field that nobody knows": ([actions(button(colour="red"))], "invalid additional property: colour"),
    "markup on a button": ([actions({"type": "button", "text": mrkdwn("a")})], "must be a plain_text object"),
    "an empty text": ([{"type": "section", "text": mrkdwn("")}], "must be more than 0 characters"),
    "a button without text": ([actions({"type": "button"})], "missing required field: text"),
    "a style that isn't one": ([actions(button(style="green"))], "must be one of primary, danger"),
    "an empty section": ([{"type": "section"}], "must have either text or fields"),
    "no element": ([actions()], "must provide at least 1 items"),
    "the same block twice": ([{"type": "divider", "block_id": "a"}] * 2, '`block_id` "a" already exists'),
    "the same action twice": (
        [actions(button(action_id="a"), button(action_id="a"))],
        '`action_id` "a" already',
    ),
    "the same option twice": (
        [actions(select(options=[option(), option()]))],
        "option values must be unique",
    ),
    "an initial option from elsewhere": (
        [actions(select(options=[option()], initial_option=option("b")))],
        "initial option must be one of the options",
    ),
    "neither options nor groups": ([actions(select())], "must have either options or option_groups"),
    "no date": ([actions({"type": "datepicker", "initial_date": "2026-13-01"})], "must be a date"),
    "rich text that isn't any": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_sektion", "elements": []}]}],
        "unsupported type in a list",
    ),
    "a list that is none": ([{"type": "actions", "elements": "all"}], "must be an array"),
    "emoji where there is markup": (
        [{"type": "section", "text": {"type": "mrkdwn", "text": "a", "emoji": True}}],
        "invalid additional property: emoji",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_blocks_that_slack_does_not_know_are_refused(client: AsyncWebClient, name: str) -> None:
    blocks, said = WRONG[name]
    with pytest.raises(SlackApiError, match="invalid_blocks") as refused:
        await client.chat_postMessage(channel="C1", text="a", blocks=blocks)
    assert said in problem(refused)


def test_limits_are_those_that_slacks_own_code_has() -> None:
    theirs = {
        "text of a section": SectionBlock.text_max_length,
        "fields": SectionBlock.fields_max_length,
        "header": HeaderBlock.text_max_length,
        "context": ContextBlock.elements_max_length,
        "markdown": MarkdownBlock.text_max_length,
        "block_id": Block.block_id_max_length,
        "elements of actions": ActionsBlock.elements_max_length,
        "text of a button": ButtonElement.text_max_length,
        "value of a button": ButtonElement.value_max_length,
        "url of a button": ButtonElement.url_max_length,
        "action_id": ButtonElement.action_id_max_length,
        "title of a dialog": ConfirmObject.title_max_length,
        "text of a dialog": ConfirmObject.text_max_length,
        "options": StaticSelectElement.options_max_length,
        "text of an option": Option.label_max_length,
        "value of an option": Option.value_max_length,
        "placeholder": StaticSelectElement.placeholder_max_length,
        "overflow": OverflowMenuElement.options_max_length,
    }
    assert {name: LIMITS[name][1] for name in theirs} == theirs
    modals = {
        "blocks": View.blocks_max_length,
        "title": View.title_max_length,
        "submit": View.submit_max_length,
        "close": View.close_max_length,
        "callback_id": View.callback_id_max_length,
        "private_metadata": View.private_metadata_max_length,
        "label": InputBlock.label_max_length,
        "hint": InputBlock.hint_max_length,
    }
    assert {name: MODAL_LIMITS[name][1] for name in modals} == modals


async def test_two_blocks_may_use_the_same_action_id(client: AsyncWebClient) -> None:
    blocks = [actions(button(action_id="open", value="1")), actions(button(action_id="open", value="2"))]
    assert (await client.chat_postMessage(channel="C1", text="a", blocks=blocks))["ok"]


async def test_all_blocks_of_a_message_together_have_a_limit_that_is_not_in_the_documentation(
    client: AsyncWebClient,
) -> None:
    def sections(*lengths: int) -> list[Part]:
        return [{"type": "section", "text": mrkdwn(X(length))} for length in lengths]

    assert (await client.chat_postMessage(channel="C1", text="a", blocks=sections(*[3000] * 4)))["ok"]
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel="C1", text="a", blocks=sections(*[3000] * 4, 1))
    framed = [*sections(*[2800] * 4), *[{"type": "divider"}] * 13]
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel="C1", text="a", blocks=framed)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": "{", "text": "a"}, "invalid_blocks_format"),
        ({"blocks": "{}", "text": "a"}, "invalid_blocks_format"),
        ({"text": "a", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "a", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        (
            {"text": "a", "metadata": {"event_type": "with space", "event_payload": {}}},
            "invalid_metadata_format",
        ),
        (
            {"text": "a", "metadata": {"event_type": "a", "event_payload": {"b": None}}},
            "invalid_metadata_format",
        ),
        (
            {"text": "a", "metadata": {"event_type": "a", "event_payload": {"b": {"c": {}}}}},
            "invalid_metadata_format",
        ),
        (
            {"text": "a", "metadata": {"event_type": "a", "event_payload": {"b": "x" * 8000}}},
            "metadata_too_large",
        ),
    ],
)
async def test_text_and_metadata_of_a_message_are_checked(
    client: AsyncWebClient, slack: SlackServer, arguments: dict[str, Any], error: str
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.api_call("chat.postMessage", json={"channel": "C1", **arguments})
    assert refused.value.response["error"] == error
    assert slack.messages("C1") == []


async def test_a_text_of_forty_thousand_characters_can_be_posted_but_only_four_thousand_changed(
    client: AsyncWebClient,
) -> None:
    posted = await client.chat_postMessage(channel="C1", text="x" * 40_000)
    assert (await client.chat_update(channel="C1", ts=posted["ts"], text="x" * 4_000))["ok"]
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await client.chat_update(channel="C1", ts=posted["ts"], text="x" * 4_001)


MODAL_LIMITS: dict[str, tuple[Callable[[int], Part], int, str]] = {
    "blocks": (lambda n: view(*[{"type": "divider"}] * n), 100, "/view/blocks"),
    "title": (lambda n: view(asked(), title=plain(X(n))), 24, "/view/title/text"),
    "submit": (lambda n: view(asked(), submit=plain(X(n))), 24, "/view/submit/text"),
    "close": (lambda n: view(asked(), close=plain(X(n))), 24, "/view/close/text"),
    "callback_id": (lambda n: view(asked(), callback_id=X(n)), 255, "/view/callback_id"),
    "private_metadata": (lambda n: view(asked(), private_metadata=X(n)), 3000, "/view/private_metadata"),
    "label": (lambda n: view(asked(label=plain(X(n)))), 2000, "/view/blocks/0/label/text"),
    "hint": (lambda n: view(asked(hint=plain(X(n)))), 2000, "/view/blocks/0/hint/text"),
    "initial text": (
        lambda n: view(asked({"type": "plain_text_input", "initial_value": X(n)})),
        3000,
        "/view/blocks/0/element/initial_value",
    ),
    "max_length": (
        lambda n: view(asked({"type": "plain_text_input", "max_length": n})),
        3000,
        "/view/blocks/0/element/max_length",
    ),
    "options of many": (
        lambda n: view(asked({"type": "multi_static_select", "options": options(n)})),
        100,
        "/view/blocks/0/element/options",
    ),
    "moment": (
        lambda n: view(asked({"type": "datetimepicker", "initial_date_time": n})),
        9_999_999_999,
        "/view/blocks/0/element/initial_date_time",
    ),
}


@pytest.mark.parametrize("name", MODAL_LIMITS)
async def test_a_modal_may_be_as_large_as_slack_says_and_no_larger(
    client: AsyncWebClient, slack: SlackServer, name: str
) -> None:
    make, most, where = MODAL_LIMITS[name]
    trigger = slack.state.triggers.mint("U1")
    with pytest.raises(SlackApiError, match="invalid_arguments") as refused:
        await client.views_open(trigger_id=trigger, view=make(most + 1))
    assert f"[json-pointer:{where}]" in problem(refused)
    assert (await client.views_open(trigger_id=trigger, view=make(most)))["ok"], (
        "what was refused used up no trigger"
    )


WRONG_VIEWS: dict[str, tuple[Part, str]] = {
    "no submit": ({"type": "modal", "title": plain("a"), "blocks": [asked()]}, "must define submit"),
    "no block": (view(), "must provide at least 1 items"),
    "another kind": (view(asked()) | {"type": "popup"}, "must be modal"),
    "an unknown block": (view({"type": "sektion"}), "unsupported type: sektion"),
    "markdown": (view({"type": "markdown", "text": "a"}), "unsupported type: markdown"),
    "a button as an input": (view(asked(button())), "unsupported type: button"),
    "no label": (
        view({"type": "input", "element": {"type": "plain_text_input"}}),
        "missing required field: label",
    ),
    "a label with markup": (view(asked(label=mrkdwn("a"))), "must be a plain_text object"),
    "whole numbers or not": (
        view(asked({"type": "number_input"})),
        "missing required field: is_decimal_allowed",
    ),
    "shorter than short": (
        view(asked({"type": "plain_text_input", "min_length": 9, "max_length": 3})),
        "min_length must not exceed max_length",
    ),
    "an unknown field": (view(asked(), colour="red"), "invalid additional property: colour"),
}


@pytest.mark.parametrize("name", WRONG_VIEWS)
async def test_views_that_slack_does_not_know_are_refused(
    client: AsyncWebClient, slack: SlackServer, name: str
) -> None:
    wrong, said = WRONG_VIEWS[name]
    with pytest.raises(SlackApiError, match="invalid_arguments") as refused:
        await client.views_open(trigger_id=slack.state.triggers.mint("U1"), view=wrong)
    assert said in problem(refused)


async def test_a_view_of_a_quarter_of_a_megabyte_is_too_large(
    client: AsyncWebClient, slack: SlackServer
) -> None:
    large = view(*[{"type": "section", "text": mrkdwn("x" * 3000)}] * 90)
    with pytest.raises(SlackApiError, match="view_too_large"):
        await client.views_open(trigger_id=slack.state.triggers.mint("U1"), view=large)

"""`SlackApprovalNode`: where it asks, whom, and that it is an approval like any other."""

from typing import Any

import pytest

from handrail import App, InvalidInput, SlackApprovalNode
from handrail.requests.policy import Audience
from tests.support.journey_runs import asked, say


def channels(node: SlackApprovalNode) -> Any:
    return node.asking["channels"]


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ("#deploys", "slack:#deploys"),
        ("deploys", "slack:#deploys"),
        ("C012ABCDE", "slack:C012ABCDE"),
        ("G012ABCDE", "slack:G012ABCDE"),
        ("C012", "slack:#C012"),
        ("general-de_2", "slack:#general-de_2"),
    ],
)
def test_a_room_is_named_or_given_by_its_id(named: str, where: str) -> None:
    node = SlackApprovalNode(channel=named)
    assert channels(node) == (where,)
    assert node.policy.audience == Audience()


@pytest.mark.parametrize("named", ["alice", "@alice"])
def test_one_person_is_asked_and_nobody_else_decides(named: str) -> None:
    node = SlackApprovalNode(user=named)
    assert channels(node) == ("slack:@alice",)
    assert node.policy.audience == Audience(users=("alice",))


def test_an_audience_of_one_s_own_goes_before_the_user() -> None:
    node = SlackApprovalNode(user="alice", audience=["alice", "bob"])
    assert node.policy.audience.users == ("alice", "bob")


def test_without_a_place_everybody_in_the_audience_is_told_and_further_channels_are_kept() -> None:
    assert channels(SlackApprovalNode(audience="group:release")) == ("slack",)
    assert channels(SlackApprovalNode(channel="#a", channels="email")) == ("slack:#a", "email")
    assert channels(SlackApprovalNode(user="bob", channels=["email:boss", "other"])) == (
        "slack:@bob",
        "email:boss",
        "other",
    )


@pytest.mark.parametrize(
    "options",
    [
        {"channel": "#a", "user": "bob"},
        {"channel": "#"},
        {"channel": ""},
        {"user": "@"},
        {"user": " "},
        {"channel": 7},
        {"timeout": -1},
        {"on_reject": "maybe"},
    ],
)
def test_what_can_not_be_a_place_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        SlackApprovalNode(**options)


def test_it_takes_what_an_approval_takes() -> None:
    node = SlackApprovalNode(
        60, "approve", "stop", channel="#a", name="deploy", title="Deploy?", quorum="all", audience="bob"
    )
    assert (node.name, node.timeout, node.on_reject) == ("deploy", 60, "stop")
    assert (node.policy.timeout, node.policy.on_timeout) == (60, "approve")
    with pytest.raises(InvalidInput, match="nothing to show"):
        node.check_input({})


async def test_it_asks_in_the_inbox_as_well_where_there_is_no_slack() -> None:
    app = App(store="memory://", channels={})
    app.flow("deploy", SlackApprovalNode(channel="#deploys", title="Deploy?"))
    async with app:
        run = await app.start("deploy", {"content": "4.2", "id": 7})
        (request,) = await asked(app)
        assert request.draft.channels == ("slack:#deploys",)
        assert (request.draft.kind, request.draft.title) == ("approval", "Deploy?")
        await say(app, "approve")
        result = await run.result(60)
    assert (result["approved"], result["decided_by"], result["id"]) == (True, "bob", 7)

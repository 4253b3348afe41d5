"""Which channels requests and flows name: what is refused, and what an app warns of that it doesn't carry."""

import logging
from collections.abc import Iterable
from typing import Any

import pytest

from handrail import (
    App,
    AsyncHumanQueue,
    Branch,
    FeedbackLoop,
    FunctionNode,
    HumanApprovalNode,
    Loop,
    MapNode,
    MultiReviewerNode,
    Parallel,
    QualityControl,
    SmartHITLNode,
    TaskRouter,
    ask,
)
from handrail.flows.carriers import named_channels
from handrail.flows.node import ChainableNode
from handrail.inbox.channel import Channel
from handrail.requests.channels import LONGEST, check_channels
from handrail.requests.errors import InvalidInput
from tests.support.requests_desk import desk

WRONG: list[Any] = [
    "",
    ":",
    ":#deploys",
    " :x",
    "slack:\n#x",
    "slack:\u202ex",
    "x" * (LONGEST + 1),
    1,
    None,
    b"slack",
]


@pytest.mark.parametrize("name", WRONG)
async def test_what_no_channel_can_be_is_refused_before_anybody_is_asked(name: Any) -> None:
    with pytest.raises(InvalidInput, match="channels must be texts") as refused:
        HumanApprovalNode(channels=[name])
    assert [field.path for field in refused.value.fields] == ["channels"]
    async with desk() as opened:
        with pytest.raises(InvalidInput, match="channels must be texts"):
            await opened.open(channels=(name,))
        assert await opened.messages() == []


def test_channels_are_one_or_several_texts_each_once() -> None:
    assert check_channels("slack") == ("slack",)
    assert check_channels(["slack:#a:b", "email:boss@example.com", "slack:#a:b"]) == (
        "slack:#a:b",
        "email:boss@example.com",
    )
    assert check_channels(["x" * LONGEST]) == ("x" * LONGEST,)
    with pytest.raises(InvalidInput, match="not int"):
        check_channels(5)


@pytest.mark.parametrize("name", ["", "a b", "slack:x", "a/b", "..", "{x}", "x" * 51])
def test_an_app_names_its_channels_by_words(name: str) -> None:
    with pytest.raises(InvalidInput, match="a channel is named by a word"):
        App(channels={name: Channel()})


def approval(*channels: str) -> HumanApprovalNode:
    return HumanApprovalNode(channels=list(channels))


def always(data: dict[str, Any]) -> bool:
    return True


def nothing(data: dict[str, Any]) -> dict[str, Any]:
    return data


class Own(ChainableNode):
    """A node of a user's own, that keeps nodes as it likes, beside much else."""

    def __init__(self, kept: Iterable[ChainableNode]) -> None:
        super().__init__()
        self.asking = "nothing of ours"
        self.by_name = {str(place): node for place, node in enumerate(kept)}
        self.numbers = list(range(10_000))
        self.itself = self

    async def execute(self, data: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return data


@pytest.mark.parametrize(
    ("flow", "named"),
    [
        (FunctionNode(nothing), set()),
        (approval(), set()),
        (
            FunctionNode(nothing) | approval("slack:#a", "email") | approval("pager"),
            {"slack", "email", "pager"},
        ),
        (Branch(always, approval("a"), approval("b")), {"a", "b"}),
        (Loop(approval("a"), until=always), {"a"}),
        (MapNode(approval("a"), over="items"), {"a"}),
        (Parallel(approval("a"), FunctionNode(nothing, name="x")), {"a"}),
        (MultiReviewerNode(["ann", "bob"], channels="slack"), {"slack"}),
        (SmartHITLNode(channels=["a"]), {"a"}),
        (QualityControl(["automated_check", "people"], channels=["a"]), {"a"}),
        (FeedbackLoop(lambda messages: "text", channels=["a"]), {"a"}),
        (TaskRouter(channels=["a"]), {"a"}),
        (AsyncHumanQueue(channels=["a"]), {"a"}),
        (Own([approval("a"), approval("b")]), {"a", "b"}),
    ],
)
def test_the_channels_of_a_flow_are_found_in_whatever_keeps_its_nodes(
    flow: ChainableNode, named: set[str]
) -> None:
    assert named_channels(flow) == named


async def test_an_app_that_begins_to_work_warns_of_channels_that_it_does_not_carry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = App(store="memory://", channels={"email": Channel()})
    app.flow("deploy", approval("slack:#deploys") | approval("email", "pager"))
    app.flow("mail", approval("email:boss@example.com"))

    @app.flow("called")
    async def called(topic: str) -> dict[str, Any]:
        return {"answer": await ask(topic, channels=["fax"])}

    async with app.connect():
        assert not caplog.records, "only who delivers needs them"
    with caplog.at_level(logging.WARNING, "handrail.app"):
        async with app:
            pass
    (told,) = [record.getMessage() for record in caplog.records]
    assert told == (
        "flow 'deploy' asks through 'pager' and 'slack', which this app doesn't carry: "
        "App(channels=['pager', 'slack']) or HANDRAIL_CHANNELS"
    )

"""What `/metrics` says of messages and webhooks: by channel and by a webhook's id, in so many series and no more."""

import logging
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from handrail import Actor, App
from handrail.inbox.channel import Channel, Delivery
from handrail.inbox.delivered import Tries
from handrail.requests.errors import ChannelDown, ChannelError
from handrail.requests.request import RequestDraft
from handrail.runs.measures import Measures
from handrail.testing.clock import START
from handrail.web.api.delivery_measures import Deliveries, of_deliveries
from handrail.web.server import create
from handrail.webhooks.desk import Standing, Told
from handrail.webhooks.facts import Webhook
from tests.support.journey_process import until
from tests.support.web_desk import Desk
from tests.support.webhook_receiver import receiving
from tests.web.test_api_health import metrics

ROOT = Actor("root")
NOTHING = Measures({}, None, {}, {}, {}, 0, [])


class Fussy(Channel):
    """A channel that raises what it was made with."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def deliver(self, delivery: Delivery) -> str:
        if self.error is not None:
            raise self.error
        return delivery.message.id


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


async def measured(app: App) -> dict[str, float]:
    return await metrics(Desk(app, create(app.face()), app.people, {}))


async def test_tries_of_messages_are_counted_by_channel_and_by_what_came_of_them() -> None:
    down, failing = Fussy(ChannelDown("no answer")), Fussy(ChannelError("no such room"))
    channels: dict[str, Channel] = {"fine": Fussy(), "down": down, "failing": failing}
    app = App(store="memory://", channels=channels)
    name = 'handrail_outbox_deliveries_total{{channel="{}",result="{}"}}'.format
    async with app:
        before = await measured(app)
        assert {before[name(channel, "delivered")] for channel in channels} == {0}
        await app.inbox.open(
            RequestDraft("approval", "Publish?", {"content": "bees"}, channels=tuple(channels))
        )

        async def tried() -> bool:
            found = await measured(app)
            wanted = (("fine", "delivered"), ("down", "down"), ("failing", "failed"))
            return all(found[name(channel, result)] for channel, result in wanted)

        await until(tried, "each was tried")
        found = await measured(app)
        assert (found[name("fine", "delivered")], found[name("fine", "failed")]) == (1, 0)
        assert (found[name("down", "delivered")], found[name("failing", "delivered")]) == (0, 0)


async def test_calls_of_webhooks_are_counted_by_their_ids_and_by_what_came_of_them() -> None:
    answers = {"taken": 200, "missed": 500, "down": 503, "gone": 410}
    app = App(store="memory://", channels={}, allow_hosts="127.0.0.1")
    name = 'handrail_webhook_calls_total{{webhook="{}",result="{}"}}'.format
    async with AsyncExitStack() as receivers, app:
        hooks = {}
        for result, status in answers.items():
            receiver = await receivers.enter_async_context(receiving(lambda got, status=status: (status, {})))
            added, _ = await app.webhooks.add(f"{receiver.url}/secret", actor=ROOT)
            hooks[result] = added.webhook.id
        for hook in hooks.values():
            await app.webhooks.test(hook, actor=ROOT)

        async def called() -> dict[str, float]:
            found = await measured(app)
            counted = all(found.get(name(hooks[each], each)) for each in ("taken", "missed", "down"))
            return found if counted and found['handrail_webhooks{state="gone"}'] else {}

        found: dict[str, float] = await until(called, "all were called")
        assert found['handrail_webhooks{state="active"}'] == 3
        assert found[name("(others)", "gone")] == 1, "who is off has no series of its own"
        assert found[f'handrail_webhook_deliveries{{webhook="{hooks["missed"]}",state="pending"}}'] >= 1
        assert found[f'handrail_webhook_deliveries{{webhook="{hooks["taken"]}",state="failed"}}'] == 0
        assert found[f'handrail_webhook_resting{{webhook="{hooks["taken"]}"}}'] == 0
        assert not any(hooks["gone"] in each or "secret" in each or "127.0.0.1" in each for each in found)


def test_a_webhook_that_is_left_alone_is_shown_to_rest_and_an_unknown_one_has_no_series() -> None:
    hooks = [Webhook(f"wh_{number}", "https://hooks.example.com/", "", START, "root", 0) for number in (1, 2)]
    told = Told([Standing(hook, 3, 1, "it was answered with 503") for hook in hooks], off=2, gone=1)
    tries = Tries({("wh_1", "taken"): 4, ("wh_8", "taken"): 5, ("wh_9", "down"): 6})
    here = Deliveries(Tries(), tries, {}, {"wh_2"})
    lines = "".join(of_deliveries(NOTHING, told, here)).splitlines()
    assert 'handrail_webhook_resting{webhook="wh_1"} 0' in lines
    assert 'handrail_webhook_resting{webhook="wh_2"} 1' in lines
    assert 'handrail_webhook_calls_total{webhook="wh_1",result="taken"} 4' in lines
    assert 'handrail_webhook_calls_total{webhook="(others)",result="taken"} 5' in lines
    assert 'handrail_webhook_calls_total{webhook="(others)",result="down"} 6' in lines
    assert {'handrail_webhooks{state="off"} 2', 'handrail_webhooks{state="gone"} 1'} <= {*lines}
    assert not any("wh_8" in line or "wh_9" in line for line in lines)


def test_channels_that_nobody_carries_have_so_many_series_and_are_all_counted() -> None:
    waiting = {f"made-up-{number:03}": 2 for number in range(70)}
    found = Measures({}, None, {}, waiting, {"made-up-069": 7}, 0, [])
    here = Deliveries(Tries(), Tries(), {"slack": False}, ())
    lines = [
        line for line in "".join(of_deliveries(found, Told([], 0, 0), here)).splitlines() if "made-up" in line
    ]
    assert len(lines) == 2 * 50
    whole = "".join(of_deliveries(found, Told([], 0, 0), here))
    assert 'handrail_outbox_messages{channel="(others)",state="pending"} 40\n' in whole
    assert 'handrail_outbox_messages{channel="(others)",state="failed"} 7\n' in whole
    assert 'handrail_outbox_messages{channel="slack",state="pending"} 0\n' in whole


async def test_every_family_is_in_the_reference_and_no_other() -> None:
    async with App(store="memory://", channels={}).connect() as app:
        found = Desk(app, create(app.face()), app.people, {})
        async with found.client() as client:
            served = re.findall(r"^# TYPE (\w+)", (await client.get("/metrics")).text, re.MULTILINE)
    reference = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
    told = re.findall(r"^\| `(handrail_\w+)", reference.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(served)

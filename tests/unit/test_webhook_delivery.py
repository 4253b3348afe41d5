"""What happens is told to webhooks: in order for each subject, again after faults, and nothing skipped."""

import asyncio
import logging
from datetime import timedelta
from email.utils import format_datetime

import pytest

from handrail.inbox.outbox import FIRST_PAUSE
from handrail.requests.errors import Conflict, InvalidInput
from tests.support.webhook_desk import ALICE, ENOUGH, ROOT, desk
from tests.support.webhook_receiver import Got, check_cloud_event, proxied, receiving, verified


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


async def test_every_event_is_told_once_signed_and_in_order() -> None:
    async with receiving() as receiver, desk() as here:
        await here.open(1)
        hook, secret = await here.hook(receiver.url)
        await here.open(2)
        await here.app.inbox.comment("req_2", "well", actor=ALICE)
        await here.app.inbox.decide("req_2", "approve", actor=ALICE, comment="so be it")
        await here.deliver()
        assert await here.deliver() == 0
        assert receiver.kinds() == ["opened", "commented", "decided", "resolved"]
        now = here.clock.now().timestamp()
        for got in receiver.calls:
            event = verified(secret, got.headers, got.body, now)
            check_cloud_event(event)
            assert got.headers["content-type"] == "application/cloudevents+json"
            assert event["id"] == got.id
            assert event["subject"] == event["data"]["request"]["id"] == "req_2"
            assert b"a secret text" not in got.body
            assert b"so be it" not in got.body
            assert b"well" not in got.body
        assert [got.event["type"] for got in receiver.calls][::3] == [
            "dev.handrail.request.opened",
            "dev.handrail.request.resolved",
        ]
        sequences = [got.event["handrailsequence"] for got in receiver.calls]
        assert sequences == sorted(set(sequences))
        assert len({got.event["source"] for got in receiver.calls}) == 1
        found = await here.deliveries(hook)
        assert {(each.state, each.attempts, each.status) for each in found} == {("delivered", 1, 204)}


async def test_a_webhook_hears_of_what_it_wants_and_of_one_flow() -> None:
    async with receiving() as receiver, desk() as here:
        await here.hook(receiver.url, kinds=["resolved"])
        await here.hook(receiver.url, flow="no-such-flow")
        await here.open(1)
        await here.app.inbox.decide("req_1", "approve", actor=ALICE)
        await here.deliver()
        assert receiver.kinds() == ["resolved"]


async def test_a_failing_delivery_holds_back_its_subject_and_nothing_else() -> None:
    def answer(got: Got) -> tuple[int, dict[str, str]]:
        return (500 if got.event.get("subject") == "req_1" else 200), {}

    async with receiving(answer) as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url, kinds=["opened", "commented"])
        for number in (1, 2):
            await here.open(number)
            await here.app.inbox.comment(f"req_{number}", "well", actor=ALICE)
        await here.deliver()
        told = [(got.event["subject"], got.event["data"]["kind"]) for got in receiver.calls]
        assert sorted(told) == [("req_1", "opened"), ("req_2", "commented"), ("req_2", "opened")]
        first, second = (each for each in await here.deliveries(hook) if each.subject == "req_1")
        assert (first.state, first.status, first.error) == ("pending", 500, "it was answered with 500")
        assert (second.state, second.due_at, second.attempts) == ("pending", None, 0)
        failed = receiver.calls[0] if receiver.calls[0].event["subject"] == "req_1" else receiver.calls[1]
        receiver.answer = lambda got: (200, {})
        receiver.calls.clear()
        here.clock.turn(5)
        await here.deliver()
        assert receiver.kinds() == ["opened", "commented"]
        again = receiver.calls[0]
        assert (again.id, again.body) == (failed.id, failed.body)
        assert again.headers["webhook-timestamp"] != failed.headers["webhook-timestamp"]


@pytest.mark.parametrize("fault", ["refused", "before", "after", "half", "silent"])
async def test_a_fault_of_the_network_costs_time_and_no_event(fault: str) -> None:
    async with receiving() as receiver, proxied(receiver.port) as proxy, desk() as here:
        hook, _ = await here.hook(proxy.url)
        await here.open(1)
        await here.app.inbox.comment("req_1", "well", actor=ALICE)
        proxy.fault, here.timeout = fault, 0.3 if fault == "silent" else ENOUGH
        await here.deliver()
        assert [each.state for each in await here.deliveries(hook)] == ["pending", "pending"]
        proxy.fault, here.timeout = "", ENOUGH
        here.clock.turn(5)
        await here.deliver()
        assert {each.state for each in await here.deliveries(hook)} == {"delivered"}
        told = list(dict.fromkeys(got.id for got in receiver.calls))
        assert len(told) == 2
        assert receiver.kinds()[-2:] == ["opened", "commented"]
        repeated = len(receiver.calls) - len(told)
        assert repeated == (1 if fault in ("after", "half") else 0)


async def test_a_receiver_that_was_down_for_an_hour_is_told_everything_in_order() -> None:
    async with receiving() as receiver, proxied(receiver.port) as proxy, desk() as here:
        await here.hook(proxy.url)
        proxy.fault = "refused"
        for number in range(5):
            await here.open(number)
            await here.app.inbox.decide(f"req_{number}", "approve", actor=ALICE)
        for _ in range(60):
            here.clock.turn(60)
            await here.deliver()
        assert receiver.calls == []
        assert proxy.faults <= 8 + 2 * 60, (
            "it rests as a whole, and one call at a time looks whether it is back"
        )
        before, proxy.fault = proxy.faults, ""
        here.clock.turn(60)
        await here.deliver()
        here.clock.turn(60)
        await here.deliver()
        assert proxy.faults == before
        for number in range(5):
            mine = [
                got.event["data"]["kind"] for got in receiver.calls if got.event["subject"] == f"req_{number}"
            ]
            assert mine == ["opened", "decided", "resolved"]
        assert len(receiver.calls) == 15


async def test_a_receiver_that_is_down_is_tried_with_one_call_alone() -> None:
    async with receiving() as receiver, proxied(receiver.port) as proxy, desk() as here:
        await here.hook(proxy.url)
        for number in range(20):
            await here.open(number)
        proxy.fault = "refused"
        await here.deliver()
        assert proxy.faults == 8
        assert await here.deliver() == 0
        for _ in range(10):
            here.clock.turn(60)
            assert await here.deliver() == 1
        here.clock.turn(20)
        assert await here.deliver() == 0, "the pauses grow, to a minute"


@pytest.mark.parametrize("dated", [False, True])
async def test_a_receiver_that_asks_to_wait_is_left_alone_for_as_long(dated: bool) -> None:
    async with receiving() as receiver, desk() as here:
        until = here.clock.now() + timedelta(seconds=120)
        text = format_datetime(until, usegmt=True) if dated else "120"
        receiver.answer = lambda got: (429, {"retry-after": text})
        await here.hook(receiver.url)
        await here.open(1)
        await here.deliver()
        receiver.answer = lambda got: (200, {})
        await here.open(2)
        here.clock.turn(118)
        assert await here.deliver() == 0
        here.clock.turn(3)
        assert await here.deliver() == 2
        assert len(receiver.calls) == 3


@pytest.mark.parametrize("text", ["0", "-1", "soon", "", "Sun, 01 Jun 1980 12:02:00 GMT", "9" * 11])
async def test_what_a_receiver_asks_for_makes_nobody_call_without_end_or_never_again(text: str) -> None:
    async with receiving(lambda got: (503, {"retry-after": text})) as receiver, desk() as here:
        await here.hook(receiver.url)
        await here.open(1)
        assert await here.deliver() == 1
        assert await here.deliver() == 0
        here.clock.turn(86_401)
        assert await here.deliver() == 1
        assert len(receiver.calls) == 2


async def test_an_endpoint_that_is_gone_is_switched_off_and_says_why() -> None:
    async with receiving(lambda got: (410, {})) as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url)
        await here.open(1)
        await here.open(2)
        await here.deliver()
        webhook = (await here.app.webhooks.find(hook)).webhook
        assert (webhook.active, webhook.stopped_because) == (False, "answered with 410: gone")
        called = len(receiver.calls)
        here.clock.turn(86_400)
        await here.open(3)
        assert await here.deliver() == 0
        assert len(receiver.calls) == called
        with pytest.raises(Conflict):
            await here.app.webhooks.test(hook, actor=ROOT)
        receiver.answer = lambda got: (200, {})
        await here.app.webhooks.change(hook, actor=ROOT, active=True)
        await here.open(4)
        await here.deliver()
        subjects = [got.event.get("subject") for got in receiver.calls[called:]]
        assert "req_4" in subjects
        assert "req_3" not in subjects, "what happened while it was off isn't told"
        assert {"req_1", "req_2"} <= {*subjects}, "what it was still owed then goes out"
        log = await here.app.store.read(lambda tx: [each.kind for each in tx.log(0, 100)])
        assert log.count("webhook_stopped") == 1


async def test_after_two_days_a_delivery_is_given_up_and_the_next_of_its_subject_goes_out() -> None:
    def answer(got: Got) -> tuple[int, dict[str, str]]:
        return (400 if got.event["data"]["kind"] == "opened" else 200), {}

    async with receiving(answer) as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url, kinds=["opened", "commented"])
        await here.open(1)
        await here.app.inbox.comment("req_1", "well", actor=ALICE)
        tried = await here.deliver()
        while (await here.app.webhooks.find(hook)).pending:
            tried += await here.deliver()
            here.clock.turn(600)
            assert tried < 200
        failed, delivered = await here.deliveries(hook)
        assert (failed.state, delivered.state) == ("failed", "delivered")
        assert failed.done_at is not None
        assert failed.first_at is not None
        assert timedelta(days=2) <= failed.done_at - failed.first_at < timedelta(days=2, hours=2)
        assert 40 < failed.attempts < 110
        receiver.answer = lambda got: (200, {})
        receiver.calls.clear()
        await here.app.webhooks.redeliver(hook, failed.sequence, actor=ROOT)
        await here.deliver()
        assert [got.id for got in receiver.calls] == [failed.event_id]
        assert {each.state for each in await here.deliveries(hook)} == {"delivered"}


async def test_a_delivery_that_waits_for_another_cannot_overtake_it() -> None:
    async with receiving(lambda got: (500, {})) as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url, kinds=["opened", "commented"])
        await here.open(1)
        await here.app.inbox.comment("req_1", "well", actor=ALICE)
        await here.deliver()
        first, second = await here.deliveries(hook)
        with pytest.raises(Conflict, match="waits for an earlier one"):
            await here.app.webhooks.redeliver(hook, second.sequence, actor=ROOT)
        await here.app.webhooks.redeliver(hook, first.sequence, actor=ROOT)
        assert await here.deliver() == 1


async def test_a_test_goes_to_one_webhook_whatever_it_wants() -> None:
    async with receiving() as mine, receiving() as other, desk() as here:
        hook, _ = await here.hook(mine.url, kinds=["resolved"], flow="publish")
        await here.hook(other.url)
        await here.app.webhooks.test(hook, actor=ROOT)
        await here.deliver()
        (got,) = mine.calls
        check_cloud_event(got.event)
        assert got.event["type"] == "dev.handrail.webhook.tested"
        assert other.kinds() == []


async def test_redirects_are_followed_where_they_keep_the_call_and_the_guard_lets_them_pass() -> None:
    async with receiving() as target, receiving() as receiver, desk() as here:
        receiver.answer = lambda got: (308, {"location": target.url})
        await here.hook(receiver.url)
        await here.open(1)
        await here.deliver()
        assert [got.id for got in target.calls] == [got.id for got in receiver.calls]
        assert target.calls[0].body == receiver.calls[0].body
    async with receiving() as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url)
        for location, told in (
            ("http://169.254.169.254/latest", "not a public address"),
            ("http://[::1]:1/", "not a public address"),
            ("/again", "redirects"),
        ):
            receiver.answer = lambda got, location=location: (307, {"location": location})
            await here.open(len(await here.deliveries(hook)) + 10)
            here.clock.turn(7200)
            await here.deliver()
            errors = [each.error or "" for each in await here.deliveries(hook) if each.state == "pending"]
            assert any(told in error for error in errors), (location, errors)
        assert receiver.calls


async def test_of_two_processes_each_event_is_sent_by_one() -> None:
    async with receiving() as receiver, desk() as here:
        await here.hook(receiver.url)
        for number in range(30):
            await here.open(number)
        other = here.another()
        await asyncio.gather(here.deliver(), other.deliver_due())
        await here.deliver()
        assert len(receiver.calls) == len({got.id for got in receiver.calls}) == 30
        assert receiver.most_at_once <= 16


async def test_what_was_delivered_is_forgotten_after_a_month() -> None:
    async with receiving() as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url)
        await here.open(1)
        await here.deliver()
        here.clock.turn(29 * 86_400)
        await here.deliver()
        assert len(await here.deliveries(hook)) == 1
        here.clock.turn(2 * 86_400)
        await here.deliver()
        assert await here.deliveries(hook) == []
        assert len(receiver.calls) == 1


async def test_a_url_that_must_not_be_called_is_refused_when_it_is_added_and_when_it_is_called() -> None:
    async with desk(allow="") as here:
        for url in (
            "http://127.0.0.1:1/",
            "http://localhost/",
            "ftp://example.com/",
            "http://[::ffff:1.1.1.1]/",
        ):
            with pytest.raises(InvalidInput) as raised:
                await here.hook(url)
            assert [field.path for field in raised.value.fields] == ["url"]
    async with receiving() as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url)
        here.app.allowed = type(here.app.allowed)()
        here.deliverer = here.another()
        await here.open(1)
        await here.deliver()
        assert receiver.calls == []
        (waiting,) = await here.deliveries(hook)
        assert "not a public address" in (waiting.error or "")


async def test_removing_a_webhook_takes_away_what_it_was_to_be_told() -> None:
    async with receiving() as receiver, desk() as here:
        hook, _ = await here.hook(receiver.url)
        await here.open(1)
        await here.app.webhooks.remove(hook, actor=ROOT)
        await here.deliver()
        assert receiver.calls == []
        left = await here.app.store.read(lambda tx: tx.deliveries(hook, None, None, 10))
        assert left == []


async def test_pauses_grow_and_are_never_all_the_same() -> None:
    async with receiving(lambda got: (500, {})) as receiver, desk() as desk_:
        hook, _ = await desk_.hook(receiver.url)
        for number in range(5):
            await desk_.open(number)
        await desk_.deliver()
        pauses = {
            (each.due_at - desk_.clock.now()).total_seconds()
            for each in await desk_.deliveries(hook)
            if each.due_at
        }
        assert len(pauses) > 1
        assert all(FIRST_PAUSE <= pause <= 2 * FIRST_PAUSE for pause in pauses)

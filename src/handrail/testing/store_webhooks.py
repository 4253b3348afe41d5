"""What a store must keep of webhooks, of what they are still to be told, and of who may call in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from handrail.testing.store_samples import NOW, ODD_TEXT, moment
from handrail.testing.store_units import OpenStore
from handrail.webhooks.facts import Delivery, Inbound, Webhook


def webhook(webhook_id: str, **fields: Any) -> Webhook:
    """Return a webhook that root has added at `NOW`."""
    return Webhook(webhook_id, "https://hooks.example.com/", "", NOW, "root", 0, **fields)


def delivery(sequence: int, subject: str = "req_1", **fields: Any) -> Delivery:
    """Return a delivery of wh_1 that is due at `NOW`."""
    given = {"stored_at": NOW, "due_at": NOW, **fields}
    return Delivery("wh_1", sequence, f"evt_{sequence}", "opened", subject, **given)


class WebhookContract:
    """The port of webhooks."""

    async def due(self, store: OpenStore, limit: int = 100) -> list[int]:
        found = await store.read(lambda tx: tx.due_deliveries("wh_1", NOW, limit))
        return [each.sequence for each in found]

    async def test_webhooks_come_back_as_they_were(self, store: OpenStore) -> None:
        odd = webhook(
            "wh_2",
            kinds=("opened", ODD_TEXT),
            flow=ODD_TEXT,
            content=True,
            active=False,
            stopped_because=ODD_TEXT,
            version=7,
            rotated_at=moment(1.000001),
        )
        for each in (odd, webhook("wh_1")):
            await store.do(lambda tx, each: tx.insert_webhook(each), each)
        assert await store.read(lambda tx: tx.webhooks(active=False)) == [webhook("wh_1"), odd]
        assert await store.read(lambda tx: tx.webhooks(active=True)) == [webhook("wh_1")]
        newer = replace(odd, url="https://other.example.com/", description=ODD_TEXT, kinds=(), active=True)
        await store.do(lambda tx: (tx.update_webhook(newer), tx.move_cursor("wh_1", 41)))
        assert await store.read(lambda tx: tx.webhook("wh_2")) == newer
        assert (await store.read(lambda tx: tx.webhook("wh_1"))).cursor == 41
        assert await store.read(lambda tx: tx.webhook("wh_3")) is None

    async def test_of_a_subject_only_the_first_pending_delivery_is_due(self, store: OpenStore) -> None:
        def add(tx: Any) -> None:
            for each in (delivery(1), delivery(2), delivery(3), delivery(4, "req_2"), delivery(5, "")):
                tx.add_delivery(each)
            tx.add_delivery(replace(delivery(2), webhook_id="wh_2"))

        await store.do(add)
        assert await self.due(store) == [1, 4, 5]
        assert await self.due(store, 2) == [1, 4]
        done = delivery(1, state="delivered", due_at=None, done_at=NOW, status=204)
        await store.do(lambda tx: (tx.update_delivery(done), tx.promote("wh_1", "req_1", NOW)))
        assert await self.due(store) == [2, 4, 5]
        await store.do(lambda tx: tx.promote("wh_1", "req_1", NOW))
        assert await self.due(store) == [2, 4, 5], "one of it is due already"
        assert await store.read(lambda tx: tx.next_delivery_due("wh_1")) == NOW
        assert await store.read(lambda tx: tx.next_delivery_due("wh_9")) is None

    async def test_deliveries_come_back_are_counted_and_forgotten(self, store: OpenStore) -> None:
        odd = delivery(
            1,
            ODD_TEXT,
            attempts=3,
            first_at=moment(1),
            due_at=moment(2.000001),
            status=500,
            error=ODD_TEXT,
        )
        done = delivery(2, state="delivered", due_at=None, done_at=moment(5))
        failed = delivery(3, state="failed", due_at=None, done_at=moment(9))
        for each in (odd, done, failed):
            await store.do(lambda tx, each: tx.add_delivery(each), each)
        assert await store.read(lambda tx: tx.delivery("wh_1", 1)) == odd
        assert await store.read(lambda tx: tx.deliveries("wh_1", None, None, 10)) == [failed, done, odd]
        assert await store.read(lambda tx: tx.deliveries("wh_1", None, 3, 1)) == [done]
        assert await store.read(lambda tx: tx.deliveries("wh_1", "failed", None, 10)) == [failed]
        assert await store.read(lambda tx: tx.count_deliveries("wh_1", "failed", 10)) == 1
        assert await store.read(lambda tx: tx.count_deliveries("wh_1", "pending", 0)) == 0
        assert await store.do(lambda tx: tx.forget_deliveries(moment(6), 10)) == 1
        assert await store.read(lambda tx: tx.deliveries("wh_1", None, None, 10)) == [failed, odd]
        await store.do(lambda tx: tx.delete_webhook("wh_1"))
        assert await store.read(lambda tx: tx.deliveries("wh_1", None, None, 10)) == []

    async def test_the_first_pending_delivery_that_was_tried_in_vain_says_what_is_wrong(
        self, store: OpenStore
    ) -> None:
        done = delivery(1, state="delivered", due_at=None, done_at=NOW, error="it was slow")
        tried = [delivery(3, "req_3", error=ODD_TEXT), delivery(4, "req_4", error="another")]
        for each in (done, delivery(2), *tried):
            await store.do(lambda tx, each: tx.add_delivery(each), each)
        assert await store.read(lambda tx: tx.first_trouble("wh_1", 2)) == ODD_TEXT
        assert await store.read(lambda tx: tx.first_trouble("wh_1", 1)) is None, "no further than it is asked"
        assert await store.read(lambda tx: tx.first_trouble("wh_2", 10)) is None

    async def test_lines_of_the_log_come_with_the_flow_they_are_about(self, store: OpenStore) -> None:
        def enter(tx: Any) -> None:
            tx.append_event("webhook_tested", '{"webhook":"wh_1"}', at=NOW, actor="root")
            tx.append_event("other", '{"webhook":"wh_1"}', at=NOW, actor="root", run_id="run_1")

        await store.do(enter)
        lines = await store.read(lambda tx: tx.log_lines(0, 10))
        whole = await store.read(lambda tx: tx.log(0, 10))
        assert [(each.kind, each.about, each.subject) for each in lines] == [
            ("webhook_tested", "wh_1", ""),
            ("other", None, "run_1"),
        ]
        assert [each.hash for each in lines] == [each.hash for each in whole]
        assert [each.sequence for each in await store.read(lambda tx: tx.log_lines(1, 10))] == [2]

    async def test_who_may_call_in_comes_back_as_it_was(self, store: OpenStore) -> None:
        one = Inbound("in_1", "robot", ODD_TEXT, NOW, "root")
        other = replace(one, id="in_2", created_at=NOW + timedelta(seconds=1))
        for each in (one, other):
            await store.do(lambda tx, each: tx.insert_inbound(each), each)
        assert await store.read(lambda tx: tx.inbounds()) == [other, one]
        newer = replace(one, version=2, rotated_at=moment(1), used_at=moment(2), revoked_at=moment(3.000001))
        await store.do(lambda tx: tx.update_inbound(newer))
        assert await store.read(lambda tx: tx.inbound("in_1")) == newer
        assert await store.read(lambda tx: tx.inbound("in_3")) is None

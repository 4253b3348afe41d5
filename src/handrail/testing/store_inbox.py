"""What a store must keep of requests, the log, groups, the outbox and wakeups."""

from dataclasses import replace
from typing import Any

from handrail.inbox.log import chained, verify
from handrail.inbox.ports import Filter, Message, MessageFilter, Sent
from handrail.requests.lifecycle import Claimed, Commented, Move, Opened, Withdrawn
from handrail.requests.record import write_draft, write_move, write_state
from handrail.requests.request import ENDED, HumanRequest, Status
from handrail.runs.ports import RunTransaction
from handrail.runs.run import SETTLED_RUNS, RunStatus
from handrail.testing.store_samples import NOW, ODD_TEXT, every_request, large, moment, request, run
from handrail.testing.store_units import OpenStore, error_of, ids


def insert(tx: RunTransaction, *, requests: list[HumanRequest]) -> None:
    """Store requests."""
    for one in requests:
        tx.insert_request(one)


def append(tx: RunTransaction, *, one: HumanRequest, move: Move, seconds: float) -> None:
    """Append a move of a request to the log, so many seconds after `NOW`."""
    tx.append_event(move.kind, write_move(move), at=moment(seconds), actor="bob", request_id=one.id)


def message(number: int, **fields: Any) -> Message:
    """Return a message to the terminal, due at once."""
    given = {"request_id": "req_0001", "channel": "terminal", "occasion": "opened", "due_at": NOW, **fields}
    return Message(f"msg_{number:04d}", **given)


class InboxContract:
    """The port of the inbox."""

    async def test_requests_come_back_as_they_were(self, store: OpenStore) -> None:
        stored = list(every_request())
        await store.do(insert, requests=stored)
        for one in stored:
            found = await store.read(lambda tx, one: tx.request(one.id), one)
            assert found == one
            assert write_state(found) == write_state(one), "equal is not enough: 1, 1.0 and True are"
            assert write_draft(found.draft) == write_draft(one.draft)
        assert await store.read(lambda tx: tx.requests(Filter())) == stored
        assert await store.read(lambda tx: tx.request("req_none")) is None

    async def test_a_request_id_is_taken_once(self, store: OpenStore) -> None:
        await store.do(insert, requests=[request(1)])
        assert await error_of(store.do(insert, requests=[request(1, flow="other")])) is not None
        assert await store.read(lambda tx: tx.request("req_0001")) == request(1)

    async def test_a_request_is_updated_from_the_version_before_only(self, store: OpenStore) -> None:
        await store.do(insert, requests=[request(1), request(2)])
        newer = request(1, version=2, status=Status.CLAIMED, claimed_by="bob", due_at=moment(5))
        assert await store.do(lambda tx: tx.update_request(newer, 1))
        assert not await store.do(lambda tx: tx.update_request(newer, 1)), "from the same version again"
        assert not await store.do(lambda tx: tx.update_request(request(1, version=4), 3)), "from one to come"
        assert not await store.do(lambda tx: tx.update_request(request(3, version=2), 1)), (
            "an unknown request"
        )
        assert await store.read(lambda tx: tx.requests(Filter())) == [newer, request(2)]
        latest = request(1, version=4)
        assert await store.do(lambda tx: tx.update_request(latest, 2)), "two moves at once"
        assert await store.read(lambda tx: tx.requests(Filter())) == [latest, request(2)]

    async def test_filters_and_pages(self, store: OpenStore) -> None:
        stored = [
            request(
                number,
                status=list(Status)[number % 5],
                run_id=("run_1", "run_2", None)[number % 3],
                flow=("a", "b", None, "a'b")[number % 4],
                thread=f"thread_{number // 10}",
            )
            for number in range(60)
        ]
        await store.do(insert, requests=stored[::-1])
        wanted = (
            Filter(),
            Filter((Status.OPEN,)),
            Filter((Status.OPEN, Status.CLAIMED)),
            Filter((Status.CLAIMED, Status.OPEN)),
            Filter(tuple(ENDED)),
            Filter(run_id="run_2"),
            Filter(flow="a'b"),
            Filter(thread="thread_3"),
            Filter((Status.OPEN, Status.WITHDRAWN), "run_1", "thread_2", "a"),
            Filter(run_id="none"),
        )
        for which in wanted:
            expected = [one.id for one in stored if _fits(one, which)]
            assert ids(await store.read(lambda tx, which: tx.requests(which), which)) == expected, which
            assert await self._paged(store, replace(which, limit=4)) == expected, which

    async def _paged(self, store: OpenStore, which: Filter) -> list[str]:
        found: list[str] = []
        while page := ids(await store.read(lambda tx, which: tx.requests(which), which)):
            assert len(page) <= which.limit
            found += page
            which = replace(which, after=page[-1])
        return found

    async def test_due_requests_come_in_order(self, store: OpenStore) -> None:
        due = {1: 30.0, 2: 10.0, 3: None, 4: 20.0, 5: 0.000001, 6: 99.0}
        stored = [request(n, due_at=None if s is None else moment(s)) for n, s in due.items()]
        assert await store.read(lambda tx: tx.next_request_due()) is None
        await store.do(insert, requests=stored)
        assert await store.read(lambda tx: tx.next_request_due()) == moment(0.000001)
        in_order = ["req_0005", "req_0002", "req_0004", "req_0001"]
        assert await store.read(lambda tx: tx.due_requests(moment(30), 10)) == in_order
        assert await store.read(lambda tx: tx.due_requests(moment(30), 2)) == in_order[:2]
        assert await store.read(lambda tx: tx.due_requests(NOW, 10)) == []
        await store.do(lambda tx: tx.update_request(request(5, version=2), 1))
        assert await store.read(lambda tx: tx.next_request_due()) == moment(10)

    async def test_what_is_filed_rightly_is_not_misfiled(self, store: OpenStore) -> None:
        moments = [NOW.replace(microsecond=at) for at in (0, 1, 499_999, 500_000, 999_499, 999_500, 999_999)]
        stored = [request(number, due_at=moment) for number, moment in enumerate(moments)]
        await store.do(insert, requests=[*stored, request(99)])
        assert await store.read(lambda tx: tx.misfiled_requests()) == []

    async def test_members_are_replaced_as_a_whole(self, store: OpenStore) -> None:
        for people in (["alice", "bob"], ["bob", "carol", "bob"], ["Bob", ODD_TEXT], []):
            await store.do(lambda tx, people: tx.set_members("legal", people), people)
            await store.do(lambda tx: tx.set_members("other", ["dave"]))
            assert set(await store.read(lambda tx: tx.members("legal"))) == set(people)
            assert set(await store.read(lambda tx: tx.members("other"))) == {"dave"}
        assert not await store.read(lambda tx: tx.members("nobody"))

    async def test_events_are_chained_and_come_back_in_order(self, store: OpenStore) -> None:
        assert await store.read(lambda tx: tx.end_of_log()) == 0
        opened, other = request(1), request(2)
        moves: list[tuple[HumanRequest, Move]] = [
            (opened, Opened(opened)),
            (other, Opened(other)),
            (opened, Claimed("bob")),
            (opened, Commented("bob", ODD_TEXT)),
            (other, Withdrawn("alice", ODD_TEXT)),
        ]
        for place, (one, move) in enumerate(moves):
            await store.do(append, one=one, move=move, seconds=place)
        await store.do(lambda tx: tx.append_event("retried", "{}", at=NOW, actor=ODD_TEXT, run_id="run_1"))
        events = await store.read(lambda tx: tx.events("req_0001"))
        assert [event.move for event in events] == [moves[place][1] for place in (0, 2, 3)]
        assert [event.at for event in events] == [moment(place) for place in (0, 2, 3)]
        log = await store.read(lambda tx: tx.log(0, 100))
        assert [line.sequence for line in log] == [1, 2, 3, 4, 5, 6]
        assert [line.hash for line in log] == [
            chained(before, line.line)
            for before, line in zip(["", *(line.hash for line in log)], log, strict=False)
        ]
        assert (log[5].actor, log[5].request_id, log[5].run_id) == (ODD_TEXT, None, "run_1")
        assert await store.read(lambda tx: tx.log(2, 3)) == log[2:5]
        assert await store.read(lambda tx: tx.end_of_log()) == 6

    async def test_events_of_one_transaction_are_chained(self, store: OpenStore) -> None:
        def unit(tx: RunTransaction) -> None:
            for number in range(3):
                tx.append_event("noted", str(number), at=NOW, actor="alice")

        await store.do(unit)
        await store.do(unit)
        assert [line.data for line in await store.read(lambda tx: tx.log(0, 10))] == list("012012")
        assert (await verify(store)).ok

    async def test_the_largest_event_comes_back(self, store: OpenStore) -> None:
        text = write_move(Opened(large(1)))
        await store.do(lambda tx: tx.append_event("opened", text, at=NOW, actor="a", request_id="req_0001"))
        assert [e.move for e in await store.read(lambda tx: tx.events("req_0001"))] == [Opened(large(1))]

    async def test_messages_come_when_due_to_their_channel(self, store: OpenStore) -> None:
        first, late, web, done, failed = stored = [
            message(1, due_at=moment(-1), attempts=2, error=ODD_TEXT),
            message(2, due_at=moment(60)),
            message(3, channel="web", due_at=moment(-2), request_id="req_0002"),
            message(4, state="sent"),
            message(5, state="failed", error="no route"),
        ]
        for one in stored:
            await store.do(lambda tx, one: tx.add_message(one), one)
        both = ["web", "terminal"]
        assert await store.read(lambda tx: tx.due_messages(both, NOW, 10)) == [web, first]
        assert await store.read(lambda tx: tx.due_messages(both, NOW, 1)) == [web]
        assert await store.read(lambda tx: tx.due_messages(["terminal"], moment(60), 10)) == [first, late]
        assert await store.read(lambda tx: tx.due_messages([], moment(60), 10)) == []
        assert await store.read(lambda tx: tx.next_message_due(["terminal"])) == moment(-1)
        assert await store.read(lambda tx: tx.next_message_due(["slack"])) is None
        assert await store.read(lambda tx: tx.messages(None, 10)) == stored[::-1]
        assert await store.read(lambda tx: tx.messages(None, 2)) == [failed, done]
        assert await store.read(lambda tx: tx.messages("req_0002", 10)) == [web]
        sent = replace(web, state="sent", attempts=1, due_at=moment(9), error="first attempt failed")
        await store.do(lambda tx: tx.update_message(sent))
        assert await store.read(lambda tx: tx.messages("req_0002", 10)) == [sent]
        assert await store.read(lambda tx: tx.due_messages(both, NOW, 10)) == [first]

    async def test_messages_come_back_as_they_were(self, store: OpenStore) -> None:
        detail = {"text": ODD_TEXT, "by": "bob", "of": None, "deep": [{"a": 1.0}]}
        stored = [
            message(1, to=ODD_TEXT, place=ODD_TEXT, detail=detail, error=ODD_TEXT, attempts=7),
            message(2, to="#deploys", detail={}),
            message(3, place=""),
        ]
        for one in stored:
            await store.do(lambda tx, one: tx.add_message(one), one)
        assert await store.read(lambda tx: tx.messages(None, 10)) == stored[::-1]
        assert await error_of(store.do(lambda tx: tx.add_message(stored[0]))) is not None, (
            "an id is taken once"
        )
        moved = replace(stored[1], to="@bob", place="note 1", attempts=1, due_at=moment(5))
        await store.do(lambda tx: tx.update_message(moved))
        assert await store.read(lambda tx: tx.messages(None, 10)) == [stored[2], moved, stored[0]]

    async def test_what_wishes_have_stored_is_found_by_request_and_by_digest(self, store: OpenStore) -> None:
        listed = {"to": "@bob", "news": "asked", "waits": "digest"}
        stored = [
            message(1, **listed),
            message(2, **listed, request_id="req_0002", due_at=moment(-1), place="msg_0001"),
            message(3, **listed, due_at=moment(5)),
            message(4, **{**listed, "waits": "quiet"}),
            message(5, **listed, state="sent"),
            message(6, **{**listed, "to": "@carol"}),
            message(7, to="@bob"),
        ]
        for one in stored:
            await store.do(lambda tx, one: tx.add_message(one), one)
        assert await store.read(lambda tx: tx.messages(None, 10)) == stored[::-1]
        due = await store.read(lambda tx: tx.waiting_for_digest("terminal", "@bob", None, NOW, 10))
        assert due == stored[:1]
        marked = await store.read(lambda tx: tx.waiting_for_digest("terminal", "@bob", "msg_0001", NOW, 10))
        assert marked == stored[1:2]
        assert (
            await store.read(lambda tx: tx.waiting_for_digest("terminal", "@bob", None, NOW, 1)) == stored[:1]
        )
        assert await store.read(lambda tx: tx.waiting_for_digest("web", "@bob", None, NOW, 10)) == []
        told = await store.read(lambda tx: tx.told_by_wishes("req_0001"))
        assert [each.id for each in told] == [stored[number].id for number in (0, 2, 3, 4, 5)]
        free = replace(stored[0], waits=None)
        await store.do(lambda tx: tx.update_message(free))
        assert await store.read(lambda tx: tx.message(free.id)) == free

    async def test_what_keeps_something_true_does_not_wait_for_what_is_held(self, store: OpenStore) -> None:
        held = message(1, to="@bob", due_at=moment(60), news="reminded", waits="quiet", occasion="reminded")
        ended = message(2, to="@bob", occasion="ended")
        kept, news = replace(ended, news="kept"), replace(ended, news="ended")
        said = replace(ended, occasion="commented")
        await store.do(lambda tx: tx.add_message(held))

        async def goes(one: Message, behind: Message) -> bool:
            def unit(tx: Any) -> bool:
                tx.update_message(behind)
                tx.add_message(replace(one, id=new))
                return any(each.id == new for each in tx.due_messages(["terminal"], NOW, 10))

            new = f"msg_{len(await store.read(lambda tx: tx.messages(None, 100))) + 1:04}"
            found: bool = await store.do(unit)
            await store.do(lambda tx: tx.update_message(replace(one, id=new, state="sent")))
            return found

        assert [await goes(one, held) for one in (ended, kept, news, said)] == [True, True, False, False]
        tried = replace(held, attempts=1)
        assert [await goes(one, tried) for one in (ended, kept)] == [False, False]

    async def test_to_one_recipient_the_later_waits_for_the_earlier(self, store: OpenStore) -> None:
        """Who failed comes again later; what is behind it must not be there first."""
        failed = message(1, to="@bob", due_at=moment(60), attempts=1)
        behind = [message(2, to="@bob", due_at=moment(-1)), message(3, to="@bob")]
        others = [
            message(4, to="@carol", due_at=moment(1)),
            message(5, due_at=moment(2)),
            message(6, to="@bob", channel="web", due_at=moment(3)),
            message(7, to="@bob", request_id="req_0002", due_at=moment(4)),
        ]
        for one in [failed, *behind, *others]:
            await store.do(lambda tx, one: tx.add_message(one), one)

        async def due(seconds: float) -> list[Message]:
            both, at = ["web", "terminal"], moment(seconds)
            found: list[Message] = await store.read(lambda tx: tx.due_messages(both, at, 10))
            return found

        assert await due(10) == others
        assert await due(59) == others
        ended = replace(failed, state="failed")
        for outcome in (ended, replace(failed, state="sent"), replace(failed, due_at=moment(-5))):
            await store.do(lambda tx, one: tx.update_message(one), outcome)
            first = [outcome] if outcome.state == "pending" else []
            assert await due(10) == [*first, *behind, *others]
            await store.do(lambda tx: tx.update_message(failed))

    async def test_what_was_sent_is_found_by_its_request_and_channel(self, store: OpenStore) -> None:
        def sent(place: str, seconds: float = 0, **fields: Any) -> Sent:
            given = {"request_id": "req_0001", "channel": "slack", "to": "#deploys", "message_id": "msg_1"}
            return Sent(place=place, at=moment(seconds), **{**given, **fields})

        later, odd, first = sent("b", 5), sent(ODD_TEXT, 2, to=ODD_TEXT), sent("a", 1)
        elsewhere = [sent("a", channel="email"), sent("a", request_id="req_0002")]
        for one in [later, odd, first, *elsewhere, replace(first, to="@bob", at=moment(9))]:
            await store.do(lambda tx, one: tx.add_sent(one), one)
        assert await store.read(lambda tx: tx.sent("req_0001", "slack")) == [first, odd, later]
        assert await store.read(lambda tx: tx.sent("req_0001", "email")) == [elsewhere[0]]
        assert await store.read(lambda tx: tx.sent("req_0003", "slack")) == []
        assert await store.read(lambda tx: tx.sent_at("slack", "b")) == later
        assert await store.read(lambda tx: tx.sent_at("email", "a")) == elsewhere[0]
        assert await store.read(lambda tx: tx.sent_at("email", "b")) is None

    async def test_what_was_received_about_an_open_request_is_not_forgotten(self, store: OpenStore) -> None:
        def received(tx: Any) -> list[bool]:
            return [tx.receive("slack", each.status, moment(99), each.id) for each in there]

        there = [request(number, status=status) for number, status in enumerate(Status)]
        for one in there:
            await store.do(lambda tx, one: tx.insert_request(one), one)
        assert all(await store.do(received))
        await store.do(lambda tx: tx.receive("slack", "nothing", moment(99)))
        for days in (1, 2, 40):
            await store.do(lambda tx, days: tx.forget_received(moment(days * 86_400)), days)
            new = dict(zip((each.status for each in there), await store.do(received), strict=True))
            assert {status for status, is_new in new.items() if not is_new} == {*Status} - ENDED
        assert await store.do(lambda tx: tx.receive("slack", "nothing", moment(99)))

    async def test_what_was_received_is_received_once_until_it_is_forgotten(self, store: OpenStore) -> None:
        async def receive(channel: str, name: str, seconds: float) -> bool:
            new: bool = await store.do(lambda tx: tx.receive(channel, name, moment(seconds)))
            return new

        assert await receive("slack", "e1", 0)
        assert not await receive("slack", "e1", 60), "and it isn't newer for that"
        assert await receive("email", "e1", 10)
        assert await receive("slack", ODD_TEXT, 10)
        await store.do(lambda tx: tx.forget_received(NOW))
        assert not await receive("slack", "e1", 0), "before, not at"
        await store.do(lambda tx: tx.forget_received(moment(10)))
        assert await receive("slack", "e1", 20)
        assert not await receive("email", "e1", 20)
        assert not await receive("slack", ODD_TEXT, 20)

    async def test_messages_are_found_by_state_channel_and_request(self, store: OpenStore) -> None:
        first, web, sent, failed, other = stored = [
            message(1, due_at=moment(60), error=ODD_TEXT),
            message(2, channel="web", due_at=moment(-2), request_id="req_0002"),
            message(3, state="sent"),
            message(4, channel="web", state="failed", error="no route", to="#odd", detail={"text": ODD_TEXT}),
            message(5, due_at=moment(30)),
        ]
        for one in stored:
            await store.do(lambda tx, one: tx.add_message(one), one)

        async def found(which: MessageFilter, before: str | None = None, limit: int = 10) -> list[Message]:
            return await store.read(lambda tx: tx.find_messages(which, before, limit))

        assert await found(MessageFilter()) == stored[::-1]
        assert await found(MessageFilter(), before=sent.id, limit=1) == [web]
        assert await found(MessageFilter("pending")) == [other, web, first]
        assert await found(MessageFilter("pending"), before=other.id, limit=1) == [web]
        assert await found(MessageFilter("pending", "terminal")) == [other, first]
        assert await found(MessageFilter("failed")) == [failed]
        assert await found(MessageFilter(channel="web")) == [failed, web]
        assert await found(MessageFilter("pending", request_id="req_0002")) == [web]
        assert await found(MessageFilter("failed", request_id="req_0002")) == []
        assert await found(MessageFilter(channel="terminal", request_id="req_0001"), before=other.id) == [
            sent,
            first,
        ]
        assert await store.read(lambda tx: tx.message(failed.id)) == failed
        assert await store.read(lambda tx: tx.message("msg_none")) is None
        assert await store.read(lambda tx: tx.count_messages("pending", 10)) == {"terminal": 2, "web": 1}
        assert await store.read(lambda tx: tx.count_messages("pending", 1)) == {"terminal": 1, "web": 1}
        assert await store.read(lambda tx: tx.count_messages("failed", 10)) == {"web": 1}
        assert await store.read(lambda tx: tx.first_pending("terminal", 10)) == [other, first]
        assert await store.read(lambda tx: tx.first_pending("terminal", 1)) == [other]

    async def test_a_wakeup_keeps_the_earlier_moment(self, store: OpenStore) -> None:
        await store.do(lambda tx: tx.insert_run(run(status=RunStatus.WAITING)))
        for seconds in (50, 20, 90):
            await store.do(lambda tx, seconds: tx.add_wakeup("run_1", "", moment(seconds)), seconds)
        assert await store.read(lambda tx: tx.next_wakeup(["publish"])) == moment(20)
        await store.do(lambda tx: tx.add_wakeup("run_1", "0[1]", moment(10)))
        assert await store.read(lambda tx: tx.next_wakeup(["publish"])) == moment(10)

    async def test_only_unsettled_runs_are_woken(self, store: OpenStore) -> None:
        for status in RunStatus:
            await store.do(lambda tx, status: tx.insert_run(run(f"run_{status}", status=status)), status)
            await store.do(lambda tx, status: tx.add_wakeup(f"run_{status}", "", NOW), status)
        await store.do(lambda tx: tx.add_wakeup("run_none", "", NOW))
        woken = {s for s in RunStatus if await store.read(lambda tx, s: tx.has_wakeup(f"run_{s}", NOW), s)}
        assert woken == set(RunStatus) - SETTLED_RUNS


def _fits(one: HumanRequest, which: Filter) -> bool:
    return (
        (not which.statuses or one.status in which.statuses)
        and which.run_id in (None, one.run_id)
        and which.flow in (None, one.flow)
        and which.thread in (None, one.thread)
    )

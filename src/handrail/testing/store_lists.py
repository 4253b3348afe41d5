"""What a store must give to lists: pending requests by whom they ask, ended ones, lines of the log, runs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handrail.inbox.filing import NEVER, Lot, Place, keys_of, place_of
from handrail.inbox.ports import LogEntry, LogFilter, Order, Sought
from handrail.requests.lifecycle import Commented, Decided
from handrail.requests.policy import Audience, Policy
from handrail.requests.record import write_move
from handrail.requests.request import HumanRequest, RequestDraft, Status
from handrail.runs.ports import RunFilter, RunTransaction
from handrail.runs.run import RunStatus, StoredRun
from handrail.testing.store_samples import NOW, every_request, moment, request, run
from handrail.testing.store_units import OpenStore

EVERYBODY = Audience()
LEGAL = Audience(("alice",), ("legal",))


def _asking(number: int, who: Audience = EVERYBODY, priority: int = 0, **fields: Any) -> HumanRequest:
    draft = RequestDraft(
        "approval", f"Question {number}", {"content": 1}, policy=Policy(who), priority=priority
    )
    return request(number, draft=draft, **fields)


def _insert(tx: RunTransaction, *, requests: list[HumanRequest]) -> None:
    for one in requests:
        tx.insert_request(one)


def _found(
    tx: RunTransaction, /, keys: tuple[str, ...] | None, order: Order = "due", limit: int = 100, **more: Any
) -> list[str]:
    return [place.id for place in tx.places(tx.lots(keys), Sought(order, **more), limit)]


def _searched(tx: RunTransaction, /, keys: tuple[str, ...] | None, order: Order, text: str) -> list[str]:
    found = tx.search(tx.lots(keys), Sought(order), text, 100, 1000)
    assert found.reached is None
    return [place.id for place in found.places]


class ListContract:
    """The part of the ports that lists read."""

    async def test_pending_requests_lie_in_the_lots_of_whom_they_ask(self, store: OpenStore) -> None:
        requests = [
            _asking(1),
            _asking(2, Audience(("alice",)), flow="a"),
            _asking(3, Audience(groups=("legal",)), flow="a"),
            _asking(4, LEGAL, flow="a'b"),
            _asking(5, Audience(("bob",)), initiator="alice"),
            _asking(6, status=Status.RESOLVED, ended_at=NOW),
        ]
        await store.do(_insert, requests=requests)
        wanted = {
            keys_of("alice", ["legal"]): [1, 2, 3, 4, 5],
            keys_of("alice", []): [1, 2, 4, 5],
            keys_of("bob", ["legal"]): [1, 3, 4, 5],
            keys_of("carol", ["Legal"]): [1],
            None: [1, 2, 3, 4, 5],
        }
        for keys, numbers in wanted.items():
            for order in ("due", "urgent", "oldest"):
                found = await store.read(_found, keys, order)
                assert found == [f"req_000{number}" for number in numbers], (keys, order)
            lots = await store.read(lambda tx, keys: tx.lots(keys), keys)
            count = await store.read(lambda tx, lots: tx.count_places(lots, Sought(), 100), lots)
            assert count == len(numbers), keys
            assert {lot.flow for lot in lots} <= {None, "a", "a'b"}

    async def test_a_request_that_moves_lies_elsewhere(self, store: OpenStore) -> None:
        await store.do(_insert, requests=[_asking(1, LEGAL, initiator="bob")])
        moved = _asking(1, Audience(("carol",)), initiator="bob", version=2, deadline=moment(9))
        assert await store.do(lambda tx: tx.update_request(moved, 1))
        assert await store.read(_found, keys_of("alice", ["legal"])) == []
        assert await store.read(lambda tx: tx.lots(keys_of("carol", []))) == [
            Lot(None, "user:carol", False, 0, False)
        ]
        assert await store.read(lambda tx: tx.lots(keys_of("bob", []))) == [
            Lot(None, "user:bob", True, 0, True)
        ]
        ended = replace(moved, version=3, status=Status.WITHDRAWN, ended_at=NOW)
        assert not await store.do(lambda tx: tx.update_request(ended, 1))
        assert await store.read(_found, keys_of("bob", [])) == ["req_0001"], "nothing was written"
        assert await store.do(lambda tx: tx.update_request(ended, 2))
        for keys in (None, keys_of("carol", []), keys_of("bob", [])):
            assert await store.read(_found, keys) == []

    async def test_places_come_in_order_and_behind_one(self, store: OpenStore) -> None:
        requests = [
            _asking(
                number,
                LEGAL if number % 3 else Audience(),
                priority=number % 2,
                deadline=(None, moment(5), moment(3))[number % 7 % 3],
                flow=(None, "a")[number % 5 % 2],
            )
            for number in range(1, 40)
        ]
        await store.do(_insert, requests=requests)
        keys = keys_of("alice", ["legal"])
        due = sorted(requests, key=lambda one: (one.deadline is None, one.deadline or NOW, one.id))
        urgent = sorted(due, key=lambda one: -one.draft.priority)
        orders: dict[Order, list[HumanRequest]] = {"due": due, "urgent": urgent, "oldest": requests}
        for order, wanted in orders.items():
            found: list[str] = []
            after: Place | None = None
            while page := await store.read(
                lambda tx, sought: tx.places(tx.lots(keys), sought, 7), Sought(order, after)
            ):
                found += [place.id for place in page]
                after = page[-1]
            assert found == [one.id for one in wanted], order
        late = [one.id for one in due if one.deadline is not None and one.deadline <= moment(4)]
        assert await store.read(lambda tx: _found(tx, keys, until=moment(4))) == late
        assert [place_of(one).moment == NEVER for one in requests] == [not one.deadline for one in requests]

    async def test_texts_are_found_whatever_their_case_and_signs(self, store: OpenStore) -> None:
        titles = ["Grüße", "100 % sure", "a_b", "axb", "[x]", "x" * 500 + "end", "back\\slash"]
        requests = [
            request(number, draft=RequestDraft("approval", title, {"content": 1}), run_id=f"Run-{number}")
            for number, title in enumerate(titles, 1)
        ]
        await store.do(_insert, requests=requests)
        for text, numbers in {
            "GRÜSS": [],
            "gRÜß": [1],
            "%": [2],
            "A_B": [3],
            "[X]": [5],
            "ü": [1],
            "end": [],
            "\\s": [7],
            "run-4": [4],
            "nowhere": [],
            "\0": [],
            "sure\nRun": [],
        }.items():
            for order in ("due", "oldest"):
                found = await store.read(_searched, ("*",), order, text)
                assert found == [f"req_000{number}" for number in numbers], (text, order)

    async def test_outlines_are_requests_without_what_they_show(self, store: OpenStore) -> None:
        requests = list(every_request())
        await store.do(_insert, requests=requests)
        found = await store.read(lambda tx: tx.outlines([one.id for one in requests] + ["req_none"]))
        assert list(found) == [one.id for one in requests]
        for one in requests:
            assert found[one.id] == _without_what_it_shows(one), one.id

    async def test_ended_and_youngest_requests_come_the_latest_first(self, store: OpenStore) -> None:
        requests = [
            request(
                number,
                status=Status.RESOLVED if number % 2 else Status.OPEN,
                ended_at=moment(-number) if number % 2 else None,
                flow=(None, "a", "b")[number % 3],
            )
            for number in range(1, 20)
        ]
        await store.do(_insert, requests=requests)
        for flow in (None, "a", "b", "none"):
            ended = [one.id for one in requests if one.ended and flow in (None, one.flow)]
            found: list[Place] = []
            while page := await store.read(
                lambda tx, flow, after: tx.ended_places(flow, after, 3), flow, found[-1] if found else None
            ):
                found += page
            assert [place.id for place in found] == ended, flow
        youngest = await store.read(lambda tx: tx.youngest_places(None, 5))
        assert [place.id for place in youngest] == [one.id for one in requests[:-6:-1]]
        following = await store.read(lambda tx: tx.youngest_places(youngest[-1], 100))
        assert [place.id for place in following] == [one.id for one in requests[-6::-1]]

    async def test_what_somebody_decided_comes_once_by_their_last_decision(self, store: OpenStore) -> None:
        voted = next(one for one in every_request() if one.decisions)
        text = write_move(Decided(voted.decisions[0]))
        said = [("bob", 1), ("bob", 2), ("alice", 2), ("bob", 1), ("bob", 3)]

        def unit(tx: RunTransaction) -> None:
            for who, number in said:
                tx.append_event("decided", text, at=NOW, actor=who, request_id=f"req_{number}")
            other = write_move(Commented("bob", "why?"))
            tx.append_event("commented", other, at=NOW, actor="bob", request_id="req_9")

        await store.do(unit)
        found = await store.read(lambda tx: tx.decided_places("bob", None, 10))
        assert [place.id for place in found] == ["req_3", "req_1", "req_2"]
        following = await store.read(lambda tx: tx.decided_places("bob", found[0], 1))
        assert following == found[1:2]

    async def test_lines_of_the_log_are_found_by_what_they_say(self, store: OpenStore) -> None:
        def unit(tx: RunTransaction) -> None:
            tx.insert_request(request(1, run_id="run_1"))
            for number in range(12):
                tx.append_event(
                    ("opened", "decided")[number % 2],
                    "{}",
                    at=moment(number),
                    actor=("alice", "bob", "carol")[number % 3],
                    request_id=("req_0001", None)[number % 4 // 2],
                    run_id=("run_1", "run_2")[number // 6],
                )

        await store.do(unit)
        lines = await store.read(lambda tx: tx.log(0, 100))
        filters: list[tuple[LogFilter, Callable[[LogEntry], object]]] = [
            (LogFilter(), lambda line: True),
            (LogFilter("bob"), lambda line: line.actor == "bob"),
            (LogFilter(kind="decided"), lambda line: line.kind == "decided"),
            (LogFilter(request_id="req_0001"), lambda line: line.request_id == "req_0001"),
            (
                LogFilter(run_id="run_1"),
                lambda line: (
                    line.request_id == "req_0001" or (line.run_id == "run_1" and not line.request_id)
                ),
            ),
            (LogFilter(since=moment(3), until=moment(7)), lambda line: 4 <= line.sequence <= 7),
            (LogFilter("nobody"), lambda line: False),
        ]
        for which, fits in filters:
            wanted = [line for line in lines if fits(line) and 2 <= line.sequence <= 11]
            for ascending in (True, False):
                found = await store.read(
                    lambda tx, which, ascending: tx.lines(which, 2, 11, 3, ascending=ascending),
                    which,
                    ascending,
                )
                assert found == (wanted if ascending else wanted[::-1])[:3], which
        at = [
            await store.read(lambda tx, at: tx.sequence_at(moment(at)), at) for at in (-1, 0, 3, 3.5, 11, 12)
        ]
        assert at == [1, 1, 4, 5, 12, 13]

    async def test_groups_of_a_person(self, store: OpenStore) -> None:
        await store.do(lambda tx: tx.set_members("press", ["alice", "bob"]))
        await store.do(lambda tx: tx.set_members("legal", ["alice"]))
        assert await store.read(lambda tx: tx.groups_of("alice")) == ("legal", "press")
        assert await store.read(lambda tx: tx.groups_of("Alice")) == ()

    async def test_runs_come_the_newest_first(self, store: OpenStore) -> None:
        runs = [
            run(
                f"run_{number}",
                created_at=moment(number // 2),
                status=(RunStatus.WAITING, RunStatus.FAILED)[number % 2],
                flow=("a", "b", None)[number % 3],
                initiator=("alice", None)[number % 2],
                error={"name": "x"} if number % 2 else None,
            )
            for number in range(9)
        ]

        def unit(tx: RunTransaction) -> None:
            for one in runs:
                tx.insert_run(one)
            tx.insert_request(request(1, run_id="run_1"))
            tx.insert_request(request(2, run_id="run_1"))

        await store.do(unit)
        runs.sort(key=lambda one: (one.created_at, one.id), reverse=True)
        for which, wanted in (
            (RunFilter(), runs),
            (RunFilter((RunStatus.FAILED,)), [one for one in runs if one.status is RunStatus.FAILED]),
            (RunFilter(flow="b"), [one for one in runs if one.flow == "b"]),
            (RunFilter(text="N_3"), [one for one in runs if one.id == "run_3"]),
            (RunFilter(initiator="alice"), [one for one in runs if one.initiator == "alice"]),
        ):
            found: list[StoredRun] = []
            before = None
            while page := await store.read(
                lambda tx, which, before: tx.newest_runs(which, before, 2), which, before
            ):
                found += page
                before = page[-1].created_at, page[-1].id
            assert found == wanted, which
        latest = await store.read(lambda tx: tx.requests_of_run("run_1", 1))
        assert latest == ["req_0002"]


def _without_what_it_shows(one: HumanRequest) -> HumanRequest:
    draft, outcome = one.draft, one.outcome
    kept = draft.policy
    policy = Policy(quorum=kept.quorum, timeout=kept.timeout, require=kept.require, blind=kept.blind)
    return replace(
        one,
        draft=RequestDraft(draft.kind, draft.title[:200], {}, policy=policy, priority=draft.priority),
        due_at=None,
        reminded=0,
        decisions=tuple(replace(vote, payload=None, channel="code") for vote in one.decisions),
        outcome=None if outcome is None else replace(outcome, payload=None, approvals=0, asked=None),
    )

"""What a store must keep of teams: boards, cards, feedback, and the log that they are made of."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from handrail.requests.request import Status
from handrail.teams.card import Card, Feedback, Usage
from handrail.teams.plan import Planned
from handrail.teams.ports import StoredTeam, TeamTransaction
from handrail.teams.status import FeedbackStatus, TaskStatus, WorkflowStatus
from handrail.testing.store_samples import NOW, ODD_TEXT, VALUES, moment, request
from handrail.testing.store_units import OpenStore


def team(run_id: str = "run_1", **fields: Any) -> StoredTeam:
    """Return a team that has just begun."""
    given = {
        "name": "spec",
        "status": WorkflowStatus.RUNNING,
        "inputs": {},
        "begun_at": NOW,
        "moved_at": NOW,
        "result_task": "task1",
        **fields,
    }
    return StoredTeam(run_id, **given)


def planned(task: str, *needs: str, **fields: Any) -> Planned:
    """Return a task that needs the results of others."""
    given = {"title": f"Do {task}", "description": f"{task} in full", "agent": "Ann", **fields}
    return Planned(task, dependencies=needs, **given)


def card(task: str, place: int = 0, *needs: str, **fields: Any) -> Card:
    """Return a card; what isn't a field of it is one of its task."""
    plan = {name: fields.pop(name) for name in ("parallel", "title", "agent") if name in fields}
    return Card(planned(task, *needs, **plan), place, fields.pop("moved_at", NOW), **fields)


def full_card(task: str = "task1", place: int = 0) -> Card:
    """Return a card with every field."""
    plan = Planned(
        task,
        ODD_TEXT,
        ODD_TEXT,
        ODD_TEXT,
        expected_output=ODD_TEXT,
        validated=True,
        dependencies=("a", "b"),
        deliverable=True,
        parallel=True,
        output_schema={"type": "object", "properties": {"score": {"maximum": 1.0}}},
    )
    return Card(
        plan,
        place,
        moment(3),
        status=TaskStatus.BLOCKED,
        round=4,
        since=2,
        run=f"run_1/{task}/4",
        request="req_0001",
        reason=ODD_TEXT,
        result={"values": list(VALUES)},
        feedback=3,
        processed=2,
        usage=Usage(5, 2**40, 7, Decimal("98765432109876543.000000123456789"), 2),
        counted=1,
        ready=True,
    )


def outlined(one: Card) -> Card:
    """Return a card as an outline has it: without what may be large."""
    plan = Planned(one.id, one.planned.title, "", one.planned.agent, parallel=one.planned.parallel)
    return replace(one, planned=plan, result=None)


def tasks(cards: list[Card]) -> list[str]:
    """Return the tasks of cards."""
    return [one.id for one in cards]


async def laid_out(store: OpenStore, *cards: Card, run_id: str = "run_1") -> None:
    """Store a board with these cards."""

    def unit(tx: TeamTransaction) -> None:
        tx.insert_team(team(run_id))
        tx.insert_cards(run_id, cards)

    await store.do(unit)


class TeamContract:
    """The port of teams."""

    async def test_teams_come_back_as_they_were(self, store: OpenStore) -> None:
        full = team(
            "run/2",
            name=ODD_TEXT,
            status=WorkflowStatus.ERRORED,
            inputs={"values": list(VALUES)},
            begun_at=moment(-1),
            error=ODD_TEXT,
            version=7,
        )
        for one in (team(), full):
            await store.do(lambda tx, one: tx.insert_team(one), one)
            found = await store.read(lambda tx, one: tx.team(one.run_id), one)
            assert found == one
            assert repr(found) == repr(one)
        assert await store.read(lambda tx: tx.team("none")) is None

    async def test_a_team_is_updated_under_the_next_version_only(self, store: OpenStore) -> None:
        await store.do(lambda tx: (tx.insert_team(team()), tx.insert_team(team("run_2"))))
        moved = team(
            status=WorkflowStatus.ERRORED, error=ODD_TEXT, moved_at=moment(9), version=2, inputs={"a": 1}
        )
        for version in (1, 3):
            late = replace(moved, version=version)
            assert not await store.do(lambda tx, late: tx.update_team(late), late)
        assert await store.read(lambda tx: tx.team("run_1")) == team()
        assert await store.do(lambda tx: tx.update_team(moved))
        assert not await store.do(lambda tx: tx.update_team(moved)), "somebody was faster"
        assert await store.read(lambda tx: tx.team("run_1")) == replace(moved, inputs={}), "they never change"
        assert await store.read(lambda tx: tx.team("run_2")) == team("run_2")

    async def test_teams_are_listed_the_youngest_first(self, store: OpenStore) -> None:
        ages = {"zebra": 5, "apple": 9, "kiwi": 7, "fig": 7, "plum": 1}
        for run_id, age in ages.items():
            status = WorkflowStatus.BLOCKED if age == 7 else WorkflowStatus.FINISHED
            name = "notes" if run_id in ("kiwi", "plum") else "spec"
            one = team(run_id, begun_at=moment(-age), status=status, name=name)
            await store.do(lambda tx, one: tx.insert_team(one), one)

        async def found(
            *statuses: WorkflowStatus,
            name: str | None = None,
            before: tuple[datetime, str] | None = None,
            limit: int = 10,
        ) -> list[str]:
            teams = await store.read(lambda tx: tx.teams(statuses, name, before, limit))
            return [one.run_id for one in teams]

        order = ["plum", "zebra", "kiwi", "fig", "apple"]
        assert await found() == order
        assert await found(limit=2) == order[:2]
        for place, run_id in enumerate(order):
            assert await found(before=(moment(-ages[run_id]), run_id)) == order[place + 1 :]
        assert await found(WorkflowStatus.BLOCKED) == ["kiwi", "fig"]
        assert await found(WorkflowStatus.BLOCKED, WorkflowStatus.FINISHED) == order
        assert await found(WorkflowStatus.BLOCKED, name="notes") == ["kiwi"]
        assert await found(name="none") == []

    async def test_cards_come_back_as_they_were_in_order(self, store: OpenStore) -> None:
        cards = [full_card("task2", 1), card("task1"), card("a", 2), card("b", 3, status=TaskStatus.DONE)]
        bare = [replace(one, result=None) for one in cards]  # nobody has worked on what is laid out
        await laid_out(store, *bare)
        await laid_out(store, card("task1", reason="other"), run_id="run_2")
        order = sorted(bare, key=lambda one: one.place)
        found = await store.read(lambda tx: tx.cards("run_1"))
        assert found == order
        assert repr(found) == repr(order)
        assert await store.read(lambda tx: tx.cards("run_1", limit=2)) == order[:2]
        some = (TaskStatus.BLOCKED, TaskStatus.DONE, TaskStatus.PAUSED)
        assert await store.read(lambda tx: tx.cards("run_1", some)) == [order[1], order[3]]
        assert await store.read(lambda tx: tx.cards("run_1", some, 1)) == [order[1]]
        assert await store.read(lambda tx: tx.cards("none")) == []
        for one in bare:
            assert await store.read(lambda tx, one: tx.card("run_1", one.id), one) == one
        assert await store.read(lambda tx: tx.card("run_1", "none")) is None
        assert await store.read(lambda tx: tx.card("run_2", "a")) is None
        outlines = await store.read(lambda tx: tx.outlines_of_cards("run_1"))
        assert outlines == [outlined(one) for one in order]

    async def test_a_card_is_updated_and_its_result_only_if_it_has_changed(self, store: OpenStore) -> None:
        before = card("task1")
        await laid_out(store, before, card("task2", 1))
        await laid_out(store, before, run_id="run_2")
        full = replace(full_card(), planned=before.planned)
        await store.do(lambda tx: tx.update_card("run_1", full))
        assert await store.read(lambda tx: tx.card("run_1", "task1")) == replace(full, result=None)
        for value in VALUES:
            changed = replace(full, result=value)
            await store.do(lambda tx, one: tx.update_card("run_1", one, result=True), changed)
            found = await store.read(lambda tx: tx.card("run_1", "task1"))
            assert repr(found) == repr(changed)
        await store.do(lambda tx: tx.update_card("run_1", before))
        found = await store.read(lambda tx: tx.card("run_1", "task1"))
        assert found == replace(before, result=VALUES[-1])
        assert await store.read(lambda tx: tx.card("run_1", "task2")) == card("task2", 1)
        assert await store.read(lambda tx: tx.card("run_2", "task1")) == before

    async def test_cards_are_found_whose_request_has_ended(self, store: OpenStore) -> None:
        awaiting = TaskStatus.AWAITING_VALIDATION
        cards = []
        for number, status in enumerate(Status, 1):
            one = request(number, status=status)
            await store.do(lambda tx, one: tx.insert_request(one), one)
            cards.append(card(status.value, number, status=awaiting, request=one.id))
        ended = request(len(cards) + 1, status=Status.RESOLVED)
        await store.do(lambda tx: tx.insert_request(ended))
        cards.append(card("doing", 50, status=TaskStatus.DOING, request=ended.id))
        cards.append(card("unasked", 51, status=awaiting))
        await laid_out(store, *cards)
        found = tasks(await store.read(lambda tx: tx.decided_cards("run_1")))
        assert found == [status.value for status in Status if status not in (Status.OPEN, Status.CLAIMED)]
        assert await store.read(lambda tx: tx.decided_cards("none")) == []

    async def test_those_are_next_whose_turn_it_is(self, store: OpenStore) -> None:
        done, todo = TaskStatus.DONE, TaskStatus.TODO
        await laid_out(
            store,
            card("first", 0, status=done),
            card("second", 1, "first", status=todo),
            card("in line", 2, status=todo),
            card("parallel", 3, "first", status=todo, parallel=True),
            card("waits", 4, "first", "second", status=todo, parallel=True),
            card("revise", 5, "second", status=TaskStatus.REVISE),
            card("blocked", 6, status=TaskStatus.BLOCKED),
            card("unblocked", 7, status=TaskStatus.BLOCKED, ready=True),
            card("doing", 8, status=TaskStatus.DOING, ready=True),
        )
        await laid_out(store, card("second", 0, status=done), run_id="run_2")

        async def following(limit: int = 10) -> list[str]:
            return tasks(await store.read(lambda tx: tx.next_cards("run_1", limit)))

        assert await following() == ["second", "parallel", "revise", "unblocked"]
        assert await following(2) == ["second", "parallel"]
        await store.do(lambda tx: tx.update_card("run_1", card("second", 1, status=TaskStatus.DOING)))
        assert await following() == ["parallel", "revise", "unblocked"], "all before it aren't done"
        await store.do(lambda tx: tx.update_card("run_1", card("second", 1, status=done)))
        assert await following() == ["in line", "parallel", "waits", "revise", "unblocked"]

    async def test_dependants_are_found_however_far_behind(self, store: OpenStore) -> None:
        done = TaskStatus.DONE
        await laid_out(
            store,
            card("root", 0, status=done),
            card("near", 1, "root", status=done),
            card("untouched", 2, "near"),
            card("far", 3, "untouched", "near", status=TaskStatus.DOING),
            card("beside", 4, status=done),
        )
        await laid_out(store, card("near", 0, "far", status=done), run_id="run_2")

        async def behind(task: str, run_id: str = "run_1") -> list[str]:
            return tasks(await store.read(lambda tx: tx.dependants(run_id, task)))

        assert await behind("root") == ["near", "far"], "what is TODO is passed through"
        assert await behind("near") == ["far"]
        assert await behind("far") == await behind("beside") == await behind("none") == []

    async def test_tasks_are_counted_and_what_they_have_used_is_added(self, store: OpenStore) -> None:
        cheap = Usage(1, 10, 5, Decimal("0.1"), 0)
        await laid_out(
            store,
            card("a", 0, usage=cheap, status=TaskStatus.DONE),
            card("b", 1, usage=replace(cheap, cost=Decimal("0.2")), status=TaskStatus.DONE),
            card("c", 2, usage=Usage(2, 2**40, 1, Decimal(0), 2)),
        )
        await laid_out(store, card("a", 0, usage=cheap), run_id="run_2")
        counts = await store.read(lambda tx: tx.task_counts("run_1"))
        assert counts == {TaskStatus.DONE: 2, TaskStatus.TODO: 1}
        assert all(type(status) is TaskStatus for status in counts)
        used = await store.read(lambda tx: tx.usage_of_team("run_1"))
        assert used == Usage(4, 2**40 + 20, 11, Decimal("0.3"), 2), "decimals, not floats"
        assert await store.read(lambda tx: tx.task_counts("none")) == {}
        assert await store.read(lambda tx: tx.usage_of_team("none")) == Usage()

    async def test_feedback_is_kept_in_order_and_worked_in_up_to_a_number(self, store: OpenStore) -> None:
        await laid_out(store, card("task1"), card("task2", 1))
        given = [
            Feedback(ODD_TEXT, FeedbackStatus.PENDING, moment(number), number, ODD_TEXT, moment(number))
            for number in (1, 2, 3, 4)
        ]
        for one in given:
            await store.do(lambda tx, one: tx.insert_feedback("run_1", "task1", one), one)
        await store.do(lambda tx: tx.insert_feedback("run_1", "task2", given[0]))

        async def feedback(task: str = "task1", *bounds: int) -> list[Feedback]:
            found: list[Feedback] = await store.read(lambda tx: tx.feedback("run_1", task, *bounds))
            return found

        assert await feedback() == given
        assert await feedback("task1", 1) == given[1:]
        assert await feedback("task1", 1, 2) == given[1:3]
        await store.do(lambda tx: tx.process_feedback("run_1", "task1", 1, 3, moment(9)))
        processed = [replace(one, status=FeedbackStatus.PROCESSED, timestamp=moment(9)) for one in given[1:3]]
        assert await feedback() == [given[0], *processed, given[3]]
        assert await feedback("task2") == [given[0]]
        assert await store.read(lambda tx: tx.feedback("run_2", "task1")) == []

    async def test_the_log_of_a_team_is_read_from_both_ends(self, store: OpenStore) -> None:
        def unit(tx: TeamTransaction, kind: str = "kind") -> TeamTransaction:
            for number in range(6):
                tx.append_event(f"{kind}_{number}", "{}", at=moment(number), actor=ODD_TEXT, run_id="run_1")
                tx.append_event("other", "{}", at=NOW, actor="a", run_id="run_2")
                tx.append_event("asked", "{}", at=NOW, actor="a", run_id="run_1", request_id="req_1")
            return tx

        def kinds(entries: list[Any]) -> list[str]:
            return [entry.kind for entry in entries]

        written = [f"kind_{number}" for number in range(6)]
        # Also in the transaction that writes them.
        assert kinds(await store.do(lambda tx: unit(tx).team_log("run_1", 0, 99))) == written
        lines = await store.read(lambda tx: tx.team_log("run_1", 0, 99))
        assert kinds(lines) == written
        assert lines[0].actor == ODD_TEXT
        sequences = [entry.sequence for entry in lines]
        assert sequences == sorted(set(sequences))
        assert kinds(await store.read(lambda tx: tx.team_log("run_1", sequences[1], 2))) == written[2:4]
        latest = await store.read(lambda tx: tx.latest_team_log("run_1", None, 2))
        assert latest == lines[:3:-1]
        before = await store.read(lambda tx: tx.latest_team_log("run_1", sequences[4], 99))
        assert before == lines[3::-1]
        assert await store.read(lambda tx: tx.team_log("none", 0, 9)) == []
        assert await store.read(lambda tx: tx.latest_team_log("none", None, 9)) == []
        written_now = await store.do(lambda tx: unit(tx, "late").latest_team_log("run_1", None, 1))
        assert kinds(written_now) == ["late_5"]

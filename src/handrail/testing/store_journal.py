"""What a store must keep of journals: order, replacement, and what lies under an address and what lies beside it."""

from dataclasses import replace

from handrail.requests.content import LIMIT
from handrail.runs.journal import Entry, State
from handrail.runs.ports import RunTransaction
from handrail.testing.store_samples import ODD_TEXT, entry, run
from handrail.testing.store_units import OpenStore

BESIDE = ("", "0", "10", "11/2", "2", "10[0]", "1x", "0/1", "x/1", "1-", "1%", "1_")
UNDER = ("1", "1/0", "1/draft/3", "1[0]", "1[12]/4", "1!", "1!/0")


async def write(store: OpenStore, *entries: Entry, run_id: str = "run_1") -> None:
    """Store entries of a run."""
    await store.do(lambda tx: tx.write_entries(run_id, entries))


async def frames(store: OpenStore, *names: str, run_id: str = "run_1") -> dict[str, list[str | None]]:
    """Return the values of what is recorded in each frame, without the empty ones."""
    found = {name: await store.read(lambda tx, name: tx.entries(run_id, name), name) for name in names}
    return {name: [one.value for one in entries] for name, entries in found.items() if entries}


class JournalContract:
    """The port of runs: their journals."""

    async def test_entries_come_back_in_order(self, store: OpenStore) -> None:
        stored = [
            entry("", "draft", 0, value='{"content":"ü"}', kind="llm", attempt=3),
            entry("", ODD_TEXT, 1, value=ODD_TEXT, kind="ask", state=State.WAITING, request_id="req_1"),
            *(entry("", str(place), place, state=state, value=None) for place, state in enumerate(State, 2)),
            entry("", "large", 10, value='"' + "ü" * (LIMIT // 2) + '"'),
        ]
        await write(store, *stored[::-1])
        await write(store, entry("", "else"), run_id="run_2")
        await write(store, entry("0", "else"))
        assert await store.read(lambda tx: tx.entries("run_1", "")) == stored
        assert await store.read(lambda tx: tx.entry("run_1", "", 1)) == stored[1]
        assert await store.read(lambda tx: tx.entry("run_1", "", 99)) is None
        assert await store.read(lambda tx: tx.entries("run_1", "none")) == []

    async def test_an_entry_replaces_the_one_at_its_place(self, store: OpenStore) -> None:
        await write(store, entry("", "0", 0, state=State.OPEN), entry("", "1", 1))
        full = entry("", "new", 0, kind="ask", state=State.FAILED, value=None, request_id="req_1", attempt=2)
        await write(store, full)
        assert await store.read(lambda tx: tx.entries("run_1", "")) == [full, entry("", "1", 1)]

    async def test_branches_are_found_by_state_and_opened(self, store: OpenStore) -> None:
        states = (State.WAITING, State.DONE, State.OPEN, State.WAITING)
        branches = [entry("1", f"[{n}]", n, kind="branch", state=state) for n, state in enumerate(states)]
        ask = entry("1", "ask", 9, kind="ask", state=State.WAITING)
        await write(store, *branches, ask)
        await write(store, *branches, run_id="run_2")
        assert await store.read(lambda tx: tx.branches("run_1", "1", None)) == branches
        assert await store.read(lambda tx: tx.branches("run_1", "1", State.WAITING)) == branches[::3]
        assert await store.read(lambda tx: tx.branches("run_1", "", None)) == []
        await store.do(lambda tx: tx.open_branches("run_1"))
        assert await store.read(lambda tx: tx.branches("run_1", "1", State.WAITING)) == []
        assert len(await store.read(lambda tx: tx.branches("run_1", "1", State.OPEN))) == 3
        assert await store.read(lambda tx: tx.entry("run_1", "1", 9)) == ask
        assert await store.read(lambda tx: tx.branches("run_2", "1", None)) == branches

    async def test_deleting_takes_all_under_an_address_and_nothing_beside_it(self, store: OpenStore) -> None:
        everything = [entry(frame, "step") for frame in (*BESIDE, *UNDER)]
        for run_id in ("run_1", "run_2"):
            await write(store, *everything, run_id=run_id)
        await store.do(lambda tx: tx.delete_entries("run_1", "1"))
        assert set(await frames(store, *BESIDE, *UNDER)) == set(BESIDE)
        assert set(await frames(store, *BESIDE, *UNDER, run_id="run_2")) == {*BESIDE, *UNDER}
        await store.do(lambda tx: tx.delete_entries("run_2", ""))
        assert await frames(store, *BESIDE, *UNDER, run_id="run_2") == {}

    async def test_deleting_under_a_branch(self, store: OpenStore) -> None:
        await write(store, *(entry(frame, "s") for frame in ("1[1]", "1[1]/0", "1[10]", "1[1][0]", "1[2]/0")))
        await store.do(lambda tx: tx.delete_entries("run_1", "1[1]"))
        assert set(await frames(store, "1[1]", "1[1]/0", "1[10]", "1[1][0]", "1[2]/0")) == {"1[10]", "1[2]/0"}

    async def _moved(self, store: OpenStore, *labels: str | None, frame: str = "") -> list[str]:
        """Give the entries of a frame new labels (None: dropped), and return the labels found then."""

        def unit(tx: RunTransaction) -> list[str]:
            now = tx.entries("run_1", frame)
            kept = [
                replace(e, label=label) for e, label in zip(now, labels, strict=True) if label is not None
            ]
            tx.move_entries("run_1", kept, frame)
            found = tx.entries("run_1", frame)
            assert [one.ordinal for one in found] == list(range(len(found)))
            return [one.label for one in found]

        return await store.do(unit)

    async def _nested(self, store: OpenStore) -> None:
        await store.do(lambda tx: tx.insert_run(run()))
        await write(store, *(entry("", str(place), place) for place in range(3)), entry("", "10", 3))
        inner = ("0/0", "1", "1/0", "1!", "1[0]/5", "10/0", "2", "2/7")
        await write(store, *(entry(frame, "x") for frame in inner))
        await write(store, entry("1", "x"), run_id="run_2")

    async def test_names_that_swap_take_what_lies_under_them_along(self, store: OpenStore) -> None:
        await self._nested(store)
        assert await self._moved(store, "0", "2", "1", "10") == ["0", "2", "1", "10"]
        assert await frames(
            store, "", "0/0", "1", "1/0", "1/7", "1!", "1[0]/5", "10/0", "2", "2/0", "2/7", "2!", "2[0]/5"
        ) == {
            "": ['"|0"', '"|1"', '"|2"', '"|10"'],
            "0/0": ['"0/0|x"'],
            "1": ['"2|x"'],
            "1/7": ['"2/7|x"'],
            "10/0": ['"10/0|x"'],
            "2": ['"1|x"'],
            "2/0": ['"1/0|x"'],
            "2!": ['"1!|x"'],
            "2[0]/5": ['"1[0]/5|x"'],
        }
        assert await frames(store, "1", "2", run_id="run_2") == {"1": ['"1|x"']}

    async def test_a_dropped_name_goes_with_what_lies_under_it_and_the_next_takes_its_place(
        self, store: OpenStore
    ) -> None:
        await self._nested(store)
        assert await self._moved(store, "0", None, "1", "10") == ["0", "1", "10"]
        assert await frames(store, "0/0", "1", "1/0", "1/7", "1!", "1[0]/5", "10/0", "2", "2/7") == {
            "0/0": ['"0/0|x"'],
            "1": ['"2|x"'],
            "1/7": ['"2/7|x"'],
            "10/0": ['"10/0|x"'],
        }

    async def test_a_new_entry_moves_the_later_ones(self, store: OpenStore) -> None:
        await self._nested(store)

        def unit(tx: RunTransaction) -> list[Entry]:
            zero, one, two, ten = tx.entries("run_1", "")
            new = Entry("", -1, "1", "*", State.OPEN)
            later = [replace(one, label="2"), replace(two, label="3"), ten]
            tx.move_entries("run_1", [zero, new, *later], "")
            return tx.entries("run_1", "")

        found = await store.do(unit)
        assert [(e.ordinal, e.label, e.kind) for e in found] == [
            (0, "0", "step"),
            (1, "1", "*"),
            (2, "2", "step"),
            (3, "3", "step"),
            (4, "10", "step"),
        ]
        assert await frames(store, "1", "1/0", "2", "2/0", "2!", "2[0]/5", "3", "3/7", "10/0") == {
            "2": ['"1|x"'],
            "2/0": ['"1/0|x"'],
            "2!": ['"1!|x"'],
            "2[0]/5": ['"1[0]/5|x"'],
            "3": ['"2|x"'],
            "3/7": ['"2/7|x"'],
            "10/0": ['"10/0|x"'],
        }

    async def test_renaming_inside_a_frame(self, store: OpenStore) -> None:
        await write(
            store, entry("2", "draft"), entry("2", "check", 1), entry("2/draft", "x"), entry("2/check", "y")
        )
        assert await self._moved(store, "check", "draft", frame="2") == ["check", "draft"]
        assert await frames(store, "2", "2/check", "2/draft") == {
            "2": ['"2|draft"', '"2|check"'],
            "2/check": ['"2/draft|x"'],
            "2/draft": ['"2/check|y"'],
        }

"""Many runs of a flow: each item once, whatever happened before, and what is shown meanwhile."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from handrail import (
    Actor,
    App,
    FunctionNode,
    InvalidInput,
    InvalidItem,
    NotJSON,
    PayloadTooLarge,
    ProgrammingError,
    RunMismatch,
    StepFailed,
    UnknownId,
    ask,
)
from handrail.channels.terminal import progress as module
from handrail.channels.terminal.bars import rendered
from handrail.channels.terminal.progress import Account
from handrail.runs import many
from handrail.runs.many import CHUNK, Standing, Stored
from handrail.runs.run import RunStatus
from handrail.stores.memory import MemoryStore
from tests.support.journey_process import until
from tests.support.journey_runs import asked

Data = dict[str, Any]


async def judged(n: int) -> Data:
    """Fails for 1, asks for 2, returns the others."""
    if n == 1:
        raise ValueError("one")
    return {"n": n, "said": await ask("Well?") if n == 2 else None}


def make(store: MemoryStore | str) -> App:
    app = App(store=store)
    app.flow("judge", judged)
    app.flow("copy", FunctionNode(lambda x: x, name="copy"))
    return app


@pytest.fixture
async def app(store: MemoryStore) -> AsyncIterator[App]:
    """An app that is only connected: what it starts stays PENDING."""
    async with make(store).connect() as app:
        yield app


def ids(runs: list[Any]) -> list[str]:
    return [run.id for run in runs]


async def stored(app: App) -> list[str]:
    return sorted(run.id for run in await app.runs.list(limit=10_000))


def numbered(count: int) -> list[Data]:
    return [{"n": n} for n in range(count)]


# -- which runs they are ----------------------------------------------------------------------------------------------


async def test_each_item_gets_a_run_in_the_order_of_the_items(app: App) -> None:
    items = numbered(CHUNK * 2 + 3)
    runs = await app.start_many("copy", items, initiator="alice")
    found = {run.id: run for run in await app.runs.list(limit=10_000)}
    assert [found[run.id].input for run in runs] == items
    assert {(run.flow, run.queue, run.status, run.initiator) for run in found.values()} == {
        ("copy", "copy", "PENDING", "alice")
    }


async def test_ids_are_made_of_the_batch_and_the_content_for_ever(app: App) -> None:
    # Stored ids depend on it: a change here starts everything twice.
    first = {"b": [1, "ü", None], "a": 1.5}
    (run,) = await app.start_many("copy", [first])
    (other,) = await app.start_many("copy", [dict(reversed(first.items()))], batch="week-47")
    assert run.id == "copy-bad59d9c50a8d3e35aabe022"
    assert other.id == "week-47-bad59d9c50a8d3e35aabe022"


async def test_the_same_items_again_are_the_same_runs(app: App) -> None:
    items = numbered(600)
    first = await app.start_many("copy", items)
    again = await app.start_many("copy", iter(items))
    assert ids(again) == ids(first)
    assert len(set(ids(first))) == len(await stored(app)) == 600
    events = await app.store.read(lambda tx: tx.log(0, 10_000))
    assert Counter(event.kind for event in events) == {"run_started": 600}


async def test_a_changed_order_and_added_items_change_nothing_for_the_others(app: App) -> None:
    items = numbered(20)
    before = dict(zip(range(20), ids(await app.start_many("copy", items)), strict=True))
    mixed = [{"n": 77}, *reversed(items[5:]), {"n": 78}]
    after = ids(await app.start_many("copy", mixed))
    assert after[1:-1] == [before[n] for n in range(19, 4, -1)]
    assert await stored(app) == sorted([*before.values(), after[0], after[-1]])


async def test_equal_items_are_runs_of_their_own(app: App) -> None:
    same = {"a": 1, "b": (2,)}
    runs = ids(await app.start_many("copy", [same, {"a": 2}, {"b": [2], "a": 1}, same]))
    assert runs[2:] == [f"{runs[0]}-2", f"{runs[0]}-3"]
    assert ids(await app.start_many("copy", [same, same, {"a": 2}])) == [runs[0], runs[2], runs[1]]
    assert ids(await app.start_many("copy", [same] * 4))[-1] == f"{runs[0]}-4"
    assert len(await stored(app)) == 5


async def test_what_differs_in_json_only_is_not_equal(app: App) -> None:
    runs = await app.start_many("copy", [{"a": 1}, {"a": True}, {"a": 1.0}, {"a": "1"}, {"a": None}, {}])
    assert not any(run.id.endswith("-2") for run in runs)
    assert len(set(ids(runs))) == 6


async def test_another_batch_makes_new_runs_of_the_same_items(app: App) -> None:
    default, named = [await app.start_many("copy", numbered(3), batch=batch) for batch in (None, "week-47")]
    assert [run.id.replace("week-47-", "copy-") for run in named] == ids(default)
    assert len(await stored(app)) == 6


async def test_a_batch_of_another_flow_is_refused_and_nothing_of_the_chunk_is_stored(app: App) -> None:
    before = ids(await app.start_many("copy", [{"n": 3}], batch="week-47"))
    with pytest.raises(RunMismatch, match="another flow"):
        await app.start_many("judge", numbered(10), batch="week-47")
    assert await stored(app) == before


async def test_a_partial_start_is_completed(app: App) -> None:
    items = numbered(CHUNK * 3)

    def cut_off() -> Iterator[Data]:
        yield from items[: CHUNK + 10]
        raise KeyError("the source has broken")

    with pytest.raises(KeyError):
        await app.start_many("copy", cut_off())
    assert len(await stored(app)) == CHUNK
    runs = await app.start_many("copy", items)
    assert sorted(ids(runs)) == await stored(app)
    assert len(runs) == CHUNK * 3


async def test_a_cancelled_start_is_completed(app: App) -> None:
    reached = asyncio.Event()

    async def stuck() -> AsyncIterator[Data]:
        for item in numbered(CHUNK + 1):
            yield item
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(app.start_many("copy", stuck()))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await stored(app)) == CHUNK
    assert len(await app.start_many("copy", numbered(CHUNK + 1))) == len(await stored(app)) == CHUNK + 1


# -- what items may be ------------------------------------------------------------------------------------------------


async def test_items_come_from_iterables_of_all_kinds(app: App) -> None:
    async def asynchronous() -> AsyncIterator[Data]:
        for item in numbered(5):
            await asyncio.sleep(0)
            yield item

    sources = [numbered(5), tuple(numbered(5)), (item for item in numbered(5)), asynchronous()]
    runs = [ids(await app.start_many("copy", source)) for source in sources]
    assert runs == [runs[0]] * 4
    assert len(set(runs[0])) == 5


async def test_no_items_are_no_runs(app: App) -> None:
    assert await app.start_many("copy", []) == []
    assert await app.start_many("copy", iter(()), wait=True) == []


async def test_items_are_taken_as_they_are_stored(app: App) -> None:
    seen: list[int] = []

    async def source() -> AsyncIterator[Data]:
        for item in numbered(CHUNK * 4):
            if item["n"] % CHUNK == 0:
                seen.append(len(await stored(app)))
            yield item

    await app.start_many("copy", source())
    assert seen == [0, CHUNK, CHUNK * 2, CHUNK * 3]


async def test_large_and_slow_items_make_small_chunks(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    kept = many.create_all

    def counted(tx: Any, *, runs: Any) -> int:
        sizes.append(len(runs))
        return kept(tx, runs=runs)

    monkeypatch.setattr(many, "create_all", counted)
    await app.start_many("copy", [{"n": n, "text": "x" * 1_000_000} for n in range(6)])
    assert sizes == [5, 1]
    monkeypatch.setattr(many, "PATIENCE", -1)
    await app.start_many("copy", numbered(3))
    assert sizes[2:] == [1, 1, 1]


@pytest.mark.parametrize(
    ("bad", "kind", "says"),
    [
        ("text", InvalidInput, "takes a dict, not str"),
        ({"n": object()}, NotJSON, "'n'"),
        ({"n": "x" * (1 << 20)}, PayloadTooLarge, "limit"),
        ({"m": 1}, InvalidInput, "takes n"),
    ],
)
async def test_a_bad_item_is_named_and_its_chunk_not_stored(
    app: App, bad: Any, kind: type[InvalidInput], says: str
) -> None:
    items: list[Any] = numbered(CHUNK * 2)
    items[CHUNK + 7] = bad
    with pytest.raises(InvalidInput, match=f"item {CHUNK + 7} .*{says}") as error:
        await app.start_many("judge", items)
    assert isinstance(error.value, InvalidItem)
    assert isinstance(error.value.__cause__, kind)
    assert (error.value.index, str(error.value.__cause__)) == (CHUNK + 7, error.value.reason)
    assert len(await stored(app)) == CHUNK
    items[CHUNK + 7] = {"n": -1}
    assert len(await app.start_many("judge", items)) == len(await stored(app)) == CHUNK * 2


async def test_what_cannot_be_meant_is_refused_before_anything_is_taken(app: App) -> None:
    taken: list[int] = []

    def source() -> Iterator[Data]:
        taken.append(1)
        yield {"n": 1}

    with pytest.raises(UnknownId, match="this app knows: copy, judge"):
        await app.start_many("coppy", source())
    for batch in ("", " ", "a\nb", "x" * 161, 47):
        with pytest.raises(InvalidInput, match="batch"):
            await app.start_many("copy", source(), batch=batch)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="items is int"):
        await app.start_many("copy", 47)  # type: ignore[arg-type]
    with pytest.raises(InvalidItem, match=r"item 0 .*not str"):
        await app.start_many("copy", {"n": 1})
    with pytest.raises(ProgrammingError, match="not open"):
        await make("memory://").start_many("copy", source())
    assert taken == []
    assert await stored(app) == []


# -- waiting ----------------------------------------------------------------------------------------------------------


async def test_runs_are_executed_while_others_are_still_stored(store: MemoryStore) -> None:
    async with make(store) as app:

        async def source() -> AsyncIterator[Data]:
            for item in numbered(CHUNK):
                yield item
            (first, *_) = await app.runs.list(limit=1)

            async def finished() -> bool:
                return (await app.runs.get(first.id)).status is RunStatus.FINISHED

            await until(finished, "the first one is executed before the last one is there")
            yield {"n": "last"}

        runs = await app.start_many("copy", source(), wait=True)
        assert {run.status for run in runs} == {RunStatus.FINISHED}
        assert await runs[-1].result() == {"n": "last"}


async def test_waiting_ends_when_all_have_settled_and_failures_do_not_raise(store: MemoryStore) -> None:
    async with make(store) as app:
        waiting = asyncio.create_task(app.start_many("judge", numbered(6), wait=True))
        (request,) = await asked(app)
        others = [run.id for run in await app.runs.list() if run.id != request.run_id]

        async def settled() -> bool:
            return all([(await app.runs.get(run_id)).settled for run_id in others])

        await until(settled, "all but the one that asks have settled")
        assert not waiting.done()
        await app.inbox.decide(request.id, "answer", actor=Actor("bob"), payload="fine")
        runs = await waiting
    async with make(store).connect() as app:
        again = [await app.run(run.id) for run in runs]
        assert [run.status for run in again] == ["FINISHED", "FAILED", *["FINISHED"] * 4]
        assert await again[2].result() == {"n": 2, "said": "fine"}
        with pytest.raises(StepFailed):
            await again[1].result()


async def test_waiting_works_where_another_app_executes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'handrail.db'}"
    async with make(url).connect() as here, make(url).work():
        runs = await here.start_many("judge", [{"n": 0}, {"n": 1}], wait=True)
        assert [run.status for run in runs] == ["FINISHED", "FAILED"]


async def test_only_the_runs_of_this_call_are_waited_for(store: MemoryStore) -> None:
    async with make(store) as app:
        await app.start_many("judge", [{"n": 2}])
        await asked(app)
        (run,) = await app.start_many("judge", [{"n": 3}], wait=True)
        assert run.status is RunStatus.FINISHED


async def test_a_run_that_is_cancelled_has_settled(store: MemoryStore) -> None:
    async with make(store) as app:
        waiting = asyncio.create_task(app.start_many("judge", [{"n": 2}], wait=True))
        (request,) = await asked(app)
        await (await app.run(str(request.run_id))).cancel()
        (run,) = await waiting
        assert run.status is RunStatus.CANCELLED


async def test_what_is_shown_while_waiting_is_how_they_stand(store: MemoryStore) -> None:
    shown: list[Stored | Standing] = []

    class Note:
        def show(self, state: Stored | Standing) -> None:
            shown.append(state)

    async with make(store) as app:
        runs = await app.start_many("judge", numbered(5))
        (request,) = await asked(app)
        looking = asyncio.create_task(many.settle(app.store, ids(runs), Note()))
        expected = Standing(5, Counter({RunStatus.FINISHED: 3, RunStatus.FAILED: 1}), 1)
        await until(lambda: expected in shown, "the look sees four ended and one that asks")
        await app.inbox.decide(request.id, "answer", actor=Actor("bob"), payload="fine")
        await looking
    assert shown[-1] == Standing(5, Counter({RunStatus.FINISHED: 4, RunStatus.FAILED: 1}), 0)


# -- progress ---------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


async def test_a_terminal_shows_a_bar_unless_told_not_to(app: App, terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        await app.start_many("copy", numbered(3), progress=False)
        assert terminal.getvalue() == ""
        await app.start_many("copy", numbered(5))
    assert "5/5  " in terminal.getvalue()
    assert "2 started · 3 there before" in terminal.getvalue()
    assert "━━━" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


async def test_without_a_terminal_it_is_silent_or_tells_in_lines(
    app: App, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.start_many("copy", numbered(3))
    assert capsys.readouterr() == ("", "")
    await app.start_many("copy", numbered(5), progress=True)
    out, err = capsys.readouterr()
    assert (out, err.rpartition(", ")[0]) == ("", "copy: 5/5, 2 started · 3 there before")
    monkeypatch.setattr(module, "NOW_AND_THEN", 0)
    await app.start_many("copy", (item for item in numbered(CHUNK * 2)), progress=True)
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "copy: 250",
        "copy: 500",
        "copy: 500",
    ]


async def test_a_dumb_terminal_gets_no_bar(
    app: App, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stderr(terminal):
        await app.start_many("copy", numbered(3))
        assert terminal.getvalue() == ""
        await app.start_many("copy", numbered(3), progress=True)
    assert terminal.getvalue().rpartition(", ")[0] == "copy: 3/3, 0 started · 3 there before"


async def test_a_bar_says_how_far_it_was_when_something_went_wrong(app: App, terminal: Terminal) -> None:
    with redirect_stderr(terminal), pytest.raises(InvalidItem):
        await app.start_many("copy", [*numbered(CHUNK), {"n": object()}])
    assert terminal.getvalue().endswith("250 started\x1b[0m\n")
    assert "\x1b[?25h" in terminal.getvalue(), "the cursor is seen again"


async def test_nothing_is_drawn_while_somebody_is_asked(terminal: Terminal) -> None:
    with redirect_stderr(terminal), module.show_progress("copy", 3, True) as shown:
        with module.aside():
            before = terminal.getvalue()
            shown.show(Stored(2, 0))
            with module.show_progress("other", 3, True), module.aside():
                pass
            drawn = terminal.getvalue().removeprefix(before)
            assert "copy" not in drawn, "it stays aside when another one ends"
        assert "2/3" in terminal.getvalue().removeprefix(before)


def drawn(account: Account, width: int) -> list[str]:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(rendered(account, width))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_bar_fits_the_terminal(width: int) -> None:
    account = Account("a flow with a name that is\x1b[31m much too long for a line", None)
    for state in (
        Stored(100_000, 20),
        Standing(100_000, Counter({status: 12_345 for status in RunStatus}), 12_345),
    ):
        account.show(state)
        line, *words = drawn(account, width)
        assert len(line) <= min(width, 100)
        assert "━━━━" in line
        assert "\x1b" not in line
        assert account.count in line
        assert all(len(each) <= width for each in words)
    assert account.words == (
        "12,345 finished · 12,345 wait for people · 12,345 failed · 12,345 cancelled · 12,345 abandoned · "
        "12,345 need attention"
    )


def test_the_words_of_a_bar() -> None:
    account = Account("copy", 0)
    assert (account.count, account.words) == ("0/0", "0 started")
    assert "0/0" in drawn(account, 60)[0]
    account.show(Standing(3, Counter(), 1))
    assert (account.count, account.words) == ("0/3", "0 finished · 1 waits for people")

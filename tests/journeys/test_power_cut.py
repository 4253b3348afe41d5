"""The power fails: what was not synced is lost, torn or out of order, and all that was acknowledged is there.

Two processes are recorded (`power_recorder.c`), a disk that forgets replays that up to a cut (`power_disk.py`), and
what is left is opened, checked and carried on (`power_checks.py`). Looser syncs must be seen to lose something.
"""

import copy
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import power_checks, power_program
from tests.support.journey_process import wait_for
from tests.support.power_disk import KEPT, LOST, Cut, Disk, some_cut
from tests.support.power_recording import Record, Recorder, Unrecordable, built

pytestmark = pytest.mark.journey

RUNS = 16
"""each of two processes starts so many"""
DATABASE = power_checks.DATABASE
LOG = f"{DATABASE}-wal"
PROGRAM = (sys.executable, "-m", "tests.support.power_program")

Programs = list["subprocess.Popen[str]"]
Instants = Callable[[Sequence[Record]], list[int]]


def begin(recorder: Recorder, prefix: str, *loose: str) -> Programs:
    """Let alice and bob start runs, execute and decide, each in a process, until all have ended."""
    program = (*PROGRAM, str(recorder.folder / DATABASE))
    return [recorder.start(*program, who, f"{prefix}-{who}", str(RUNS), *loose) for who in ("alice", "bob")]


def begin_and_kill(recorder: Recorder, prefix: str, marks: int) -> None:
    """The same, until so much more was acknowledged to them; then they are killed."""
    path = recorder.folder / power_program.MARKS
    before = lines(path)
    programs = begin(recorder, prefix)
    try:
        wait_for(lambda: lines(path) >= before + marks, f"{marks} acknowledgements")
    finally:
        recorder.kill(*programs)
    assert [program.returncode for program in programs] == [-signal.SIGKILL] * 2


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def recording(recorder: Recorder, disk: Disk | None = None) -> list[Record]:
    """Return what was recorded, if that is all that was done."""
    records = recorder.records()
    disk = copy.deepcopy(disk) if disk else Disk()
    disk.replay(records)
    left, files = disk.after(KEPT, random.Random(0)), recorder.files()
    for found in (left, files):
        found.pop(power_checks.SHARED, None)  # written through memory
    assert left == files, "the recording misses something that was done"
    return records


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return built(tmp_path_factory.mktemp("recorder"))
    except Unrecordable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def recorded(library: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """A fresh folder, work in two processes, and their end."""
    recorder = Recorder(library, tmp_path_factory.mktemp("recorded") / "whole")
    recorder.wait(*begin(recorder, "run"))
    return recording(recorder)


@dataclass
class Cutter:
    """Cuts the power at instants of a recording, in several ways each, and looks at what is left."""

    place: Path
    records: Sequence[Record]
    chance: random.Random
    disk: Disk = field(default_factory=Disk)
    ways: Sequence[Cut] | None = None
    """by default: nothing unsynced is left, everything is, some of it is"""
    damage: list[str] = field(default_factory=list)
    checked: int = 0

    def __post_init__(self) -> None:
        self.place.mkdir()

    async def cut(self, instants: Sequence[int], count: int) -> None:
        """Cut at so many of the instants, which lie after all earlier ones."""
        for instant in some_of(instants, count, self.chance):
            told = power_checks.acknowledged(self.records[:instant])
            for database, cut in self.images(instant):
                found = await power_checks.damage(database, told)
                self.damage += [f"{problem} (after {instant}, {cut}, {database})" for problem in found]
                self.checked += 1
                if not found:
                    shutil.rmtree(database.parent)

    def images(self, instant: int) -> Iterator[tuple[Path, Cut]]:
        """Lay down what could be left at an instant, which is not before the last one."""
        self.disk.replay(self.records[self.disk.count : instant])
        for number, cut in enumerate(self.ways or (LOST, KEPT, some_cut(self.chance))):
            left = self.disk.after(cut, self.chance)
            yield power_checks.lay(self.place / f"{instant}-{number}", left, self.chance), cut


def some_of(instants: Sequence[int], count: int, chance: random.Random) -> list[int]:
    distinct = sorted(set(instants))
    return sorted(chance.sample(distinct, min(count, len(distinct))))


def acknowledgements(records: Sequence[Record]) -> list[int]:
    """Right after something was acknowledged."""
    return [
        number + 1
        for number, record in enumerate(records)
        if record.kind == "W" and record.name == power_program.MARKS
    ]


def checkpoints(records: Sequence[Record]) -> list[int]:
    """While the log is moved into the file, and while the log is begun anew."""
    return [
        number + 1
        for number, record in enumerate(records)
        if (record.name == DATABASE and record.kind in "WTSs")
        or (record.name == LOG and record.kind == "W" and record.offset < 4096)
    ]


def beginnings(records: Sequence[Record]) -> list[int]:
    """While files come to be and go."""
    made = [number for number, record in enumerate(records) if record.kind in "CU"]
    return [number + later for number in made for later in range(6) if number + later <= len(records)]


def everything(records: Sequence[Record]) -> list[int]:
    return list(range(len(records) + 1))


@pytest.mark.parametrize("instants", [acknowledgements, checkpoints, beginnings, everything])
async def test_nothing_acknowledged_is_lost_when_the_power_fails(
    instants: Instants, recorded: list[Record], tmp_path: Path
) -> None:
    cutter = Cutter(tmp_path / "images", recorded, random.Random(instants.__name__))
    await cutter.cut(instants(recorded), 20)
    assert cutter.damage == []
    assert cutter.checked == 60
    begun_anew = [one for one in recorded if one.name == LOG and one.kind == "W" and one.offset == 0]
    assert len(begun_anew) > 3, "the log is moved into the file several times"


async def test_nothing_is_lost_when_the_power_fails_some_time_after_a_kill(
    library: Path, tmp_path: Path
) -> None:
    recorder = Recorder(library, tmp_path / "killed")
    begin_and_kill(recorder, "first", 50)
    recorder.wait(*begin(recorder, "second"))
    cutter = Cutter(tmp_path / "images", recording(recorder), random.Random(3))
    await cutter.cut(everything(cutter.records), 12)
    assert cutter.damage == []


async def test_what_one_reads_after_a_kill_is_as_sure_as_if_it_had_been_acknowledged(
    library: Path, recorded: list[Record], tmp_path: Path
) -> None:
    chance = random.Random(9)
    written = [number for number, one in enumerate(recorded) if (one.kind, one.name) == ("S", LOG)]
    for instant in some_of(
        written[30:], 4, chance
    ):  # killed in front of the sync: the next one reads it all the same
        killed = Cutter(tmp_path / f"{instant}", recorded, chance, ways=[KEPT])
        ((database, _),) = killed.images(instant)
        recorder = Recorder(library, tmp_path / f"{instant}" / "look")
        shutil.copytree(database.parent, recorder.folder, dirs_exist_ok=True)
        disk = killed.disk.moved(recorder.inodes())
        recorder.wait(recorder.start(*PROGRAM, str(recorder.folder / DATABASE)))
        records = [*recorded[:instant], *recorder.records()]
        reading = Cutter(tmp_path / f"{instant}" / "cuts", records, chance, disk, [LOST])
        heard = [number for number in acknowledgements(records) if number > instant]
        assert heard
        await reading.cut(heard[-1:], 1)
        assert reading.damage == []


async def test_the_power_may_fail_again_while_what_it_left_is_taken_up(
    library: Path, recorded: list[Record], tmp_path: Path
) -> None:
    chance = random.Random(4)
    middle = chance.choice(checkpoints(recorded)[30:])
    ((torn, _),) = Cutter(tmp_path / "first", recorded, chance, ways=[Cut(0.5, 0.5)]).images(middle)
    torn.with_name(power_program.MARKS).unlink(missing_ok=True)  # those that are torn tell nothing
    recorder = Recorder(library, tmp_path / "again")
    shutil.copytree(torn.parent, recorder.folder, dirs_exist_ok=True)
    disk = Disk(recorder.files(), recorder.inodes())
    recorder.wait(*begin(recorder, "later"))

    second = Cutter(tmp_path / "second", recording(recorder, disk), chance, disk)
    await second.cut(range(200), 12)
    await second.cut(range(200, len(second.records)), 6)
    assert second.damage == []
    before = power_checks.acknowledged(recorded[:middle])
    for database, _ in second.images(len(second.records)):
        assert await power_checks.damage(database, before) == []


async def test_the_runs_go_on_after_the_power_failed(recorded: list[Record], tmp_path: Path) -> None:
    chance = random.Random(5)
    cutter = Cutter(tmp_path / "images", recorded, chance)
    for instant in some_of(acknowledgements(recorded), 3, chance):
        for database, _ in cutter.images(instant):
            await power_checks.goes_on(database, power_checks.acknowledged(recorded[:instant]))


async def damage_when(synchronous: str, library: Path, place: Path) -> list[str]:
    """Return what power cuts do if everything is synced less than Handrail has it."""
    recorder = Recorder(library, place / "loose")
    recorder.wait(*begin(recorder, "run", synchronous))
    cutter = Cutter(place / "images", recording(recorder), random.Random(6), ways=[LOST, Cut(0.5, 1.0)])
    await cutter.cut(acknowledgements(cutter.records), 12)
    return cutter.damage


async def test_with_looser_syncs_the_database_stays_whole_and_decisions_are_lost_which_is_seen(
    library: Path, tmp_path: Path
) -> None:
    damage = await damage_when("NORMAL", library, tmp_path)
    assert [problem for problem in damage if problem.startswith("broken")] == []
    assert [problem for problem in damage if problem.startswith("lost") and "'decided'" in problem]


async def test_without_syncs_the_database_is_broken_which_is_seen(library: Path, tmp_path: Path) -> None:
    damage = await damage_when("OFF", library, tmp_path)
    assert [problem for problem in damage if problem.startswith("broken")]


async def test_without_a_sync_of_the_folder_a_fresh_database_is_lost_which_is_seen(
    recorded: list[Record], tmp_path: Path
) -> None:
    of_files = [record for record in recorded if record.name]
    cutter = Cutter(tmp_path / "images", of_files, random.Random(7), ways=[LOST])
    await cutter.cut(acknowledgements(of_files), 5)
    assert len(cutter.damage) >= 5


async def test_what_was_acknowledged_is_there_when_everybody_was_killed(tmp_path: Path) -> None:
    recorder = Recorder(None, tmp_path / "killed")
    database = recorder.folder / DATABASE
    moments = random.Random(8)
    for attempt in range(3):
        begin_and_kill(recorder, f"run{attempt}", moments.randint(1, 100))
        told = power_program.told(recorder.folder.joinpath(power_program.MARKS).read_bytes())
        assert await power_checks.damage(database, told) == []
    await power_checks.goes_on(database, told)


def test_the_disk_keeps_what_was_synced_and_any_part_of_the_rest() -> None:
    def record(kind: str, data: bytes = b"", offset: int = 0, name: str = "f") -> Record:
        return Record(kind, name, 7 if name else 1, 1, offset, data)

    disk = Disk()
    disk.replay(
        [record("C"), record("W", b"a" * 1024), record("S"), record("W", b"b" * 1024, 512), record("s")]
    )
    assert disk.after(LOST, random.Random(0)) == {}, "its name was not synced"
    assert disk.after(KEPT, random.Random(0)) == {"f": b"a" * 512 + b"b" * 1024}
    disk.replay([record("S", name=""), record("s", name="")])
    assert disk.after(LOST, random.Random(0)) == {"f": b"a" * 1024}, "the write came after the sync began"
    chance = random.Random(0)
    left = {disk.after(Cut(0.5, 1.0), chance)["f"] for _ in range(50)}
    first, second = b"a" * 512, b"b" * 512
    assert left == {first * 2, first + second, first + second * 2, first * 2 + second}, "torn, in any order"
    disk.replay([record("U")])
    assert disk.after(LOST, chance) == {"f": b"a" * 1024}
    assert disk.after(KEPT, chance) == {}

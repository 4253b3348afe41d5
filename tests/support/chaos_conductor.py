"""Who makes the chaos: starts the processes, kills and suspends them, jumps their clock, fills their disk; then waits.

All of it is drawn from one seeded generator. What it did is written to `conductor.jsonl`, with the end of the log as it
was at some moments: a log that is rewritten later is no longer the one that was seen.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handrail.killpoints import KILL_POINTS
from tests.support import small_disk
from tests.support.chaos_effects import DATABASE, FOLDER
from tests.support.chaos_roles import CANNOT_OPEN

ROOT = Path(__file__).parents[2]
CAST = {"worker": 3, "decider": 3, "starter": 1, "sweeper": 1}
DISK = "48000000"
"""bytes of the small disk"""
LONGEST_DRAIN = 120.0
"""seconds after which whatever has not ended counts as lost"""


@dataclass
class Player:
    """One of the processes, over all its lives."""

    role: str
    name: str
    process: subprocess.Popen[bytes] | None = None
    stopped: bool = False
    fate: str | None = None
    """the kill point at which this life ends, if it gets there"""


@dataclass
class Conductor:
    """Plays one performance in a folder."""

    folder: Path
    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    """`kill worker`, `stop decider`, `jump`, `full disk`: how often"""
    deaths: list[str] = field(default_factory=list)
    """processes that ended by themselves, which none may"""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.ahead = 0.0
        self.phase = "chaos"
        self.players = [Player(role, f"{role}-{n}") for role, count in CAST.items() for n in range(count)]
        self.disk = small_disk.mounted(DISK)
        """None where nobody may mount one: then the number of pages is limited instead"""
        self.database = (self.disk or self.folder) / "handrail.db"
        self.ballast = (self.disk or self.folder) / "ballast"
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._full = False
        """whether the disk is full, or without a small disk the number of pages limited"""

    def play(self, seconds: float) -> float:
        """Make chaos for so long, then let all finish; returns how many seconds that took."""
        try:
            self._tell()
            for player in self.players:
                self._start(player)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self._fault()
                self._pass(self.dice.uniform(0.05, 0.5))
            return self._drain()
        finally:
            self._end_all()
            if self.disk is not None:
                self._keep(self.disk)

    # -- faults -------------------------------------------------------------------------------------------------------

    def _fault(self) -> None:
        self._witness()
        luck = self.dice.random()
        alive = [player for player in self.players if player.process is not None and not player.stopped]
        if luck < 0.45 and alive:
            self._kill(self.dice.choices(alive, [3 if one.role == "worker" else 1 for one in alive])[0])
        elif luck < 0.48:  # as in a power cut
            for player in alive:
                self._kill(player)
        elif luck < 0.75 and alive:
            self._stop(self.dice.choice(alive))
        elif luck < 0.9:
            self._jump(self.dice.choice([self.dice.uniform(0.5, 8.0)] * 4 + [20.0, -self.dice.uniform(0, 2)]))
        elif luck < 0.94 and not self._full:
            self._fill()

    def _kill(self, player: Player) -> None:
        if player.process is not None:
            self.faults[f"kill {player.role}"] += 1
            self._signal(player, signal.SIGKILL)
            player.process.wait()
            player.process, player.stopped = None, False
            self._after(self.dice.uniform(0.0, 0.6), lambda: self._start(player))

    def _stop(self, player: Player) -> None:
        process = player.process
        self.faults[f"stop {player.role}"] += 1
        self._signal(player, signal.SIGSTOP)
        player.stopped = True
        kill = self.dice.random() < 0.2

        def go_on() -> None:
            if player.process is process and player.stopped:
                player.stopped = False
                if kill and self.phase == "chaos":
                    self._kill(player)
                else:
                    self._signal(player, signal.SIGCONT)

        self._after(self.dice.uniform(0.05, 1.5), go_on)

    def _jump(self, seconds: float) -> None:
        self.faults["jump"] += 1
        self.ahead += seconds
        self._tell()

    def _fill(self) -> None:
        self.faults["full disk"] += 1
        self._full = True
        if self.disk is not None:
            self._drop_ballast()
        self._tell()

        def free() -> None:
            self.ballast.unlink(missing_ok=True)
            self._full = False
            self._tell()

        self._after(self.dice.uniform(0.2, 1.5), free)

    def _drop_ballast(self) -> None:
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 1_000_000)
            except OSError:
                pass  # that was the last of it

    # -- the end ------------------------------------------------------------------------------------------------------

    def _drain(self) -> float:
        """Let everybody live and finish, with a clock that is turned so that nothing has to be waited for."""
        began = time.monotonic()
        self.phase = "drain"
        self._tell()
        while self._later:
            self._pass(0.1)
        turned = time.monotonic()
        while time.monotonic() - began < LONGEST_DRAIN and not self._all_settled():
            self._pass(0.1)
            if time.monotonic() - turned > 1.0:
                turned = time.monotonic()
                self.ahead += 15.0
                self._tell()
        self.phase = "stop"
        self._tell()
        for player in self.players:
            if player.process is not None:
                try:
                    code = player.process.wait(20)
                except subprocess.TimeoutExpired:
                    self.deaths.append(f"{player.name} can't be ended")
                else:
                    if code and not (player.fate and code == -signal.SIGKILL):
                        self.deaths.append(f"{player.name} ended with code {code} when it was told to end")
        self._witness()
        return time.monotonic() - began

    def _all_settled(self) -> bool:
        running = "SELECT 1 FROM run WHERE status IN ('PENDING', 'RUNNING', 'WAITING') LIMIT 1"
        asking = "SELECT 1 FROM request WHERE status IN ('OPEN', 'CLAIMED') LIMIT 1"
        starting = any(player.role == "starter" and player.process is not None for player in self.players)
        return not starting and self._rows(running) == [] and self._rows(asking) == []

    def _end_all(self) -> None:
        for player in self.players:
            if player.process is not None and player.process.poll() is None:
                self._signal(player, signal.SIGKILL)
                player.process.wait()

    def _keep(self, disk: Path) -> None:
        """Bring the store out of the small disk, which then goes."""
        kept = self.folder / "handrail.db"
        try:
            self.ballast.unlink(missing_ok=True)
            with closing(sqlite3.connect(self.database)) as source, closing(sqlite3.connect(kept)) as target:
                source.backup(target)
            self.database = kept
        finally:
            small_disk.unmount(disk)

    # -- processes ----------------------------------------------------------------------------------------------------

    def _start(self, player: Player) -> None:
        seed = str(self.dice.getrandbits(32))
        player.fate = None
        if self.phase == "chaos" and self.dice.random() < 0.3:
            player.fate = f"{self.dice.choice(list(KILL_POINTS))}@{self.dice.randint(1, 40)}"
        with (self.folder / f"{player.name}.stderr").open("ab") as complaints:
            player.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.chaos_roles", player.role, player.name, seed],
                cwd=self.folder,
                env={
                    **{key: value for key, value in os.environ.items() if not key.startswith("HANDRAIL_")},
                    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                    FOLDER: str(self.folder),
                    DATABASE: str(self.database),
                    **({"HANDRAIL_KILL_AT": player.fate} if player.fate else {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,  # so that what it has started is killed with it
            )

    def _signal(self, player: Player, what: signal.Signals) -> None:
        if player.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(player.process.pid, what)

    def _pass(self, seconds: float) -> None:
        """Let time pass, do what was to be done meanwhile, and look who has died."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(0.02, rest))
            due = [work for at, work in self._later if at <= time.monotonic()]
            self._later = [(at, work) for at, work in self._later if at > time.monotonic() or work not in due]
            for work in due:
                work()
            self._look_who_has_ended()

    def _look_who_has_ended(self) -> None:
        for player in self.players:
            if player.process is None or player.stopped or (code := player.process.poll()) is None:
                continue
            player.process = None
            if player.role == "starter" and code == 0 and self.phase != "chaos":
                continue
            if player.fate and code == -signal.SIGKILL:
                self.faults[f"kill {player.role}"] += 1
            elif code == CANNOT_OPEN:
                self.faults[f"refused {player.role}"] += 1
            else:
                self.deaths.append(f"{player.name} ended with code {code} by itself")
            self._after(0.2, lambda player=player: self._start(player))

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, work))

    # -- what is left behind ------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Let every process know the phase, the time, and whether it may let the store grow."""
        control = self.folder / "control.json"
        limited = self._full and self.disk is None
        told = {"ahead": self.ahead, "phase": self.phase, "limited": limited}
        control.with_suffix(".new").write_text(json.dumps(told))
        os.replace(control.with_suffix(".new"), control)
        self._write(f'{{"what": "clock", "ahead": {self.ahead}}}')

    def _witness(self) -> None:
        if rows := self._rows("SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1"):
            self._write(f'{{"what": "log", "sequence": {rows[0][0]}, "hash": "{rows[0][1]}"}}')

    def _write(self, line: str) -> None:
        with (self.folder / "conductor.jsonl").open("a") as file:
            file.write(line + "\n")

    def _rows(self, statement: str) -> list[Any] | None:
        """Read the store past all our code; None if that can't be done now."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=1)) as store:
                return store.execute(statement).fetchall()
        except sqlite3.Error:
            return None

"""The runs that have just come to their wait here: a quick answer finds their past in memory, and reads nothing.

Whoever takes or changes a run gives it another token: what is kept counts only while the store has the token it was
kept with. There are a few of them, whatever waits: a run that waits costs rows.
"""

import threading
from collections.abc import Collection, Mapping

from handrail.requests.content import encode
from handrail.runs.activation import LARGEST, Strand
from handrail.runs.run import StoredRun
from handrail.runs.units import Claimed, Frames

MOST = 1000
"""runs that are kept, the latest ones"""
LARGEST_INPUT = 65_536
"""characters that the input of one may have"""


class Recent:
    """The runs that have come to their wait here lately."""

    def __init__(self) -> None:
        self._known: dict[str, Claimed] = {}
        self._lock = threading.Lock()

    def keep(self, run: StoredRun, strand: Strand) -> None:
        """Keep a run whose execution has come to its wait."""
        if (frames := _past(strand)) is None or len(encode(run.input)) > LARGEST_INPUT:
            return
        with self._lock:
            self._known[run.id] = Claimed(run, frames)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def take(self, run_ids: Collection[str]) -> Mapping[str, Claimed]:
        """Return those that are known, and forget them."""
        with self._lock:
            return {run_id: self._known.pop(run_id) for run_id in run_ids if run_id in self._known}


def _past(strand: Strand) -> Frames | None:
    """Return the journal as this execution knows it, None if it doesn't, or if that is too much to keep."""
    if strand.written is None:
        return None
    places = {(entry.frame, entry.ordinal): entry for entries in strand.frames.values() for entry in entries}
    places |= {(entry.frame, entry.ordinal): entry for entry in strand.written}
    entries = [places[place] for place in sorted(places)]
    size = sum(len(entry.value or "") for entry in entries)
    if size > LARGEST or any(entry.kind == "gather" for entry in entries):
        return None
    frames: Frames = {}
    for entry in entries:
        frames.setdefault(entry.frame, []).append(entry)
    return frames

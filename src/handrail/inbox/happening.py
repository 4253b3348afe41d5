"""What has happened: lines of the log without what they hold, for those who follow it. Only ids, never content."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Happening:
    """That something has happened to a request, to a run, or among people. `at` is as the log has it."""

    sequence: int
    at: str
    kind: str
    request_id: str | None
    run_id: str | None


class LiveTransaction(Protocol):
    """What those who follow the log need of a store."""

    def end_of_log(self) -> int: ...
    def happenings(self, after: int, limit: int) -> list[Happening]:
        """Return what the log has behind the sequence `after`, in order."""
        ...

    def run_facts(self, run_id: str) -> tuple[str | None, str | None] | None:
        """Return who started a run, and its flow; None for an unknown one."""
        ...

    def requests_of_run(self, run_id: str, limit: int) -> list[str]:
        """Return the ids of a run's requests, the youngest first."""
        ...

"""What the checks of the chaos test have in common: what they prove, in a sentence, and what they found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.support.chaos_history import History


@dataclass
class Findings:
    """What one check came to."""

    sentence: str
    looked_at: int = 0
    wrong: list[str] = field(default_factory=list)


Judgement = str | None
Check = Callable[[History], Iterator[Judgement]]
CHECKS: dict[str, tuple[str, Check]] = {}


def proves(sentence: str) -> Callable[[Check], Check]:
    """Register a check. It yields None for everything it found right, and a text for what is wrong."""

    def register(check: Check) -> Check:
        CHECKS[check.__name__] = (sentence, check)
        return check

    return register


def check(history: History) -> dict[str, Findings]:
    """Do all checks."""
    results = {}
    for name, (sentence, judge) in CHECKS.items():
        found = results[name] = Findings(sentence)
        for judgement in judge(history):
            found.looked_at += 1
            if judgement is not None:
                found.wrong.append(judgement)
    return results

"""People who review in tests: each says who they are, what they answer to a request, and how long that takes.

They only answer; `reviewing` takes them to an inbox. `RandomReviewer` has a module of its own.
"""

from collections.abc import Callable
from math import isfinite
from typing import Protocol

from handrail.requests.decision import Strength
from handrail.requests.errors import InvalidInput
from handrail.requests.request import HumanRequest
from handrail.testing.answers import Answer
from handrail.testing.script import Answers, script


class Reviewer(Protocol):
    """Somebody who reviews: what a class of your own needs to take part in `reviewing`."""

    @property
    def name(self) -> str:
        """Under which name they decide."""
        ...

    @property
    def strength(self) -> Strength:
        """How sure it is that they are who they say."""
        ...

    def delay(self, request: HumanRequest) -> float:
        """Return how many seconds after its opening they answer a request."""
        ...

    def answer(self, request: HumanRequest) -> Answer | None:
        """Return their answer, or None to leave the request to others."""
        ...


class ScriptedReviewer:
    """Says what a script says; without one, approves, and gives the simplest answer where one is asked for.

    Args:
        name: under which they decide; the audience binds them like anybody.
        answers: a list, taken in the order in which requests come; or a dict by the address of a request, else its
            title, else its kind; or a function of the request. Each answer is a verb or a pair: `("answer", "dry")`,
            `("edit", {"content": "..."})`, `("request_changes", "shorter")`. None (of a dict or a function) leaves the
            request to others.
        strength: how sure their identity is, as by a session by default.

    Answering raises `InvalidInput` for a request that a list or a dict has no answer for, and, without a script, for
    one whose response schema is too hard.

    >>> alice = ScriptedReviewer("alice", {"Which tone?": ("answer", "dry"), "approval": "reject"})
    """

    def __init__(
        self, name: str, answers: Answers | None = None, *, strength: Strength = Strength.SESSION
    ) -> None:
        self.name = checked_name(name)
        self.strength = strength
        self._answer = script(name, answers)

    def delay(self, request: HumanRequest) -> float:
        """Return 0: they answer at once."""
        return 0

    def answer(self, request: HumanRequest) -> Answer | None:
        """Return what the script says."""
        return self._answer(request)


class SlowReviewer:
    """Answers as another reviewer does, and later: `delay` seconds after the request was opened, by the app's clock.

    With a `TurnableClock` a month passes at once; with the real clock they are really slow. They look at the request
    when the time has come, so a decision of somebody else spares them.

    Args:
        reviewer: who answers.
        delay: seconds from the opening, or a function of the request that returns them.

    Raises `InvalidInput` for a delay that is no number of seconds from 0 to a hundred years.

    >>> carol = SlowReviewer(ScriptedReviewer("carol"), delay=30 * 86_400)
    """

    def __init__(self, reviewer: Reviewer, delay: float | Callable[[HumanRequest], float]) -> None:
        self.name = reviewer.name
        self.strength = reviewer.strength
        self._reviewer = reviewer
        self._delay = delay if callable(delay) else _checked_seconds(delay)

    def delay(self, request: HumanRequest) -> float:
        """Return the seconds, at least those of the other."""
        own = _checked_seconds(self._delay(request)) if callable(self._delay) else self._delay
        return max(own, self._reviewer.delay(request))

    def answer(self, request: HumanRequest) -> Answer | None:
        """Return what the other says."""
        return self._reviewer.answer(request)


def checked_name(name: str) -> str:
    """Return the name of a reviewer or raise `InvalidInput`."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput("a reviewer needs a name")
    return name


def _checked_seconds(delay: float) -> float:
    if (
        isinstance(delay, bool)
        or not isinstance(delay, int | float)
        or not isfinite(delay)
        or not 0 <= delay <= 3.2e9
    ):
        raise InvalidInput(f"delay={delay!r}: give seconds, from 0 to a hundred years")
    return float(delay)

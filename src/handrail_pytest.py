"""Fixtures for pytest: `handrail_clock` and `handrail_app`.

Beside the package, not in it: pytest imports this at every start, and importing `handrail` would cost a fifth of a
second also where nobody uses them.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from handrail import App
    from handrail.testing import TurnableClock


@pytest.fixture
def handrail_clock() -> "TurnableClock":
    """A clock that stands still until the test turns it."""
    from handrail.testing import TurnableClock

    return TurnableClock()


@pytest.fixture
def handrail_app(handrail_clock: "TurnableClock") -> "App":
    """An app on a store in memory, by that clock; the test opens it: `async with handrail_app:`."""
    from handrail import App

    return App(store="memory://", clock=handrail_clock)

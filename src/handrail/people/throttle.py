"""How long to wait after failed logins: pure. A few tries are free, then each failure doubles the wait.

What is counted is hashed: somebody may have typed a password where the name belongs.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from handrail.people.facts import Attempt
from handrail.people.proof import digest

FREE_BY_NAME = 5
FREE_BY_ADDRESS = 20
"""more than by name: a whole office may come from one address"""
FIRST_WAIT = 1.0
"""seconds after the last free failure"""
LONGEST_WAIT = 900.0
"""seconds; long enough against guessing, short enough for whom somebody else has blocked"""
FORGOTTEN = timedelta(days=1)
"""how long after its last failure a subject begins anew"""
MOST = 10_000
"""subjects that are remembered"""


def subject(kind: str, text: str) -> str:
    """Return by what failures are counted: `name` or `address`, and a hash of which."""
    return f"{kind}:{digest(text)[:32]}"


def after_failure(attempt: Attempt | None, counted: str, now: datetime, free: int) -> Attempt:
    """Return an attempt as one more failure makes it; the first `free` ones less one cost no wait."""
    before = 0 if attempt is None or now - attempt.last_at > FORGOTTEN else attempt.failures
    failures = before + 1
    wait = 0.0 if failures < free else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - free, 60))
    return Attempt(counted, failures, now, now + timedelta(seconds=wait))


def taken_back(attempt: Attempt) -> Attempt | None:
    """Return an attempt without its last failure, which was none; None if nothing is left of it."""
    if attempt.failures <= 1:
        return None
    return replace(attempt, failures=attempt.failures - 1, blocked_until=attempt.last_at)


def wait(attempt: Attempt | None, now: datetime) -> float:
    """Return for how many seconds nothing is tried; 0 if one may try now."""
    if attempt is None:
        return 0.0
    # A clock that was put back must not block anybody for longer than a failure does.
    return min(LONGEST_WAIT, max(0.0, (attempt.blocked_until - now).total_seconds()))

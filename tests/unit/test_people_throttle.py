"""How long to wait after failed logins: for any sequence of tries."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from handrail.people import throttle
from handrail.people.facts import Attempt
from handrail.testing.clock import START

FREE = throttle.FREE_BY_NAME


def after(failures: int) -> Attempt:
    """Return an attempt after so many failures at once."""
    attempt = None
    for _ in range(failures):
        attempt = throttle.after_failure(attempt, "name:x", START, FREE)
    assert attempt is not None
    return attempt


def test_the_first_failures_cost_nothing_and_then_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [throttle.wait(after(failures), START) for failures in range(1, 20)]
    assert waits[: FREE + 3] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits == sorted(waits)
    assert waits[-1] == throttle.LONGEST_WAIT == 900


@given(st.lists(st.floats(0, 4000), max_size=60))
def test_whoever_waits_as_told_may_try_again_and_never_waits_longer_than_the_longest(
    pauses: list[float],
) -> None:
    attempt, now = None, START
    for pause in pauses:
        told = throttle.wait(attempt, now)
        assert 0 <= told <= throttle.LONGEST_WAIT
        now += timedelta(seconds=told)
        assert throttle.wait(attempt, now) == 0
        attempt = throttle.after_failure(attempt, "name:x", now, FREE)
        now += timedelta(seconds=pause)


@given(st.integers(1, 100), st.integers(1, 30))
def test_a_failure_that_was_none_leaves_what_was_before_and_no_wait(failures: int, free: int) -> None:
    attempt = None
    for _ in range(failures):
        attempt = throttle.after_failure(attempt, "address:x", START, free)
    assert attempt is not None
    before = throttle.taken_back(attempt)
    assert (before.failures if before else 0) == failures - 1
    assert throttle.wait(before, START) == 0


def test_a_day_later_a_subject_begins_anew() -> None:
    later = START + throttle.FORGOTTEN + timedelta(seconds=1)
    assert throttle.after_failure(after(30), "name:x", later, FREE).failures == 1


def test_a_clock_that_was_put_back_blocks_nobody_for_longer_than_a_failure_does() -> None:
    assert throttle.wait(after(30), START - timedelta(days=365)) == throttle.LONGEST_WAIT


def test_names_are_counted_by_their_hash() -> None:
    assert throttle.subject("name", "alice") == throttle.subject("name", "alice")
    assert throttle.subject("name", "alice") != throttle.subject("address", "alice")
    assert "alice" not in throttle.subject("name", "alice")

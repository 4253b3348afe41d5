"""How often Python looks for garbage while a worker works."""

import gc
from collections.abc import Iterator

import pytest

from handrail import App
from handrail.engines.collector import SELDOM, seldom_collected
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


async def test_python_looks_less_often_while_a_worker_works_and_as_before_afterwards() -> None:
    async with App(store="memory://"):
        await until(lambda: gc.get_threshold() == (SELDOM, 10, 10))
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("threshold", [(0, 10, 10), (SELDOM + 1, 5, 5)])
def test_a_program_that_has_seen_to_it_keeps_what_it_has_set(threshold: tuple[int, int, int]) -> None:
    gc.set_threshold(*threshold)
    with seldom_collected():
        assert gc.get_threshold() == threshold
    assert gc.get_threshold() == threshold


def test_what_is_set_meanwhile_stays() -> None:
    with seldom_collected():
        gc.set_threshold(0)
    assert gc.get_threshold()[0] == 0


def test_two_workers_in_one_process_leave_it_as_it_was() -> None:
    with seldom_collected(), seldom_collected():
        assert gc.get_threshold() == (SELDOM, 10, 10)
    assert gc.get_threshold() == (700, 10, 10)

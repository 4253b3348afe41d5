"""Half a minute of chaos: processes die, are suspended, jump in time and find their disk full, and no promise breaks.

For longer, with a seed of your own: `python tests/chaos.py --minutes 10 --seed 7`.
"""

import random
from pathlib import Path

import pytest

from tests.chaos import WIDTH, perform

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

SECONDS = 30.0


def test_whatever_happens_to_its_processes_every_promise_is_kept(tmp_path: Path) -> None:
    well, report = perform(tmp_path, SECONDS, seed := random.randrange(10**6))
    print(f"seed {seed}\n{report}")
    assert well, f"seed {seed}, evidence in {tmp_path}\n{report}"
    assert max(map(len, report.splitlines())) <= WIDTH

"""Who of a pool gets a task: pure choices."""

from hypothesis import given
from hypothesis import strategies as st

from handrail.requests.pool import Pool, choose

NAMES = ("ann", "bob", "cem")
loads = st.fixed_dictionaries({name: st.integers(0, 3) for name in NAMES})
lasts = st.fixed_dictionaries({name: st.sampled_from(["", "req_1", "req_2", "req_3"]) for name in NAMES})


@given(load=loads, last=lasts, capacity=st.integers(1, 3))
def test_least_loaded_is_whoever_has_fewest_then_waited_longest_then_stands_first(
    load: dict[str, int], last: dict[str, str], capacity: int
) -> None:
    chosen = choose(Pool(NAMES, capacity), load.__getitem__, last.__getitem__)
    free = [name for name in NAMES if load[name] < capacity]
    if not free:
        assert chosen is None
        return
    fewest = [name for name in free if load[name] == min(load[other] for other in free)]
    oldest = [name for name in fewest if last[name] == min(last[other] for other in fewest)]
    assert chosen == oldest[0]


@given(load=loads, last=lasts, capacity=st.integers(1, 3))
def test_round_robin_is_whoever_waited_longest_of_those_with_room(
    load: dict[str, int], last: dict[str, str], capacity: int
) -> None:
    chosen = choose(Pool(NAMES, capacity, "round_robin"), load.__getitem__, last.__getitem__)
    free = [name for name in NAMES if load[name] < capacity]
    assert chosen == min(free, key=lambda name: (last[name], NAMES.index(name)), default=None)


def test_turns_go_round() -> None:
    given_to: list[str] = []
    for number in range(6):
        last = {name: f"req_{given_to[::-1].index(name)}" if name in given_to else "" for name in NAMES}
        # A smaller number is younger here: turn it round.
        order = {name: (f"{9 - int(text[4:])}" if text else "") for name, text in last.items()}
        chosen = choose(Pool(NAMES, 9, "round_robin"), lambda _: 0, order.__getitem__)
        assert chosen == NAMES[number % 3]
        given_to.append(chosen)

"""What JSON can carry, how large it may be, and when two contents are the same."""

import json
import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.requests.content import LIMIT, as_stored, content_hash, decode, encode
from handrail.requests.errors import NotJSON, PayloadTooLarge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert decode(encode(value)) == value
    assert as_stored(as_stored(value)) == as_stored(value)


@pytest.mark.parametrize("text", ["", "nul", "{", "[1,", '"abc', "1 2", "{}x"])
def test_what_is_damaged_is_not_read(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        decode(text)
    assert decode(' {"blanks": [1, 2]} ') == {"blanks": [1, 2]}


def test_what_is_passed_on_is_what_would_be_read_after_a_crash() -> None:
    assert as_stored({"pair": (1, 2), 3: None, True: "yes"}) == {"pair": [1, 2], "3": None, "true": "yes"}


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=5), st.randoms())
def test_the_hash_doesnt_depend_on_the_order_of_keys(value: dict[str, Any], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert content_hash(value) == content_hash({key: value[key] for key in keys})


@given(VALUES, VALUES)
def test_different_content_has_different_hashes(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (content_hash(one) == content_hash(other)) is same


def test_the_hash_is_that_of_what_is_stored() -> None:
    mixed = {10: "a", "9": "b", 2: ("c",)}
    assert content_hash(mixed) == content_hash(as_stored(mixed))


def test_the_hash_is_pinned() -> None:
    """Stored requests carry it: another canonical form would make every decision on them a conflict."""
    assert content_hash({"b": [1, 2.5, None, True], "a": "ü"}) == (
        "5cffe7b2256261270211e66d136e0fc423a603024179f1fb99fe31e771368b2f"
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": {"b": [1, object()]}}, "'a.b[1]': a object"),
        ({"when": datetime(2026, 1, 1)}, "'when': a datetime"),
        ({"price": Decimal("1.5")}, "a Decimal"),
        ({"tags": {"x"}}, "a set"),
        ({"raw": b"x"}, "a bytes"),
        ({"score": math.nan}, "nan is not a JSON number"),
        ({"score": -math.inf}, "-inf is not a JSON number"),
        ({"text": "\ud800"}, "lone surrogate"),
        ({("a", 1): 1}, "a key is a tuple"),
        ({"n": [10**5000]}, "digits"),
    ],
)
def test_what_json_cant_carry_is_named_by_its_place(value: Any, told: str) -> None:
    with pytest.raises(NotJSON, match="the input can't be stored as JSON") as caught:
        encode(value, "the input")
    assert told in str(caught.value)


def test_circles_and_abysses_are_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (circle, deep):
        with pytest.raises(NotJSON):
            encode(value)


def test_the_content_is_never_in_the_message() -> None:
    with pytest.raises(NotJSON) as caught:
        encode({"password": {"hunter2"}})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("character", ["x", "ü", "😀"])
def test_the_limit_is_in_bytes_and_exact(character: str) -> None:
    size = len(character.encode())
    fits, rest = divmod(LIMIT - 2, size)
    text = character * fits + "x" * rest
    assert len(encode(text).encode()) == LIMIT
    with pytest.raises(PayloadTooLarge, match="the text has"):
        encode(text + "x", "the text")


def test_content_that_is_deep_or_endless_has_a_hash_or_a_reason() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    assert len(content_hash({"deep": deep})) == 64
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotJSON):
        content_hash(endless)

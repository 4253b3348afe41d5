"""Content never drives the terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.channels.terminal.escape import one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("over\rwritten", r"over\x0dwritten"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("\x9b31mred\x7f", r"\x9b31mred\x7f"),
        ("user\u202egnp.exe\u2069", r"user\u202egnp.exe\u2069"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028separator", r"line\u2028separator"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("naïve — «ж» 👩\u200d💻 \tand\nso", "naïve — «ж» 👩\u200d💻 \tand\nso"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_what_could_drive_the_terminal_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_nothing_unseen_is_left_but_line_ends_tabs_and_joiners(text: str) -> None:
    left = {
        character
        for character in visible(text)
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
    }
    assert left <= {"\n", "\t"}
    assert not set(visible(text)) & set(
        "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def test_a_title_stays_on_one_line() -> None:
    assert one_line("a\nb\t\x1b[31m c") == r"a b \x1b[31m c"
    assert one_line("x" * 300, 20) == "x" * 19 + "…"

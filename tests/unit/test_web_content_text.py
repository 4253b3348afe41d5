"""Text from people and models shows as text: nothing in it acts, hides or reorders."""

import doctest
import importlib
import pkgutil
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.web import content
from handrail.web.content.text import marked, plain, visible
from tests.support.web_content import read

VISIBLE_FORMATS = set(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(content.__path__)])
def test_examples_of_the_content_modules_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"handrail.web.content.{name}")).failed == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user\u202egnp.exe", "userU+202Egnp.exe"),
        ("a\u2066b\u2069\u200e\u200f\u061c", "aU+2066bU+2069 U+200E U+200F U+061C"),
        ("zero\u200bwidth\ufeff", "zeroU+200BwidthU+FEFF"),
        ("a\u200db \u200c", "aU+200Db U+200C"),
        ("\x00\x1b[2J\r\x7f\x9b", "U+0000 U+001B[2JU+000D U+007F U+009B"),
        ("tag\U000e0041", "tagU+E0041"),
        ("half\ud800", "halfU+D800"),
        ("a\ufe01b\U000e0100", "aU+FE01bU+E0100"),
        ("\u3164\u00ad", "U+3164 U+00AD"),
        (
            "👩\u200d💻 ❤\ufe0f 👩🏽\u200d🚀 می\u200cخواهم क्\u200dष",
            "👩\u200d💻 ❤\ufe0f 👩🏽\u200d🚀 می\u200cخواهم क्\u200dष",
        ),
        ("<b onclick=x>&amp;", "<b onclick=x>&amp;"),
    ],
)
def test_odd_characters_are_named_and_what_is_needed_stays(text: str, shown: str) -> None:
    assert read(marked(text)) == shown


def test_an_odd_character_is_marked_with_its_name() -> None:
    assert marked("\u202e") == '<span class="odd" title="RIGHT-TO-LEFT OVERRIDE">U+202E</span>'


def test_no_character_that_unicode_hides_is_left() -> None:
    hidden = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        and character not in VISIBLE_FORMATS | set("\n\t")
    ]
    assert set(visible("x".join(hidden))) <= set("x[]U+0123456789ABCDEF")


@given(st.text(st.characters()))
def test_any_text_can_be_shown_and_keeps_its_letters(text: str) -> None:
    letters = [each for each in text if each.islower() and visible(each) == each]
    assert [each for each in read(marked(text)) if each.islower()] == letters
    assert len(plain(text, 40)) <= 40
    assert "\n" not in plain(text)


def test_line_ends_stay_and_those_of_windows_are_plain() -> None:
    assert marked("a\r\nb\n") == "a\nb\n"

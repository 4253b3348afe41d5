"""Text for Slack: nothing mentions or formats, nothing hides, and what doesn't fit is cut where people would."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.channels.slack.text import Cut, cut, escape, length, one_line, quoted, unescape
from handrail.requests.visible import visible

TRICKS = (
    *(
        "<!channel>",
        "<@U1>",
        "&lt;",
        "&amp;",
        "`",
        "*",
        "_",
        "\u202e",
        "\0",
        "👩\u200d💻",
        "🇩🇪",
        "👍🏽",
        "e\u0301",
        "\n",
    ),
    *("\r\n", " ", "@here", "<https://evil.example|x>", ":tada:", "\ud800", "می\u200cخواهم", "&", ">", "[U+"),
)
hostile = st.lists(st.sampled_from(TRICKS) | st.text(max_size=5), max_size=30).map("".join)


def test_a_mention_is_text() -> None:
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_characters_that_hide_or_turn_text_are_written_out() -> None:
    assert escape("user\u202egnp\0\ud800") == "user[U+202E]gnp[U+0000][U+D800]"


@given(hostile)
def test_escaped_text_is_shown_by_slack_as_it_is_seen(text: str) -> None:
    assert unescape(escape(text)) == visible(text)
    assert "<" not in escape(text)


@given(hostile, st.integers(1, 60), st.booleans())
def test_a_cut_text_fits_and_is_a_beginning_of_the_whole(text: str, limit: int, escaped: bool) -> None:
    found = cut(text, limit, escaped=escaped)
    whole = escape(text) if escaped else visible(text)
    assert length(found.text) <= limit
    assert found.is_cut == (length(whole) > limit)
    if not found.is_cut:
        assert found.text == whole
    else:
        assert found.text.endswith("…")
        assert whole.startswith(found.text[:-1])


@given(hostile, st.integers(1, 60))
def test_a_cut_never_parts_an_entity_or_what_is_seen_as_one_character(text: str, limit: int) -> None:
    found = cut(text, limit)
    if not found.is_cut:
        return
    kept, seen = unescape(found.text[:-1]), visible(text)
    assert "&" not in found.text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    following = seen[len(kept) :].lstrip()[:1]
    if following and len(seen) > len(kept) and not seen[len(kept)].isspace():
        assert unicodedata.category(following) not in ("Mn", "Me")
        assert following not in "\u200d\ufe0f"
        assert not kept.endswith("\u200d")


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("ab&cd", 6, "ab…"),
        ("ab&cdef", 8, "ab&amp;…"),
        ("ab👩\u200d💻cd", 6, "ab…"),
        ("ab🇩🇪cd", 6, "ab…"),
        ("ab👍🏽cd", 6, "ab…"),
        ("abe\u0301cd", 4, "ab…"),
        ("xxمی\u200cخواهم", 6, "xxم…"),
        ("ab\u202ecd", 7, "ab…"),
    ],
)
def test_it_is_cut_before_what_would_be_parted(text: str, limit: int, kept: str) -> None:
    assert cut(text, limit) == Cut(kept, True)


def test_an_emoji_counts_twice_for_slack_may_count_so() -> None:
    assert length("a👍") == 3
    assert cut("👍👍", 3).is_cut


def test_a_megabyte_is_cut_at_once() -> None:
    found = cut("x" * 1_000_000, 3000)
    assert (len(found.text), found.is_cut) == (3000, True)


def test_a_label_stays_on_one_line() -> None:
    assert one_line("a\n\nb\t c", 20) == Cut("a b c", False)
    assert one_line(" " * 1000 + "end", 20).is_cut


@pytest.mark.parametrize("name", ["*boss*", "_a_", "~x~", ":tada:", ">quoted", "alice_b"])
def test_a_name_with_signs_that_format_stands_as_code(name: str) -> None:
    assert quoted(name) == f"`{escape(name)}`"


@pytest.mark.parametrize("name", ["alice", "a: b", "12:30", "O’Neill", "@here", "#general"])
def test_any_other_name_stands_as_it_is(name: str) -> None:
    assert quoted(name) == name


def test_a_backtick_can_not_end_the_code() -> None:
    assert quoted("*a` <!here> `b*") == "`*a[U+0060] &lt;!here&gt; [U+0060]b*`"

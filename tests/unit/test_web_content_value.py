"""Any JSON value is shown: as facts, tables, lists and prose, bounded, with its JSON behind it."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.web.content.doubt import doubts, doubts_html, with_doubts
from handrail.web.content.markdown import prose_html
from handrail.web.content.value import context_html, proposal_html, value_html
from tests.support.web_content import read

MEBIBYTE = 1024 * 1024
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=30,
)
HUGE: dict[str, Any] = {
    "numbers": list(range(150_000)),
    "rows": [{"a": i, "b": str(i)} for i in range(40_000)],
    "keys": {f"k{i}": i for i in range(80_000)},
    "a key": {"x" * MEBIBYTE: 1},
    "depth": json.loads("[" * 900 + "]" * 900),
    "columns": [{f"k{j}": j for j in range(100)} for _ in range(900)],
    "texts": {f"k{i}": "some **prose** text " * 30 for i in range(1_800)},
    "empty ones": [{}] * 300_000,
    "a text in a list": ["<b>" * 300_000],
    "a number": 10**5_000,
}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_any_value_is_safe(value: Any) -> None:
    for limit in (None, 100, 65536):
        read(value_html(value, limit=limit).html)
        read(proposal_html({"content": value, "other": [value]}, limit=limit).html)


@pytest.mark.parametrize("name", HUGE)
def test_a_mebibyte_of_any_kind_is_bounded(name: str) -> None:
    for shown in (value_html(HUGE[name]), proposal_html({"content": HUGE[name], "more": 1})):
        read(shown.html)
        assert len(shown.html) < MEBIBYTE
        assert shown.cut == (name != "a number")
    assert not value_html(HUGE[name], limit=None).cut


def test_a_single_text_stands_alone_and_more_has_labels() -> None:
    assert read(proposal_html({"content": "**Hello**"}).html) == "Hello"
    html = proposal_html({"max_retries": 3, "is_public": True, "note": None}).html
    assert read(html) == "Max retries 3 Is public yes Note none"
    assert 'title="max_retries"' in html
    assert "As JSON" not in html


def test_similar_objects_are_a_table_and_columns_beyond_eight_unfold() -> None:
    rows = [{f"key_{number}": number for number in range(10)} for _ in range(2)]
    html = value_html({"rows": rows}).html
    assert html.count('<th scope="col">') == 9
    assert html.count("<summary>2 more</summary>") == 2
    assert "As JSON" in html


def test_a_date_in_a_table_stays_on_one_line() -> None:
    html = value_html([{"on": "2026-01-02", "note": "as it was said then"}] * 2).html
    assert '<td class="short">2026-01-02</td><td>as it was said then</td>' in html


def test_entries_beyond_fifty_unfold() -> None:
    assert "<summary>950 more</summary>" in value_html(list(range(1000))).html


def test_a_picture_as_value_is_shown() -> None:
    data = "data:image/png;base64," + "A" * 1000
    assert f'<img src="{data}"' in proposal_html({"content": data}).html


def test_the_context_leaves_out_what_stands_elsewhere() -> None:
    assert (
        read(context_html({"why": "x", "confidence": 0.5, "unsure": [], "source": "mail"}).html)
        == "Source mail"
    )
    assert context_html({"why": "x"}).html == ""


def test_unsure_passages_are_marked_once_across_emphasis_and_the_others_are_listed() -> None:
    html = prose_html("The wait fell from **nine** hours to 38 minutes & more.\n\nfrom nine hours").html
    context: dict[str, Any] = {
        "unsure": [
            {"text": "from nine\nhours", "reason": "no source"},
            "38 minutes & more",
            "**nine** hours",
            "absent",
            7,
        ]
    }
    marked, found = with_doubts(html, doubts(context))
    assert [doubt.is_found for doubt in found] == [True, True, True, False]
    assert '<span class="doubt" id="doubt-1">from </span><strong><span class="doubt">' in marked
    assert read(marked).startswith("The wait fell from nine hours31 to 38 minutes & more2.")
    listed = doubts_html(found)
    assert '<a href="#doubt-1">“from nine\nhours”: no source</a>' in listed
    assert '<a href="#doubt-4">' not in listed
    read(listed)


def test_an_unsure_passage_is_not_looked_for_in_what_is_gone_nor_within_tags() -> None:
    from markupsafe import Markup

    html = Markup('<p title="span"><del>span</del> <a href="https://a.example">a span</a></p>')
    marked, _ = with_doubts(html, doubts({"unsure": ["span"]}))
    assert marked.count('class="doubt"') == 1
    assert (
        '<a href="https://a.example">a <span class="doubt" id="doubt-1">span</span></a><a class="doubt-n"'
        in marked
    )


@given(st.text(st.characters() | st.sampled_from("ab <&*\n"), min_size=1), st.data())
def test_any_unsure_passage_leaves_the_page_well_formed(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    spots: Any = [text[start : start + 5], text[start + 2 : start + 9], text]
    marked, found = with_doubts(prose_html(text).html, doubts({"unsure": spots}))
    read(marked)
    read(doubts_html(found))

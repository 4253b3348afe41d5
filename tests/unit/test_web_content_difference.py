"""What changed between two revisions, within the text and side by side."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.requests.prose.passage import lines, passages
from handrail.web.content.comparison import compared
from handrail.web.content.difference import inline_difference, side_by_side
from handrail.web.content.layout import layout
from tests.support.web_content import read

WORD = st.sampled_from(
    ["alpha", "beta", "gamma", "delta", "38", "Exports", "x < 1", "&amp;", "e.g.", "\u202e"]
)
INLINE = st.lists(
    WORD
    | WORD.map("**{}**".format)
    | WORD.map("*{}*".format)
    | WORD.map("~~{}~~".format)
    | WORD.map("`{}`".format)
    | WORD.map("[{}](https://a.example/1)".format)
    | WORD.map("[{}](https://b.example/2)".format)
    | st.just("![logo](https://a.example/x.png)")
    | st.just("**one *two* three**"),
    min_size=1,
    max_size=8,
).map(" ".join)
BLOCK = (
    INLINE
    | INLINE.map("# {}".format)
    | INLINE.map("### {}".format)
    | INLINE.map("> {}".format)
    | st.lists(INLINE, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items))
    | st.lists(INLINE, min_size=1, max_size=4).map(
        lambda items: "\n".join(f"1. {item}\n   - in {item}" for item in items)
    )
    | st.lists(st.tuples(WORD, WORD), min_size=1, max_size=4).map(
        lambda rows: "| a | b |\n|---|---|\n" + "\n".join(f"| {left} | {right} |" for left, right in rows)
    )
    | st.lists(WORD, max_size=4).map(lambda code: "\n".join(["```", *code, "```"]))
    | st.just("---")
)
MARKDOWN = st.lists(BLOCK, max_size=6).map("\n\n".join)
TEXTS = MARKDOWN | st.text(st.characters(), max_size=40)


def words(text: str) -> list[str]:
    """What a text says when it is shown alone."""
    found = passages(text)
    return read(layout(lines(text.split("\n"), "pre") if found is None else found)).split()


def test_it_is_a_property_of_generated_markdown_that_it_is_markdown() -> None:
    assert passages("1. a\n   - in a\n\n> b\n\n---") is not None


@given(TEXTS, TEXTS)
def test_without_what_came_it_is_the_old_and_without_what_went_the_new(old: str, new: str) -> None:
    left, right = passages(old), passages(new)
    if left is None or right is None:
        return
    found = compared({"content": old + "\n\n**end**"}, {"content": new + "\n\n**end**"})
    if not all(part.is_prose for part in found.parts):
        return
    html = inline_difference(found).html
    assert "".join(read(html, ["ins"]).split()) == "".join([*words(old), "end"])
    assert "".join(read(html, ["del"]).split()) == "".join([*words(new), "end"])
    read(side_by_side(found).html)


@given(st.text("ab \n{}\u202e<", max_size=60), st.text("ab \n{}\u202e<", max_size=60))
def test_the_same_holds_for_texts_as_written(old: str, new: str) -> None:
    html = inline_difference(compared({"content": [old]}, {"content": [new]})).html
    import json

    for side, text in (("ins", old), ("del", new)):
        expected = read(layout(lines(json.dumps([text], ensure_ascii=False, indent=2).split("\n"), "pre")))
        assert "".join(read(html, [side]).split()) == "".join(expected.split())


OLD = """# Exports

They start at the minute you choose. Most teams will see their waiting time drop by 40 %.

- **Failed exports** are tried again, before we page anyone.
- **Size** stays.

| Plan | Now |
|------|-----|
| Team | Daily |

We ship in September.
"""
NEW = (
    OLD.replace("Most teams will see their waiting time drop by 40 %", "In our workspace the wait fell")
    .replace(", before we page anyone", "; then we email the owner")
    .replace("Daily", "Daily, at noon")
    .replace("We ship in September.", "Shorter intervals are being tested with a few customers.")
)


def test_words_are_marked_within_paragraphs_items_and_cells() -> None:
    found = compared({"content": OLD}, {"content": NEW})
    html = inline_difference(found).html
    assert found.changes == 4
    assert "<del>Most teams will see their waiting time drop by 40 %</del><ins>In our workspace" in html
    assert "<li><strong>Failed exports</strong> are tried again<del>, before" in html
    assert "<td>Daily<ins>, at noon</ins></td>" in html
    assert "<p><del>We ship in September.</del></p>\n<p><ins>Shorter" in html


def test_side_by_side_has_what_was_and_what_is_and_counts_the_rest() -> None:
    html = side_by_side(compared({"content": OLD}, {"content": NEW}), "Revision 1", "Revision 2").html
    assert '<caption class="vh">Revision 1 and Revision 2, side by side</caption>' in html
    assert '<tr class="gap"><td colspan="2">1 passage unchanged</td></tr>' in html
    assert '<tr class="gap"><td colspan="2">2 passages unchanged</td></tr>' in html
    assert '<td class="old" data-side="Revision 1"><del>We ship in September.</del></td>' in html
    assert html.count('<td class="new"') == 4


def test_a_link_that_leads_elsewhere_tells_both_addresses() -> None:
    html = inline_difference(
        compared({"content": "[notes](https://a.example/1)"}, {"content": "[notes](https://a.example/2)"})
    ).html
    assert '<span class="host"> (https://a.example/1)</span></del>' in html
    assert '<span class="host"> (https://a.example/2)</span></ins>' in html


def test_keys_that_came_and_went_are_told_apart() -> None:
    old: dict[str, Any] = {"amount": 5, "tags": ["a"], "gone": "x"}
    found = compared(old, {"amount": 7, "tags": ["a"], "came": True})
    html = inline_difference(found).html
    assert read(html, ["ins"]) == 'Amount 5 Tags [ "a" ] Came Gone x'
    assert read(html, ["del"]) == 'Amount 7 Tags [ "a" ] Came yes Gone'
    assert found.changes == 3


def test_a_deleted_item_stays_in_its_list() -> None:
    html = inline_difference(compared({"content": "- a\n- b\n- c"}, {"content": "- a\n- c"})).html
    assert html.count("<ul>") == 1
    assert "<li><del>b</del>" in html


@pytest.mark.parametrize("limit", [100, 65536])
@pytest.mark.parametrize(
    "value",
    [
        "word " * 200_000,
        "a line\n" * 150_000,
        "**a** b\n\n" * 100_000,
        "[" * 60_000,
        list(range(150_000)),
        {f"k{i}": i for i in range(80_000)},
        [[{}]] * 100_000,
    ],
    ids=["words", "lines", "passages", "brackets", "numbers", "keys", "empty"],
)
def test_a_mebibyte_is_compared_in_part_and_said_to_be(value: Any, limit: int) -> None:
    for old, new in ((value, "short"), ("short", value), (value, value)):
        found = compared({"content": old}, {"content": new})
        for shown in (inline_difference(found, limit=limit), side_by_side(found, limit=limit)):
            read(shown.html)
            assert len(shown.html) < 2 * 1024 * 1024
            assert shown.cut == ("Shown:" in shown.html)
            if old != new and limit == 100:
                assert shown.cut


def test_a_change_at_the_end_of_a_long_text_is_seen() -> None:
    text = "".join(f"line {number}\n" for number in range(50_000))
    found = compared({"content": text + "old end"}, {"content": text + "new end"})
    shown = inline_difference(found)
    assert "<ins>new</ins> end" in shown.html
    assert not shown.cut
    assert "lines unchanged" in side_by_side(found).html

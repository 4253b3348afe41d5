"""What a revision's mail says has changed: little, the same in both forms, and beside all of what is asked."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

from handrail.channels.email.difference import difference
from handrail.channels.email.html import html_text
from handrail.channels.email.letter import Links, request_letter
from handrail.channels.email.plain import plain_text
from handrail.requests.content import content_hash
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft

LINKS = Links("https://inbox.example.com/requests/req_2", decide="https://inbox.example.com/decide/abc.def")
LONG = "The first draft costs $5 per seat. " + "Many words stay as they were before. " * 6


def asked(proposal: dict[str, Any], revision: int = 2) -> HumanRequest:
    draft = RequestDraft("approval", "Deploy?", proposal, (Verb.APPROVE, Verb.REJECT), policy())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = HumanRequest(
        f"req_{revision}", draft, content_hash(draft.shown), "req_1", 1, now, draft.policy.audience
    )
    return replace(found, revision=revision)


def both(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, str]:
    """Return what has changed, as text and as HTML."""
    blocks = [*difference(asked(old, 1), asked(new))]
    return plain_text(blocks), html_text("", blocks)


def test_a_revisions_mail_says_what_has_changed_and_then_all_of_it() -> None:
    old, new = asked({"content": "one\ntwo\nthree"}, 1), asked({"content": "one\n2\nthree"})
    text = plain_text(request_letter(new, LINKS, answerable=True, previous=old).blocks)
    assert "Revision 2" in text
    changed, _, whole = text.partition("All of it, as it is now")
    assert "What has changed since revision 1\n" in changed
    assert "- two\n+ 2" in changed
    assert "- one" not in changed
    assert "one\n2\nthree" in whole
    first = plain_text(request_letter(old, LINKS, answerable=True).blocks)
    assert "changed" not in first


def test_the_words_that_differ_are_marked_and_a_long_line_is_shown_around_them() -> None:
    text, html = both({"content": LONG}, {"content": LONG.replace("$5", "$7")})
    assert "- The first draft costs $5 per seat." in text
    assert "+ The first draft costs $7 per seat." in text
    assert len(text) < len(LONG)
    assert all(line.endswith("…") for line in text.splitlines() if line[:1] in "+-" and line[1:2] == " ")
    assert "<del>5</del>" in html
    assert "<ins>7</ins>" in html
    assert html.count("<del>") == html.count("<ins>") == 1


def test_lines_with_little_in_common_have_come_and_gone() -> None:
    _, html = both({"content": "Third one goes away."}, {"content": "A new closing paragraph."})
    assert "<del>" not in html
    assert "<ins>" not in html
    assert "− Third one goes away." in html
    assert "+ A new closing paragraph." in html


def test_changes_are_told_by_key() -> None:
    text, html = both({"title": "x", "unit_price": 5}, {"title": "x", "unit_price": 7, "note": "new"})
    assert "Unit price:\n- 5\n+ 7\nNote:\n+ new" in text
    assert "Title" not in text
    assert "Unit price" in html


def test_what_changed_is_content_in_both_forms() -> None:
    hostile = "<script>alert(1)</script> <b onclick=x>y</b> \u202etxt"
    text, html = both({"content": "a"}, {"content": hostile})
    assert "[U+202E]" in text
    assert "[U+202E]" in html
    assert "<script" not in html
    assert "<b " not in html
    assert "onclick=x>y" in unescape(re.sub(r"<[^>]*>", "", html))


def test_many_changes_are_cut_and_leave_what_is_asked_whole() -> None:
    old, new = asked({"content": "b"}, 1), asked({"content": "\n".join(f"line {n}" for n in range(900))})
    letter = request_letter(new, LINKS, answerable=True, previous=old)
    text = plain_text(letter.blocks)
    changed, _, whole = text.partition("All of it, as it is now")
    assert "More has changed, which the page shows." in changed
    assert len(changed) < 2500
    assert "line 899" in whole
    assert "To decide, answer this mail" in whole
    assert "Too much to compare here" in both({"content": "a\n" * 2000}, {"content": "b"})[0]


def test_the_same_again_says_so() -> None:
    text, _ = both({"content": "a"}, {"content": "a"})
    assert "Nothing of what is proposed has changed." in text


def test_empty_lines_alone_make_no_lines_of_changes() -> None:
    text, _ = both({"content": "one\ntwo"}, {"content": "one\n\n\n2 and more"})
    assert [line for line in text.splitlines() if line[:1] == "+"] == ["+ 2 and more"]


def test_a_line_of_few_signs_in_ever_other_lengths_is_shown_as_a_whole() -> None:
    """Finding the words that differ in it would take as long as the cube of its length, while nothing else goes on."""
    old, new = ("".join("%" * length + "&" + end for length in range(1, 30)) for end in "!?")
    _, html = both({"content": old}, {"content": new})
    assert html.count("<del>") <= 1

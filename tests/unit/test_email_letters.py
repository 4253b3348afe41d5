"""What mails say: the same as text and as HTML, content as text, nothing from elsewhere, all of it or no offer."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handrail import EmailApprovalNode, InvalidInput
from handrail.channels.email.html import html_text
from handrail.channels.email.letter import Links, answer_letter, request_letter, said_letter, shown
from handrail.channels.email.plain import plain_text
from handrail.channels.email.prose import prose_html
from handrail.channels.email.sentences import UNCLEAR
from handrail.channels.email.setup import from_environment
from handrail.requests.content import content_hash
from handrail.requests.decision import Verb
from handrail.requests.policy import policy
from handrail.requests.request import HumanRequest, RequestDraft

HOSTILE = (
    "<script>alert(1)</script><b onmouseover=x>bold</b>",
    "&lt;i&gt; &amp;amp; &#60;",
    "<img src=https://evil.example/x.png> ![x](https://evil.example/y.png)",
    '"><a href="https://evil.example">',
    "user\u202egnp.exe \u200bzero",
)
LINKS = Links("https://inbox.example.com/requests/req_1", decide="https://inbox.example.com/decide/abc.def")


def asked(proposal: dict[str, Any], **context: Any) -> HumanRequest:
    draft = RequestDraft(
        "approval", "Deploy?", proposal, (Verb.APPROVE, Verb.REJECT), policy(), context=context
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return HumanRequest("req_1", draft, content_hash(draft.shown), "req_1", 1, now, draft.policy.audience)


def both(request: HumanRequest, **more: Any) -> tuple[str, str]:
    blocks = request_letter(request, LINKS, answerable=True, **more).blocks
    return plain_text(blocks), html_text(request.draft.title, blocks)


def read(html: str) -> str:
    """Return what is read of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html.partition("<body")[2].partition(">")[2]))


def test_content_is_text_in_both_forms() -> None:
    text, html = both(asked({"content": "\n\n".join(HOSTILE), "list": list(HOSTILE)}, said=list(HOSTILE)))
    for each in HOSTILE[:4]:
        assert each in text
        assert "".join(each.split()) in "".join(read(html).split())
    assert "[U+202E]" in text
    assert "[U+202E]" in read(html)
    assert "<script" not in html
    assert "onmouseover=x>" not in html


def test_nothing_is_loaded_from_elsewhere_and_no_style_is_but_inline() -> None:
    _, html = both(
        asked({"content": "# Hi\n\n![x](https://evil.example/y.png) and [notes](https://notes.example/1)"})
    )
    assert not re.search(r"<(img|link|script|style|iframe|object|video|svg)\b|url\(|@import|src=", html)
    assert re.findall(r'href="([^"]*)"', html) == [
        "https://evil.example/y.png",
        "https://notes.example/1",
        LINKS.decide,
        LINKS.page,
    ]
    assert 'name="color-scheme" content="light dark"' in html


@pytest.mark.parametrize(
    "text",
    [
        "Ship **it** now",
        "1. one\n2. two\n   * three",
        "| a | b |\n|---|---|\n| 1 | x y |",
        "> quoted\n\nnot",
        "a\n\n---\n\nb",
    ],
)
def test_markdown_is_laid_out_and_every_word_is_there(text: str) -> None:
    html = prose_html(text)
    assert html.count("<p") + html.count("<li") + html.count("<td") > 0
    assert not re.search(r"\*\*|\|---", html)
    for word in re.findall(r"[a-z]+", text.lower()):
        assert word in html.lower()
    assert len(re.findall(r"<(?!/|br|hr)", html)) == html.count("</")


def test_what_is_long_is_cut_and_then_only_its_page_is_offered() -> None:
    for proposal in (
        {"content": "word " * 100_000},
        {str(at): "" for at in range(5000)},
        {"content": "<&>" * 7000},
    ):
        request = asked(proposal)
        text, html = both(request)
        assert not shown(request).whole
        assert "To decide, answer" not in text
        assert LINKS.decide not in text + html
        assert LINKS.page in text
        assert len(html.encode()) < 100_000


def test_the_words_that_decide_are_those_that_are_offered() -> None:
    text, _ = both(asked({"content": "x"}))
    assert "“approve” or “reject: reason”" in text
    assert "changes" not in text


def test_a_node_asks_whom_it_names() -> None:
    node = EmailApprovalNode(to=["alice", "bob@example.com"], channels="slack:#deploys")
    assert node.asking["channels"] == ("email:@alice", "email:bob@example.com", "slack:#deploys")
    assert node.asking["audience"] == ["alice", "bob@example.com"]
    assert EmailApprovalNode(to="alice", audience="group:legal").asking["audience"] == "group:legal"
    assert EmailApprovalNode(audience="bob").asking["channels"] == ("email",)
    for wrong in ([], "", ["@"], [3]):
        with pytest.raises(InvalidInput):
            EmailApprovalNode(to=wrong)  # type: ignore[arg-type]


def test_the_environment_sets_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="HANDRAIL_EMAIL_SMTP"):
        from_environment()
    monkeypatch.setenv("HANDRAIL_EMAIL_SMTP", "smtps://me:pass@mail.example.com")
    monkeypatch.setenv("HANDRAIL_EMAIL_FROM", "handrail@example.com")
    monkeypatch.setenv("HANDRAIL_EMAIL_REPLY_TO", "{token}@replies.example.com")
    monkeypatch.setenv("HANDRAIL_EMAIL_RECEIVE", "imaps://me:pass@imap.example.com/Approvals")
    monkeypatch.setenv("HANDRAIL_EMAIL_AUTHSERV_ID", "mx.example.com")
    email = from_environment()
    assert (email.sending.server.port, email.sending.server.tls, email.sending.server.password) == (
        465,
        True,
        "pass",
    )
    assert email.receive is not None
    assert email.receive.path == "Approvals"
    assert email.trust.authserv_id == "mx.example.com"
    assert "pass" not in repr(email.receive)


def test_a_text_from_right_to_left_runs_so_and_others_dont() -> None:
    content = "# مرحبا\n\nهذا نص **طويل** with words.\n\n- بند\n\n| السعر |\n|---|\n| قلم |\n\nEnglish."
    _, html = both(asked({"content": content, "name": "سلام"}))
    for tag in ("h3", "p", "ul", "li", "table", "td"):
        assert re.search(rf'<{tag} dir="rtl"', html), tag
    assert re.search(r"<p style=[^>]*>English", html)
    plain = prose_html("مرحبا\n\nEnglish.")
    assert plain.count('dir="rtl"') == 1
    assert 'dir="rtl"' not in prose_html("English.\n\nMore.")


def test_code_with_the_name_of_its_language_is_laid_out() -> None:
    html = prose_html("# Offer\n\n```python\nprint(1)\n```\n\n1. one")
    assert "```" not in html
    assert "<pre" in html
    assert "```" in prose_html("# Offer\n\n```python print this and approve\nprint(1)\n```")


def test_a_table_keeps_short_words_whole_and_scrolls_by_itself() -> None:
    html = prose_html(f"| number |\n|---|\n| 1,000.00 |\n| {'x' * 40} |")
    assert html.startswith('<div style="overflow-x:auto"><table')
    assert html.endswith("</table></div>")
    assert html.count("word-break:normal") == 2, "the long word is broken"


def answering(schema: dict[str, Any]) -> HumanRequest:
    draft = RequestDraft(
        "question", "Which?", {"question": "Which?"}, (Verb.ANSWER,), policy(), response_schema=schema
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return HumanRequest("req_1", draft, content_hash(draft.shown), "req_1", 1, now, draft.policy.audience)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"enum": ["dry", "warm"]}, "To choose from\n--------------\n\n* dry\n* warm"),
        (
            {"type": "array", "items": {"enum": ["alpha", "beta"]}, "uniqueItems": True},
            "To choose from\n--------------\n\n* Alpha",
        ),
        (
            {"oneOf": [{"const": 1, "title": "Low <b>"}, {"const": 2, "title": "High"}]},
            "* Low <b>\n* High",
        ),
        ({"type": "object", "properties": {"full_name": {"type": "string"}}}, "* Full name"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "A number: 1 to 5"),
        ({"enum": list(range(80))}, "* and 30 more"),
    ],
)
def test_a_question_says_what_there_is_to_choose_or_to_fill_in(schema: dict[str, Any], told: str) -> None:
    text, html = both(answering(schema))
    assert told in text
    assert "<b>" not in html
    assert "This is decided on its page." in text


def test_an_answer_to_what_is_decided_on_its_page_is_told_that() -> None:
    why = next(iter(UNCLEAR))
    told = plain_text(answer_letter(answering({"enum": ["dry"]}), why, LINKS, answerable=True).blocks)
    assert "This is decided on its page. Open it to decide." in told
    assert "first word" not in told
    assert "first word" in plain_text(answer_letter(asked({"a": 1}), why, LINKS, answerable=True).blocks)


def test_moments_are_told_by_the_clock_of_who_reads_them() -> None:
    request = replace(asked({"content": "x"}), deadline=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    for zone, told in (
        ("UTC", "1 July 2026, 22:30 UTC"),
        ("Europe/Berlin", "2 July 2026, 00:30 CEST"),
        ("Asia/Kathmandu", "2 July 2026, 04:15 UTC+05:45"),
        ("America/Sao_Paulo", "1 July 2026, 19:30 UTC-03:00"),
    ):
        where = ZoneInfo(zone)
        letters = (
            request_letter(request, LINKS, answerable=True, zone=where),
            said_letter(request, "reminded", None, LINKS, answerable=True, zone=where),
        )
        for letter in letters:
            assert letter is not None
            assert f"Until {told}, else it counts as rejected" in plain_text(letter.blocks)


def test_whether_all_of_it_fits_is_the_same_by_every_clock() -> None:
    for size in range(23_700, 24_100, 20):
        request = replace(asked({"content": "x" * size}), deadline=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
        assert shown(request).whole == shown(request, ZoneInfo("Asia/Kathmandu")).whole

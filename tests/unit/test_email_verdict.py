"""What a text decides: the first word of its first line, and nothing where anything speaks against it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.channels.email.doubts import CONDITIONS, EDITS, NEGATIONS
from handrail.channels.email.incoming import parse
from handrail.channels.email.verdict import Approve, Changes, Reject, Unclear, decide, verdict_of
from handrail.channels.email.words import AFTER, CLOSINGS, LANGUAGES, PRAISE, VERBS, Verb, fold
from tests.support.emails import html, plain

UNCLEAR = (
    """
approve if tests pass|approve, if tests pass|Approve - unless Bob objects|approve but change the title|approve? no
not approved|I can't approve|yes and no|ok?|approve or reject|Approve/reject|approve (not)|Approve. Not.
Approved? Really?|approve the first one, reject the second|"approve"|Approve button does not work
Approved by Bob yesterday|Approve after Monday|Approve pending legal|Approve, I guess|approve...|approve…
Approve, sort of|Approve :/|Approve ;)|approve 👎|approve 🤔|👍|👎|reject?|reject, just kidding|Reject - not!
Reject - or approve, whatever|rejecting is wrong|Reject if the tests fail|Rejected? why|Changes look good
Changes approved|changes|changes:|changes: ...|changes: none|changes? none|changes, approved|no changes
nicht genehmigt|Genehmigt?|Genehmigt, wenn die Tests laufen|Genehmigung verweigert|Genehmige ich nicht
Genehmigen oder ablehnen|n'approuve pas|Approuvé sous réserve|Approuve pas|Refusé ?|no apruebo|No aprobado
aprobado, pero cambia el título|¿Apruebo?|non approvato|approvato, ma non oggi|Approvo solo se|não aprovado
aprovado, mas não hoje|niet goedgekeurd|goedgekeurd mits|Akkoord?|akkoord, maar niet vandaag|nie zatwierdzam
zatwierdzam, jeśli|Odrzucam?|承認しません|承認できません|承認?|承認しますか|承認しない|承認します、ただし明日|未承認
承認します。でも条件があります|승인하지 않음|승인 안함|승인?|승인합니다만 조건이|승인 거부|미승인|不批准|不同意
批准?|批准吗|同意，但要修改|未批准|同意不同意|拒绝批准|DO NOT APPROVE|approve, NOT|Approved in principle
please approve|Subject: approve|- approve|1. approve|approve-ish|approve.not|approve,reject|approve:reject
Approve! (reject the other)|approve when ready|reject: reason|reject: <reason>|changes: what to change
approve, reject: reason, changes: what to change|Yes|No|ok|lgtm|Approve — wait, no|approve for Bob only
un-approve|approve,don´t do it|approve don’t|~approve~|аpprove|reject 👍|Reply with approve|approve⁇
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize(
    "text",
    [
        "Approved, thanks for the draft, send me the final one",
        "approve, good for me, Carol decides",
        "Approved. Great, the staging one",
        "Approved. Thanks for cancelling this",
        "approve, thanks to whoever reverts this",
    ],
)
def test_behind_praise_only_praise_or_whom_it_is_for_may_follow(text: str) -> None:
    assert isinstance(decide(text), Unclear)
    assert isinstance(decide("Approved, thanks, Alice"), Approve)


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_bound_taken_back_asked_or_named_twice_decides_nothing(text: str) -> None:
    assert isinstance(decide(text), Unclear)


@pytest.mark.parametrize(
    "text",
    [
        "Approve\n\nOn second thought, reject it",
        "Approve\nReject",
        "Approve, thanks\nbut not today",
        "Approve\n\nActually, hold on",
        "Approve\nIf and only if the tests pass",
        "Approve the\nfirst only",
        "Approve\n(just joking)",
        "Approve\n\nPS: don't",
        "Approve\n\nOnly for Bob, please.",
        "Approve\n\n👎",
        "Approve\n\nThanks. But wait for Bob.",
        "Reject\nunless they fix it",
        "Reject\n\nNo, approve it",
        "Changes\nAlice",
        "changes: fix it\nApprove",
    ],
)
def test_what_the_lines_below_take_back_decides_nothing(text: str) -> None:
    assert isinstance(decide(text), Unclear)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("approve", Approve()),
        ("  *Approve*  ", Approve()),
        ("**APPROVED**!", Approve()),
        ("ＡＰＰＲＯＶＥ", Approve()),
        ("Approve this, thanks!", Approve("thanks!")),
        ("approve 👍", Approve()),
        ("I approve", Approve()),
        ("Approved: nice work", Approve("nice work")),
        ("Hi Bob,\n\napprove\n\nBest regards,\nAlice", Approve()),
        ("お疲れ様です。\n承認します。", Approve()),
        ("Approve\n\nGreat work on the plan.", Approve("Great work on the plan.")),
        ("reject", Reject()),
        ("Reject.", Reject()),
        (
            "reject: it isn't ready, ask again if the tests pass",
            Reject("it isn't ready, ask again if the tests pass"),
        ),
        ("Reject\n\nThe numbers are missing.", Reject("The numbers are missing.")),
        ("lehne ich ab: zu teuer", Reject("zu teuer")),
        ("反对", Unclear("its first word is none that decides")),
        ("驳回：太贵", Reject("太贵")),
        ("changes: make it shorter", Changes("make it shorter")),
        ("Changes needed:\n- a\n- b", Changes("- a\n- b")),
        ("Changes\nplease shorten the title", Changes("please shorten the title")),
        ("aenderungen: kürzer", Changes("kürzer")),
    ],
)
def test_a_clear_answer_is_understood(text: str, verdict: object) -> None:
    assert decide(text) == verdict


@pytest.mark.parametrize("phrase", VERBS)
def test_every_deciding_phrase_alone_decides_and_in_a_question_or_a_condition_does_not(phrase: str) -> None:
    assert VERBS[phrase] is Verb.CHANGES or isinstance(decide(phrase.upper()), Approve | Reject)
    assert isinstance(decide(f"{phrase}: the title here"), Approve | Reject | Changes)
    assert isinstance(decide(f"{phrase}?"), Unclear)
    assert isinstance(decide(f"not {phrase}"), Unclear)
    assert isinstance(decide(f"{phrase} if it works"), Unclear)


def test_no_phrase_decides_two_things() -> None:
    seen: dict[str, str] = {}
    for words in LANGUAGES.values():
        for field in ("approve", "reject", "changes"):
            for phrase in getattr(words, field).split("|"):
                assert seen.setdefault(fold(phrase), field) == field


@given(
    st.sampled_from([phrase for phrase, verb in VERBS.items() if verb is Verb.APPROVE]),
    st.sampled_from(sorted(NEGATIONS | CONDITIONS | EDITS)),
    st.sampled_from([", ", " ", ": ", ". ", " - ", "\n"]),
)
def test_an_approval_beside_a_word_of_doubt_is_unclear(phrase: str, word: str, between: str) -> None:
    assert isinstance(decide(f"{phrase}{between}{word}"), Unclear)


@given(
    st.sampled_from(list(VERBS)), st.sampled_from(list(VERBS)), st.sampled_from([", ", " ", ": ", ". ", "\n"])
)
def test_two_different_decisions_are_unclear(first: str, second: str, between: str) -> None:
    if VERBS[first] is not VERBS[second]:
        assert isinstance(decide(f"{first}{between}{second}"), Unclear)


@given(st.text(max_size=200))
def test_a_text_whose_first_word_is_no_phrase_decides_nothing(text: str) -> None:
    if not any(word in fold(text) for word in VERBS):
        assert isinstance(decide(text), Unclear)


def test_a_word_in_the_subject_only_decides_nothing() -> None:
    assert isinstance(verdict_of(plain("", "Subject: Approve")), Unclear)
    assert isinstance(verdict_of(plain("I will look at it.", "Subject: approve")), Unclear)


def test_a_greeting_is_passed_over_only_if_it_says_nothing_else() -> None:
    assert decide("Hello Bob,\nreject") == Reject()
    assert isinstance(decide("Hello Bob, no\napprove"), Unclear)
    assert isinstance(decide("Hi, reject\napprove"), Unclear)
    assert isinstance(decide("Hi,\nHi,\napprove"), Unclear)


def test_a_text_that_is_too_long_for_an_answer_decides_nothing() -> None:
    assert isinstance(decide("approve\n" + "fine\n" * 20_000), Unclear)


def test_a_mail_whose_two_texts_say_different_things_decides_nothing() -> None:
    both = (
        "From: a@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nApprove\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>{}</p>\r\n--b--\r\n"
    )
    assert verdict_of(parse(both.format("Approve").encode())) == Approve()
    assert isinstance(verdict_of(parse(both.format("<s>Approve</s>").encode())), Unclear)
    assert isinstance(verdict_of(parse(both.format("Reject").encode())), Unclear)


@pytest.mark.parametrize(
    "text",
    [
        "Approve, budget permitting",
        "Approve, Bob willing",
        "Approved, as long as Bob agrees",
        "Approve, up to 500",
        "Approve, option B",
        "Approve, great up to 500",
        "Approve\n\nPlease rename the title.",
        "Approve\n\nOption B.",
        "Approve\n\nBest,\nAlice\n\nPS: the price is 500",
        "Approve: with reservations",
        "Genehmigt, vorausgesetzt Bob stimmt zu",
        "Approuvé, prix à revoir",
        "承認します。来週から",
        "승인, 농담",
        "同意，下周起",
        "approve: \u202eti od t'nod",
    ],
)
def test_what_is_neither_thanks_nor_praise_beside_an_approval_decides_nothing(text: str) -> None:
    assert isinstance(decide(text), Unclear)


@given(
    st.sampled_from([phrase for phrase, verb in VERBS.items() if verb is Verb.APPROVE]),
    st.sampled_from([", ", ". ", " - ", "\n", "\n\n"]),
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12),
)
def test_a_word_that_nobody_knows_beside_an_approval_decides_nothing(
    phrase: str, between: str, word: str
) -> None:
    if not {word} & (PRAISE | AFTER | CLOSINGS):
        assert isinstance(decide(f"{phrase}{between}{word}"), Unclear)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Approved, please proceed.", "please proceed."),
        ("Approved. Thanks for the quick fix!", "Thanks for the quick fix!"),
        ("Approved\n\nAlice Example\nHead of Change Management\n5 Review Street", ""),
        ("Genehmigt.\n\nLG Alice", "LG Alice"),
        ("Approved\n\nHave a nice day,\nBob", ""),
        ("Approved.\n\nMit freundlichen Grüßen / Best regards\nBob", ""),
        ("Approve: the owner of the budget knows it", "the owner of the budget knows it"),
        ("승인합니다. 문제 없습니다.", "문제 없습니다."),
    ],
)
def test_thanks_praise_a_name_or_a_comment_behind_a_colon_change_no_approval(text: str, said: str) -> None:
    assert decide(text, frozenset({"alice", "example"})) == Approve(said)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("reject: the changes aren't tested", "the changes aren't tested"),
        ("Rejected. We don't have the budget.", "We don't have the budget."),
        ("Reject: not yet", "not yet"),
        ("Abgelehnt. Zu wenig Budget.", "Zu wenig Budget."),
        ("Rejected because of the price", "because of the price"),
    ],
)
def test_a_reason_may_name_changes_and_deny_things(text: str, reason: str) -> None:
    assert decide(text) == Reject(reason)


@pytest.mark.parametrize(
    "text",
    [
        "Reject: too dear.\n\nOn second thought, I approve.",
        "Reject: too dear\n\nNever mind.",
        "Reject: just kidding",
        "Reject: don't",
        "reject: changes",
        "Reject: too dear\n\nThanks,\nAlice\n\nActually, I approve.",
        "changes: shorten it\n\nThanks,\nAlice\n\nApprove",
        "reject: too dear\nchanges: make it cheaper",
    ],
)
def test_a_rejection_that_its_reason_takes_back_decides_nothing(text: str) -> None:
    assert isinstance(decide(text), Unclear)


def test_words_that_may_follow_are_read_at_once_however_many_they_are() -> None:
    assert isinstance(decide("genehmigt " + "ich hiermit " * 2000 + "x"), Unclear)
    assert isinstance(decide("approve " + "this " * 5000), Unclear)


def test_html_that_shows_nothing_is_no_missing_html() -> None:
    both = (
        "From: a@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nApprove\r\n--b\r\nContent-Type: text/html\r\n\r\n{}\r\n--b--\r\n"
    )
    for shown in ("<img src=cid:1>", "<p style='display:none'>Approve</p>", "<b></b>" * 20_001 + "Reject"):
        assert isinstance(verdict_of(parse(both.format(shown).encode())), Unclear)


def test_thanks_and_praise_are_no_changes() -> None:
    for text in ("changes: looks good", "changes: ok, thanks", "changes: yes"):
        assert isinstance(decide(text), Unclear)
    assert decide("changes: good titles, and shorten them") == Changes("good titles, and shorten them")


def test_why_it_is_unclear_has_no_words_of_the_mail() -> None:
    for text in UNCLEAR:
        verdict = decide(text)
        assert isinstance(verdict, Unclear)
        assert re.fullmatch(r"[a-z' ,]+", verdict.why)


def test_html_that_strikes_the_word_out_decides_nothing() -> None:
    assert isinstance(verdict_of(html("<p><s>approve</s></p>")), Unclear)
    assert isinstance(
        verdict_of(html("<p><span style='text-decoration: line-through'>approve</span></p>")), Unclear
    )

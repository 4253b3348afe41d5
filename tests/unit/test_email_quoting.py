"""What of a reply is its sender's own: quotes, forwarded mails and signatures never decide, wherever they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.channels.email.quoting import own_text
from handrail.channels.email.verdict import Unclear, Verdict, decide, verdict_of
from tests.support.emails import plain

INTRODUCTIONS = [
    "On Tue, May 5, 2026 at 10:00 AM Handrail <reply@handrail.example> wrote:",
    "On Tue, May 5, 2026 at 10:00 AM Handrail\n<reply@handrail.example>\nwrote:",
    "Am 05.05.2026 um 10:00 schrieb Handrail:",
    "Le mar. 5 mai 2026 à 10:00, Handrail <reply@handrail.example> a écrit :",
    "El mar, 5 may 2026 a las 10:00, Handrail (<reply@handrail.example>) escribió:",
    "Il giorno mar 5 mag 2026 alle ore 10:00 Handrail <reply@handrail.example> ha scritto:",
    "Em ter., 5 de mai. de 2026 às 10:00, Handrail <reply@handrail.example> escreveu:",
    "Op 5 mei 2026 om 10:00 heeft Handrail <reply@handrail.example> het volgende geschreven:",
    "W dniu 5.05.2026 o 10:00, Handrail pisze:",
    "2026年5月5日(火) 10:00 Handrail <reply@handrail.example>:",
    "2026년 5월 5일 (화) 오전 10:00, Handrail <reply@handrail.example>님이 작성:",
    "Handrail <reply@handrail.example> 于2026年5月5日周二 10:00写道：",
]
RESTS = [
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "-------- Message d'origine --------",
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "Anfang der weitergeleiteten Nachricht:",
    "________________________________\nFrom: Bob <bob@example.com>\nSent: Monday\nTo: Alice",
    "Von: Bob <bob@example.com>\nGesendet: Montag, 4. Mai 2026 10:00\nAn: Alice\nBetreff: x",
    "De : Bob\nEnvoyé : lundi 4 mai 2026\nÀ : Alice\nObjet : x",
    "De: Bob\nEnviado: lunes\nPara: Alice\nAsunto: x",
    "Da: Bob\nInviato: lunedì\nA: Alice\nOggetto: x",
    "Van: Bob\nVerzonden: maandag\nAan: Alice\nOnderwerp: x",
    "Od: Bob\nWysłano: poniedziałek\nDo: Alice\nTemat: x",
    "差出人: Bob\n送信日時: 2026年5月4日\n宛先: Alice",
    "보낸 사람: Bob\n보낸 날짜: 2026년\n받는 사람: Alice",
    "发件人: Bob\n发送时间: 2026年5月4日\n收件人: Alice",
    "*From:* Bob\n*Sent:* Monday\n*To:* Alice",
    "-- ",
    "--",
    "Sent from my iPhone",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Enviado do meu iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Wysłane z iPhone'a",
    "iPhoneから送信",
    "나의 iPhone에서 보냄",
    "发自我的iPhone",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
]
OWN = [
    "Approve",
    "Reject: too dear",
    "Changes: rename it",
    "Let us talk tomorrow",
    "承認します",
    "Genehmigt, danke!",
]
# Bodies of quotes: verdict words among other words.
quoted_lines = st.lists(
    st.sampled_from(
        ["approve", "Reject: no", "changes: all", "承認", "Hello", "", "Deploy 1.4?", "> approve", "not"]
    ),
    min_size=1,
    max_size=6,
)


def said(text: str) -> Verdict:
    return verdict_of(plain(text))


def marked(lines: list[str]) -> str:
    return "\n".join(f"> {line}" for line in lines)


@given(st.sampled_from(OWN), st.sampled_from(INTRODUCTIONS), quoted_lines)
def test_a_quote_below_never_changes_a_verdict(own: str, introduction: str, quote: list[str]) -> None:
    assert said(f"{own}\n\n{introduction}\n\n{marked(quote)}\n") == decide(own)


@given(st.sampled_from(OWN), st.sampled_from(INTRODUCTIONS), quoted_lines)
def test_a_quote_above_never_changes_a_verdict(own: str, introduction: str, quote: list[str]) -> None:
    assert said(f"{introduction}\n{marked(quote)}\n\n{own}\n") == decide(own)


@given(st.sampled_from(OWN), st.sampled_from(INTRODUCTIONS), quoted_lines)
def test_a_quote_without_marks_below_never_changes_a_verdict(
    own: str, introduction: str, quote: list[str]
) -> None:
    text = "\n".join(line.lstrip("> ") for line in quote)
    assert said(f"{own}\n\n{introduction}\n\nSome words first.\n{text}\n") == decide(own)


@given(st.sampled_from(OWN), st.sampled_from(RESTS), quoted_lines)
def test_what_stands_under_a_signature_or_a_forwarding_never_changes_a_verdict(
    own: str, rest: str, quote: list[str]
) -> None:
    assert said(f"{own}\n\n{rest}\n" + "\n".join(quote)) == decide(own)


@given(st.sampled_from([*INTRODUCTIONS, *RESTS]), quoted_lines)
def test_a_mail_without_own_words_decides_nothing(start: str, quote: list[str]) -> None:
    assert isinstance(said(f"{start}\n{marked(quote)}"), Unclear)
    assert isinstance(said(marked(quote)), Unclear)


@pytest.mark.parametrize("rest", RESTS)
def test_a_word_under_a_signature_or_a_forwarding_decides_nothing(rest: str) -> None:
    assert isinstance(said(f"{rest}\n\napprove"), Unclear)
    assert isinstance(said(f"{rest}\napprove"), Unclear)


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_a_word_under_an_introduction_decides_nothing_even_without_marks(introduction: str) -> None:
    assert isinstance(said(f"{introduction}\n\napprove"), Unclear)


def test_an_answer_between_two_quotes_decides_nothing() -> None:
    assert isinstance(said("> Deploy to staging?\n\napprove\n\n> Delete the database?\n\nfine"), Unclear)


def test_the_end_of_a_long_quoted_line_that_lost_its_mark_decides_nothing() -> None:
    assert isinstance(said("> Deploy 1.4 waits for you. Reply with one word to decide:\napprove\n"), Unclear)
    assert not isinstance(said("> Deploy 1.4?\napprove\n"), Unclear)


def test_a_quote_that_lost_its_marks_is_known_by_the_line_under_its_title() -> None:
    quote = "Approve: the budget\n===================\n\nAsked by budget"
    assert isinstance(said(quote), Unclear)
    assert isinstance(said(f"{quote}\n\nI am not sure."), Unclear)
    assert said(f"reject: too dear\n\n{quote}") == decide("reject: too dear")


def test_what_is_signed_within_a_text_decides() -> None:
    head, foot = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n",
        "-----BEGIN PGP SIGNATURE-----\n\niQ==",
    )
    assert said(f"{head}approve\n{foot}") == decide("approve")
    assert isinstance(said(f"{head}{foot}\napprove"), Unclear)


def test_own_text_is_all_that_is_not_quoted() -> None:
    text = "Above.\n\n> one\n>> two\n\nBetween.\n\n| three\n\nBelow.\n-- \nAlice"
    assert own_text(text).text == "Above.\n\nBetween.\n\nBelow."

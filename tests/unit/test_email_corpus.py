"""Raw replies of many mail programs, bounces and notices: none is decided wrongly, and enough are understood."""

from collections.abc import Callable

import pytest

from handrail.channels.email.verdict import verdict_of
from tests.support.emails import DECIDED, EMAILS, MEANING, SOURCES, corpus_mail, meaning_of

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "ko", "zh")


@pytest.mark.parametrize("name", MEANING)
def test_a_mail_of_the_corpus_is_never_decided_wrongly(name: str) -> None:
    meaning, _ = meaning_of(verdict_of(corpus_mail(name)))

    assert meaning in {MEANING[name], "unclear"}


@pytest.mark.parametrize("name", DECIDED)
def test_a_clear_mail_of_the_corpus_is_understood_with_what_it_says_besides(name: str) -> None:
    assert meaning_of(verdict_of(corpus_mail(name))) == (MEANING[name], DECIDED[name])


@pytest.mark.parametrize(
    "name", [name for name, meaning in MEANING.items() if meaning.startswith("automatic")]
)
def test_every_automatic_mail_of_the_corpus_is_recognised(name: str) -> None:
    assert meaning_of(verdict_of(corpus_mail(name)))[0] == MEANING[name]


def test_the_corpus_is_large_and_every_mail_of_it_has_a_source_and_a_licence() -> None:
    assert {path.name for path in EMAILS.glob("*.eml")} == set(MEANING) == set(SOURCES["mails"])
    assert len(MEANING) >= 60
    assert len(DECIDED) >= 40
    assert sum(1 for mail in SOURCES["mails"].values() if mail["source"] != "written") >= 60
    for mail in SOURCES["mails"].values():
        source = SOURCES["sources"][mail["source"]]
        assert source["licence"] in {"Apache-2.0", "MIT", "PSF-2.0"}
        assert (EMAILS / source["text"]).is_file()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_an_approval_a_rejection_and_changes_that_are_understood(language: str) -> None:
    mine = {MEANING[name] for name in DECIDED if name.startswith(f"written-{language}-")}

    assert mine == {"approve", "reject", "changes"}


def test_nearly_all_that_people_decided_in_the_corpus_is_understood(
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    meant = [name for name, meaning in MEANING.items() if meaning in {"approve", "reject", "changes"}]
    understood = [name for name in meant if meaning_of(verdict_of(corpus_mail(name)))[0] == MEANING[name]]
    record_testsuite_property("email replies understood", f"{len(understood)} of {len(meant)}")

    assert len(understood) / len(meant) > 0.85


def test_the_same_mail_by_two_ways_has_one_identity() -> None:
    first, second = corpus_mail("written-duplicate-first.eml"), corpus_mail("written-duplicate-second.eml")

    assert first.identity == second.identity == "<duplicate@example.com>"

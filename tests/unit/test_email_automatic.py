"""Mails that no person wrote as an answer are recognised, whatever they say."""

import pytest

from handrail.channels.email.automatic import MARKER, Kind, kind_of
from handrail.channels.email.verdict import Approve, Automatic, verdict_of
from tests.support.emails import corpus_mail, plain


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied", Kind.REPLY),
        ("Auto-Submitted: auto-generated; x=y", Kind.REPLY),
        ("X-Auto-Response-Suppress: All", Kind.REPLY),
        ("X-Autoreply: yes", Kind.REPLY),
        ("X-Autorespond: x", Kind.REPLY),
        ("Precedence: auto_reply", Kind.REPLY),
        ("Preference: auto_reply", Kind.REPLY),
        ("X-Autoresponder: Roundcube", Kind.REPLY),
        ("X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", Kind.REPLY),
        ("X-POST-MessageClass: 9; Autoresponder", Kind.REPLY),
        ("X-Loop: reply@example.com", Kind.LIST),
        ("Content-Class: urn:content-classes:calendarmessage", Kind.INVITATION),
        ("Subject: [Auto-Reply] Deploy", Kind.REPLY),
        ("Subject: OOO Re: Deploy", Kind.REPLY),
        ("Subject: On vacation Re: Deploy", Kind.REPLY),
        ("Subject: De vacaciones", Kind.REPLY),
        ("Subject: In ferie", Kind.REPLY),
        ("Subject: 【自動返信】Deploy", Kind.REPLY),
        ("Subject: 休假", Kind.REPLY),
        ("Subject: 휴가", Kind.REPLY),
        ("Precedence: Bulk", Kind.LIST),
        ("Precedence: junk", Kind.LIST),
        ("Precedence: list", Kind.LIST),
        ("List-Id: <x.example.com>", Kind.LIST),
        ("List-Post: <mailto:x@example.com>", Kind.LIST),
        ("Return-Path: <>", Kind.BOUNCE),
        ("Sender: MAILER-DAEMON@example.com", Kind.BOUNCE),
        ("Return-Path: <postmaster@example.com>", Kind.BOUNCE),
        ("X-Failed-Recipients: bob@example.com", Kind.BOUNCE),
        (f"{MARKER}: abc", Kind.OURS),
        ("Subject: Automatic reply: Deploy", Kind.REPLY),
        ("Subject: Out of Office Re: Deploy", Kind.REPLY),
        ("Subject: Abwesenheitsnotiz: Deploy", Kind.REPLY),
        ("Subject: Réponse automatique : Deploy", Kind.REPLY),
        ("Subject: Fuera de la oficina: Deploy", Kind.REPLY),
        ("Subject: Fuori sede: Deploy", Kind.REPLY),
        ("Subject: Resposta automática: Deploy", Kind.REPLY),
        ("Subject: Afwezig: Deploy", Kind.REPLY),
        ("Subject: Autoodpowiedź: Deploy", Kind.REPLY),
        ("Subject: 自動返信: Deploy", Kind.REPLY),
        ("Subject: 부재중: Deploy", Kind.REPLY),
        ("Subject: 自动回复: Deploy", Kind.REPLY),
    ],
)
def test_an_automatic_mail_is_ignored_even_if_it_begins_with_a_deciding_word(header: str, kind: Kind) -> None:
    assert verdict_of(plain("approve", header)) == Automatic(kind)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "Return-Path: <alice@example.com>",
        "Subject: Re: Out of office policy",
        "X-Mailer: Apple Mail",
    ],
)
def test_a_person_is_not_taken_for_a_robot(header: str) -> None:
    assert verdict_of(plain("approve", header)) == Approve()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("written-read-receipt", Kind.RECEIPT),
        ("written-invitation", Kind.INVITATION),
        ("written-invitation-reply", Kind.INVITATION),
        ("flufl-dsn-01", Kind.BOUNCE),
        ("python-msg-05", Kind.BOUNCE),
        ("written-own-mail", Kind.OURS),
    ],
)
def test_reports_and_invitations_are_known_by_their_parts(name: str, kind: Kind) -> None:
    assert kind_of(corpus_mail(f"{name}.eml")) is kind

"""Mails as they come over the wire: facts where they are clear, and a refusal where they can't be read."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.channels.email.incoming import Attachment, Unreadable, parse
from handrail.channels.email.verdict import Approve, verdict_of

MIXED = (
    b"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
    b"approve\r\n--b\r\nContent-Type: text/plain; name=x\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\n"
    b"reject\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nreject\r\n--b--\r\n"
)


def test_a_mail_says_who_wrote_to_whom_in_answer_to_what() -> None:
    mail = parse(
        b"Delivered-To: reply+T0ken@Handrail.example\r\nFrom: =?utf-8?q?Bj=C3=B6rk?= <Bob@Example.com>\r\n"
        b"To: <reply+T0ken@handrail.example>, alice@example.com\r\nCc: Carol <carol@example.com>\r\n"
        b"Subject: =?utf-8?b?UmU6IMOc?=\r\nMessage-ID:\r\n <one@example.com>\r\nIn-Reply-To: <two@example.com>\r\n"
        b"References: <three@example.com>\r\n <two@example.com>\r\n\r\nHello\r\n"
    )

    assert mail.sender == "Bob@example.com"
    assert mail.to == ("reply+T0ken@handrail.example", "alice@example.com")
    assert (mail.cc, mail.delivered_to) == (("carol@example.com",), ("reply+T0ken@handrail.example",))
    assert (mail.subject, mail.text, mail.shown) == ("Re: Ü", "Hello", None)
    assert mail.message_id == mail.identity == "<one@example.com>"
    assert (mail.in_reply_to, mail.references) == (
        ("<two@example.com>",),
        ("<three@example.com>", "<two@example.com>"),
    )


@pytest.mark.parametrize(
    "header",
    [
        b"From: a@example.com, b@example.com",
        b"From: a@example.com\r\nFrom: b@example.com",
        b"From: a@example.com\r\nfrom: a@example.com",
        b"From: b@example.com <a@example.com>",
        b"From: <a@example.com> <b@example.com>",
        b"From: friends: a@example.com;",
        b"From: a@example.com(@b.com)",
        b"From: a@b.com@example.com",
        b"From: <@relay.com:a@example.com>",
        b"From: nobody",
        b"From:",
        b"Sender: a@example.com",
        b"From: " + b"x" * 3000 + b" <a@example.com>",
    ],
)
def test_a_sender_who_is_not_clear_is_nobody(header: bytes) -> None:
    assert parse(header + b"\r\n\r\napprove").sender is None


def test_a_name_may_have_any_sign_in_quotation_marks() -> None:
    assert parse(b'From: "b@x.com, c" <a@example.com>\r\n\r\n').sender == "a@example.com"


def test_two_message_ids_are_none_and_the_bytes_identify_the_mail() -> None:
    raw = b"Message-ID: <a@example.com>\r\nMessage-ID: <b@example.com>\r\n\r\nx"
    mail = parse(raw)

    assert mail.message_id is None
    assert mail.identity.startswith("sha256:")
    assert mail.identity == parse(raw).identity != parse(raw + b"y").identity


def test_headers_keep_their_order_so_that_the_topmost_can_be_told() -> None:
    mail = parse(
        b"Authentication-Results: mx; dkim=pass\r\nA: 1\r\nAuthentication-Results: evil; dkim=pass\r\n\r\n"
    )

    assert mail.header("authentication-results") == "mx; dkim=pass"
    assert [name for name, _ in mail.headers] == ["authentication-results", "a", "authentication-results"]


def test_files_and_mails_that_came_along_count_by_name_and_size_only() -> None:
    mail = parse(MIXED)

    assert mail.text == "approve"
    assert mail.attachments == (Attachment("plan.txt", 6),)
    assert verdict_of(mail) == Approve()


@pytest.mark.parametrize(
    "charset", [b"x-unknown", b"idna", b"punycode", b"zlib", b"unicode_escape", b'"', b"rot13"]
)
def test_a_character_set_that_is_none_is_read_as_utf_8(charset: bytes) -> None:
    mail = parse(
        b"From: a@example.com\r\nContent-Type: text/plain; charset=" + charset + b"\r\n\r\nG\xc3\xbcn \\x41"
    )

    assert mail.text == "Gün \\x41"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@example.com\r\n\r\n" + b"a" * (1024 * 1024 + 1),
        b"From: a@example.com\r\n\r\n" + b"a" * (25 * 1024 * 1024 + 1),
        b"X: y\r\n" * 501 + b"\r\napprove",
        b"X: " + b"y" * (256 * 1024) + b"\r\n\r\napprove",
        b"Content-Type: text/plain; " + b"a*0=b;" * 1000 + b"\r\n\r\napprove",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 10_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(150)
        ),
    ],
    ids=["text", "mail", "headers", "header", "parameters", "parts", "dashes", "nesting"],
)
def test_a_mail_over_a_limit_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="mail"):
        parse(raw)


PIECES = [
    *[
        "From: ",
        "To: ",
        "Subject: ",
        "Message-ID: ",
        "Content-Type: ",
        "multipart/mixed; boundary=b",
        "text/html",
    ],
    *[
        "\r\n",
        "\r\n\r\n",
        "\n ",
        "--b",
        "--b--",
        "Content-Transfer-Encoding: base64",
        "message/rfc822",
        "charset=",
    ],
    *[
        "Content-Disposition: attachment; filename*=",
        "text/plain; ",
        "=?utf-8?q?=FF?=",
        "\xff\x00",
        "a@b",
        "utf-16''%ff",
    ],
    *['"', ";", ",", "(", "<", "[", "\\", ":", "@", "uuencode", "begin 644 x", "name=", "approve"],
]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400)
    | st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode("latin-1"))
)
def test_no_bytes_raise_anything_but_the_refusal(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        verdict_of(parse(raw))


@pytest.mark.parametrize(
    ("charset", "text", "read"),
    [
        ("utf-7", b"+AGEAcABwAHIAbwB2AGU-", "+AGEAcABwAHIAbwB2AGU-"),
        ("us-ascii", "Approuvé".encode(), "Approuvé"),
        ("iso-8859-1", b"a \x96 b", "a – b"),
        ("gb2312", "同意，謝謝".encode("gbk"), "同意，謝謝"),
        ("windows-31j", "承認①".encode("cp932"), "承認①"),
        ("ks_c_5601-1987", "승인".encode("cp949"), "승인"),
    ],
)
def test_a_text_is_read_in_what_mail_programs_mean_by_the_name_of_its_characters(
    charset: str, text: bytes, read: str
) -> None:
    head = f"From: a@example.com\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert parse(head + text).text == read


def test_recipients_that_a_header_names_twice_are_none() -> None:
    mail = parse(
        b"From: a@example.com\r\nTo: b@example.com\r\nTo: c@example.com\r\nCc: d@example.com\r\n\r\n"
    )
    assert (mail.to, mail.cc) == ((), ("d@example.com",))


def test_of_two_alternatives_of_the_same_kind_both_are_read() -> None:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\n%b\r\n"
    head = b"From: a@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    assert parse(head + part % b"approve" + part % b"reject" + b"--b--").text == "approve\n\nreject"
    assert parse(head + part % b"approve" + part % b"approve" + b"--b--").text == "approve"


def test_a_mail_of_very_many_lines_is_not_read() -> None:
    with pytest.raises(Unreadable, match="lines"):
        parse(b"From: a@example.com\r\n\r\n" + b"\n" * 3_000_000)


def test_the_name_of_a_sender_is_that_in_from_and_that_of_the_address() -> None:
    assert parse(b"From: =?utf-8?q?Bj=C3=B6rk?= <bob@example.com>\r\n\r\n").name == "Björk bob"
    assert parse(b"From: a@example.com, b@example.com\r\n\r\n").name == ""

"""A mail that came in, as facts: who, to whom, in answer to what, and the text a person reads in it.

The bytes come from strangers: whatever can't be read safely is refused as `Unreadable`, and nothing else is raised.
What a header says twice, where once is right, it doesn't say at all.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import getaddresses
from typing import Any, cast

from handrail.channels.email.visible import visible_text
from handrail.requests.errors import InvalidInput

LARGEST_MAIL = 25 * 1024 * 1024
MOST_LINES = 1_000_000
LARGEST_TEXT = 1024 * 1024
LARGEST_HEADERS = 256 * 1024
LARGEST_ADDRESSES = 16 * 1024
LONGEST_HEADER = 2048
MOST_HEADERS = 500
MOST_PARTS = 100
MOST_BOUNDARIES = 100
MOST_DASHES = 5000
"""Lines that begin with two dashes, as every part does."""

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_QUOTED_NAME = re.compile(r'"[^"\\]*"')
_ADDRESS = re.compile(r"[^\s<>()@,;:\\\"\[\]]{1,200}@[^\s<>()@,;:\\\"\[\]]{1,250}")
_NOT_FOR_MAIL = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7"}
)
# Mail programs name the smaller set and write the larger one.
_OTHER_NAMES = {"windows-31j": "cp932", "ks_c_5601": "cp949"}
_LARGER = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_END_OF_HEADERS = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")


class Unreadable(InvalidInput):
    """A mail that is too large, or too broken to be read safely."""


class _Policy(EmailPolicy):
    """The library's default, for headers of a length that people and their programs write; it is slow in long ones."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        if len(value) > LONGEST_HEADER:
            raise Unreadable(f"a header of the mail is over {LONGEST_HEADER} characters; send a plain answer")
        return super().header_fetch_parse(name, value)


_POLICY = _Policy()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along: its name as the sender gave it (may be empty) and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a mail says. Header names are in lower case and in their order, topmost first."""

    identity: str
    """The Message-ID, or a digest of the bytes where there is none: the same mail again has the same identity."""
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: str | None
    """The one address in the one From header, its domain in lower case; None where that isn't clear."""
    name: str
    """The name in From, and what stands before the @ of its address; may be empty."""
    to: tuple[str, ...]
    cc: tuple[str, ...]
    delivered_to: tuple[str, ...]
    subject: str
    text: str
    """What a person reads in it, quoted passages included, as plain text where there is some; may be empty."""
    shown: str | None
    """The same as its HTML shows it, without what is marked as quoted there; None where there is no HTML."""
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    content_types: tuple[str, ...]
    """Of every part, outermost first, as `type/subtype`; what was attached as a file isn't among them."""

    def header(self, name: str) -> str | None:
        """The topmost header of this name, or None."""
        return next((value for known, value in self.headers if known == name.lower()), None)


def parse(raw: bytes) -> Incoming:
    """Read a raw mail.

    Args:
        raw: The mail as it came over the wire, headers and body.

    Raises:
        Unreadable: It is too large (25 MiB, 1 MiB of text, 256 KiB of headers) or too broken.

    >>> mail = parse(b"From: Bob <bob@example.com>\\r\\nSubject: Re: Deploy\\r\\n\\r\\napprove\\r\\n")
    >>> mail.sender, mail.subject, mail.text
    ('bob@example.com', 'Re: Deploy', 'approve')
    """
    _refuse_giants(raw)
    try:
        return _read(cast(EmailMessage, BytesParser(EmailMessage, policy=_POLICY).parsebytes(raw)), raw)
    except Unreadable:
        raise
    except Exception as error:  # the library's parser raises all kinds of things on what strangers make up
        raise Unreadable("the mail can't be parsed; answer it by its link instead") from error


def _refuse_giants(raw: bytes) -> None:
    if len(raw) > LARGEST_MAIL or raw.count(b"\n") + raw.count(b"\r") > 2 * MOST_LINES:
        raise Unreadable(
            f"the mail is over {LARGEST_MAIL} bytes or {MOST_LINES} lines; send a shorter answer"
        )
    end = _END_OF_HEADERS.search(raw)
    head = raw[: end.start()] if end else raw
    if len(head) > LARGEST_HEADERS or head.count(b"\n") + head.count(b"\r") > 8 * MOST_HEADERS:
        raise Unreadable(f"the mail has over {LARGEST_HEADERS} bytes of headers; send a plain answer")
    if raw.lower().count(b"boundary=") > MOST_BOUNDARIES or raw.count(b"\n--") > MOST_DASHES:
        raise Unreadable(f"the mail has over {MOST_BOUNDARIES} nested parts; send a plain answer")


def _read(message: EmailMessage, raw: bytes) -> Incoming:
    headers = _headers(message)
    parts = _parts(message)
    types = tuple(part.get_content_type() for part in parts if not _attached(part))
    message_id = _only(_ids(headers, "message-id"))
    return Incoming(
        identity=message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        message_id=message_id,
        in_reply_to=_ids(headers, "in-reply-to"),
        references=_ids(headers, "references"),
        sender=_sender(headers),
        name=_name(headers),
        to=_addresses(_once(headers, "to"), "to"),
        cc=_addresses(_once(headers, "cc"), "cc"),
        delivered_to=_addresses(headers, "delivered-to", "x-original-to", "envelope-to"),
        subject=next((value for name, value in headers if name == "subject"), ""),
        text=_text(message, "text/plain"),
        shown=_text(message, "text/html") if "text/html" in types else None,
        attachments=tuple(_attachment(part) for part in parts if _attached(part)),
        headers=headers,
        content_types=types,
    )


def _headers(message: EmailMessage) -> tuple[tuple[str, str], ...]:
    raw = list(message.raw_items())
    if len(raw) > MOST_HEADERS:
        raise Unreadable(f"the mail has over {MOST_HEADERS} headers; send a plain answer")
    return tuple((name.lower(), _unfolded(message, name, str(value))) for name, value in raw)


# Only these carry words for people; the others are read as they stand, which is also far quicker.
_FOR_PEOPLE = frozenset({"subject"})


def _unfolded(message: EmailMessage, name: str, value: str) -> str:
    if name.lower() in _FOR_PEOPLE:
        try:
            value = str(message.policy.header_fetch_parse(name, value))
        except Exception:  # a broken encoded word: the raw one is as good
            value = str(value)
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _ids(headers: Sequence[tuple[str, str]], name: str) -> tuple[str, ...]:
    values = [value for known, value in headers if known == name]
    return tuple(_MESSAGE_ID.findall(values[0])) if len(values) == 1 else ()


def _once(headers: Sequence[tuple[str, str]], name: str) -> Sequence[tuple[str, str]]:
    """The headers, or none where this one is there twice: only one of them may be signed."""
    return headers if sum(known == name for known, _ in headers) == 1 else ()


def _only(found: Sequence[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def _sender(headers: Sequence[tuple[str, str]]) -> str | None:
    values = [value for name, value in headers if name == "from"]
    if len(values) != 1 or values[0].count("@") > _written_out(values[0]):
        return None
    if len(values[0]) > LONGEST_HEADER:
        return None
    header = _POLICY.header_factory("from", values[0])
    parsed = [address for group in header.groups if group.display_name is None for address in group.addresses]
    found = _addresses(headers, "from")
    return _only(found) if [_tidy(address.addr_spec) for address in parsed] == list(found) else None


def _name(headers: Sequence[tuple[str, str]]) -> str:
    value = next((value for name, value in headers if name == "from"), "")
    if len(value) > LONGEST_HEADER:
        return ""
    found = _POLICY.header_factory("from", value).addresses
    return f"{found[0].display_name} {found[0].username}" if len(found) == 1 else ""


def _written_out(value: str) -> int:
    """How many at signs a From header with one address may have: those in a quoted name are part of the name."""
    return 1 + sum(quoted[0].count("@") for quoted in _QUOTED_NAME.finditer(value))


def _addresses(headers: Sequence[tuple[str, str]], *names: str) -> tuple[str, ...]:
    values = [value for name, value in headers if name in names and len(value) <= LARGEST_ADDRESSES]
    found = (address for _, address in getaddresses(values))
    return tuple(dict.fromkeys(_tidy(address) for address in found if _ADDRESS.fullmatch(address)))


def _tidy(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _parts(message: EmailMessage) -> list[MIMEPart]:
    parts = list(_walk(message))
    if len(parts) > MOST_PARTS:
        raise Unreadable(f"the mail has over {MOST_PARTS} parts; send a plain answer")
    return parts


def _walk(part: MIMEPart) -> Iterator[MIMEPart]:
    """The parts of this mail; what stands in an attached mail or a report is somebody else's."""
    yield part
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.iter_parts():
            yield from _walk(child)


def _attached(part: MIMEPart) -> bool:
    if part.get_content_type() == "text/calendar" and part.get_param("method"):
        return False  # an invitation, whatever its file is called
    return part.get_content_disposition() == "attachment" or (
        part.get_content_maintype() not in {"multipart", "message"} and bool(part.get_filename())
    )


def _attachment(part: MIMEPart) -> Attachment:
    payload = part.get_payload(decode=True)
    return Attachment(part.get_filename() or "", len(payload) if isinstance(payload, bytes) else 0)


def _text(part: MIMEPart, preferred: str) -> str:
    if _attached(part):
        return ""
    match part.get_content_type():
        case "text/plain":
            return _decoded(part).strip()
        case "text/html":
            return visible_text(_decoded(part)).strip()
        case "multipart/alternative":
            return _alternative(_children(part), preferred)
        case "multipart/related" | "multipart/signed" | "multipart/report":
            return _first_text(_children(part), preferred)
        case kind if kind.startswith("multipart/"):
            return "\n\n".join(text for child in _children(part) if (text := _text(child, preferred)))
    return ""


def _alternative(parts: Sequence[MIMEPart], preferred: str) -> str:
    """Of all that offer what is preferred, the text; HTML that shows nothing counts, a text that is empty doesn't."""
    found = [part for part in parts if _offers(part, preferred)]
    text = "\n\n".join(dict.fromkeys(_text(part, preferred) for part in found))
    return text if text or (found and preferred == "text/html") else _first_text(parts[::-1], preferred)


def _first_text(parts: Sequence[MIMEPart], preferred: str) -> str:
    return next((text for part in parts if (text := _text(part, preferred))), "")


def _offers(part: MIMEPart, content_type: str) -> bool:
    return any(inner.get_content_type() == content_type for inner in _walk(part))


def _children(part: MIMEPart) -> list[MIMEPart]:
    return list(part.iter_parts()) if part.is_multipart() else []


def _decoded(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    if len(payload) > LARGEST_TEXT:
        raise Unreadable(f"the mail has over {LARGEST_TEXT} bytes of text; send a shorter answer")
    return payload.decode(_codec(part.get_content_charset("utf-8")), "replace").replace("\0", "")


def _codec(charset: str) -> str:
    """The character set to read with: UTF-8 where nobody knows the one that is named, or it is none for mail."""
    try:
        known = charset.lower().removeprefix("x-")
        name = codecs.lookup(_OTHER_NAMES.get(known, known)).name
        if name in _NOT_FOR_MAIL or b"a".decode(name) != "a":
            return "utf-8"
        return _LARGER.get(name, name)
    except (LookupError, ValueError):
        return "utf-8"

"""Mails that no person wrote as an answer: they are recognised by their headers and parts, and ignored.

A person's answer that looks like one of these is ignored too; it can always be given by the link.
"""

import re
from enum import StrEnum

from handrail.channels.email.incoming import Incoming

MARKER = "X-Handrail-Request"
"""The header that every mail of ours carries, so that one that comes back is known."""


class Kind(StrEnum):
    """What an automatic mail is."""

    OURS = "ours"
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    INVITATION = "invitation"
    REPLY = "automatic reply"
    LIST = "list"


_ROBOTS = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)@")

_AUTOREPLY = re.compile(r"^auto[_-]reply$|^autoresponder\b|; autoresponder", re.IGNORECASE)
# Subjects of absence notices, at the very beginning: behind `Re:` they are words of a request.
_ABSENCE = re.compile(
    r"[\[【(]?(?:auto(?:matic|mated)?[ -]?(?:reply|response|answer)|auto(?::|\])|out[ -]of[ -](?:the[ -])?office"
    r"|vacation (?:reply|response)|ooo\b|on (?:vacation|leave|holiday)\b|away from|i(?:'m| am) (?:out|away|on) "
    r"|automatische antwort|automatische antwoord|autom\. antwort|abwesenheit|abwesend"
    r"|(?:ich bin )?(?:nicht im|im urlaub)"
    r"|réponse automatique|reponse automatique|absence |absent\b|message d'absence|en congés?\b"
    r"|respuesta automática|respuesta automatica|fuera de (?:la )?oficina|ausente\b|ausencia\b|de vacaciones\b"
    r"|risposta automatica|fuori (?:sede|ufficio)|assente\b|in ferie\b|assenza dall'ufficio"
    r"|resposta automática|resposta automatica|fora do escritório|ausência|(?:de |em )?férias\b"
    r"|automatisch (?:antwoord|bericht)|afwezig|niet op kantoor|buiten kantoor|(?:met|op) vakantie\b"
    r"|automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|nieobecność|poza biurem|(?:jestem )?na urlopie"
    r"|自動応答|自動返信|不在|休暇|자동 ?응답|자동 ?회신|부재 ?중|휴가"
    r"|自动答复|自动回复|自動回覆|自動答覆|休假|外出)"
)
_HEADERS_OF_ROBOTS = (
    "x-vacation",
    "x-away",
    "x-mail-autoreply",
    "x-fc-machinegenerated",
    "x-ms-exchange-generated-message-source",
    "x-ms-exchange-inbox-rules-loop",
)
_HEADERS_OF_LISTS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "mailing-list",
    "x-mailing-list",
    "x-mailman-version",
    "x-loop",
)


def kind_of(mail: Incoming) -> Kind | None:
    """What kind of automatic mail this is, or None where a person may have written it.

    >>> from handrail.channels.email.incoming import parse
    >>> kind_of(parse(b"From: a@example.com\\r\\nAuto-Submitted: auto-replied\\r\\n\\r\\napprove"))
    <Kind.REPLY: 'automatic reply'>
    """
    if mail.header(MARKER) is not None:
        return Kind.OURS
    if kind := _by_parts(mail):
        return kind
    if _from_a_robot(mail):
        return Kind.BOUNCE
    if _replied_by_itself(mail):
        return Kind.REPLY
    return Kind.LIST if _of_a_list(mail) else None


def _by_parts(mail: Incoming) -> Kind | None:
    types = set(mail.content_types)
    if "message/disposition-notification" in types:
        return Kind.RECEIPT
    report = (mail.header("content-type") or "").lower().replace(" ", "")
    if "report-type=disposition-notification" in report or 'report-type="disposition' in report:
        return Kind.RECEIPT
    if types & {"multipart/report", "message/delivery-status", "message/feedback-report"}:
        return Kind.BOUNCE
    told = "calendarmessage" in (mail.header("content-class") or "").lower()
    return Kind.INVITATION if told or "text/calendar" in types else None


def _from_a_robot(mail: Incoming) -> bool:
    if mail.header("x-failed-recipients") is not None:
        return True
    if any(value.replace(" ", "") == "<>" for name, value in mail.headers if name == "return-path"):
        return True
    senders = (value for name, value in mail.headers if name in {"from", "return-path", "sender"})
    return any(
        _ROBOTS.search(sender.lower()) or sender.lower().startswith("mailer-daemon") for sender in senders
    )


def _replied_by_itself(mail: Incoming) -> bool:
    submitted = [value for name, value in mail.headers if name == "auto-submitted"]
    if any(value.partition(";")[0].strip().lower() != "no" for value in submitted):
        return True
    names = {name for name, _ in mail.headers}
    if not names.isdisjoint(_HEADERS_OF_ROBOTS) or any(name.startswith("x-auto") for name in names):
        return True
    for header in ("precedence", "x-precedence", "preference", "x-post-messageclass", "delivered-to"):
        if _AUTOREPLY.search(mail.header(header) or ""):
            return True
    return bool(_ABSENCE.match(mail.subject.lower()))


def _of_a_list(mail: Incoming) -> bool:
    precedence = (mail.header("precedence") or "").strip().lower()
    return precedence in {"bulk", "junk", "list"} or any(
        mail.header(name) is not None for name in _HEADERS_OF_LISTS
    )

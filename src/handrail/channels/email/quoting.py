"""What of a reply is its sender's own: no quotes, no forwarded mail, no signature.

What isn't surely own is quoted. An answer between two quotes, or right under a long line of one, may be a piece
of it: `Own.doubt` says so, and nothing is decided by it.
"""

import re
import unicodedata
from dataclasses import dataclass

from handrail.channels.email.intro import LONGEST_LINE, introduction, starts_rest

_QUOTED = re.compile(r"[ \t]*(?:[>＞»]|\|(?: |$))")
_BLANKS = re.compile(r"[\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u034f\u180e]")
_ARMOUR = re.compile(r"\A\s*-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:Hash: [\w, -]{1,80}\r?\n)*\s*\n")
_PICTURE = re.compile(r"\[cid:[^\]\s]{1,200}\]")
_UNDERLINE = re.compile(r"={3,}")
# A mail program that breaks long lines leaves the end of a quoted one without its mark.
_WRAPPED = 50
_SIGNATURE = re.compile(r"--[ \t]*$|__[ \t]*$|—[ \t]*$|- -[ \t]*$")
_SENT_FROM = re.compile(
    r"[\s*_\[(]*(?:sent (?:from|via|with|using) |get outlook for |download outlook|gesendet (?:von"
    r"|mit|über) |von meinem |von meiner "
    r"|diese nachricht wurde von meinem|outlook für \w+|envoyé (?:de|depuis|avec|à partir) "
    r"|télécharge[rz] outlook|obtenir outlook|obtenez outlook"
    r"|enviado (?:desde|con|do|de|a partir|pelo|via) |enviada (?:do|de) |obtener outlook|obter o"
    r" outlook|baixe o outlook"
    r"|inviato (?:da|dal|con) |scarica outlook|ottieni outlook|verzonden (?:vanaf|vanuit|met|via) "
    r"|verstuurd (?:vanaf|met|via) |outlook voor "
    r"|wysłan[eoay] (?:z|ze|przez) |pobierz (?:program )?outlook|pobierz aplikację outlook"
    r"|(?:my |mon |mein )?(?:iphone|ipad|android)(?:から送信|에서 보냄)|.{0,40}から送信|.{0,40}에서"
    r" (?:보냄|전송)|outlook for (?:ios|android)|outlook 다운로드"
    r"|发自我的|從我的.{0,20}(?:傳送|寄出)|发自 ?|发送自|通过.{0,20}发送|從.{0,20}傳送|获取 ?outlook|取得 ?outlook)"
)


@dataclass(frozen=True, slots=True)
class Own:
    """What the sender wrote, and why that may be a piece of a quote, if it may."""

    text: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    own: bool


def own_text(text: str) -> Own:
    """Take from the text of a mail what its sender wrote.

    Args:
        text: The whole text of a mail, as `Incoming.text` has it.

    >>> own_text("approve\\n\\nOn 3 May 2026, Handrail wrote:\\n> Reply approve or reject").text
    'approve'
    """
    lines = _marked(_tidy(text).split("\n"))
    own = "\n".join(line.text for line in lines if line.own)
    return Own(re.sub(r"\n{3,}", "\n\n", own).strip("\n"), _doubt(lines))


def _tidy(text: str) -> str:
    """One kind of line end and of space; nothing without width, no armour of PGP above what it signs, no pictures."""
    text = _PICTURE.sub("", _ARMOUR.sub("", text))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _BLANKS.sub("", text)
    return "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)


def _marked(lines: list[str]) -> list[_Line]:
    marked: list[_Line] = []
    at = 0
    while at < len(lines):
        if _quoted(lines[at]):
            marked.append(_Line(lines[at], own=False))
            at += 1
        elif _signed(lines[at]) or starts_rest(lines, at) or _titled(lines, at):
            break  # what stands under a signature is nobody's for sure
        elif taken := introduction(lines, at):
            marked.append(_Line(">", own=False))
            at += taken
            if not _quote_follows(lines, at):
                break
        else:
            marked.append(_Line(lines[at].rstrip(), own=True))
            at += 1
    return marked


def _quoted(line: str) -> bool:
    return bool(_QUOTED.match(line))


def _titled(lines: list[str], at: int) -> bool:
    """Whether this line is underlined, as the title of our own mails is: a quote that has lost its marks."""
    return bool(lines[at].strip()) and bool(_UNDERLINE.fullmatch("".join(lines[at + 1 : at + 2]).strip()))


def _signed(line: str) -> bool:
    return bool(_SIGNATURE.match(line) or _SENT_FROM.match(line[:LONGEST_LINE].lower()))


def _quote_follows(lines: list[str], at: int) -> bool:
    return next((_quoted(line) for line in lines[at:] if line.strip()), False)


def _doubt(lines: list[_Line]) -> str | None:
    """Why the first own passage may be a piece of a quote or an answer to a piece only."""
    first = next((place for place, line in enumerate(lines) if line.own and line.text.strip()), None)
    if first is None:
        return None
    quoted = [place for place, line in enumerate(lines) if not line.own]
    if not any(place < first for place in quoted):
        return None
    if not lines[first - 1].own and len(lines[first - 1].text) >= _WRAPPED:
        return "it stands right under a long line of a quote and may be its end"
    if any(place > first for place in quoted):
        return "it stands between quotes"
    return None

"""The lines with which mail programs begin what they quote or forward, in the languages we know and a few more.

Every pattern is anchored and bounded, so that no mail makes them slow.
"""

import re
from collections.abc import Sequence

LONGEST_LINE = 500
MOST_LINES = 4
"""Of one introduction: programs break it where they like."""

_WROTE = (
    r"wrote|writes|schrieb|schreef|escribió|escribio|a écrit|a ecrit|ha scritto|scrisse|escreveu"
    r"|napisał|napisała"
    r"|napisał\(a\)|napisali|pisze|geschreven|geschrieben|skrev|kirjoitti|yazdı|a scris|написал"
    r"|написала|пишет|писал|napsal|napsala"
    r"|đã viết|のメール|さんは書きました|さんが書きました|書きました|님이 작성|이\(가\) 작성|작성"
    r"|写道|寫道|写到"
)
_ENDS_WROTE = re.compile(rf"(?:{_WROTE})\s*(?:\([^)]{{0,40}}\))?\s*[:：]?\s*-*$")
_HAS_WROTE = re.compile(rf"(?:{_WROTE})(?!\w)")
_STARTS = re.compile(
    r"(?:-{2,}\s*)?(?:on|am|le|el|il giorno|il|em|no dia|op|w dniu|dnia|den|på|vào|em seg|in data|um"
    r"|at|alle)\s.{0,40}\d"
    r"|\d{1,4}[-./年년 ]|[^\s<>]{0,60}[^<>]{0,60}<[^<>\s]{1,100}@|(?:mon|tue|wed|thu|fri|sat|sun)\w{0,6},? "
)
_ADDRESS = re.compile(r"[^\s<>\"]{1,100}@[^\s<>\"]{1,100}")

_LABELS_FROM = (
    "from|von|de|da|van|od|fra|från|差出人|送信者|보낸 사람|보낸사람|발신|发件人|寄件者|寄件人|發件人|от"
    "|expéditeur|mittente|remetente|afzender"
)
_LABELS_OTHER = (
    "sent|date|to|cc|subject|reply-to|gesendet|datum|an|betreff|kopie|envoyé|à|objet|enviado|enviado"
    " el|enviada em|fecha"
    "|para|asunto|assunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|wysłano|do|dw|temat|sendt"
    "|til|emne|skickat|till"
    "|ämne|日時|送信日時|宛先|件名|날짜|보낸 날짜|받는 사람|받는사람|제목|日期|发送时间|时间|收件人"
    "|主题|主旨|寄件日期|傳送時間|отправлено|кому|тема|дата"
    "|répondre à|envoyé le|responder a|rispondi a|antwort an"
)
_LABEL = re.compile(rf"[*_\s]*(?P<label>{_LABELS_FROM}|{_LABELS_OTHER})[*_]*\s?[:：]")
_FROM = re.compile(rf"[*_\s]*(?:{_LABELS_FROM})[*_]*\s?[:：]")
_WITHIN = re.compile(rf"\s[*_]*(?:{_LABELS_OTHER})[*_]*\s?[:：]")

_ORIGINAL = re.compile(
    r"[-_=*\s]{0,30}(?:begin forwarded message|forwarded by|original message|original-nachricht"
    r"|originalnachricht"
    r"|ursprüngliche nachricht|anfang der weitergeleiteten|weitergeleitete nachricht|message"
    r" d'origine|message original"
    r"|début du message (?:réexpédié|transféré)|message transféré|mensaje original|mensaje reenviado"
    r"|inicio del mensaje reenviado|messaggio originale|inizio messaggio inoltrato|messaggio inoltrato"
    r"|mensagem original|mensagem encaminhada|início da mensagem|oorspronkelijk bericht|doorgestuurd"
    r" bericht"
    r"|begin doorgestuurd bericht|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana"
    r"|początek przekazywanej"
    r"|forwarded message|元のメッセージ|転送されたメッセージ|転送メッセージ|원본 메시지|원본 메일"
    r"|전달된 메시지|원본메시지"
    r"|原始邮件|原始郵件|转发邮件|轉寄郵件|转发的邮件|original appointment|reply above this line"
    r"|please reply above"
    r"|oprindelig meddelelse|ursprungligt meddelande)"
)
_RULE = re.compile(r"\s*(?:-{3,}.{0,80}-{3,}|[-_=*~]{5,}|[─━—–]{3,}|#{2,}.{0,80}#{2,})\s*$")


def starts_rest(lines: Sequence[str], at: int) -> bool:
    """Whether everything from this line on is another mail: a rule, a forwarding, or a block of headers."""
    line = lines[at][:LONGEST_LINE].lower()
    return bool(_ORIGINAL.match(line) or _RULE.match(line)) or _header_block(lines, at, line)


def _header_block(lines: Sequence[str], at: int, line: str) -> bool:
    if not _LABEL.match(line):
        return False
    if _FROM.match(line) and _WITHIN.search(line):
        return True
    following = [
        following.lower()[:LONGEST_LINE] for following in lines[at + 1 : at + 7] if following.strip()
    ]
    labels = sum(1 for other in following[:4] if _LABEL.match(other))
    return labels >= (1 if _FROM.match(line) else 2) or (
        labels >= 1 and bool(_ADDRESS.search(line + following[0]))
    )


def introduction(lines: Sequence[str], at: int) -> int:
    """How many lines from here are the introduction of a quote (`On … somebody wrote:`), 0 if none.

    >>> introduction(["On 3 May 2026 at 10:00, Bob <bob@example.com>", "wrote:", "", "> Hi"], 0)
    2
    """
    if not _STARTS.match(lines[at].strip()[:LONGEST_LINE].lower()) and not _alone(lines[at]):
        return 0
    joined = ""
    dated = any(character.isdigit() for character in lines[at])
    for count, line in enumerate(lines[at : at + MOST_LINES + 1], 1):
        if len(joined) > LONGEST_LINE or (not line.strip() and not (dated and count == 2)):
            return 0
        joined = f"{joined} {line.strip()[:LONGEST_LINE].lower()}"
        if _introduces(joined.strip()):
            return count
    return 0


def _alone(line: str) -> bool:
    return _introduces(line.strip()[:LONGEST_LINE].lower())


def _introduces(text: str) -> bool:
    if _ENDS_WROTE.search(text):
        return (
            text.endswith((":", "：", "-")) or bool(_ADDRESS.search(text)) or any(c.isdigit() for c in text)
        )
    if not text.endswith((":", "：")):
        return False
    dated = any(character.isdigit() for character in text)
    return dated and bool(_ADDRESS.search(text) or _HAS_WROTE.search(text))

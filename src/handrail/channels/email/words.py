"""The words of a reply, by language: those that decide, those that may follow, and those that open a mail.

A phrase decides only as it stands here. `Yes`, `ok` and `no` aren't here: they may answer another question.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What a word decides."""

    APPROVE = "approve"
    REJECT = "reject"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Words:
    """Of one language, phrases between bars; all folded by `fold` before they are compared."""

    approve: str
    reject: str
    changes: str
    after: str
    """What may stand behind the verb without changing it: thanks, `by me`."""
    greeting: str
    closing: str
    none: str
    """What means that there is nothing, and the placeholders of our own instruction."""


LANGUAGES = {
    "en": Words(
        approve="approve|approved|i approve|i hereby approve",
        reject="reject|rejected|i reject|decline|declined|deny|denied",
        changes="changes|change|request changes|changes requested|changes needed|changes required"
        "|requesting changes",
        after="thanks|thank you|many thanks|thx|by me|from me|from my side|on my side|this|it|this"
        " one|this request"
        "|the request|this change|and thanks|looks good|great|great work|nice work|well done|all good",
        greeting="hi|hello|hey|dear|good morning|good afternoon|good evening|hi there|hi all|hello"
        " all|hi team",
        closing="best|best regards|regards|kind regards|warm regards|cheers|sincerely|thanks|thank"
        " you|many thanks|yours",
        none="none|no|nothing|nil|na|n a|reason|your reason|the reason|why|what to change|what"
        "|feedback|text|your words",
    ),
    "de": Words(
        approve="genehmigt|ich genehmige|genehmige|genehmigen|genehmigung erteilt|freigegeben"
        "|freigeben|freigabe erteilt|zugestimmt",
        reject="abgelehnt|ablehnen|ablehnung|lehne ab|ich lehne ab|lehne ich ab|zurückgewiesen"
        "|zurueckgewiesen",
        changes="änderungen|änderung|aenderungen|aenderung|änderungswunsch|änderungswünsche"
        "|änderungen nötig|ändern|anpassungen",
        after="danke|vielen dank|danke schön|besten dank|von mir|von meiner seite|meinerseits"
        "|hiermit|ich hiermit|ich",
        greeting="hallo|hi|guten morgen|guten tag|guten abend|moin|servus|liebe|lieber|sehr geehrte"
        "|sehr geehrter|grüß gott",
        closing="viele grüße|liebe grüße|beste grüße|mit freundlichen grüßen|mfg|vg|lg|gruß|grüße"
        "|danke|freundliche grüße",
        none="keine|nichts|nein|grund|begründung|was zu ändern ist",
    ),
    "fr": Words(
        approve="approuvé|approuvée|approuve|approuver|j'approuve|validé|validée|je valide|accordé",
        reject="refusé|refusée|refuse|refuser|je refuse|rejeté|rejetée|rejette|rejeter|je rejette",
        changes="modifications|modification|changements|changement|corrections|modifications"
        " demandées|modifications nécessaires",
        after="merci|merci beaucoup|de mon côté|pour ma part|par moi|pour moi|cette demande|la demande",
        greeting="bonjour|bonsoir|salut|cher|chère|chers|bonjour à tous",
        closing="cordialement|bien cordialement|bien à vous|merci|salutations|à bientôt|amicalement"
        "|sincères salutations",
        none="aucun|aucune|rien|non|raison|motif|la raison",
    ),
    "es": Words(
        approve="aprobado|aprobada|apruebo|aprobar|aprueba|lo apruebo|autorizado|autorizada",
        reject="rechazado|rechazada|rechazo|rechazar|lo rechazo|denegado|denegada|deniego",
        changes="cambios|cambio|modificaciones|correcciones|cambios necesarios|cambios solicitados"
        "|solicito cambios",
        after="gracias|muchas gracias|por mi parte|de mi parte|por mí|la solicitud|esta solicitud",
        greeting="hola|buenos días|buenas tardes|buenas noches|buenas|estimado|estimada|estimados"
        "|hola a todos",
        closing="saludos|un saludo|saludos cordiales|atentamente|gracias|un abrazo|cordialmente",
        none="ninguno|ninguna|nada|no|motivo|razón",
    ),
    "it": Words(
        approve="approvato|approvata|approvo|approvare|approva|autorizzato|autorizzata",
        reject="rifiutato|rifiutata|rifiuto|rifiutare|rifiuta|respinto|respinta|respingo|respingere",
        changes="modifiche|modifica|cambiamenti|correzioni|modifiche necessarie|modifiche richieste",
        after="grazie|molte grazie|grazie mille|da parte mia|da me|per me|la richiesta|questa richiesta",
        greeting="ciao|buongiorno|buon giorno|buonasera|salve|gentile|gentili|caro|cara|ciao a tutti",
        closing="saluti|cordiali saluti|distinti saluti|un saluto|grazie|a presto",
        none="nessuno|nessuna|niente|nulla|no|motivo|ragione",
    ),
    "pt": Words(
        approve="aprovado|aprovada|aprovo|aprovar|aprova|autorizado|autorizada",
        reject="rejeitado|rejeitada|rejeito|rejeitar|recusado|recusada|recuso|recusar|reprovado|reprovada",
        changes="alterações|alteração|mudanças|modificações|correções|ajustes|alterações necessárias"
        "|alterações solicitadas",
        after="obrigado|obrigada|muito obrigado|muito obrigada|por mim|da minha parte|o pedido|este pedido",
        greeting="olá|oi|bom dia|boa tarde|boa noite|caro|cara|prezado|prezada|prezados|olá a todos",
        closing="atenciosamente|cumprimentos|com os melhores cumprimentos|obrigado|obrigada|abraços"
        "|abraço|att",
        none="nenhum|nenhuma|nada|não|motivo|razão",
    ),
    "nl": Words(
        approve="goedgekeurd|goedkeuren|akkoord|ik ga akkoord|keur ik goed",
        reject="afgewezen|afwijzen|afgekeurd|afkeuren|geweigerd|wijs ik af|keur ik af",
        changes="wijzigingen|wijziging|aanpassingen|aanpassing|wijzigingen nodig|aanpassingen nodig"
        "|wijzigen|aanpassen",
        after="bedankt|dank je|dank u|dankjewel|dank|door mij|wat mij betreft|van mijn kant|dit verzoek",
        greeting="hallo|hoi|dag|beste|goedemorgen|goedemiddag|goedenavond|geachte|hoi allemaal",
        closing="groet|groeten|met vriendelijke groet|met vriendelijke groeten|mvg|vriendelijke"
        " groet|bedankt|hartelijke groet",
        none="geen|niets|nee|reden",
    ),
    "pl": Words(
        approve="zatwierdzam|zatwierdzone|zatwierdzono|zatwierdzony|zatwierdzona|zatwierdź|akceptuję"
        "|zaakceptowane|zaakceptowano"
        "|zaakceptowany|zaakceptowana",
        reject="odrzucam|odrzucone|odrzucono|odrzucony|odrzucona|odrzuć|odmawiam",
        changes="zmiany|zmiana|poprawki|poprawka|do zmiany|do poprawy|zmiany potrzebne",
        after="dziękuję|dzięki|dziękuję bardzo|z mojej strony|ze swojej strony|wniosek|ten wniosek|prośbę",
        greeting="cześć|dzień dobry|witam|hej|dobry wieczór|szanowni państwo|szanowny|szanowna|drogi|droga",
        closing="pozdrawiam|z poważaniem|pozdrowienia|dziękuję|dzięki|z wyrazami szacunku",
        none="brak|nic|nie|żadne|powód|powod",
    ),
    "ja": Words(
        approve="承認|承認します|承認しました|承認する|承認いたします|承認致します|承認いたしました"
        "|承認です|承認済みです",
        reject="却下|却下します|却下しました|却下する|却下いたします|却下致します|却下です|否認|否認します",
        changes="変更|修正|変更依頼|修正依頼|変更をお願いします|修正をお願いします|差し戻し|差戻し",
        after="ありがとうございます|よろしくお願いします|よろしくお願いいたします|お願いします",
        greeting="こんにちは|お疲れ様です|お疲れさまです|お世話になっております|お世話になります"
        "|おはようございます",
        closing="よろしくお願いします|よろしくお願いいたします|以上",
        none="なし|ありません|特になし|理由|内容",
    ),
    "ko": Words(
        approve="승인|승인합니다|승인함|승인했습니다|승인해요|승인하겠습니다|승인 합니다|승인됨",
        reject="거부|거부합니다|거부함|거절|거절합니다|거절함|반려|반려합니다|반려함|거부했습니다"
        "|거절했습니다|반려했습니다",
        changes="변경|수정|변경 요청|수정 요청|변경요청|수정요청|변경 사항|수정 사항|수정해 주세요"
        "|변경해 주세요",
        after="감사합니다|고맙습니다|수고하셨습니다",
        greeting="안녕하세요|안녕하십니까|안녕",
        closing="감사합니다|고맙습니다|드림|올림",
        none="없음|없습니다|이유|사유|내용",
    ),
    "zh": Words(
        approve="批准|同意|已批准|已同意|核准|准许|通过|通過|我批准|我同意|同意批准|審核通過|审核通过",
        reject="拒绝|拒絕|驳回|駁回|已拒绝|已驳回|已拒絕|已駁回|我拒绝|我拒絕",
        changes="修改|变更|變更|更改|需要修改|请修改|請修改|修改意见|修改意見|需修改",
        after="谢谢|謝謝|多谢|多謝|辛苦了",
        greeting="你好|您好|大家好|早上好|下午好|各位好",
        closing="谢谢|謝謝|此致|祝好",
        none="无|無|没有|沒有|原因|理由|内容|內容",
    ),
}

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´′", "'"))
_MARKS = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """One form of what reads the same: case, width, accents of Latin letters, the kinds of apostrophes.

    >>> fold("ＡＰＰＲＯＶＥ"), fold("Änderungen"), fold("J’approuve")
    ('approve', 'anderungen', "j'approuve")
    """
    plain = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    bare = _MARKS.sub("", unicodedata.normalize("NFD", plain))
    return " ".join(unicodedata.normalize("NFC", bare).split())


def _phrases(field: str) -> tuple[str, ...]:
    return tuple(fold(phrase) for words in LANGUAGES.values() for phrase in getattr(words, field).split("|"))


VERBS = {
    phrase: verb
    for verb, field in ((Verb.APPROVE, "approve"), (Verb.REJECT, "reject"), (Verb.CHANGES, "changes"))
    for phrase in _phrases(field)
}
AFTER, GREETINGS, CLOSINGS, NONE = (
    frozenset(_phrases(field)) for field in ("after", "greeting", "closing", "none")
)


def languages_of(phrase: str) -> frozenset[str]:
    """The languages in which this folded phrase decides."""
    return frozenset(
        code
        for code, words in LANGUAGES.items()
        if phrase
        in {fold(known) for known in "|".join((words.approve, words.reject, words.changes)).split("|")}
    )

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
    praise: str
    """What a sentence beside an approval may begin with; of Asian languages, the beginning of its first word."""
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
        after="thanks|thank you|many thanks|much appreciated|thx|by me|from me|from my side|on my side|this|it"
        "|this one|this request|the request|this change|and thanks|looks good|great"
        "|great work|nice work|well done|all good|please proceed|proceed|go ahead"
        "|please go ahead|please continue|you can proceed|go for it|no problem"
        "|no objections|no objection|no comments|no concerns|no further comments|go on|as is|ship it"
        "|please ship it|good to go|this is good to go|ready to go|looks great|looks perfect|looks fine|very good",
        praise="great|good|nice|well|excellent|perfect|fine|looks|looking|awesome|fantastic"
        "|wonderful|lovely|love|brilliant|super|amazing|impressive|solid|all|cool|lgtm"
        "|thanks|thank|thx|cheers|congrats|congratulations|kudos|happy|glad|sounds|agreed"
        "|keep",
        greeting="hi|hello|hey|dear|good morning|good afternoon|good evening|hi there|hi all|hello"
        " all|hi team",
        closing="best|best regards|regards|kind regards|warm regards|cheers|sincerely|thanks"
        "|thank you|many thanks|yours|with best regards|with kind regards|best wishes"
        "|all the best|yours sincerely|have a nice day|have a good day|have a great day"
        "|rgds|br|kr|thx|take care",
        none="none|no|ok|okay|yes|nothing|nil|na|n a|reason|your reason|the reason|why|what to change|what"
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
        "|hiermit|ich hiermit|ich|das|es|diese anfrage|den antrag|bitte fortfahren"
        "|bitte weitermachen|kein problem|keine einwände|keine anmerkungen",
        praise="danke|dankeschön|vielen|herzlichen|besten|gut|gute|guter|super|toll|tolle|prima"
        "|perfekt|schön|schöne|schöner|klasse|sehr|passt|sieht|alles|großartig"
        "|hervorragend|top|ausgezeichnet|viel",
        greeting="hallo|hi|guten morgen|guten tag|guten abend|moin|servus|liebe|lieber|sehr geehrte"
        "|sehr geehrter|grüß gott",
        closing="viele grüße|liebe grüße|beste grüße|mit freundlichen grüßen|mfg|vg|lg|gruß|grüße"
        "|danke|freundliche grüße|mit freundlichem gruß|mit besten grüßen|herzliche grüße"
        "|schöne grüße|schönen gruß|schönes wochenende|schönen tag|vielen dank",
        none="keine|nichts|nein|grund|begründung|was zu ändern ist",
    ),
    "fr": Words(
        approve="approuvé|approuvée|approuve|approuver|j'approuve|validé|validée|je valide|accordé",
        reject="refusé|refusée|refuse|refuser|je refuse|rejeté|rejetée|rejette|rejeter|je rejette",
        changes="modifications|modification|changements|changement|corrections|modifications"
        " demandées|modifications nécessaires",
        after="merci|merci beaucoup|de mon côté|pour ma part|par moi|pour moi|cette demande"
        "|la demande|vous pouvez continuer|allez-y|sans problème|aucun problème"
        "|aucune objection",
        praise="merci|super|bien|très|parfait|bravo|excellent|beau|bon|bonne|génial",
        greeting="bonjour|bonsoir|salut|cher|chère|chers|bonjour à tous",
        closing="cordialement|bien cordialement|bien à vous|merci|salutations|à bientôt"
        "|amicalement|sincères salutations|meilleures salutations|très cordialement"
        "|bonne journée|bonne soirée|cdt|cdlt",
        none="aucun|aucune|rien|non|raison|motif|la raison",
    ),
    "es": Words(
        approve="aprobado|aprobada|apruebo|aprobar|aprueba|lo apruebo|autorizado|autorizada",
        reject="rechazado|rechazada|rechazo|rechazar|lo rechazo|denegado|denegada|deniego",
        changes="cambios|cambio|modificaciones|correcciones|cambios necesarios|cambios solicitados"
        "|solicito cambios",
        after="gracias|muchas gracias|por mi parte|de mi parte|por mí|la solicitud"
        "|esta solicitud|adelante|por favor continúen|sin problema|sin problemas"
        "|ningún problema",
        praise="gracias|muchas|muy|buen|buena|bueno|excelente|perfecto|genial|bien|todo",
        greeting="hola|buenos días|buenas tardes|buenas noches|buenas|estimado|estimada|estimados"
        "|hola a todos",
        closing="saludos|un saludo|saludos cordiales|atentamente|gracias|un abrazo|cordialmente"
        "|un cordial saludo|un saludo cordial|abrazos|muchas gracias",
        none="ninguno|ninguna|nada|no|motivo|razón",
    ),
    "it": Words(
        approve="approvato|approvata|approvo|approvare|approva|autorizzato|autorizzata",
        reject="rifiutato|rifiutata|rifiuto|rifiutare|rifiuta|respinto|respinta|respingo|respingere",
        changes="modifiche|modifica|cambiamenti|correzioni|modifiche necessarie|modifiche richieste",
        after="grazie|molte grazie|grazie mille|da parte mia|da me|per me|la richiesta"
        "|questa richiesta|nessun problema|nessuna obiezione",
        praise="grazie|molte|ottimo|ottima|buon|buona|bene|perfetto|molto|bella|bravo|bravi|eccellente|tutto",
        greeting="ciao|buongiorno|buon giorno|buonasera|salve|gentile|gentili|caro|cara|ciao a tutti",
        closing="saluti|cordiali saluti|distinti saluti|un saluto|grazie|a presto|buona giornata"
        "|buona serata|cordialmente|tanti saluti",
        none="nessuno|nessuna|niente|nulla|no|motivo|ragione",
    ),
    "pt": Words(
        approve="aprovado|aprovada|aprovo|aprovar|aprova|autorizado|autorizada",
        reject="rejeitado|rejeitada|rejeito|rejeitar|recusado|recusada|recuso|recusar|reprovado|reprovada",
        changes="alterações|alteração|mudanças|modificações|correções|ajustes|alterações necessárias"
        "|alterações solicitadas",
        after="obrigado|obrigada|muito obrigado|muito obrigada|por mim|da minha parte|o pedido"
        "|este pedido|sem problema|sem problemas",
        praise="obrigado|obrigada|muito|muita|ótimo|ótima|bom|boa|excelente|perfeito|parabéns|tudo|bem",
        greeting="olá|oi|bom dia|boa tarde|boa noite|caro|cara|prezado|prezada|prezados|olá a todos",
        closing="atenciosamente|cumprimentos|com os melhores cumprimentos|obrigado|obrigada"
        "|abraços|abraço|att|abs|um abraço|melhores cumprimentos|muito obrigado"
        "|muito obrigada",
        none="nenhum|nenhuma|nada|não|motivo|razão",
    ),
    "nl": Words(
        approve="goedgekeurd|goedkeuren|akkoord|ik ga akkoord|keur ik goed",
        reject="afgewezen|afwijzen|afgekeurd|afkeuren|geweigerd|wijs ik af|keur ik af",
        changes="wijzigingen|wijziging|aanpassingen|aanpassing|wijzigingen nodig|aanpassingen nodig"
        "|wijzigen|aanpassen",
        after="bedankt|dank je|dank u|dankjewel|dank|door mij|wat mij betreft|van mijn kant"
        "|dit verzoek|geen probleem|geen bezwaar",
        praise="bedankt|dank|goed|goede|mooi|prima|perfect|top|super|uitstekend|heel|ziet|knap",
        greeting="hallo|hoi|dag|beste|goedemorgen|goedemiddag|goedenavond|geachte|hoi allemaal",
        closing="groet|groeten|met vriendelijke groet|met vriendelijke groeten|mvg"
        "|vriendelijke groet|bedankt|hartelijke groet|gr|groetjes|hartelijke groeten"
        "|fijne dag",
        none="geen|niets|nee|reden",
    ),
    "pl": Words(
        approve="zatwierdzam|zatwierdzone|zatwierdzono|zatwierdzony|zatwierdzona|zatwierdź|akceptuję"
        "|zaakceptowane|zaakceptowano"
        "|zaakceptowany|zaakceptowana|zgadzam się|zgoda",
        reject="odrzucam|odrzucone|odrzucono|odrzucony|odrzucona|odrzuć|odmawiam",
        changes="zmiany|zmiana|poprawki|poprawka|do zmiany|do poprawy|zmiany potrzebne",
        after="dziękuję|dzięki|dziękuję bardzo|z mojej strony|ze swojej strony|wniosek"
        "|ten wniosek|prośbę|proszę kontynuować|bez uwag|bez zastrzeżeń|nie ma problemu",
        praise="dziękuję|dzięki|świetnie|świetna|dobra|dobrze|super|bardzo|doskonale|gratulacje|wygląda",
        greeting="cześć|dzień dobry|witam|hej|dobry wieczór|szanowni państwo|szanowny|szanowna|drogi|droga",
        closing="pozdrawiam|z poważaniem|pozdrowienia|dziękuję|dzięki|z wyrazami szacunku"
        "|pozdrawiam serdecznie|serdecznie pozdrawiam|miłego dnia|z pozdrowieniami",
        none="brak|nic|nie|żadne|powód|powod",
    ),
    "ja": Words(
        approve="承認|承認します|承認しました|承認する|承認いたします|承認致します|承認いたしました"
        "|承認です|承認済みです",
        reject="却下|却下します|却下しました|却下する|却下いたします|却下致します|却下です|否認|否認します",
        changes="変更|修正|変更依頼|修正依頼|変更をお願いします|修正をお願いします|差し戻し|差戻し",
        after="ありがとうございます|よろしくお願いします|よろしくお願いいたします|お願いします|進めてください|お進めください|問題ありません|問題ないです",
        praise="ありがとう|お疲れ|おつかれ|素晴|すばら|良い|良く|よろしく|とても|完璧",
        greeting="こんにちは|お疲れ様です|お疲れさまです|お世話になっております|お世話になります"
        "|おはようございます",
        closing="よろしくお願いします|よろしくお願いいたします|以上",
        none="なし|ありません|特になし|理由|内容",
    ),
    "ko": Words(
        approve="승인|승인합니다|승인함|승인했습니다|승인해요|승인하겠습니다|승인 합니다|승인됨|승인드립니다"
        "|승인 드립니다",
        reject="거부|거부합니다|거부함|거절|거절합니다|거절함|반려|반려합니다|반려함|거부했습니다"
        "|거절했습니다|반려했습니다",
        changes="변경|수정|변경 요청|수정 요청|변경요청|수정요청|변경 사항|수정 사항|수정해 주세요"
        "|변경해 주세요",
        after="감사합니다|고맙습니다|수고하셨습니다|진행해 주세요|진행해주세요|진행 부탁드립니다"
        "|문제없습니다|문제 없습니다",
        praise="감사|고맙|수고|좋|훌륭|아주|완벽|고생",
        greeting="안녕하세요|안녕하십니까|안녕",
        closing="감사합니다|고맙습니다|드림|올림",
        none="없음|없습니다|이유|사유|내용",
    ),
    "zh": Words(
        approve="批准|同意|已批准|已同意|核准|准许|通过|通過|我批准|我同意|同意批准|審核通過|审核通过",
        reject="拒绝|拒絕|驳回|駁回|已拒绝|已驳回|已拒絕|已駁回|我拒绝|我拒絕",
        changes="修改|变更|變更|更改|需要修改|请修改|請修改|修改意见|修改意見|需修改",
        after="谢谢|謝謝|多谢|多謝|辛苦了|请继续|請繼續|请执行|請執行|没问题|沒問題|没有问题|没有意见|无异议",
        praise="谢|謝|多谢|多謝|辛苦|很好|好|非常|做得|完美|太好",
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
AFTER, PRAISE, GREETINGS, CLOSINGS, NONE = (
    frozenset(_phrases(field)) for field in ("after", "praise", "greeting", "closing", "none")
)


def languages_of(phrase: str) -> frozenset[str]:
    """The languages in which this folded phrase decides."""
    return frozenset(
        code
        for code, words in LANGUAGES.items()
        if phrase
        in {fold(known) for known in "|".join((words.approve, words.reject, words.changes)).split("|")}
    )

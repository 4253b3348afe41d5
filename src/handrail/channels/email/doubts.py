"""Words that take a decision back, bind it to something, or ask: where they stand by an approval it isn't clear.

These lists can only make a mail unclear, which costs its sender a question. So they are long and in all languages at
once; a word that is harmless in another language counts only beside a verb of its own.
"""

import re
import unicodedata

from handrail.channels.email.words import VERBS, Verb, fold

_NEGATIONS = (
    # English
    "no not never nope nay neither nor none nothing without cannot cant dont wont isnt wasnt didnt"
    " doesnt shouldnt wouldnt"
    " disapprove disapproved unapproved denied refuse refused stop cancel cancelled hold holding"
    " wait waiting postpone"
    " postponed revoke revoked retract withdraw ignore disregard mistake wrong kidding joking"
    # German, French, Spanish, Italian, Portuguese, Dutch, Polish
    " nicht nein kein keine keinen keinem keiner nie niemals ohne stopp warte warten widerrufen"
    " ne pas non jamais aucun aucune sans rien attends attendez attendre annuler annule"
    " nunca jamás ningún ninguno ninguna nada sin espera esperar tampoco cancelar cancela"
    " mai nessuno nessuna niente nulla senza aspetta aspettare aspettate neanche annullare"
    " não nao nenhum nenhuma sem espere aguarde aguardar"
    " niet nee geen nooit zonder wacht wachten annuleren"
    " nie nigdy żaden żadne bez czekaj poczekaj wstrzymaj czekać anuluj"
)
_CONDITIONS = (
    "but however although though except unless if only when once until till after before provided"
    " providing assuming"
    " pending subject condition conditional conditionally conditions contingent depends depending or"
    " either maybe perhaps"
    " probably possibly guess think suppose almost nearly partly partially half unsure instead"
    " rather otherwise actually"
    " yet while whereas despite first later should would could might may must need needs require"
    " requires required"
    " whether which what why how who question questions concern concerns unclear doubt doubts ask"
    " caveat caveats"
    " excluding exception minus principle theory tentative"
    " tentatively provisional provisionally partial undecided unable barely hardly unlikely undo"
    " reversed mind nevermind"
    " scratch sort sorta kinda oops sorry lol haha"
    " aber jedoch allerdings sondern ausser außer falls wenn sofern solange nur erst sobald nachdem"
    " bevor bis oder entweder"
    " vielleicht eventuell wahrscheinlich vorbehaltlich vorbehalt bedingung unter voraussetzung"
    " teilweise doch muss müssen"
    " sollte könnte würde prinzipiell grundsätzlich prinzip frage fragen warum wieso weshalb ob"
    " zuerst vorher"
    " cependant toutefois pourtant sauf si seulement quand lorsque dès après avant jusqu jusque sous"
    " réserve condition"
    " conditions ou peut peutêtre probablement partiellement devrait faudrait faut doit pourquoi"
    " principe d'abord"
    " pero aunque excepto salvo solo sólo cuando hasta después antes siempre condición condiciones"
    " quizá quizás principio"
    " posiblemente parcialmente debe debería falta pregunta porqué primero hay embargo"
    " però tuttavia eccetto tranne salvo solo soltanto quando finché dopo prima purché condizione"
    " condizioni forse"
    " probabilmente parzialmente deve dovrebbe occorre bisogna perché domanda oppure"
    " porém contudo embora exceto somente apenas até depois desde condição condições talvez"
    " provavelmente parcialmente"
    " deve deveria precisa falta porque pergunta caso"
    " maar echter behalve tenzij mits alleen wanneer zodra totdat voordat nadat misschien"
    " waarschijnlijk gedeeltelijk"
    " voorwaarde voorwaarden moet moeten zou kunnen waarom vraag vragen eerst indien"
    " ale jednak lecz choć chyba jeśli jeżeli tylko kiedy gdy dopiero dopóki przed zanim pod"
    " warunkiem warunek lub albo"
    " może prawdopodobnie częściowo trzeba należy musi powinno czy pytanie pytania dlaczego najpierw"
    " oprócz poza zasadzie"
)
_EDITS = (
    "change changed changing fix fixed fixing remove removed removing delete deleting edit edits"
    " correct correcting"
    " correction corrections update updating add adding rename replace replacing revise revision"
    " amend amendment"
    " adjust adjustment adjustments modify modified modification tweak tweaks rework redo drop"
    " änder ändere ändert geändert anpassen angepasst anpassung korrigieren korrigiert korrektur"
    " entfernen entfernt löschen"
    " ergänzen ersetzen modifier modifie modifié corriger corrige supprimer ajouter remplacer"
    " changer cambiar cambia"
    " modificar corregir eliminar quitar añadir cambiare modificare correggere togliere aggiungere"
    " alterar mudar corrigir"
    " remover adicionar wijzig wijzigen gewijzigd verwijder verwijderen toevoegen corrigeren zmień"
    " zmienić popraw"
    " poprawić usuń usunąć dodaj dodać"
)
_LOCAL = {
    "nl": "of als dan nog",
    "de": "als dann noch",
    "es": "o",
    "it": "o ma se",
    "pt": "mas se ou",
    "fr": "mais comment",
    "pl": "po",
}
# Without spaces between words, pieces of words are looked for.
_PIECES = (
    "ない ませ ずに もし ただし 但し 場合 条件 けど けれど しかし なら たら れば まで から後 後で"
    " 保留 待っ 待ち 以外 だけ のみ か? かどうか"
    " 修正 変更 削除 追加 確認 質問 一部"
    " 않 못 지만 만약 조건 단, 다만 경우 그러나 하면 되면 후에 전에 까지 제외 보류 대기 기다 수정"
    " 변경 삭제 추가 확인 질문 일부 불가 안됩 안돼"
    " 不 没 沒 未 但 如果 若 除非 除了 条件 條件 前提 之后 之後 以后 以後 才 再 然而 可是 只 仅 僅"
    " 暂 暫 等 吗 嗎 否 别 別 勿 改 删 刪 补 補 或 部分"
)
_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[\w']+")
_SMIRK = re.compile(r";-?\)|:-?[/\\(|](?!/)")
_SENTENCE = re.compile(r"(?<=[.!?;。！？；])\s*|\n+")
GLAD = frozenset("👍✅🎉🙏😊🙂✔🚀👏🥳💯❤♥☺")


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


NEGATIONS, CONDITIONS, EDITS = _words(_NEGATIONS), _words(_CONDITIONS), _words(_EDITS)
LOCAL = {language: _words(words) for language, words in _LOCAL.items()}
_PIECES_FOLDED = tuple(sorted(_words(_PIECES)))
_ASIAN_VERBS = {phrase: verb for phrase, verb in VERBS.items() if _ASIAN.search(phrase)}
_LATIN_VERBS = {phrase: verb for phrase, verb in VERBS.items() if not _ASIAN.search(phrase)}


def doubtful(text: str, languages: frozenset[str]) -> bool:
    """Whether this text, beside an approval, takes it back, binds it to something, or asks.

    >>> doubtful("but change the title", frozenset({"en"})), doubtful("nice work", frozenset({"en"}))
    (True, False)
    """
    folded = fold(text)
    words = set(_WORD.findall(folded))
    if "?" in folded or any(word.endswith(("n't", "nt'")) for word in words):
        return True
    if words & (NEGATIONS | CONDITIONS | EDITS) or any(
        words & LOCAL.get(language, set()) for language in languages
    ):
        return True
    if _ASIAN.search(folded) and any(piece in folded for piece in _PIECES_FOLDED):
        return True
    return _sad(text)


def _sad(text: str) -> bool:
    """A sign that isn't surely a glad one."""
    return any(unicodedata.category(c) == "So" and c not in GLAD for c in text) or bool(_SMIRK.search(text))


def denies(text: str) -> bool:
    """Whether this text, further below an approval, says no to anything."""
    words = set(_WORD.findall(fold(text)))
    return bool(words & NEGATIONS) or any(word.endswith("n't") for word in words) or _sad(text)


def turns(text: str) -> bool:
    """Whether a sentence or line of this text begins by taking back or binding what was said before it."""
    for sentence in _SENTENCE.split(text):
        found = _WORD.search(fold(sentence))
        if found and (found[0] in NEGATIONS or found[0] in CONDITIONS or found[0].endswith("n't")):
            return True
        if found and _ASIAN.search(found[0]) and any(fold(sentence).startswith(p) for p in _PIECES_FOLDED):
            return True
    return False


def other_verb(text: str, verb: Verb) -> bool:
    """Whether another verdict's word stands anywhere in this text."""
    folded = fold(text)
    spaced = f" {' '.join(_WORD.findall(folded))} "
    if any(other is not verb and f" {phrase} " in spaced for phrase, other in _LATIN_VERBS.items()):
        return True
    return any(other is not verb and phrase in folded for phrase, other in _ASIAN_VERBS.items())


def begins_with_other_verb(text: str, verb: Verb) -> bool:
    """Whether a line of this text begins with another verdict's word."""
    for line in text.split("\n"):
        words = _WORD.findall(fold(line))
        starts = {" ".join(words[:count]) for count in range(1, min(4, len(words)) + 1)}
        if any(VERBS.get(start, verb) is not verb for start in starts):
            return True
    return False

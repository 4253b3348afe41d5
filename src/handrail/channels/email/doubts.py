"""Words that take a decision back, bind it to something, or ask: where they stand by an approval it isn't clear.

These lists can only make a mail unclear, which costs its sender a question. So they are long and in all languages at
once; a word that is harmless in another language counts only beside a verb of its own.
"""

import re
import unicodedata
from collections.abc import Set

from handrail.channels.email.praise import without_courtesy
from handrail.channels.email.words import VERBS, Verb, fold

_NEGATIONS = (
    # English
    "no not never nope nay neither nor none nothing without cannot cant dont wont isnt wasnt didnt"
    " doesnt shouldnt wouldnt hasnt havent couldnt nah naw n false"
    " disapprove disapproved unapproved denied refuse refused mistake wrong"
    # German, French, Spanish, Italian, Portuguese, Dutch, Polish
    " nicht nein nö kein keine keinen keinem keiner nie niemals ohne"
    " ne pas non jamais aucun aucune sans rien"
    " nunca jamás ningún ninguno ninguna nada sin tampoco"
    " mai nessuno nessuna niente nulla senza neanche"
    " não nao nenhum nenhuma sem"
    " niet nee geen nooit zonder"
    " nie nigdy żaden żadne bez"
)
_RETRACTIONS = (
    "stop cancel cancelled hold holding wait waiting postpone postponed revoke revoked retract withdraw ignore"
    " disregard kidding joking joke jk oops undo undoing cancelling canceling cancels stopping stops"
    " withdrawing withdraws withdrew revert reverting reverts reverted revoking revokes grief"
    " stopp warte warten widerrufen zurückgezogen zurückziehen attends attendez attendre annuler annule"
    " espera esperar cancelar cancela aspetta aspettare aspettate annullare"
    " espere aguarde aguardar wacht wachten annuleren czekaj poczekaj wstrzymaj czekać anuluj wycofuję"
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
    " scratch sort sorta kinda oops sorry lol haha just"
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
    " posiblemente parcialmente debe debería falta pregunta porqué primero embargo"
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
# These bind or limit an approval; a rejection may give them as its reason.
_LIMITS = (
    "yeah soon long given case understanding moment awaiting awaits barring save apart aside modulo"
    " other less upon following reservation reservations objections hesitantly reluctantly temporarily"
    " temporary interim whatever try funny tomorrow now starting hopefully presumably supposedly apparently presuming"
    " supposing below inline see comment comments remark remarks note notes nit nits typo typos todo tbd"
    " tbc discuss talk call lets agrees sign signs signature signoff confirm confirms check checks"
    " verify review reviews limited max maximum min minimum cap capped up least without"
    " vorausgesetzt soweit insofern insoweit abgesehen auflage auflagen einschränkung einschränkungen"
    " höchstens maximal mindestens vorläufig hoffentlich eher jein ungern statt anstatt stattdessen"
    " siehe anmerkung anmerkungen kommentar kommentare davor danach noch fall zeitweise pourvu fois"
    " moins tant attente attendant hormis excepté moyennant cas plutôt sinon provisoirement demain"
    " remarque remarques commentaire commentaires dessous ensuite tal mientras menos vez pendiente"
    " sujeto sujeta supeditado cuanto reserva reservas previa previo máximo mañana comentario"
    " comentarios abajo observaciones patto sempre meno volta appena riserva riserve attesa qualora"
    " massimo domani commento commenti sotto fatto fermo contanto assim logo enquanto pendente sujeita"
    " após ressalva ressalvas mediante todavia entretanto amanhã comentários abaixo observações zolang"
    " voorbehoud afwachting uitgezonderd afgezien behoudens voorlopig opmerking opmerkingen hieronder"
    " zie ile uwaga uwagi uwagą uwagami zastrzeżeniem zastrzeżeniami zastrzeżenia jutro wyjątkiem"
    " zamiast byle tymczasowo poniżej niech aby żeby from sujeito"
)
_EDITS = (
    "change changed changing fix fixed fixing remove removed removing delete deleting edit edits"
    " correct correcting"
    " correction corrections update updating add adding rename replace replacing revise revision"
    " amend amendment amendments use make set put lower raise reduce increase cut shorten limit swap switch"
    " move leave omit skip include exclude ensure send"
    " adjust adjustment adjustments modify modified modification tweak tweaks rework redo drop"
    " änder ändere ändert geändert anpassen angepasst anpassung korrigieren korrigiert korrektur"
    " entfernen entfernt löschen nimm nehmen nehmt verwende verwenden kürzen kürze senken senke erhöhen mach"
    " setze setzen reduzieren streichen streiche weglassen"
    " ergänzen ersetzen modifier modifie modifié corriger corrige supprimer ajouter remplacer"
    " changer changez change raccourcir baisser baissez mettre mettez utiliser utilisez enlever réduire"
    " cambiar cambia baja bajar usar usa use poner pon acorta acortar quita reduce reducir"
    " modificar corregir eliminar quitar añadir cambiare modificare correggere togliere aggiungere usare usate"
    " accorcia accorciare abbassa abbassare metti mettere riduci ridurre"
    " alterar mudar corrigir"
    " remover adicionar encurte encurtar mude baixe baixar reduza reduzir"
    " wijzig wijzigen gewijzigd verwijder verwijderen toevoegen corrigeren verander veranderen neem gebruik"
    " inkorten verlaag zmień użyj skróć skrócić obniż obniżyć"
    " zmienić popraw"
    " poprawić usuń usunąć dodaj dodać"
)
# Who asks for something beside an approval may mean it as a condition.
_REQUESTS = (
    "please pls plz kindly bitte veuillez priere favor favore"
    " gelieve graag alstublieft alsjeblieft proszę prosimy"
)
_LOCAL = {
    "nl": "of als dan nog na morgen",
    "de": "als dann noch morgen nach",
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
    " 修正 変更 削除 追加 確認 質問 一部 見送 取り消 取消 撤回 中止 延期 明日 ください 下さい 以下 下記 必要"
    " 않 못 지만 만약 조건 단, 다만 경우 그러나 하면 되면 후에 전에 까지 제외 보류 대기 기다 수정"
    " 변경 삭제 추가 확인 질문 일부 불가 안됩 안돼 아니 취소 철회 나중 반대 내일 주세요 바랍니다 아래 필요 단서"
    " 不 没 沒 未 但 如果 若 除非 除了 条件 條件 前提 之后 之後 以后 以後 才 再 然而 可是 只 仅 僅"
    " 暂 暫 等 吗 嗎 否 别 別 勿 改 删 刪 补 補 或 部分 请 請 需 须 須 待 先 缓 緩 撤 取消 降 升 用 把 将 應 应"
    " 必 才能 明天 以下 见 見"
)
_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[\w']+")
_SMIRK = re.compile(r";-?\)|:-?[/\\(|](?!/)")
_SENTENCE = re.compile(r"(?<=[.!?;。！？；])\s*|\n+")
GLAD = frozenset("👍✅🎉🙏😊🙂✔🚀👏🥳💯❤♥☺")


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


RETRACTIONS = _words(_RETRACTIONS)
NEGATIONS = _words(_NEGATIONS)
CONDITIONS = _words(_CONDITIONS)
LIMITS = _words(_LIMITS)
EDITS = _words(_EDITS)
REQUESTS = _words(_REQUESTS)
_TURNING = NEGATIONS | RETRACTIONS | CONDITIONS
LOCAL = {language: _words(words) for language, words in _LOCAL.items()}
_PIECES_FOLDED = tuple(sorted(_words(_PIECES)))
_ASIAN_VERBS = {phrase: verb for phrase, verb in VERBS.items() if _ASIAN.search(phrase)}
_LATIN_VERBS = {phrase: verb for phrase, verb in VERBS.items() if not _ASIAN.search(phrase)}
# Thanks for a change that was made isn't a wish for one.
_THANKS = re.compile(
    r"(?<!\w)(?:thanks|thank you|thx|danke|vielen dank|merci|gracias|grazie|obrigad[oa]|bedankt|dank je|dzieki"
    r"|dziekuje) (?:for|fur|pour|por|per|pel[oa]|voor|za) [^.!?;:\n]{0,100}"
)


def doubtful(text: str, languages: frozenset[str]) -> bool:
    """Whether this text, beside an approval, takes it back, binds it to something, asks, or wants something else.

    >>> doubtful("but change the title", frozenset({"en"})), doubtful("nice work", frozenset({"en"}))
    (True, False)
    """
    besides = without_courtesy(fold(text))
    return (
        takes_back(besides, languages)
        or _has(_THANKS.sub(" ", fold(text)), EDITS)
        or _denied(besides)
        or _has(besides, LIMITS | REQUESTS)
        or _has_piece(besides)
        or sad(text)
    )


def takes_back(text: str, languages: frozenset[str]) -> bool:
    """Whether this text, beside any decision, takes it back, binds it to something or asks."""
    folded = fold(text)
    bound = CONDITIONS.union(RETRACTIONS, *(LOCAL.get(language, ()) for language in languages))
    return "?" in folded or _has(folded, bound)


def _has(folded: str, words: Set[str]) -> bool:
    return not words.isdisjoint(_WORD.findall(folded))


def _denied(folded: str) -> bool:
    words = _WORD.findall(folded)
    return not NEGATIONS.isdisjoint(words) or any(word.endswith(("n't", "nt'")) for word in words)


def _has_piece(folded: str) -> bool:
    return bool(_ASIAN.search(folded)) and any(piece in folded for piece in _PIECES_FOLDED)


def sad(text: str) -> bool:
    """A sign that isn't surely a glad one."""
    return any(unicodedata.category(c) == "So" and c not in GLAD for c in text) or bool(_SMIRK.search(text))


def denies(text: str) -> bool:
    """Whether this text says no to anything, or takes something back."""
    folded = fold(text)
    return _denied(folded) or _has(folded, RETRACTIONS) or sad(text)


def only_denies(text: str) -> bool:
    """Whether this text is nothing but words that deny or take back: `never mind`, `just kidding`."""
    words = _WORD.findall(fold(text))
    known = NEGATIONS | RETRACTIONS | {"mind", "just"}
    return bool(words) and all(word in known or word.endswith("n't") for word in words)


def turns(text: str) -> bool:
    """Whether a sentence or line of this text begins by taking back or binding what was said before it."""
    for sentence in _SENTENCE.split(text):
        found = _WORD.search(fold(sentence))
        if found and (found[0] in _TURNING or found[0].endswith("n't")):
            return True
        if found and _ASIAN.search(found[0]) and any(fold(sentence).startswith(p) for p in _PIECES_FOLDED):
            return True
    return False


def other_verb(text: str, verb: Verb, only: Verb | None = None) -> bool:
    """Whether another verdict's word stands anywhere in this text; `only` is the one that is looked for."""
    folded = fold(text)
    spaced = f" {' '.join(_WORD.findall(folded))} "
    others = frozenset({only} if only else set(Verb) - {verb})
    if any(other in others and f" {phrase} " in spaced for phrase, other in _LATIN_VERBS.items()):
        return True
    return any(other in others and phrase in folded for phrase, other in _ASIAN_VERBS.items())


def begins_with_other_verb(text: str, verb: Verb) -> bool:
    """Whether a line of this text begins with another verdict's word."""
    for line in text.split("\n"):
        words = _WORD.findall(fold(line))
        starts = {" ".join(words[:count]) for count in range(1, min(4, len(words)) + 1)}
        if any(VERBS.get(start, verb) is not verb for start in starts):
            return True
    return False

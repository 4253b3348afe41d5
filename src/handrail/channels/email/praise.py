"""What may stand beside an approval without a colon between: thanks, praise, a name, and what `Words.after` has.

No list of doubts is ever whole (`approve, Bob willing`), so here it is the other way round: any other sentence makes
the mail unclear. Behind a colon, which says that a comment follows, there may be anything but doubts.
"""

import re
from collections.abc import Set

from handrail.channels.email.words import AFTER, CLOSINGS, PRAISE, fold

# One word behind a comma is whom it is said to: `thanks, Alice`.
_SENTENCE = re.compile(r"(?<=[.!?;。！？；])\s*|(?<=[,，、])\s*(?=[^\W_]+\s+[^\W_])|\n+")
_WORD = re.compile(r"[^\W_]+")
_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST_FIRST = sorted((re.escape(phrase) for phrase in AFTER | CLOSINGS), key=len, reverse=True)
_SPOKEN = re.compile(rf"(?<![a-z])(?:{'|'.join(_LONGEST_FIRST)})(?![a-z])")
_BEGINNINGS = tuple(word for word in PRAISE if _ASIAN.match(word))


def without_courtesy(folded: str) -> str:
    """This folded text without the phrases that change nothing."""
    return _SPOKEN.sub(" ", folded)


def is_kind(text: str, names: Set[str] = frozenset()) -> bool:
    """Whether all sentences of this text, and their parts between commas, are thanks, praise or a name.

    >>> is_kind("thanks, nice work!"), is_kind("Bob willing"), is_kind("up to 500")
    (True, False, False)
    """
    return all(_is_kind(sentence, names) for sentence in _SENTENCE.split(text))


def _is_kind(sentence: str, names: Set[str]) -> bool:
    folded = fold(sentence)
    left = [word for word in _WORD.findall(without_courtesy(folded)) if word not in names]
    if not left:
        return True
    if any(character.isdigit() for character in folded):
        return False
    first = _WORD.findall(folded)[0]
    return first in PRAISE or left[0] in PRAISE or left[0].startswith(_BEGINNINGS)

"""What can be decided by mail, and why not the rest.

Who could not see all of it decides nothing by mail. Where the policy demands more than a mail or a link proves,
nothing is offered but the page.
"""

from dataclasses import dataclass

from handrail.channels.email import sentences
from handrail.requests.decision import Strength, Verb
from handrail.requests.request import HumanRequest

VERBS = (Verb.APPROVE, Verb.REQUEST_CHANGES, Verb.REJECT)
"""what a word decides, in a reply or behind a link"""


@dataclass(frozen=True, slots=True)
class Offered:
    """The verbs that a reply takes, whether there is a link to decide, and why there isn't more."""

    replies: tuple[Verb, ...] = ()
    link: bool = False
    why_not: str | None = None


def offered(request: HumanRequest, *, whole: bool, answerable: bool) -> Offered:
    """Return what is offered for a request; `whole` says whether all of it is shown, `answerable` whether replies come
    back."""
    if request.ended:
        return Offered()
    require = request.policy.require
    if require > Strength.CHANNEL:
        return Offered(why_not=sentences.SESSION)
    if request.in_line:
        return Offered(why_not=sentences.IN_LINE)
    if not whole:
        return Offered(why_not=sentences.CUT)
    verbs = tuple(verb for verb in VERBS if verb in request.draft.verbs)
    if not verbs:
        return Offered(why_not=sentences.ELSEWHERE)
    replies, link = verbs if answerable else (), require <= Strength.LINK
    return Offered(replies, link, None if replies or link else sentences.ELSEWHERE)


def instruction(verbs: tuple[Verb, ...]) -> str:
    """Return the words that decide, as a mail offers them.

    >>> instruction((Verb.APPROVE, Verb.REJECT))
    '“approve” or “reject: reason”'
    """
    told = [f"“{sentences.BY_REPLY[verb]}”" for verb in verbs]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} or {told[-1]}"

"""What can be decided in Slack itself, and why not the rest.

Who could not see all of it doesn't say yes to it (approve, edit, answer); a no needs no more than what was seen, as
with a one-time link. Where the policy demands more than Slack knows of a person, nothing is offered but the page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from handrail.channels.slack import words
from handrail.channels.slack.block import LONGEST_BUTTON
from handrail.channels.slack.text import escape, length
from handrail.requests import labels
from handrail.requests.content import JSON
from handrail.requests.decision import YES, Strength, Verb
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems
from handrail.requests.shape import Choice, asked
from handrail.requests.visible import visible

MOST_CHOICES = 5


@dataclass(frozen=True, slots=True)
class Quick:
    """An answer that a button gives: its words and its value."""

    label: str
    value: JSON


@dataclass(frozen=True, slots=True)
class Offered:
    """The verbs that have buttons, the answers that have one each, and why there aren't more."""

    verbs: tuple[Verb, ...]
    answers: tuple[Quick, ...] = ()
    why_not: str | None = None


def offered(request: HumanRequest, *, whole: bool, fits: Callable[[HumanRequest, Verb], bool]) -> Offered:
    """Return what is offered for an open request.

    `whole` says whether all of it is shown; `fits` whether a modal can be made for editing or answering it.
    """
    if request.ended:
        return Offered(())
    if request.policy.require > Strength.CHANNEL:
        return Offered((), why_not=words.SESSION)
    if request.in_line:
        return Offered((), why_not=words.IN_LINE)
    allowed = [verb for verb in Verb if verb in _verbs(request)]
    if not whole:
        return Offered(tuple(verb for verb in allowed if verb not in YES), why_not=words.CUT)
    answers = quick_answers(request) if Verb.ANSWER in allowed else ()
    unfit = {
        verb
        for verb in (Verb.EDIT, Verb.ANSWER)
        if verb in allowed and not (verb is Verb.ANSWER and answers) and not fits(request, verb)
    }
    verbs = tuple(verb for verb in allowed if verb not in unfit)
    return Offered(verbs, answers, words.FORM if unfit else None)


def _verbs(request: HumanRequest) -> set[Verb]:
    """Return the verbs; where one decides, to abstain is to leave it to others, which needs no button."""
    votes = not isinstance(request.policy.quorum, First)
    return {*request.draft.verbs, *([Verb.ABSTAIN] if votes else [])}


def quick_answers(request: HumanRequest) -> tuple[Quick, ...]:
    """Return the answers, if they are so few and so short that each can have a button.

    They are in the order of the schema; a button names one by its number.
    """
    schema = request.draft.response_schema
    if schema is None:
        return ()
    found = asked(schema, schema)
    if not isinstance(found.shape, Choice) or not 0 < len(found.shape.offers) <= MOST_CHOICES:
        return ()
    offers = found.shape.offers
    values = [offer.value for offer in offers] + ([None] if found.nullable else [])
    titles = [*(offer.title for offer in offers), ""]
    told = [_seen(title or said) for title, said in zip(titles, labels.values(values), strict=False)]
    fit = len(set(told)) == len(values) <= MOST_CHOICES and all(_is_short(each) for each in told)
    if not fit or any(problems(schema, value) for value in values):
        return ()
    return tuple(Quick(label, value) for label, value in zip(told, values, strict=True))


def _seen(label: str) -> str:
    return " ".join(visible(label).split())


def _is_short(label: str) -> bool:
    return bool(label) and length(escape(label)) <= LONGEST_BUTTON

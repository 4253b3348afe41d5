"""What a simulated reviewer was told to say, as a function of the request: a list, a dict, a function or nothing."""

from collections.abc import Callable, Iterable, Mapping

from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.request import HumanRequest
from handrail.testing.answers import Answer
from handrail.testing.specimen import specimen

Script = Callable[[HumanRequest], Answer | None]
"""None leaves the request to others"""
Answers = Script | Mapping[str, Answer | None] | Iterable[Answer]


def script(name: str, answers: Answers | None) -> Script:
    """Return what `name` says, as a function of the request; see `ScriptedReviewer`."""
    if answers is None:
        return lambda request: _simplest(name, request)
    if isinstance(answers, Mapping):
        by_key = dict(answers)
        return lambda request: _looked_up(name, by_key, request)
    if callable(answers):
        return answers
    if isinstance(answers, str) or not isinstance(answers, Iterable):
        raise InvalidInput(f"the answers of {name!r} are a list, a dict or a function of the request")
    in_order = iter(answers)

    def following(request: HumanRequest) -> Answer:
        if (answer := next(in_order, None)) is None:
            raise _unanswered(name, request, "the list of answers has come to its end")
        return answer

    return following


def _looked_up(name: str, answers: Mapping[str, Answer | None], request: HumanRequest) -> Answer | None:
    for key in (request.address, request.draft.title, request.draft.kind):
        if key is not None and key in answers:
            return answers[key]
    raise _unanswered(name, request, "neither its address nor its title nor its kind is in the dict")


def _simplest(name: str, request: HumanRequest) -> Answer:
    if Verb.APPROVE in request.draft.verbs:
        return Verb.APPROVE
    if Verb.ANSWER not in request.draft.verbs:
        raise _unanswered(name, request, f"it takes {', '.join(request.draft.verbs)}")
    try:
        return Verb.ANSWER, specimen(request.draft.response_schema or {})
    except InvalidInput as error:
        raise _unanswered(name, request, str(error)) from error


def _unanswered(name: str, request: HumanRequest, why: str) -> InvalidInput:
    return InvalidInput(
        f"{name!r} has no answer to {request.address!r} ({request.draft.kind}): {why}; "
        "pass one with answers=, or None in a dict to leave it to others"
    )

"""What simulated people say to a request, in the short form in which tests write it down."""

from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput

Answer = str | tuple[str, JSON]
"""a verb, or a verb and what goes with it: the payload of `edit` and `answer`, else the comment"""


def spoken(answer: Answer) -> tuple[str, JSON, str | None]:
    """Return the verb, the payload and the comment of an answer. Raises `InvalidInput` for what is none.

    >>> spoken(("edit", {"content": "shorter"}))
    ('edit', {'content': 'shorter'}, None)
    >>> spoken(("reject", "too long"))
    ('reject', None, 'too long')
    """
    match answer:
        case str(verb):
            return verb, None, None
        case (Verb.EDIT | Verb.ANSWER as verb, payload):
            return verb, payload, None
        case (str(verb), (str() | None) as comment):
            return verb, None, comment
    raise InvalidInput(
        'an answer is a verb such as "approve" or a pair such as ("answer", "dry") or ("reject", "too long"), '
        f"not a {type(answer).__name__}; a comment is a text"
    )

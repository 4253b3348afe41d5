"""Why somebody's click did nothing, in words for them alone."""

from handrail.channels.slack import words
from handrail.channels.slack.block import actions, section
from handrail.channels.slack.ended import how_it_ended
from handrail.channels.slack.foot import open_page
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.text import quoted, unescape
from handrail.requests import telling
from handrail.requests.errors import Conflict, HandrailError, InvalidDecision, NotAllowed
from handrail.requests.request import HumanRequest

LONGEST = 1000


def refusal(request: HumanRequest, error: HandrailError, *, link: str | None) -> Posting:
    """Return what is said to who pressed a button, and was refused with `error`."""
    return _said(why(request, error), link)


def stranger(address: str) -> Posting:
    """Return what is said to somebody whose address on Slack belongs to nobody."""
    return _said(words.NOBODY.format(quoted(address)), None)


def why(request: HumanRequest, error: HandrailError) -> str:
    """Return the reason as mrkdwn."""
    match error:
        case NotAllowed(rule=rule):
            return _by_rule(request, rule)
        case Conflict() if request.ended:
            return f"{how_it_ended(request)} {words.UNCHANGED}"
        case Conflict(about="content"):
            return words.CHANGED_SINCE
        case InvalidDecision(fields=fields) if fields:
            told = "; ".join(f"{each.path} {each.message}".strip() for each in fields)
            return words.NOT_FITTING.format(quoted(told, LONGEST))
    return words.UNCHANGED


def _by_rule(request: HumanRequest, rule: str) -> str:
    who = quoted(telling.names(request.audience))
    match rule:
        case "excluded":
            return words.EXCLUDED
        case "initiator":
            return words.INITIATOR.format(who[:1].upper() + who[1:])
        case "audience":
            return words.NOT_ASKED.format(who)
        case "claimed":
            return words.HELD.format(quoted(request.claimed_by or ""))
        case "strength":
            return f"{words.SESSION} {words.ON_THE_PAGE}"
        case "in line":
            return words.IN_LINE
    return words.NOT_ALLOWED


def _said(text: str, link: str | None) -> Posting:
    row = open_page(link)
    return posting(unescape(text), [section(text), *([actions(row)] if row else [])])

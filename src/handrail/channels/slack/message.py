"""The message of an open request: what is asked, and buttons for what can be decided here."""

from handrail.channels.slack.block import rich
from handrail.channels.slack.difference import difference
from handrail.channels.slack.foot import foot
from handrail.channels.slack.form import fits
from handrail.channels.slack.offer import offered
from handrail.channels.slack.posting import Posting, posting
from handrail.channels.slack.told import told
from handrail.requests.request import HumanRequest


def message(request: HumanRequest, *, link: str | None, previous: HumanRequest | None = None) -> Posting:
    """Return the message of an open request.

    Args:
        request: what is asked, whole (not the outline that lists have).
        link: the address of its page; without one the message names the command that shows it.
        previous: the revision before, to say what has changed.
    """
    said = told(request)
    found = offered(request, whole=said.whole, fits=fits)
    changes = [rich(difference(previous, request))] if previous is not None else []
    return posting(request.draft.title, [*said.blocks, *changes, *foot(request, found, link)])

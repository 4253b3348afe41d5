"""The last lines of a message: buttons for what is offered, why there aren't more, and the way to the page."""

from handrail.channels.slack import words
from handrail.channels.slack.block import (
    LONGEST_ADDRESS,
    Block,
    Element,
    actions,
    button,
    context,
    link_button,
)
from handrail.channels.slack.offer import Offered
from handrail.channels.slack.press import LINK, Press
from handrail.channels.slack.text import quoted
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest

_STYLES = {Verb.APPROVE: "primary", Verb.REJECT: "danger"}


def foot(request: HumanRequest, found: Offered, link: str | None) -> list[Block]:
    """Return the buttons of what is offered, and why there aren't more."""
    blocks: list[Block] = []
    page = _reachable(link)
    if found.why_not:
        onward = words.ON_THE_PAGE if page else words.NO_PAGE.format(quoted(request.id))
        blocks.append(context(f"{found.why_not} {onward}"))
    row = [*_buttons(request, found), *open_page(link)]
    return [*blocks, actions(row)] if row else blocks


def open_page(link: str | None, text: str = words.OPEN) -> list[Element]:
    """Return the button that leads to a page, if there is one."""
    return [link_button(text, LINK, link)] if link is not None and _reachable(link) else []


def _reachable(link: str | None) -> bool:
    return link is not None and link.startswith(("https://", "http://")) and len(link) <= LONGEST_ADDRESS


def _buttons(request: HumanRequest, found: Offered) -> list[Element]:
    row: list[Element] = []
    for verb in found.verbs:
        if verb is Verb.ANSWER and found.answers:
            for number, answer in enumerate(found.answers):
                press = Press(verb, request.id, request.content_hash, number)
                row.append(button(answer.label, press.action, press.value))
        else:
            press = Press(verb, request.id, request.content_hash)
            row.append(button(words.BUTTONS[verb], press.action, press.value, _STYLES.get(verb)))
    return row

"""A request as people see it: the question, how to judge, all of the proposal, what has changed, who has decided.

All of the content is shown, inside a frame that Handrail draws, so that no content can look like Handrail's own words.
"""

from collections.abc import Iterator
from datetime import datetime

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from handrail.channels.terminal.deadline import due
from handrail.channels.terminal.difference import as_text, difference
from handrail.channels.terminal.escape import one_line, visible
from handrail.channels.terminal.prose import prose, source
from handrail.requests.content import JSON
from handrail.requests.decision import YES
from handrail.requests.policy import First, needed
from handrail.requests.request import HumanRequest

FRAME = 4
"""characters of a line that a frame takes"""
NARROWEST = 30
"""Below this a frame costs more than it gives."""


def rendered(
    request: HumanRequest,
    previous: dict[str, JSON] | None,
    now: datetime,
    width: int,
    *,
    as_source: bool = False,
) -> Iterator[RenderableType]:
    """Yield the parts of a request, from top to bottom; `previous` is what the revision before it proposed."""
    draft = request.draft
    yield Text()
    yield Rule(style="cyan")
    yield Text(visible(draft.title), style="bold", overflow="fold")
    yield Text(" · ".join(_facts(request, now)), style="dim", overflow="fold")
    if draft.guideline:
        yield Text()
        yield Text("How to judge: ", style="cyan").append(visible(draft.guideline), style="default")
    if draft.context:
        yield Text()
        yield _frame("context", Group(*_values(draft.context, width - FRAME, as_source)), width, "dim")
    if not _says_the_title_only(request):
        yield Text()
        yield from _proposal(draft.proposal, width, as_source)
    if previous is not None and not _says_the_title_only(request):
        yield Text()
        yield _changes(request, previous, width)
    if told := list(_decisions(request)):
        yield Text()
        yield from told
    yield Text()


def _facts(request: HumanRequest, now: datetime) -> Iterator[str]:
    if request.revision > 1:
        yield f"round {request.revision}"
    if request.deadline is not None:
        yield due(request.deadline, now)
    if request.flow:
        yield f"flow {one_line(request.flow)}"
    if request.run_id:
        yield f"run {one_line(request.run_id)}"
    yield f"request {request.id}"


def _says_the_title_only(request: HumanRequest) -> bool:
    """Whether the proposal is nothing but the question in the title, as with `ask`."""
    return list(request.draft.proposal.values()) == [request.draft.title]


def _proposal(proposal: dict[str, JSON], width: int, as_source: bool) -> Iterator[RenderableType]:
    """One frame for each long text, one for all the rest together."""
    if len(proposal) == 1:
        [(key, value)] = proposal.items()
        yield _frame(key, _value(value, width - FRAME, as_source), width)
        return
    yield _frame("proposal", Group(*_values(proposal, width - FRAME, as_source)), width)


def _values(values: dict[str, JSON], width: int, as_source: bool) -> Iterator[RenderableType]:
    for number, (key, value) in enumerate(values.items()):
        label = Text(f"{visible(key)}: ", style="cyan", overflow="fold")
        if _is_short(value):
            yield label.append(visible(as_text(value)), style="default")
            continue
        if number:
            yield Text()
        yield label
        yield _value(value, width, as_source)


def _is_short(value: JSON) -> bool:
    return not isinstance(value, dict | list) and "\n" not in as_text(value) and len(as_text(value)) <= 60


def _value(value: JSON, width: int, as_source: bool) -> RenderableType:
    if not isinstance(value, str) or as_source:
        return source(visible(as_text(value)))
    text, why = prose(value, width)
    return text if why is None else Group(text, Text(f"({why})", style="dim"))


def _frame(title: str, content: RenderableType, width: int, style: str = "cyan") -> RenderableType:
    if width < NARROWEST:
        return Group(Text(f"--- {one_line(title, 40)}", style=style), content)
    label = Text(one_line(title, max(10, width - 20)))
    return Panel(content, title=label, title_align="left", border_style=style, box=ROUNDED, padding=(0, 1))


def _changes(request: HumanRequest, previous: dict[str, JSON], width: int) -> RenderableType:
    proposal = request.draft.proposal
    parts: list[RenderableType] = []
    for key in dict.fromkeys([*previous, *proposal]):
        old = as_text(previous[key]) if key in previous else ""
        new = as_text(proposal[key]) if key in proposal else ""
        if (changed := difference(old, new)) is not None:
            if len(proposal) > 1 or len(previous) > 1:
                parts.append(Text(f"{visible(key)}:", style="cyan"))
            parts.append(changed)
    content = Group(*parts) if parts else Text("nothing", style="dim")
    return _frame(f"changed since round {request.revision - 1}", content, width, "magenta")


def _decisions(request: HumanRequest) -> Iterator[Text]:
    """Who has decided so far, and how many must approve; not where reviewers shall not see each other."""
    quorum = request.policy.quorum
    if not isinstance(quorum, First):
        must = needed(quorum, len(request.asked or ()))
        told = f"{must} must approve" + (
            f", of {len(request.asked)} asked" if request.asked is not None else ""
        )
        if not request.policy.blind:
            told += f"; {sum(vote.verb in YES for vote in request.decisions)} so far"
        yield Text(told, style="dim")
    if request.policy.blind:
        return
    for vote in request.decisions:
        comment = f": {visible(vote.comment)}" if vote.comment else ""
        yield Text(f"{visible(vote.actor)} {SAID[vote.verb]}{comment}", style="dim", overflow="fold")


SAID = {
    "approve": "approved",
    "edit": "approved with changes",
    "request_changes": "asked for changes",
    "reject": "rejected",
    "answer": "answered",
    "abstain": "abstained",
}
"""The verbs, as something that has happened."""


def ending(request: HumanRequest) -> str:
    """Say what a request came to and through whom, without repeating content."""
    outcome = request.outcome
    if outcome is None:
        by = f" by {visible(request.ended_by)}" if request.ended_by not in (None, "handrail") else ""
        return "its time has run out" if request.status == "EXPIRED" else f"it was withdrawn{by}"
    if outcome.cause == "timeout":
        return f"its deadline has passed, which counts as {outcome.verb.value}"
    if request.superseded_by:
        return f"{visible(request.winner or 'somebody')} edited it, and the edited version is asked anew"
    return f"{visible(request.winner or 'somebody')} {SAID[outcome.verb]}"

"""A sheet in the words and the markup of its page: everything the templates of one request are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from markupsafe import Markup
from starlette.datastructures import URL

from handrail.flows.node import Chain, ChainableNode
from handrail.people.rights import Caller, Right, who_may
from handrail.requests.decision import Verb
from handrail.requests.request import HumanRequest
from handrail.web.content.comparison import compared
from handrail.web.content.difference import inline_difference, side_by_side
from handrail.web.content.doubt import doubts as find_doubts
from handrail.web.content.doubt import doubts_html, with_doubts
from handrail.web.content.markdown import prose_html
from handrail.web.content.rendered import SHOWN, Rendered
from handrail.web.content.value import context_html, proposal_html
from handrail.web.form import Form, build, edit_form
from handrail.web.form.names import Draft
from handrail.web.pages import asking, messages, rail, telling
from handrail.web.pages.listed import Listed
from handrail.web.pages.sheet import Sheet

NOT_SHOWN_BESIDE = frozenset({"why", "confidence", "threshold", "unsure", "previous_feedback"})
"""keys of the context that have a place of their own on the page"""


@dataclass(frozen=True)
class Typed:
    """What somebody has written already, shown again after something was in the way."""

    verb: str = ""
    comment: str = ""
    text: str = ""
    form: Form | None = None
    draft: Draft | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    """what is wrong with these fields"""


@dataclass(frozen=True)
class Difference:
    """What has changed since the revision before: within the text, and side by side."""

    count: int
    inline: Rendered
    split: Rendered


@dataclass(frozen=True)
class FieldLink:
    """A link from the summary to a field at fault."""

    target: str
    word: str
    message: str = ""


@dataclass(frozen=True)
class Problem:
    """What is in the way: what is so, what was kept, what to do next."""

    title: str
    text: str
    look: str = "blocked"
    icon: str = "alert"
    links: tuple[FieldLink, ...] = ()
    next: tuple[tuple[str, str], ...] = ()

    def at(self, target: str) -> str:
        """What is wrong with a field."""
        return "; ".join(link.message for link in self.links if link.target == target)


def values(
    sheet: Sheet,
    caller: Caller,
    listed: Listed,
    now: datetime,
    *,
    flows: Mapping[str, ChainableNode],
    form_token: str,
    typed: Typed,
    edit: bool,
    whole: bool,
    show: str,
    ask: str,
) -> dict[str, Any]:
    """Return what the templates of one request are given."""
    request = sheet.request
    content = proposal_html(request.draft.proposal, limit=None if whole else SHOWN)
    beside = context_html(request.draft.context, without=NOT_SHOWN_BESIDE)
    rule = sheet.refused.rule if sheet.refused is not None else None
    may_decide = not request.ended and rule in (None, "claimed")  # what is claimed may be released
    form = _answer_form(sheet, typed) if may_decide and sheet.needs_answer else None
    editing = _editor(request, typed) if edit and may_decide and Verb.EDIT in request.draft.verbs else None
    document, doubts = content.html, find_doubts(request.draft.context)
    if editing is None and _is_title(request):  # what is judged stands beside the question
        marked_context, doubts = with_doubts(beside.html, doubts)
        beside = replace(beside, html=marked_context)
    elif editing is None:
        document, doubts = with_doubts(document, doubts)
    return {
        "act": lambda move: _address(request, listed, f"/{move}"),
        "here": lambda **more: _address(request, listed, "", **more),
        "hidden": lambda: Markup('<input type="hidden" name="form_token" value="{}">').format(form_token),
        "content": content,
        "document": document,
        "shows_document": not _is_title(request),
        "doubts_html": doubts_html(doubts) if doubts else "",
        "doubts": doubts,
        "context_html": beside,
        "guideline_html": prose_html(request.draft.guideline) if request.draft.guideline else "",
        "difference": None if editing else _difference(sheet),
        "show": show if show in ("changes", "split", "document") else "changes",
        "form": form,
        "editing": editing,
        "whole": whole,
        "typed": typed,
        "why": telling.why(request),
        "confidence": telling.confidence(request),
        "who_decides": telling.who_decides(request, sheet.unable),
        "at_silence": telling.at_silence(request),
        "ending": telling.ending(request),
        "effect": telling.effect(request, following(flows.get(request.flow or ""), request)),
        "seats": telling.seats(request, caller.name, blind=sheet.blind, unable=sheet.unable),
        "due_look": _due_look(request, now),
        "verbs": tuple(request.draft.verbs),
        "can_abstain": may_decide,
        "may_decide": may_decide and rule is None,
        "may_claim": Right.CLAIM in sheet.moves and not sheet.counts_votes,
        "may_comment": not request.ended and Right.COMMENT in sheet.moves,
        "why_not": _why_not(sheet, caller),
        "is_next": request.due != request.deadline,
        "moves": {right.value.split()[0].replace("send", "remind") for right in sheet.moves},
        "asking": asking.question(ask, sheet, typed.fields, typed.faults),
        "rail": rail.posts(sheet, now, following(flows.get(request.flow or ""), request)),
        "told": messages.lines(sheet.told, caller, now),
        "through": messages.through(request.draft.channels),
        "hints": telling.hints(request),
        "done": telling.DONE,
        "looks": telling.LOOKS,
    }


def _is_title(request: HumanRequest) -> bool:
    """Whether what is proposed is nothing but the question that stands above the page already."""
    return list(request.draft.proposal.values()) == [request.draft.title]


def _address(request: HumanRequest, listed: Listed, move: str, **more: Any) -> str:
    base, _, asked = listed.open(request.id).partition("?")
    address = URL(base + move + (f"?{asked}" if asked else ""))
    return str(address.include_query_params(**more) if more else address)


def _answer_form(sheet: Sheet, typed: Typed) -> Form:
    """Return the form of the answer: as it was typed, else empty; nothing leads the judge."""
    if typed.form is not None:
        return typed.form
    return build(sheet.request.draft.response_schema or {}, prefix="answer")


def _editor(request: HumanRequest, typed: Typed) -> Form:
    draft, unsure = request.draft, telling.is_unsure(request)
    return typed.form or edit_form(draft.proposal, draft.proposal_schema, unsure=unsure)


def _difference(sheet: Sheet) -> Difference | None:
    if sheet.previous is None:
        return None
    old, new = sheet.previous, sheet.request
    found = compared(old.draft.proposal, new.draft.proposal)
    labels = (f"Revision {old.revision}", f"Revision {new.revision}")
    return Difference(found.changes, inline_difference(found), side_by_side(found, *labels))


def _due_look(request: HumanRequest, now: datetime) -> str:
    if request.due is None:
        return ""
    left = (request.due - now).total_seconds()
    return "is-overdue" if left <= 0 else "is-soon" if left < 3600 else ""


def _why_not(sheet: Sheet, caller: Caller) -> str:
    """Return why the reader can't decide, by the rule that would refuse it, and who can."""
    if sheet.refused is None:
        return ""
    request, who = sheet.request, telling.names(sheet.request.audience, sheet.unable)
    match sheet.refused.rule:
        case "role":
            can = who_may(Right.DECIDE)
            named = "" if request.audience.is_open else f" This one can be decided by {who}."
            return f"You are here to look: a {caller.role} doesn’t decide, {can} do.{named}"
        case "initiator":
            started = (
                "You started this run, and this flow" if request.run_id else "You asked this, and its policy"
            )
            return f"{started} doesn’t let people approve their own work. It can be decided by {who}."
        case "excluded":
            return "You are excluded from deciding this one."
        case "audience" if sheet.is_asked:
            return f"It was asked before you joined: {len(request.asked or ())} people vote on it."
        case "audience":
            return f"This asks {who}, not you."
        case "in line":
            return "It waits until one of its workers has room."
        case "claimed":
            return f"{request.claimed_by} has claimed it and can release it."
    return str(sheet.refused)


def following(flow: ChainableNode | None, request: HumanRequest) -> str | None:
    """Return the step that comes after a request's own, where the flow is a chain that says so."""
    first = (request.address or "").split("/")[0].split("[")[0]
    if not isinstance(flow, Chain) or not first:
        return None
    labels = [node.name or str(place) for place, node in enumerate(flow.nodes)]
    if first not in labels or labels.index(first) + 1 == len(labels):
        return None
    node = flow.nodes[labels.index(first) + 1]
    return node.name or " ".join(node.signature())

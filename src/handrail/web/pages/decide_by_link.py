"""The page behind a one-time link to decide: opening it shows what is asked and does nothing, its buttons act once."""

from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidDecision, NotAllowed, UnknownId
from handrail.requests.request import HumanRequest
from handrail.web.auth.door import face_of
from handrail.web.content.markdown import prose_html
from handrail.web.content.rendered import Rendered
from handrail.web.content.text import marked
from handrail.web.content.value import context_html, proposal_html
from handrail.web.decide_by_link import VERBS, Looked, Seen, TooLate, TooWeak, Used, decided, looked_at
from handrail.web.pages.render import render
from handrail.web.pages.visit import form_of

router = APIRouter()

DONE = {
    "approve": "approved it",
    "edit": "approved it with changes",
    "request_changes": "requested changes",
    "reject": "rejected it",
    "answer": "answered it",
    "abstain": "abstained",
}
BUTTONS = {Verb.APPROVE: "Approve", Verb.REQUEST_CHANGES: "Request changes", Verb.REJECT: "Reject"}


@router.get("/decide/{token}")
async def show(request: Request, token: str) -> Response:
    """Show what is asked. Looking does nothing: mail programs look, too."""
    try:
        return await _shown(request, await looked_at(face_of(request), token))
    except (NotAllowed, UnknownId) as error:
        return await _refused(request, error)


@router.post("/decide/{token}")
async def act(request: Request, token: str) -> Response:
    """Decide, once."""
    form = await form_of(request)
    verb, comment, seen = (_text(form, name) for name in ("verb", "comment", "seen"))
    face = face_of(request)
    try:
        found = await looked_at(face, token)
        if not isinstance(found, Looked):
            return await _shown(request, found, comment=comment)
        _check(Asked(found.request), verb, comment)
        done = await decided(face, token, Verb(verb), comment.strip() or None, seen)
    except (NotAllowed, UnknownId) as error:
        return await _refused(request, error)
    except InvalidDecision as error:
        problem = "; ".join(each.message for each in error.fields) or str(error)
        return await _shown(request, found, 422, problem=problem, comment=comment)
    if isinstance(done, Looked):
        asked = Asked(done.request)
        return await render(request, "decide_by_link.html", asked=asked, state="done", did=DONE[verb])
    return await _shown(request, done, comment=comment)


def _text(form: FormData, name: str) -> str:
    """Return a text that was posted, with the line ends that are stored."""
    value = form.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _check(asked: "Asked", verb: str, comment: str) -> None:
    """Raise `InvalidDecision` for what the page had no button for, and for a rejection without words."""
    if verb not in [str(each) for each in asked.verbs]:
        raise InvalidDecision("that can't be decided here: sign in and open the request")
    if verb == Verb.REJECT and not comment.strip():
        raise InvalidDecision("say why you reject it: whoever asked gets your words")


class Asked:
    """A request as the page of a link shows it."""

    def __init__(self, request: HumanRequest) -> None:
        self.request = request
        draft = request.draft
        self.title: Markup = marked(draft.title)
        self.proposal = proposal_html(draft.proposal)
        self.context = context_html(draft.context, without=frozenset())
        self.guideline: Rendered | None = prose_html(draft.guideline) if draft.guideline else None

    @property
    def is_whole(self) -> bool:
        """Whether all that was asked is shown."""
        parts = (self.proposal, self.context, self.guideline)
        return not any(part is not None and part.cut for part in parts)

    @property
    def verbs(self) -> dict[Verb, str]:
        """What the page has buttons for; nobody approves what they can't see whole."""
        return {
            verb: BUTTONS[verb]
            for verb in VERBS
            if verb in self.request.draft.verbs and (verb is not Verb.APPROVE or self.is_whole)
        }

    @property
    def needs_page(self) -> bool:
        """Whether there is more to decide than this page offers."""
        return not self.is_whole or any(verb not in VERBS for verb in self.request.draft.verbs)


async def _shown(request: Request, seen: Seen, status: int = 200, **values: Any) -> Response:
    """Return the page for what was found."""
    given = {"problem": "", "comment": "", **values}
    match seen:
        case Looked(person, asked):
            return await render(
                request,
                "decide_by_link.html",
                status,
                state="open",
                asked=Asked(asked),
                person=person,
                **given,
            )
        case Used(link):
            did = DONE.get(link.used_for or "", "decided")
            return await render(
                request, "decide_by_link.html", 410, state="used", asked=None, link=link, did=did
            )
        case TooWeak(request_id):
            return await render(
                request, "decide_by_link.html", 403, state="weak", asked=None, request_id=request_id
            )
        case TooLate(ended, conflict):
            return await render(
                request,
                "decide_by_link.html",
                409,
                state="late",
                asked=None,
                ended=ended,
                title=marked(ended.draft.title),
                did=DONE.get(ended.outcome.verb if ended.outcome else "", ""),
                told=str(conflict),
                **given,
            )


async def _refused(request: Request, error: NotAllowed | UnknownId) -> Response:
    """Return why a link does nothing."""
    return await render(request, "decide_by_link.html", 403, state="refused", asked=None, told=str(error))

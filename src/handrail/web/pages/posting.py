"""What was posted about a request: a verb with its words, an answer, or an edited version; and what is at fault."""

from dataclasses import dataclass, replace

from starlette.datastructures import FormData

from handrail.requests.content import JSON
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidDecision
from handrail.requests.request import HumanRequest
from handrail.web.form import Form, Posted, edit_form, read_edit
from handrail.web.form import build as build_form
from handrail.web.form import read as read_answer
from handrail.web.pages.shown import Typed

WORDS_NEEDED = {
    Verb.REJECT: "say why; whoever asked gets your words",
    Verb.REQUEST_CHANGES: "say what should change",
}
NOTHING_TYPED = Typed()
Fault = tuple[str, str, str]
"""the id of a field, what it is called, and what is wrong with it"""


@dataclass(frozen=True)
class Posting:
    """What somebody wants to send. `again`: not yet, the form is to be shown with an entry more or less."""

    verb: str
    seen: str | None
    comment: str | None = None
    payload: JSON = None
    problems: tuple[Fault, ...] = ()
    typed: Typed = NOTHING_TYPED
    again: bool = False
    is_edit: bool = False


def text(form: FormData, name: str) -> str:
    """Return a text that was posted, with the line ends that Python and JSON use."""
    value = form.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def read(request: HumanRequest, form: FormData) -> Posting:
    """Return what was posted about a request."""
    verb, comment = text(form, "verb"), text(form, "comment")
    base = Posting(verb, text(form, "seen") or None, comment.strip() or None)
    base = replace(base, typed=Typed(verb=verb, comment=comment), is_edit=bool(form.get("edit")))
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    if base.is_edit:
        found = _with_form(base, read_edit(request.draft.proposal, pairs, request.draft.proposal_schema))
        if not found.again and not found.problems and not found.payload:
            unchanged = (
                "edit",
                "Your version",
                "nothing is changed; approve it as it stands, or change something",
            )
            return replace(found, problems=(unchanged,))
        return found
    if Verb.ANSWER in request.draft.verbs and verb in (Verb.ANSWER, ""):
        return _with_form(base, read_answer(request.draft.response_schema or {}, pairs))
    if verb in WORDS_NEEDED and base.comment is None:
        return replace(base, problems=((f"say-{verb}", "Your words", WORDS_NEEDED[Verb(verb)]),))
    return base


def _with_form(base: Posting, posted: Posted) -> Posting:
    typed = replace(base.typed, form=posted.form, draft=posted.draft)
    if posted.action is not None or base.verb == "":
        return replace(base, typed=typed, again=True)
    if posted.problems:
        return replace(base, typed=typed, problems=_faults(posted.form))
    return replace(base, typed=typed, payload=posted.value)


def _faults(form: Form) -> tuple[Fault, ...]:
    return tuple((wrong.target, wrong.title or "Your answer", wrong.message) for wrong in form.wrong)


def misfit(request: HumanRequest, given: Posting, error: InvalidDecision) -> Posting:
    """Return what was posted with what the inbox says about it, each beside its field."""
    if given.typed.form is None:
        faults: tuple[Fault, ...] = tuple(
            (f"say-{given.verb}", field.path, field.message) for field in error.fields
        )
        return replace(given, problems=faults or (("title", "This decision", str(error)),))
    draft = request.draft
    if given.is_edit:
        form = edit_form(draft.proposal, draft.proposal_schema, error.fields, draft=given.typed.draft)
    else:
        form = build_form(draft.response_schema or {}, problems=error.fields, draft=given.typed.draft)
    elsewhere: tuple[Fault, ...] = (("title", "This decision", str(error)),)
    return replace(given, typed=replace(given.typed, form=form), problems=_faults(form) or elsewhere)

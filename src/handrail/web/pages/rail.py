"""The run so far, as posts on a rail: what was done, what waits now, what comes next."""

from dataclasses import dataclass
from datetime import datetime

from handrail.requests.decision import Verb
from handrail.requests.wording import count, label, lasting
from handrail.runs.journal import State
from handrail.runs.timeline import Post as Step
from handrail.web.pages.sheet import Remark, Sheet
from handrail.web.pages.words import clock, took

MOST = 12
"""posts; of a longer run the latest"""
STATES = {
    State.DONE: ("is-done", "done"),
    State.FAILED: ("is-blocked", "x"),
    State.STOPPED: ("is-ended", "stop"),
    State.WAITING: ("is-awaiting", "awaiting"),
    State.OPEN: ("is-doing", "doing"),
    State.BEGUN: ("is-doing", "doing"),
}


@dataclass(frozen=True, slots=True)
class Post:
    """One post: a status class, an icon, a word, when, and what there is to say."""

    look: str
    icon: str
    word: str
    when: str = ""
    about: str = ""


def posts(sheet: Sheet, now: datetime, following: str | None) -> list[Post]:
    """Return the posts of the run that asks; none for a request without a run."""
    if sheet.run is None:
        return []
    past = [_post(step) for step in sheet.steps if _is_told(step, sheet)]
    past += [_round(remark) for remark in sheet.remarks if remark.verb is Verb.REQUEST_CHANGES]
    if (earlier := sheet.earlier + max(0, len(past) - MOST)) > 0:
        past = [Post("is-done", "dots", f"{count(earlier, 'step')} before"), *past[-MOST:]]
    if sheet.request.ended:
        return past
    waited = lasting((now - sheet.request.opened_at).total_seconds())
    here = Post("is-awaiting now", "awaiting", "Waiting for a decision", waited)
    then = [Post("next", "todo", label(following), "next")] if following else []
    return [*past, here, *then]


def _round(remark: Remark) -> Post:
    """Return the post of a round that ended with a wish."""
    about = f"{remark.by}, revision {remark.revision}"
    return Post("is-revise", "revise", "Changes requested", clock(remark.at), about)


def _is_told(step: Step, sheet: Sheet) -> bool:
    """Whether a step is one that is over, and not what this page is about."""
    asks_this = step.request is not None and step.request.id == sheet.request.id
    return step.state not in (State.WAITING, State.OPEN) and not asks_this


def _post(step: Step) -> Post:
    look, icon = STATES[step.state]
    when = f"{step.at.astimezone():%H:%M}" if step.at else ""
    word = step.kind if step.name.isdigit() else step.name
    about = ", ".join(each for each in _about(step) if each != step.name)
    return Post(look, icon, label(word), when, about)


def _about(step: Step) -> list[str]:
    result = step.result if isinstance(step.result, dict) else {}
    found = [result["model"]] if isinstance(result.get("model"), str) and "usage" in result else []
    if (step.took or 0) >= 0.001:
        found.append(took(step.took))
    if isinstance(step.error, dict):
        found.append(str(step.error.get("kind", "failed")))
    return found

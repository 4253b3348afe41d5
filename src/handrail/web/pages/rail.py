"""The run so far, as posts on a rail: what was done, what waits now, what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.requests.decision import Verb
from handrail.web.pages.sheet import Remark, Sheet
from handrail.web.pages.words import clock, lasting, took

MOST = 12
"""posts; of a longer run the latest"""
STATES = {
    "done": ("is-done", "done"),
    "failed": ("is-blocked", "x"),
    "stopped": ("is-ended", "stop"),
    "waiting": ("is-awaiting", "awaiting"),
    "open": ("is-doing", "doing"),
    "begun": ("is-doing", "doing"),
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
    skipped = len(past) - MOST
    if skipped > 0:
        past = [Post("is-done", "dots", f"{skipped} steps before"), *past[-MOST:]]
    if sheet.request.ended:
        return past
    waited = lasting((now - sheet.request.opened_at).total_seconds())
    here = Post("is-awaiting now", "awaiting", "Waiting for a decision", waited)
    then = [Post("next", "todo", following, "next")] if following else []
    return [*past, here, *then]


def _round(remark: Remark) -> Post:
    """Return the post of a round that ended with a wish."""
    about = f"{remark.by}, revision {remark.revision}"
    return Post("is-revise", "revise", "Changes requested", clock(remark.at), about)


def _is_told(step: dict[str, Any], sheet: Sheet) -> bool:
    """Whether a step is one of the flow's own that is over; what lies inside a step is on the run's page."""
    if step["state"] in ("waiting", "open") or step["request_id"] == sheet.request.id:
        return False
    return "/" not in step["address"] and "[" not in step["address"]


def _post(step: dict[str, Any]) -> Post:
    look, icon = STATES[step["state"]]
    at = step["at"]
    when = f"{datetime.fromisoformat(at).astimezone():%H:%M}" if at else ""
    name = step["address"].rsplit("/", 1)[-1]
    word = step["kind"] if name.isdigit() else name
    return Post(look, icon, word, when, ", ".join(_about(step)))


def _about(step: dict[str, Any]) -> list[str]:
    result = step["result"] if isinstance(step["result"], dict) else {}
    found = [result["model"]] if isinstance(result.get("model"), str) and "usage" in result else []
    if (step["took"] or 0) >= 0.001:
        found.append(took(step["took"]))
    if isinstance(step["error"], dict):
        found.append(str(step["error"].get("kind", "failed")))
    return found

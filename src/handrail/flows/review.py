"""Several people judge one thing: all are asked at once, and it ends as soon as the result can't change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from handrail.flows.execution import Data
from handrail.flows.human import (
    Asking,
    HumanNode,
    Title,
    ask_people,
    carried_on,
    human_result,
    label,
    shown_part,
    silence,
    why_not,
)
from handrail.flows.share import check_share
from handrail.requests.decision import YES, Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.identifier import utc_text
from handrail.requests.judgement import counting
from handrail.requests.policy import GROUP, Audience, Fraction, OnTimeout, audience
from handrail.requests.request import HumanRequest
from handrail.requests.routing import outside


class MultiReviewerNode(HumanNode):
    """Ask several people for approval of `content`, or of the whole data where there is none.

    Args:
        reviewers: whom to ask: a list of names and `group:NAME`.
        approval_threshold: the share of those asked (0 to 1) that must approve; with 0 whoever speaks first ends it.
        timeout: seconds until the deadline; none by default.
        on_timeout: what silence comes to, as in `HumanApprovalNode`.
        title: what people see as the question, a text or a function of the data.
        audience: if given, every reviewer must belong to it. Where groups are involved that is seen when people are
            asked: a stranger fails the node.
        escalations, reminders, require, blind, guideline, effect, channels, priority: see `Asking`.

    The result is the data with `reviews` (`reviewer`, `approved`, `comments`, `timestamp` of those who answered, in the
    order of their decisions), `approval_rate` (approvals / reviewers asked), `approved`, `total_reviewers`, and
    `decided_by`, `timestamp`, `comment`, `request_id`. Not approved, it has a `reason`; after a timeout that is
    `"timeout"`, beside `timeout_seconds`, and what `on_timeout` says counts, not the rate. Raises `InvalidInput` for
    reviewers or a threshold that can't be meant.

    >>> board = MultiReviewerNode(["alice", "bob", "carol"], approval_threshold=0.66)
    >>> board.policy.quorum
    Fraction(share=0.66, kind='fraction')
    """

    repeatable = True

    def __init__(
        self,
        reviewers: Sequence[str],
        approval_threshold: float = 0.5,
        *,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        name: str | None = None,
        title: Title | None = None,
        **asking: Unpack[Asking],
    ) -> None:
        if "quorum" in asking:
            raise InvalidInput("MultiReviewerNode takes approval_threshold=... instead of quorum=...")
        self.reviewers = check_reviewers(reviewers)
        self.approval_threshold = check_share(approval_threshold, "approval_threshold")
        limit = None if asking.get("audience") is None else audience(asking["audience"])
        options: Asking = {**asking, "audience": _asked(self.reviewers, limit)}
        super().__init__(name=name, title=title, timeout=timeout, on_timeout=on_timeout, **options)
        self.policy = replace(self.policy, quorum=Fraction(self.approval_threshold), within=limit)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Ask, and add what the reviewers said to the data."""
        draft = self.draft(
            "review",
            self.title_for(data, label(data, "Review", "Review required")),
            shown_part(data, "content"),
            (Verb.APPROVE, Verb.REJECT),
        )
        request = await ask_people(draft)
        return {**carried_on(data), **review_result(request), **silence(request, self.timeout)}


def check_reviewers(reviewers: Any) -> tuple[str, ...]:
    """Return the reviewers or raise `InvalidInput`."""
    if isinstance(reviewers, str):
        raise InvalidInput(f"reviewers={reviewers!r} is one text: give a list, [{reviewers!r}]")
    if not isinstance(reviewers, Sequence):
        raise InvalidInput(f"reviewers are a list of names and 'group:NAME', not {type(reviewers).__name__}")
    for name in reviewers:
        if not isinstance(name, str) or not name.removeprefix(GROUP).strip():
            raise InvalidInput("a reviewer is a name or 'group:NAME', no empty text and nothing else")
    if not reviewers:
        raise InvalidInput("there are no reviewers: name at least one")
    if twice := [name for name in reviewers if reviewers.count(name) > 1]:
        raise InvalidInput(f"reviewer {twice[0]!r} is named twice: everybody has one vote")
    return tuple(reviewers)


def _asked(reviewers: Sequence[str], limit: Audience | None) -> Audience:
    """Return whom to ask; raises `InvalidInput` for a stranger, as far as that can be seen without knowing groups."""
    asked = audience(reviewers)
    if limit is None:
        return asked
    may_belong = limit.is_open or bool(limit.groups)
    for name in asked.users:
        if name in limit.excluded or not (may_belong or name in limit.users):
            raise InvalidInput(outside(name, limit))
    return replace(asked, excluded=limit.excluded, not_initiator=limit.not_initiator)


def review_result(request: HumanRequest) -> Data:
    """Return what a review adds to the data."""
    votes = counting(request)
    asked = len(request.asked or votes)
    approvals = sum(vote.verb in YES for vote in votes)
    approved = request.outcome is not None and request.outcome.approved
    return {
        "reviews": [
            {
                "reviewer": vote.actor,
                "approved": vote.verb in YES,
                "comments": vote.comment or "",
                "timestamp": utc_text(vote.at),
            }
            for vote in votes
        ],
        "approval_rate": approvals / asked if asked else 0.0,
        "approved": approved,
        "total_reviewers": asked,
        **human_result(request),
        **({} if approved else {"reason": why_not(request)}),
    }

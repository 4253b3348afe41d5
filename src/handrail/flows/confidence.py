"""A person where the machine isn't sure: whoever can't say how sure it is isn't."""

from typing import Unpack

from handrail.flows.execution import Data
from handrail.flows.human import (
    Asking,
    HumanNode,
    Title,
    ask_people,
    carried_on,
    edited_part,
    human_result,
    label,
    shown_part,
    silence,
    why_not,
)
from handrail.flows.share import check_share, is_share
from handrail.requests.content import content_hash
from handrail.requests.decision import Verb
from handrail.requests.policy import OnTimeout
from handrail.requests.request import HumanRequest

VERDICTS = ("auto_approved", "human_approved", "human_corrected", "human_reviewed", "rejected")
"""what an earlier check in the data may have said"""


class SmartHITLNode(HumanNode):
    """Ask a person unless `confidence` is high enough.

    Args:
        confidence_threshold: from this confidence (0 to 1) on nobody is asked.
        timeout: seconds until the deadline; none by default.
        on_timeout: what silence comes to, as in `HumanApprovalNode`.
        title: what people see as the question, a text or a function of the data.
        audience, quorum, escalations, reminders, require, guideline, effect, channels, priority: see `Asking`.

    A confidence that is missing or no number from 0 to 1 is a reason to ask. `unsure`, a list of
    `{"text": ..., "reason": ...}`, names passages of the content that people are pointed at. The result is the
    data with

    * `auto_approved`: the confidence was high enough;
    * `human_approved` and `confidence` 1.0: a person approved;
    * `human_corrected`, `confidence` 1.0 and the edited keys: a person corrected it;
    * `rejected`, `human_reviewed` (whether a person said so) and `reason`.

    Where people were asked also with `decided_by`, `timestamp`, `comment`, `request_id`. After a timeout `reason` is
    `"timeout"` and `human_reviewed` False, beside `timeout_seconds`; with `on_timeout="approve"` it is `auto_approved`,
    and the confidence stays what it was. Raises `InvalidInput` for a threshold outside 0 to 1.

    >>> check = SmartHITLNode(confidence_threshold=0.8, audience="group:editors")
    >>> check.why_ask({"content": "technology", "confidence": 0.42})
    'confidence 0.42 is under 0.8'
    """

    def __init__(
        self,
        confidence_threshold: float = 0.7,
        *,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        name: str | None = None,
        title: Title | None = None,
        **asking: Unpack[Asking],
    ) -> None:
        super().__init__(name=name, title=title, timeout=timeout, on_timeout=on_timeout, **asking)
        self.confidence_threshold = check_share(confidence_threshold, "confidence_threshold")

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Ask if need be, and add what came out."""
        data = {key: value for key, value in carried_on(data).items() if key not in VERDICTS}
        if (why := self.why_ask(data)) is None:
            return {**data, "auto_approved": True}
        known = {key: data[key] for key in ("confidence", "unsure") if key in data}
        draft = self.draft(
            "confidence",
            self.title_for(data, label(data, "Check", "Check this result")),
            shown := shown_part(data, "content"),
            (Verb.APPROVE, Verb.EDIT, Verb.REJECT),
            context={**known, "threshold": self.confidence_threshold, "why": why},
        )
        request = await ask_people(draft)
        return {
            **data,
            **_checked(request, shown),
            **human_result(request),
            **silence(request, self.timeout),
        }

    def why_ask(self, data: Data) -> str | None:
        """Return why a person has to be asked about this data, or None if nobody has to."""
        confidence = data.get("confidence")
        if confidence is None:
            return "there is no confidence"
        if not is_share(confidence):
            return "the confidence is no number from 0 to 1"
        if confidence < self.confidence_threshold:
            return f"confidence {confidence} is under {self.confidence_threshold}"
        return None


def _checked(request: HumanRequest, proposed: Data) -> Data:
    """Return what the outcome means for the data."""
    outcome = request.outcome
    by_people = outcome is not None and outcome.cause == "decision"
    if outcome is None or not outcome.approved:
        return {"rejected": True, "human_reviewed": by_people, "reason": why_not(request)}
    result = edited_part(request)
    if not by_people:
        return {**result, "auto_approved": True, "human_reviewed": False}
    # Where votes are counted an edit is followed by a revision: what is approved there is a correction too.
    corrected = outcome.verb is Verb.EDIT or content_hash(result) != content_hash(proposed)
    return {**result, "confidence": 1.0, "human_corrected" if corrected else "human_approved": True}

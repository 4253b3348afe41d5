"""A person before the next step: approve, approve with changes, or reject."""

from typing import Literal, Unpack

from handrail.flows.execution import Data, Stopped
from handrail.flows.human import (
    NOTHING,
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
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import OnTimeout
from handrail.requests.request import HumanRequest


class HumanApprovalNode(HumanNode):
    """Ask for approval of `content`, or of the whole data where there is none.

    Args:
        timeout: seconds until the deadline; none by default.
        on_timeout: what silence comes to: `"reject"`, `"approve"`, `"escalate"`, `outcome(...)`, or None to expire.
        on_reject: `"continue"` passes `approved: False` on, `"stop"` ends the whole run with this result.
        title: what people see as the question, a text or a function of the data.
        audience, quorum, escalations, reminders, require, guideline, effect, channels, priority: see `Asking`.

    The result is the data with `approved`, `decided_by`, `timestamp`, `comment` and `request_id`; edited keys are
    replaced. Not approved, it has a `reason`; after a timeout that is `"timeout"`, beside `timeout_seconds`.

    >>> from handrail import FunctionNode
    >>> flow = HumanApprovalNode(timeout=3600) | FunctionNode(lambda x: {"published": x["approved"]})
    """

    repeatable = True

    def __init__(
        self,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        on_reject: Literal["continue", "stop"] = "continue",
        *,
        name: str | None = None,
        title: Title | None = None,
        **asking: Unpack[Asking],
    ) -> None:
        super().__init__(name=name, title=title, timeout=timeout, on_timeout=on_timeout, **asking)
        if on_reject not in ("continue", "stop"):
            raise InvalidInput(f"on_reject={on_reject!r}: use 'continue' or 'stop'")
        self.on_reject = on_reject

    def check_input(self, data: Data) -> None:
        """Raise `InvalidInput` where there is nothing to show; a run that begins with that would only fail."""
        if not data and type(self).execute is HumanApprovalNode.execute:  # a subclass may show what it likes
            raise InvalidInput(NOTHING)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Ask, and add the decision to the data."""
        return settled(self, await asked(self, data))


async def asked(node: HumanApprovalNode, data: Data) -> Data:
    """Ask, and return the data with the decision."""
    draft = node.draft(
        "approval",
        node.title_for(data, label(data, "Approve", "Approval required")),
        shown_part(data, "content"),
        (Verb.APPROVE, Verb.EDIT, Verb.REJECT),
    )
    request = await ask_people(draft)
    return {**carried_on(data), **approval_result(request), **silence(request, node.timeout)}


def settled(node: HumanApprovalNode, result: Data) -> Data:
    """Return the result, or end the run with it where a no is to do that."""
    if not result["approved"] and node.on_reject == "stop":
        raise Stopped(result)
    return result


def approval_result(request: HumanRequest) -> Data:
    """Return what a decision about approval adds to the data."""
    approved = request.outcome is not None and request.outcome.approved
    reason = {} if approved else {"reason": why_not(request)}
    return {**edited_part(request), "approved": approved, **human_result(request), **reason}

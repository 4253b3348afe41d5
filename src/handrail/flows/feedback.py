"""A draft, what a person says about it, a revision, until it is right: each round is a revision of one thread."""

from typing import TYPE_CHECKING, Any, Unpack

from handrail.flows.execution import Data
from handrail.flows.human import (
    Asking,
    HumanNode,
    Title,
    ask_people,
    carried_on,
    edited_part,
    human_result,
    shown_part,
    why_not,
)
from handrail.flows.llm import LLMNode
from handrail.flows.node import ChainableNode
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import OnTimeout
from handrail.requests.request import HumanRequest

if TYPE_CHECKING:
    from handrail.flows.llm import Model

DONE = ("approved", "rejected", "max_iterations_reached")


class FeedbackNode(HumanNode):
    """Ask for a verdict on `output` (or `content`): approve, edit, request changes, reject.

    Args:
        max_iterations: how many rounds are asked; then the result is `max_iterations_reached` without asking.
        title, timeout, on_timeout and what follows: as in `HumanApprovalNode`.

    The result is the data with `status`: `approved` or `rejected` (with `iterations`, and `final_output` if approved),
    `needs_revision` (with `feedback` and the next `iteration`) or `max_iterations_reached`.
    """

    repeatable = True

    def __init__(
        self,
        max_iterations: int = 3,
        *,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        name: str | None = None,
        title: Title | None = None,
        **asking: Unpack[Asking],
    ) -> None:
        super().__init__(name=name, title=title, timeout=timeout, on_timeout=on_timeout, **asking)
        self.max_iterations = check_iterations(max_iterations)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Ask, and add the verdict to the data."""
        shown = shown_part(data, "output", "content")
        iteration = data.get("iteration", 0)
        if isinstance(iteration, bool) or not isinstance(iteration, int) or iteration < 0:
            raise InvalidInput("iteration is the number of rounds so far: a whole number from 0")
        if iteration >= self.max_iterations:
            final = _output(data, shown)
            return {
                **data,
                "final_output": final,
                "iterations": iteration,
                "status": "max_iterations_reached",
            }
        default = f"Review the draft (round {iteration + 1} of {self.max_iterations})"
        draft = self.draft(
            "feedback",
            self.title_for(data, default),
            shown,
            (Verb.APPROVE, Verb.EDIT, Verb.REQUEST_CHANGES, Verb.REJECT),
            context={"previous_feedback": data["feedback"]} if iteration and data.get("feedback") else {},
            previous=data.get("request_id") if iteration else None,
        )
        return _verdict(data, await ask_people(draft), iteration)


def _verdict(data: Data, request: HumanRequest, iteration: int) -> Data:
    result = {**carried_on(data), **human_result(request)}
    outcome = request.outcome
    if outcome is not None and outcome.verb is Verb.REQUEST_CHANGES:
        return {**result, "feedback": outcome.comment, "iteration": iteration + 1, "status": "needs_revision"}
    if outcome is not None and outcome.approved:
        edited = edited_part(request)
        return {
            **result,
            **edited,
            "final_output": _output(data, edited),
            "status": "approved",
            "iterations": iteration + 1,
        }
    return {**result, "status": "rejected", "reason": why_not(request), "iterations": iteration + 1}


def _output(data: Data, shown: Data) -> Any:
    """Return the thing itself where it has a key of its own, else all of it."""
    for key in ("output", "content"):
        if key in shown and len(shown) == 1:
            return shown[key]
    return shown


def check_iterations(count: int) -> int:
    """Return the number of rounds or raise `InvalidInput`."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidInput(f"max_iterations={count!r}: give a whole number from 1")
    return count


REVISION_PROMPT = """Original content:
{original}

User feedback:
{feedback}

Revise the content based on the feedback. Answer with the revised content only."""


class RevisionNode(ChainableNode):
    """Let a model revise `output` according to `feedback`; data that needs no revision passes unchanged.

    Args:
        llm: the model: an `LLMNode`, another node `{"prompt"} -> {"content"}`, or whatever `LLMNode(model=...)` takes.

    The result has the new `output` and the `previous_version`.
    """

    def __init__(self, llm: "ChainableNode | Model | None" = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.llm = llm if isinstance(llm, ChainableNode) else LLMNode(llm)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Revise, if that is asked for."""
        if data.get("status") != "needs_revision":
            return data
        key = "output" if "output" in data or "content" not in data else "content"
        original = data.get(key, "")
        prompt = REVISION_PROMPT.format(original=original, feedback=data.get("feedback", ""))
        revised = await self.llm.execute({"prompt": prompt})
        return {**data, key: revised["content"], "previous_version": original}


class FeedbackLoop(ChainableNode):
    """Ask, revise, ask again, until a person approves or rejects or the rounds are used up.

    Args:
        revise: what makes a new version out of `{"status": "needs_revision", "output", "feedback"}`; by default
            `RevisionNode(llm)`.
        llm: as in `RevisionNode`.
        max_iterations, title, timeout, on_timeout and what follows: as in `FeedbackNode`.

    The result is that of the last `FeedbackNode`.

    >>> from handrail import LLMNode
    >>> flow = LLMNode(model="gpt-4o") | FeedbackLoop(llm="gpt-4o", max_iterations=3)
    """

    repeatable = True

    def __init__(
        self,
        revise: ChainableNode | None = None,
        *,
        llm: "ChainableNode | Model | None" = None,
        max_iterations: int = 3,
        name: str | None = None,
        **review: Any,
    ) -> None:
        super().__init__(name=name)
        if revise is not None and llm is not None:
            raise InvalidInput("FeedbackLoop takes revise=... or llm=..., not both")
        self.feedback = FeedbackNode(max_iterations, **review)
        self.revise = revise or RevisionNode(llm)

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Loop until there is a verdict."""
        while True:
            data = await self.feedback.execute(data)
            if data["status"] in DONE:
                return data
            data = await self.revise.execute(data)

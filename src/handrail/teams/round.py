"""What one round of an agent comes to: a result or an obstacle, what was worked in, what was said, what it has used."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from handrail.requests.content import JSON


def round_id(run_id: str, task: str, number: int) -> str:
    """Return the id of the child run that does a round."""
    return f"{run_id}/{task}/{number}"


@dataclass(frozen=True)
class CallUsage:
    """What one call of a model has used; `cost` in dollars as decimal text, None if nobody knows the price."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: str | None = None
    model: str = ""


@dataclass(frozen=True)
class RoundEnd:
    """How a round has ended, as the result of its run keeps it."""

    result: JSON = None
    blocked: str | None = None
    """what keeps the agent from going on"""
    worked_in: int = 0
    """up to which number feedback was given to the model"""
    usage: Sequence[CallUsage] = ()
    """of each call of the model, in order"""
    messages: Sequence[JSON] = ()
    """what was said between agent and model in this round"""

    def write(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "usage": [asdict(one) for one in self.usage], "messages": list(self.messages)}

    @classmethod
    def read(cls, data: dict[str, Any]) -> "RoundEnd":
        """Return what the result of a run holds."""
        return cls(**{**data, "usage": tuple(CallUsage(**one) for one in data["usage"])})

"""What a model answers in one turn: text, or calls of tools; and what it has used.

A conversation is a list of JSON messages, the same for every model: `role` is system, user, assistant or tool,
`content` is text. An assistant's message may have `calls` (`id`, `tool`, `arguments`), and `native`, the answer as its
provider wrote it; a tool's message has the `name` and `id` of the call that it answers.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from handrail.requests.content import encode
from handrail.requests.errors import PayloadTooLarge
from handrail.teams.round import CallUsage

Message = dict[str, Any]

STEP = "model"
"""the name of the step that a call of a model is"""


@dataclass(frozen=True)
class Manual:
    """What a model is told of a tool; `schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One answer of a model."""

    message: Message
    usage: CallUsage = field(default_factory=CallUsage)
    cut_off: bool = False
    """whether it ends where the provider allowed no more tokens"""
    too_large: bool = False
    """whether it was over 1 MiB, so that nothing of it is kept"""

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The tools that the model wants to be called, in order."""
        return list(self.message.get("calls", ()))

    def write(self) -> dict[str, Any]:
        """Return it as JSON of at most 1 MiB: without the provider's own form if need be, or without any."""
        for kept in (self.message, {key: self.message[key] for key in self.message if key != "native"}):
            turn = {**asdict(self), "message": kept}
            if _fits(turn):
                return turn
        return {**asdict(self), "message": {}, "too_large": True}

    @classmethod
    def read(cls, data: dict[str, Any]) -> "Turn":
        """Return what a step has kept."""
        return cls(**{**data, "usage": CallUsage(**data["usage"])})


def _fits(turn: dict[str, Any]) -> bool:
    try:
        encode(turn, "the answer of the model")
    except PayloadTooLarge:
        return False
    return True


def said(content: str, calls: Sequence[dict[str, Any]] = (), **more: Any) -> Message:
    """Return the message of a model that said `content` and wants `calls`."""
    return {"role": "assistant", "content": content, **({"calls": list(calls)} if calls else {}), **more}


def pending(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the calls at the end of a conversation that have no answer yet; they are answered in order."""
    for answered, message in enumerate(reversed(messages)):
        if message["role"] != "tool":
            return list(message.get("calls", [])[answered:])
    return []

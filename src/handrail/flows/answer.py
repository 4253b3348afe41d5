"""What a language model answers, whole or in pieces, and the type it has to fit.

The pieces are for showing only: they are not journaled, and what goes wrong in showing them costs no answer.
"""

import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from handrail.flows.execution import current
from handrail.requests.content import JSON
from handrail.requests.errors import InvalidFlow, ModelError

logger = logging.getLogger(__name__)

Message = dict[str, str]
"""`{"role": "system" | "user" | "assistant", "content": text}`"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, which one it was and what it used."""

    content: JSON
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 1

    @property
    def usage(self) -> dict[str, int]:
        """What it used, as results show it."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "requests": self.requests,
        }


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """A piece of an answer while it comes.

    Every attempt begins with `restart`: clear what an earlier one showed. Each `chunk` brings more `text`.
    `run_id` and `address` say which node of which run it belongs to.
    """

    kind: Literal["restart", "chunk"]
    text: str
    run_id: str | None
    address: str | None


OnStream = Callable[[StreamEvent], Awaitable[None] | None]


class Listener:
    """Whoever wants to see an answer while it comes, or nobody."""

    def __init__(self, on_stream: OnStream | None) -> None:
        self._on_stream = on_stream

    @property
    def listens(self) -> bool:
        """Whether there is anybody."""
        return self._on_stream is not None

    async def restart(self) -> None:
        """Say that an attempt begins."""
        await self._tell("restart", "")

    async def chunk(self, text: str) -> None:
        """Hand on a piece of the answer."""
        if text:
            await self._tell("chunk", text)

    async def _tell(self, kind: Literal["restart", "chunk"], text: str) -> None:
        if self._on_stream is None:
            return
        run = current()
        event = StreamEvent(kind, text, run.run_id if run else None, run.address if run else None)
        try:
            told = self._on_stream(event)
            if inspect.isawaitable(told):
                await told
        except Exception:
            # A display that breaks must not cost an answer that is paid for; it gets nothing more of it.
            logger.exception("on_stream failed in run %s at %s", event.run_id, event.address)
            self._on_stream = None


class Shape:
    """The type an answer has to fit: plain text, or whatever pydantic can validate."""

    def __init__(self, output: Any) -> None:
        self.type = output
        self.plain = output in (None, str)
        self.name = getattr(output, "__name__", str(output))
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(str if self.plain else output)
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            raise InvalidFlow(
                f"output={self.name}: give a pydantic model, a dataclass or another type"
            ) from error

    def as_json(self, value: Any) -> JSON:
        """Return a validated object as JSON."""
        return self._adapter.dump_python(value, mode="json")

    def fit(self, answer: str | dict[str, Any]) -> JSON:
        """Return what a model function returned, as JSON; raises `ModelError` with pydantic's complaint."""
        if self.plain:
            return answer
        try:
            return self.as_json(self._validated(answer))
        except ValidationError as error:
            raise ModelError(f"the model's answer doesn't fit {self.name}: {complaint(error)}") from None

    def _validated(self, answer: str | dict[str, Any]) -> Any:
        if isinstance(answer, str) and _is_json(answer):
            return self._adapter.validate_json(answer)
        return self._adapter.validate_python(answer)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def complaint(error: ValidationError) -> str:
    """Say where and what, without the values: they are content."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = [": ".join(filter(None, [".".join(map(str, each["loc"])), each["msg"]])) for each in problems[:5]]
    return "; ".join([*told, *(["…"] if len(problems) > 5 else [])])

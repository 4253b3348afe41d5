"""A language model as a node: `{"prompt"}` or `{"messages"}` in, `{"content", "model", "usage"}` out.

A real model is called through pydantic-ai, which is imported only then; a function can stand in for it.
Attempts are counted, spaced and waited for by the journal, durably; nothing below repeats a call on its own.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Union, cast

from handrail.flows import scripted
from handrail.flows.answer import Answer, Listener, Message, OnStream, Shape
from handrail.flows.execution import Data
from handrail.flows.function import refuse_timeout
from handrail.flows.node import ChainableNode
from handrail.flows.scripted import ModelFunction
from handrail.requests.errors import InvalidFlow, InvalidInput, ModelRefused

if TYPE_CHECKING:
    import pydantic_ai.models

Model = Union[str, "pydantic_ai.models.Model", ModelFunction]
"""A name, a model of pydantic-ai, or a function that stands in for one."""

TAKES = (
    'LLMNode takes {"prompt": text}, optionally with "system", or {"messages": [{"role", "content"}, ...]}'
)
ROLES = ("system", "user", "assistant")


class LLMNode(ChainableNode):
    """Ask a language model, and add its answer to the data.

    Args:
        model: a name (`"gpt-4o"` is OpenAI's, others as pydantic-ai spells them: `"anthropic:claude-..."`), a
            pydantic-ai `Model`, or a function `f(messages) -> str | dict`, sync or async, or an async
            generator of pieces of text. By default what `HANDRAIL_MODEL` says when the node is executed, else
            `"gpt-4o"`. With `OPENAI_BASE_URL` a name without a provider means the chat completions API there,
            key or not.
        system: instructions that come before the prompt. `"system"` in the data replaces them, and so do
            `messages` that begin with a system message.
        output: a type the answer has to fit (a pydantic model, a dataclass, ...); `content` is then its JSON.
            A real model may correct an answer that doesn't fit once in each attempt (`requests` counts both).
        on_stream: called with each `StreamEvent`, sync or async, in the event loop: it should return quickly.
            With `output` there is only `restart`. What it raises is logged, and ends the stream only.
        settings: pydantic-ai's model settings (`{"temperature": 0, "max_tokens": 500, "timeout": 60}`), the
            timeout in seconds; a function doesn't see them.
        retries, backoff: how often a failed attempt is repeated, after how many seconds (they double; longer
            where the server asks for it). The run waits durably.
        name, attempt_timeout, on_interrupt: as in `ChainableNode`.

    The result is the data without `messages`, with `content` (text, or JSON with `output`), `model` (which
    one answered) and `usage` (`input_tokens`, `output_tokens`, `requests`).

    Raises `InvalidInput` for data without a prompt, `ModelError` when the model doesn't answer, and
    `ModelRefused`, at once, when another attempt won't help.

    >>> draft = LLMNode("gpt-4o", system="You write for children.", settings={"temperature": 0.2})
    >>> scripted = LLMNode(lambda messages: messages[-1]["content"].title(), name="draft")
    """

    def __init__(
        self,
        model: Model | None = None,
        *,
        system: str | None = None,
        output: Any = None,
        on_stream: OnStream | None = None,
        settings: dict[str, Any] | None = None,
        name: str | None = None,
        retries: int = 2,
        backoff: float = 1.0,
        attempt_timeout: float | None = None,
        on_interrupt: Literal["retry", "ask"] = "retry",
    ) -> None:
        super().__init__(
            name=name,
            retries=retries,
            backoff=backoff,
            attempt_timeout=attempt_timeout,
            on_interrupt=on_interrupt,
        )
        if is_function(model) and not scripted.streams(cast(ModelFunction, model)):
            refuse_timeout(cast(ModelFunction, model), attempt_timeout)
        self.model = model
        self.system = system
        self.shape = Shape(output)
        self.on_stream = on_stream
        self.settings = dict(settings or {})

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Ask the model."""
        messages = messages_of(data, self.system)
        listener = Listener(self.on_stream)
        await listener.restart()
        answer = await self._answer(messages, listener)
        kept = {key: value for key, value in data.items() if key != "messages"}
        return {**kept, "content": answer.content, "model": answer.model, "usage": answer.usage}

    async def _answer(self, messages: list[Message], listener: Listener) -> Answer:
        if is_function(self.model):
            return await scripted.answer(cast(ModelFunction, self.model), messages, self.shape, listener)
        # Importing takes most of a second: in a thread it doesn't hold up the runs beside this one.
        answer = await asyncio.to_thread(_load)
        return await answer(self.model or default_model(), messages, self.shape, self.settings, listener)

    def check_input(self, data: Data) -> None:
        if type(self).execute is LLMNode.execute:  # a subclass may make the prompt itself
            messages_of(data, self.system)


def messages_of(data: Data, system: str | None = None) -> list[Message]:
    """Return the messages that the data says, or raise `InvalidInput` saying what it takes."""
    system = data.get("system", system)
    if system is not None and not isinstance(system, str):
        raise InvalidInput(f'"system" is {type(system).__name__}, not text. {TAKES}')
    match data:
        case {"prompt": _, "messages": _}:
            raise InvalidInput(f'there is both "prompt" and "messages". {TAKES}')
        case {"prompt": str(prompt)} if prompt.strip():
            messages = [{"role": "user", "content": prompt}]
        case {"prompt": prompt}:
            what = "empty" if isinstance(prompt, str) else type(prompt).__name__
            raise InvalidInput(f'"prompt" is {what}, not text. {TAKES}')
        case {"messages": list(given)} if given:
            messages = [_message(place, message) for place, message in enumerate(given)]
        case {"messages": _}:
            raise InvalidInput(f'"messages" is not a list with a message in it. {TAKES}')
        case _:
            raise InvalidInput(f"there is nothing to ask the model. {TAKES}")
    if messages[-1]["role"] != "user":
        raise InvalidInput(f"the last message is what the model answers: its role is 'user'. {TAKES}")
    if system and messages[0]["role"] != "system":
        messages = [{"role": "system", "content": system}, *messages]
    return messages


def _message(place: int, message: Any) -> Message:
    match message:
        case {"role": str(role), "content": str(content)} if role in ROLES:
            return {"role": role, "content": content}
    raise InvalidInput(f"messages[{place}] needs a role ({', '.join(ROLES)}) and content (text). {TAKES}")


def check_model(model: Model | None) -> Model | None:
    """Return what can be a model; raises `InvalidFlow` for what can't."""
    is_function(model)
    return model


def is_function(model: Any) -> bool:
    """Whether a function stands in for a model; raises `InvalidFlow` for what can't be a model at all."""
    if model is None or (isinstance(model, str) and model.strip()):
        return False
    models = sys.modules.get("pydantic_ai.models")  # not imported: then it can't be one of its models
    if models is not None and isinstance(model, models.Model):
        return False
    if callable(model) and not isinstance(model, type):
        return True
    told = model.__name__ if isinstance(model, type) else f"{type(model).__name__} {model!r:.40}"
    raise InvalidFlow(f"model={told}: give a name, a pydantic-ai model or a function f(messages) -> str")


def default_model() -> str:
    """Return the name of the model where none is given."""
    return os.environ.get("HANDRAIL_MODEL") or "gpt-4o"


@contextmanager
def further_packages() -> Iterator[None]:
    """Raise `ModelRefused`, saying what to install, where an import in here lacks it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("pydantic_ai", "openai"):
            raise ModelRefused("a model needs further packages: pip install 'handrail[llm]'") from error
        raise


def _load() -> Callable[..., Awaitable[Answer]]:
    with further_packages():
        from handrail.flows.provider import answer
    return answer

"""Real language models, through pydantic-ai. Imported only when one is called: it takes most of a second.

A call opens its HTTP client and closes it again, so it works in any event loop. The clients' own retries are
off. Errors say what to do; what the provider said may hold content, so it goes to the log at level DEBUG.
"""

import logging
import os
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from openai import OpenAIError
from pydantic_ai import Agent, ModelSettings
from pydantic_ai.exceptions import AgentRunError, FallbackExceptionGroup, UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers import infer_provider_class
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RunUsage

from handrail.flows.answer import Answer, Listener, Message, Shape
from handrail.flows.refusal import refusal
from handrail.requests.errors import ModelRefused

os.environ.setdefault("PYDANTIC_AI_NO_BANNER", "1")  # nobody who runs a flow asked for one

logger = logging.getLogger(__name__)

OPENAI = "https://api.openai.com/v1"
NO_KEY = (
    "there is no key for OpenAI: set OPENAI_API_KEY, or OPENAI_BASE_URL and HANDRAIL_MODEL for a local server"
)


async def answer(
    model: str | Model, messages: list[Message], shape: Shape, settings: dict[str, Any], listener: Listener
) -> Answer:
    """Call the model once; raises `ModelError`, or `ModelRefused` if another attempt won't help."""
    asked = find_model(model)
    *history, last = messages
    ask = _stream if shape.plain and listener.listens else _ask
    try:
        async with asked:
            agent: Agent[object, Any] = Agent(
                asked,
                output_type=str if shape.plain else shape.type,
                model_settings=own_settings(asked, settings),
                retries={"output": 1, "tools": 0},
            )
            return await ask(agent, last["content"], _history(history), shape, listener)
    except (AgentRunError, UserError, FallbackExceptionGroup) as error:
        logger.debug("model %s failed", asked.model_name, exc_info=error)
        raise refusal(error, asked.model_name, server_of(asked), shape.name) from None


async def _ask(
    agent: Agent[object, Any], prompt: str, history: list[ModelMessage], shape: Shape, listener: Listener
) -> Answer:
    result = await agent.run(prompt, message_history=history)
    return _answer(shape.as_json(result.output), result.response, result.usage)


async def _stream(
    agent: Agent[object, Any], prompt: str, history: list[ModelMessage], shape: Shape, listener: Listener
) -> Answer:
    async with agent.run_stream(prompt, message_history=history) as result:
        async for piece in result.stream_text(delta=True, debounce_by=None):
            await listener.chunk(piece)
        return _answer(await result.get_output(), result.response, result.usage)


def _answer(content: Any, response: ModelResponse, usage: RunUsage) -> Answer:
    name = response.model_name or ""
    return Answer(content, name, usage.input_tokens, usage.output_tokens, usage.requests)


def _history(messages: list[Message]) -> list[ModelMessage]:
    parts: dict[str, Callable[[str], ModelMessage]] = {
        "system": lambda text: ModelRequest(parts=[SystemPromptPart(text)]),
        "user": lambda text: ModelRequest(parts=[UserPromptPart(text)]),
        "assistant": lambda text: ModelResponse(parts=[TextPart(text)]),
    }
    return [parts[message["role"]](message["content"]) for message in messages]


def own_settings(model: Model, settings: dict[str, Any]) -> ModelSettings:
    """The given settings; a client that retries on its own is told not to."""
    own = {} if "max_retries" in model.unsupported_settings else {"max_retries": 0}
    return cast(ModelSettings, {**own, **settings})


def find_model(model: str | Model) -> Model:
    """Return the model that a name means, or raise `ModelRefused` saying what is missing."""
    if isinstance(model, Model):
        return model
    try:
        return _openai(model) if _means_openai(model) else infer_model(model)
    except (UserError, OpenAIError) as error:  # what isn't set
        raise ModelRefused(f"model {model!r} can't be called: {error}") from error
    except ImportError as error:
        raise ModelRefused(f"model {model!r} needs a further package: {error}") from error


def _means_openai(name: str) -> bool:
    """Whether a name has no provider before it; local servers have models such as `qwen3:8b`."""
    provider, colon, _ = name.partition(":")
    if not colon or provider == "ft":
        return True
    try:
        infer_provider_class(provider)
    except ValueError:
        return bool(os.environ.get("OPENAI_BASE_URL"))
    return False


def _openai(name: str) -> Model:
    key, address = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
    if address:
        if urlsplit(address).scheme not in ("http", "https"):
            raise ModelRefused(
                "OPENAI_BASE_URL is no address: set it to http://host:port/v1, as the server says"
            )
        return OpenAIChatModel(name, provider=OpenAIProvider(address, key or "no-key-is-set"))
    if not key:
        raise ModelRefused(NO_KEY)
    return OpenAIResponsesModel(name, provider=OpenAIProvider(OPENAI, key))


def server_of(model: Model) -> str:
    """The server that a model is called at, without what may be secret in its address."""
    address = urlsplit(model.base_url or "")
    return address.netloc.rpartition("@")[2] or "its server"

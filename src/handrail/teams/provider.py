"""One turn of a real model, through pydantic-ai: one request. Imported only when one is called.

What the provider answered is kept as it wrote it (`native`), with ids, signatures and all, so that a later round can go
on with it. A structured result comes as the model does it best: by a tool of its own, or as JSON.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import AgentRunError, ContentFilterError, FallbackExceptionGroup, UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import ToolDefinition

from handrail.flows.provider import find_model, own_settings, server_of
from handrail.flows.refusal import refusal
from handrail.requests.content import JSON, encode
from handrail.teams.round import CallUsage
from handrail.teams.turn import Manual, Message, Turn, said

logger = logging.getLogger(__name__)

RESULT = "final_result"
"""the tool by which a model gives a structured result"""

TAKEN = "Received."
NOT_ALONE = "Not taken, since other tools were called with it: call it again, alone."


async def turn(
    model: str | Model,
    messages: Sequence[Message],
    manuals: Sequence[Manual],
    schema: dict[str, Any] | None,
    settings: dict[str, Any],
) -> Turn:
    """Call the model once; raises `ModelError`, or `ModelRefused` if another attempt won't help."""
    asked = find_model(model)
    try:
        async with asked:
            response = await model_request(
                asked,
                history(messages),
                model_settings=own_settings(asked, settings),
                model_request_parameters=parameters(manuals, schema),
            )
        if response.finish_reason == "content_filter" and not response.parts:
            raise ContentFilterError("the answer is empty")
    except (AgentRunError, UserError, FallbackExceptionGroup) as error:
        logger.debug("model %s failed", asked.model_name, exc_info=error)
        raise refusal(error, asked.model_name, server_of(asked), "the task") from None
    return Turn(message_of(response, schema), usage_of(response), response.finish_reason == "length")


def parameters(manuals: Iterable[Manual], schema: dict[str, Any] | None) -> ModelRequestParameters:
    """Return what the model may call, and what its result has to be."""
    tools = [
        ToolDefinition(name=one.name, parameters_json_schema=one.schema, description=one.description)
        for one in manuals
    ]
    if schema is None:
        return ModelRequestParameters(function_tools=tools)
    shape = in_object(schema)
    return ModelRequestParameters(
        function_tools=tools,
        output_mode="auto",
        allow_text_output=False,
        output_object=OutputObjectDefinition(shape, name=RESULT),
        output_tools=[
            ToolDefinition(
                name=RESULT,
                parameters_json_schema=shape,
                description="Give the result of the task.",
                kind="output",
            )
        ],
    )


def in_object(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of an object, which is all that models can give: others become its `result`."""
    if schema.get("type") == "object":
        return schema
    inner = {key: value for key, value in schema.items() if key != "$defs"}
    shared = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {
        "type": "object",
        "properties": {"result": inner},
        "required": ["result"],
        "additionalProperties": False,
        **shared,
    }


# -- what was answered ------------------------------------------------------------------------------------------------


def message_of(response: ModelResponse, schema: dict[str, Any] | None) -> Message:
    """Return an answer as a message."""
    [native] = ModelMessagesTypeAdapter.dump_python([response], mode="json")
    wanted = [part for part in response.parts if isinstance(part, ToolCallPart)]
    calls = [_call(part) for part in wanted if not _is_result(part, schema)]
    results = [part for part in wanted if _is_result(part, schema)]
    if results and not calls:
        content = _unwrapped(_arguments(results[-1]), schema)
    else:
        content = "".join(part.content for part in response.parts if isinstance(part, TextPart))
        if schema is not None and not calls:
            content = _unwrapped(_read(content), schema)
    return said(content, calls, native=native)


def _is_result(part: ToolCallPart, schema: dict[str, Any] | None) -> bool:
    return schema is not None and part.tool_name == RESULT


def _call(part: ToolCallPart) -> dict[str, Any]:
    return {"id": part.tool_call_id, "tool": part.tool_name, "arguments": _arguments(part)}


def _arguments(part: ToolCallPart) -> JSON:
    """Return the arguments of a call: a text if they are no JSON."""
    return _read(part.args or "{}") if isinstance(part.args, str | None) else part.args


def _read(text: str) -> JSON:
    """Return the JSON that a text is, or else the text."""
    try:
        value = json.loads(text)
        encode(value)
    except (ValueError, RecursionError):  # NotJSON is a ValueError, too: JSON has no NaN
        return text
    return value


def _unwrapped(value: JSON, schema: dict[str, Any] | None) -> str:
    """Return a result as text, without the object that was put around it."""
    if schema is not None and schema.get("type") != "object" and isinstance(value, dict):
        value = value["result"] if value.keys() == {"result"} else value
    return value if isinstance(value, str) else encode(value)


def usage_of(response: ModelResponse) -> CallUsage:
    """Return what an answer has used; its price is None where nobody knows it."""
    usage = response.usage
    price = usage.cost
    if price is None and response.model_name:
        try:
            price = response.cost().total_price
        except (LookupError, ValueError):
            price = None
    cost = None if price is None else str(price)
    return CallUsage(usage.input_tokens, usage.output_tokens, cost, response.model_name or "")


# -- what was said before ---------------------------------------------------------------------------------------------


def history(messages: Iterable[Message]) -> list[ModelMessage]:
    """Return a conversation as pydantic-ai has it."""
    found: list[ModelMessage] = []
    unanswered: list[ModelRequestPart] = []
    for is_answer, group in groupby(messages, lambda message: message["role"] == "assistant"):
        if is_answer:
            for message in group:
                response = _response(message)
                found.append(response)
                unanswered = _results_taken(message, response)
        else:
            found.append(ModelRequest(parts=[*unanswered, *map(_part, group)]))
    return found


def _response(message: Message) -> ModelResponse:
    if "native" in message:
        [response] = ModelMessagesTypeAdapter.validate_python([message["native"]])
        assert isinstance(response, ModelResponse)
        return response
    text = [TextPart(message["content"])] if message["content"] else []
    calls = [
        ToolCallPart(call["tool"], call["arguments"], tool_call_id=call["id"])
        for call in message.get("calls", ())
    ]
    return ModelResponse(parts=[*text, *calls])


def _results_taken(message: Message, response: ModelResponse) -> list[ModelRequestPart]:
    """Return answers to the calls by which a model gave its result: providers insist on one for each call."""
    calls = message.get("calls", ())
    ours = [call["id"] for call in calls]
    return [
        ToolReturnPart(part.tool_name, NOT_ALONE if calls else TAKEN, part.tool_call_id)
        for part in response.parts
        if isinstance(part, ToolCallPart) and part.tool_call_id not in ours
    ]


def _part(message: Message) -> ModelRequestPart:
    match message:
        case {"role": "system", "content": content}:
            return SystemPromptPart(content)
        case {"role": "tool", "content": content}:
            return ToolReturnPart(message["name"], content, message["id"])
    return UserPromptPart(message["content"])

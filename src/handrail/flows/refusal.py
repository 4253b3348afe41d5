"""Why a model didn't answer: the errors of pydantic-ai as ours, each with what to do next.

What another attempt may mend is a `ModelError`, the rest `ModelRefused`. Of what the provider wrote only
its error code is taken over: the rest may repeat the prompt, or a part of the key.
"""

import re

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    FallbackExceptionGroup,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelTimeoutError,
    RunTimedOut,
    UserError,
)

from handrail.requests.errors import ModelError, ModelRefused

PASSING = (408, 409, 425, 429)
"""answers below 500 that another attempt may change"""


def refusal(error: BaseException, model: str, server: str, output: str) -> ModelError:
    """Return the error to raise when `model`, called at `server` for an answer of type `output`, failed."""
    if isinstance(error, FallbackExceptionGroup):
        return _best([refusal(each, model, server, output) for each in error.exceptions])
    return _lasting(error, model, server) or _passing(error, model, server, output)


def _lasting(error: BaseException, model: str, server: str) -> ModelRefused | None:
    """What is the same at the next attempt."""
    match error:
        case UserError():
            told = f"model {model} can't be called like this: {error}"
        case ModelQuotaExceededError():
            told = f"the account at {server} has no credit left{_code(error)}: top it up, or use another key"
        case ModelAuthenticationError():
            told = f"{server} refuses the key{_code(error)}: set one (OPENAI_API_KEY) that may use {model}"
        case ModelNotFoundError():
            told = (
                f"{server} knows no model {model} at this address{_code(error)}: check the model's name "
                "(HANDRAIL_MODEL) and OPENAI_BASE_URL, which usually ends in /v1"
            )
        case ModelContextWindowExceededError():
            told = f"the prompt is too long for {model}{_code(error)}: shorten it, or use another model"
        case ContentFilterError():
            told = (
                f"the content filter of {model} stopped the answer: change the prompt, or use another model"
            )
        case ModelRequestRejectedError():
            told = (
                f"{server} can't take the request to {model}{_code(error)}: check settings, output; {DETAILS}"
            )
        case ModelHTTPError(status_code=status) if status < 500 and status not in PASSING:
            told = f"{server} refuses the request to {model}{_code(error)}: check OPENAI_BASE_URL; {DETAILS}"
        case _:
            return None
    return ModelRefused(told)


DETAILS = "its own words are in the log handrail.flows.provider at level DEBUG"


def _passing(error: BaseException, model: str, server: str, output: str) -> ModelError:
    """What another attempt may mend."""
    match error:
        case ModelRateLimitError():
            told = f"{server} limits the rate of requests{_code(error)}: wait, then retry the run"
        case ModelTimeoutError() | ModelRequestTimeout() | RunTimedOut():
            told = f"{model} at {server} took too long: retry the run, or set a longer settings['timeout']"
        case ModelConnectionError():
            told = f"{server} can't be reached, or broke off: check that it runs, and OPENAI_BASE_URL"
        case ModelAPIError():
            told = f"{server} failed to answer for {model}{_code(error)}: wait, then retry the run"
        case _:
            told = (
                f"{model} gave no answer that fits {output}: retry the run, make the output simpler or use a "
                f"stronger model; {DETAILS}"
            )
    return ModelError(told, retry_after=error.retry_after if isinstance(error, ModelAPIError) else None)


def _best(errors: list[ModelError]) -> ModelError:
    """The one of several models' errors that waiting may mend, if there is one."""
    return next((error for error in errors if not isinstance(error, ModelRefused)), errors[0])


def _code(error: AgentRunError) -> str:
    """The status and the provider's code, as far as they are plainly codes."""
    status = str(error.status_code) if isinstance(error, ModelHTTPError) else ""
    code = (isinstance(error, ModelAPIError) and error.provider_error_code) or ""
    plain = code if re.fullmatch(r"[a-z_]{1,60}", code) else ""
    told = " ".join(filter(None, [status, plain]))
    return f" ({told})" if told else ""

"""Who works: a role, a goal, tools and a model."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from handrail.flows.execution import StepOptions
from handrail.flows.llm import Model, check_model, is_function
from handrail.flows.scripted import streams
from handrail.requests.errors import InvalidInput, InvalidTeam
from handrail.teams.tools import Toolbox


class Agent:
    """A worker of a team: a language model with a role and tools.

    Args:
        name: what it is known by in its team.
        role: what it is ("Market analyst").
        goal: what it wants to achieve.
        background: what it knows, and how it works.
        tools: functions that the model may call, sync or async, with type hints and a docstring; those under
            `@approval_required` wait for a person. Or tools of pydantic-ai.
        model: as of `LLMNode`: a name, a model of pydantic-ai, or a function `f(messages) -> str | dict` (see
            `docs/how-to/teams.md`); by default what `HANDRAIL_MODEL` says, else `"gpt-4o"`.
        max_iterations: how often the model may be called in one round of a task; then the task is BLOCKED.
        settings: pydantic-ai's model settings (`{"temperature": 0}`).
        retries, backoff: how often a failed call of the model is repeated, after how many seconds (they double).

    Raises `InvalidTeam` or `InvalidInput` for what can't be.

    >>> writer = Agent("Wendy", "Technical writer", goal="Short, exact specifications")
    """

    def __init__(
        self,
        name: str,
        role: str,
        goal: str | None = None,
        background: str | None = None,
        tools: Sequence[Callable[..., Any]] = (),
        model: Model | None = None,
        max_iterations: int = 10,
        *,
        settings: dict[str, Any] | None = None,
        retries: int = 2,
        backoff: float = 1.0,
    ) -> None:
        for what, text in (("name", name), ("role", role)):
            if not isinstance(text, str) or not text.strip() or not text.isprintable() or len(text) > 200:
                raise InvalidTeam(f"an agent needs a {what}: a printable text of at most 200 characters")
        for what, given in (("goal", goal), ("background", background)):
            if not isinstance(given, str | None):
                raise InvalidTeam(f"the {what} of agent {name!r} is a text")
        if isinstance(max_iterations, bool) or not isinstance(max_iterations, int) or max_iterations < 1:
            raise InvalidInput(f"max_iterations={max_iterations!r}: give a whole number from 1")
        if not isinstance(tools, Sequence) or isinstance(tools, str):
            raise InvalidTeam(f"the tools of agent {name!r} are a list: tools=[...]")
        if not isinstance(settings, dict | None):
            raise InvalidTeam(f'the settings of agent {name!r} are a dict: {{"temperature": 0}}')
        self.name = name.strip()
        self.role = role.strip()
        self.goal = goal
        self.background = background
        self.tools = tuple(tools)
        self.toolbox = Toolbox(self.tools)
        self.model = check_model(model)
        if is_function(model) and streams(cast(Callable[..., Any], model)):
            raise InvalidTeam(f"the model of agent {name!r} yields its answer: return it, nobody sees pieces")
        self.max_iterations = max_iterations
        self.settings = dict(settings or {})
        self.options = StepOptions(retries, backoff)

    def __repr__(self) -> str:
        return f"<Agent {self.name}>"

"""A question from anywhere: a choice, a form, a score, a text."""

from collections.abc import Sequence
from typing import Any, Unpack

from pydantic import TypeAdapter, ValidationError

from handrail.flows.execution import Data, current, start_run
from handrail.flows.human import Asking, HumanNode, ask_people, make_draft, why_not
from handrail.requests.content import JSON, as_stored
from handrail.requests.decision import Verb
from handrail.requests.errors import InvalidInput, Rejected
from handrail.requests.policy import OnTimeout
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems, schema_of

TEXT = {"type": "string", "minLength": 1}


class Question(HumanNode):
    """Ask one question; the node behind `ask`."""

    repeatable = True

    def __init__(self, question: str, schema: Any, context: Data, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(question, str) or not question.strip():
            raise InvalidInput("ask needs a question")
        self.question = question
        self.schema = schema
        self.response_schema = schema_of(schema)
        self.context = as_stored(context, "the context of a question")

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Return `{"answer": ...}`, or `{"reason": ..., "request_id": ...}` where there is none."""
        request = await self.ask_until_valid()
        if request.outcome is None or request.outcome.verb is not Verb.ANSWER:
            return {"reason": why_not(request), "request_id": request.id}
        return {"answer": request.outcome.payload}

    async def ask_until_valid(self) -> HumanRequest:
        """Ask; what fits the schema it was asked with and not what is wanted now is asked for again, saying why."""
        previous, context = None, self.context
        while True:
            draft = make_draft(
                "question",
                self.question,
                {"question": self.question},
                (Verb.ANSWER,),
                self.policy,
                self.asking,
                context=context,
                response_schema=self.response_schema,
                previous=previous,
            )
            request = await ask_people(draft)
            if (problem := self.problem(request)) is None:
                return request
            previous, context = request.id, {**self.context, "problem": problem}

    def problem(self, request: HumanRequest) -> str | None:
        """Say why the answer is not what is asked for now, if it isn't: by the Python type, or by a changed schema."""
        if (
            request.outcome is None
            or request.outcome.verb is not Verb.ANSWER
            or request.outcome.cause != "decision"
        ):
            return None
        if request.draft.response_schema != self.response_schema and isinstance(self.schema, dict):
            return self._misfit(request.outcome.payload)
        try:
            self.parse(request.outcome.payload)
        except ValidationError as error:
            return "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()
            )
        return None

    def _misfit(self, answer: JSON) -> str | None:
        """Say why an answer that was given when another schema was asked for doesn't fit this one, if it doesn't."""
        answers = [answer] if self.policy.quorum.kind == "first" else answer
        found = [problem for each in answers for problem in problems(self.response_schema, each)]
        return "; ".join(f"{problem.path or 'answer'}: {problem.message}" for problem in found) or None

    def parse(self, answer: JSON) -> Any:
        """Return the answer as the type that was asked for."""
        if isinstance(self.schema, dict):
            return answer
        if self.policy.quorum.kind == "first":
            return TypeAdapter(self.schema).validate_python(answer)
        return [TypeAdapter(self.schema).validate_python(each) for each in answer]


async def ask(
    question: str,
    *,
    choices: Sequence[JSON] | None = None,
    schema: Any = None,
    context: Data | None = None,
    timeout: float | None = None,
    on_timeout: OnTimeout = "reject",
    name: str | None = None,
    **asking: Unpack[Asking],
) -> Any:
    """Ask people something and return the answer; from a node, a flow, or anywhere else.

    Args:
        question: what people read.
        choices: the answers to choose from; or
        schema: what an answer looks like: a pydantic model, a type such as `int`, or a JSON Schema. A text by default.
        context: shown beside the question.
        timeout, on_timeout: seconds, and what silence comes to; `outcome("answer", "dry")` gives an answer.
        audience, quorum, escalations, reminders, require, guideline, effect, channels, priority: see `Asking`.

    Returns the answer: one of the choices, an instance of the model, or JSON; under another quorum than `"first"` a
    list of the answers. Raises `Rejected` with the `reason` (`"timeout"`, `"withdrawn"`, ...) if there is none.

    >>> async def write(topic):  # a flow
    ...     return {"tone": await ask("Which tone?", choices=["dry", "warm"])}
    """
    if choices is not None and schema is not None:
        raise InvalidInput("ask takes choices or a schema, not both")
    if choices is not None and len(choices) < 1:
        raise InvalidInput("ask needs at least one choice")
    wanted = {"enum": list(choices)} if choices is not None else (TEXT if schema is None else schema)
    node = Question(
        question, wanted, context or {}, timeout=timeout, on_timeout=on_timeout, name=name, **asking
    )
    result = await (
        node.execute({"question": question}) if current() else start_run(node, {"question": question}, None)
    )
    if "answer" not in result:
        raise Rejected(
            f"nobody answered request {result['request_id']}: {result['reason']}",
            reason=result["reason"],
            request_id=result["request_id"],
        )
    return node.parse(result["answer"])

"""One stage of quality control: somebody or something gives a score, and that is enough or it isn't.

A stage is a step of its own with the stage's name, so what goes wrong in it names it.
"""

from collections.abc import Callable
from typing import Any

from handrail.flows.execution import Data
from handrail.flows.function import call
from handrail.flows.human import HumanNode, ask_people, human_result, shown_part, why_not
from handrail.flows.node import ChainableNode
from handrail.flows.share import is_share, mean
from handrail.requests.content import isolated
from handrail.requests.decision import Decision, Verb
from handrail.requests.errors import InvalidInput
from handrail.requests.judgement import counting
from handrail.requests.outcome import GivenOutcome
from handrail.requests.request import HumanRequest
from handrail.requests.schema import problems

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}, "comment": {"type": "string"}},
    "required": ["score"],
    "additionalProperties": False,
}
"""what people answer"""


class Judge(ChainableNode):
    """A stage that looks at the data itself."""

    def __init__(self, name: str, pass_mark: float) -> None:
        super().__init__(name=name)
        self.pass_mark = pass_mark

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Return the entry of this stage: `stage`, `score`, `passed`, and the `comment` if there is one."""
        given = await self.judge(data["data"])
        score, comment = read_score(given, f"stage {self.name!r}")
        return {"stage": self.name, "score": score, "passed": score >= self.pass_mark, **_comment(comment)}

    async def judge(self, data: Data) -> Any:
        """Return a score, or a dict with `score` and maybe `comment`."""
        raise NotImplementedError


class FunctionStage(Judge):
    """A function that gives the score."""

    def __init__(self, name: str, pass_mark: float, function: Callable[[Data], Any]) -> None:
        super().__init__(name, pass_mark)
        self.function = function

    async def judge(self, data: Data) -> Any:
        return await call(self.function, isolated(data))  # what it does to the data isn't done on a replay


class NodeStage(Judge):
    """A node whose result has the score."""

    def __init__(self, name: str, pass_mark: float, node: ChainableNode) -> None:
        super().__init__(name, pass_mark)
        self.node = node

    async def judge(self, data: Data) -> Any:
        return await self.node.execute(data)

    def signature(self) -> list[str]:
        return [*super().signature(), *(f"{self.name} {part}" for part in self.node.signature())]


class HumanStage(HumanNode):
    """People who give the score; where several do, their mean counts."""

    def __init__(self, name: str, pass_mark: float, **options: Any) -> None:
        super().__init__(name=name, **options)
        self.pass_mark = pass_mark
        given = self.policy.on_timeout
        if isinstance(given, GivenOutcome) and given.verb is Verb.ANSWER and problems(SCHEMA, given.payload):
            raise InvalidInput(
                f'stage {name!r}: on_timeout=outcome("answer", ...) needs a score, such as {{"score": 0.5}}'
            )

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Return the entry of this stage, beside who gave the score and where."""
        content, earlier = data["data"], data["scores"]
        words = str(self.name).replace("_", " ")
        draft = self.draft(
            "score",
            self.title_for(content, f"{words[:1].upper()}{words[1:]}: give a score from 0 to 1"),
            shown_part(content, "content"),
            (Verb.ANSWER,),
            context={entry["stage"]: _in_words(entry) for entry in earlier},
            response_schema=SCHEMA,
        )
        request = await ask_people(draft)
        person = human_result(request)
        entry = {"stage": self.name, **self._judged(request)}
        return {**entry, "decided_by": person["decided_by"], "request_id": person["request_id"]}

    def _judged(self, request: HumanRequest) -> Data:
        outcome = request.outcome
        if outcome is None or outcome.verb is not Verb.ANSWER:
            passed = outcome is not None and outcome.approved  # silence, if the policy says so in words
            return {"score": None, "passed": passed, "reason": why_not(request)}
        if outcome.cause == "decision":
            votes = [vote for vote in counting(request) if vote.verb is Verb.ANSWER]
            score, comment = mean([_answer(vote)["score"] for vote in votes]), _comments(votes)
            return {"score": score, "passed": score >= self.pass_mark, **_comment(comment)}
        score, said = read_score(outcome.payload, f"stage {self.name!r}")
        comment = said or outcome.comment or ""
        return {
            "score": score,
            "passed": score >= self.pass_mark,
            **_comment(comment),
            "reason": outcome.cause,
        }


def read_score(given: Any, where: str) -> tuple[float, str | None]:
    """Return the score and the comment; raises `InvalidInput` naming `where` if there is no score from 0 to 1."""
    score, comment = (given.get("score"), given.get("comment")) if isinstance(given, dict) else (given, None)
    if not is_share(score):
        raise InvalidInput(
            f"{where} gave no score but {_told(score)}: return a number from 0 to 1, or "
            '{"score": ..., "comment": ...}'
        )
    if comment is not None and not isinstance(comment, str):
        raise InvalidInput(f"{where} gave a comment that is no text but {type(comment).__name__}")
    return float(score), comment


def _told(value: Any) -> str:
    """Return what something is that is no score, without repeating it."""
    if value is None:
        return "nothing"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "a number outside of 0 to 1" if is_number else f"a {type(value).__name__}"


def _comment(comment: str | None) -> Data:
    return {"comment": comment} if comment else {}


def _answer(vote: Decision) -> Data:
    answer: Data = vote.payload  # the schema has been checked when it was given
    return answer


def _comments(votes: list[Decision]) -> str:
    """Return what people said, each with a name where there are several."""
    said = [(vote.actor, _answer(vote).get("comment") or vote.comment) for vote in votes]
    return "\n".join(f"{who}: {text}" if len(votes) > 1 else text for who, text in said if text)


def _in_words(entry: Data) -> str:
    """Return what an earlier stage said, as people read it."""
    score = "no score" if entry["score"] is None else f"{entry['score']:g}"
    return f"{score}: {entry['comment']}" if entry.get("comment") else score

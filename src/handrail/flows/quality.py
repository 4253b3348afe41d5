"""Stages that each give a score: the first one that isn't enough ends it, and those after it are never asked."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from types import EllipsisType
from typing import Any, Unpack

from handrail.flows.automatic import automated_check
from handrail.flows.execution import Data
from handrail.flows.function import name_of
from handrail.flows.human import Asking, Title, check_asking
from handrail.flows.node import ChainableNode, check_name
from handrail.flows.share import check_share, mean
from handrail.flows.stage import FunctionStage, HumanStage, NodeStage
from handrail.requests.errors import InvalidFlow
from handrail.requests.policy import OnTimeout

AUTOMATIC = "automated_check"
DEFAULT = (AUTOMATIC, "peer_review", "expert_review")

Check = Callable[[Data], Any] | ChainableNode
"""`(data) -> score` or `-> {"score": ..., "comment": ...}`, sync or async, or a node whose result has these keys"""


class Stage:
    """A stage of quality control with a name, and maybe a pass mark, of its own.

    Args:
        name: unique among the stages; a failure in the stage names it.
        check: what gives the score: a function `(data) -> score` or `-> {"score": ..., "comment": ...}`, or a node
            whose result has these keys. Without one the stage is people, except `"automated_check"`, which is the
            automatic check.
        pass_mark: the score (0 to 1) that is enough, if it differs from that of the other stages.
        timeout, on_timeout, title, audience and what follows: as in `HumanApprovalNode`, for a stage of people.

    Raises `InvalidFlow` for a name or a check that can't be one, and for options about asking where nobody is asked.

    >>> strict = Stage("legal_review", pass_mark=0.9, audience="group:legal", timeout=86_400)
    >>> length = Stage("length", lambda x: 1 if len(x["content"]) < 500 else 0)
    """

    def __init__(
        self,
        name: str,
        check: Check | None = None,
        *,
        pass_mark: float | None = None,
        timeout: float | None = None,
        on_timeout: OnTimeout | EllipsisType = ...,
        title: Title | None = None,
        **asking: Unpack[Asking],
    ) -> None:
        if check_name(name) is None:
            raise InvalidFlow("a stage needs a name")
        self.name = name
        self.check: Check | None = automated_check if check is None and name == AUTOMATIC else check
        if isinstance(check, type) or not (
            check is None or callable(check) or isinstance(check, ChainableNode)
        ):
            what = check.__name__ if isinstance(check, type) else type(check).__name__
            raise InvalidFlow(f"stage {name!r} is checked by a function or a node, not by {what}")
        self.pass_mark = None if pass_mark is None else check_share(pass_mark, f"pass_mark of stage {name!r}")
        self.asking = {
            **({"timeout": timeout} if timeout is not None else {}),
            **({"on_timeout": on_timeout} if on_timeout is not ... else {}),
            **({"title": title} if title is not None else {}),
            **check_asking(asking),
        }
        if self.check is not None and self.asking:
            raise InvalidFlow(f"stage {name!r} asks nobody: it can't have {', '.join(self.asking)}")

    def node(self, pass_mark: float, asking: dict[str, Any]) -> FunctionStage | NodeStage | HumanStage:
        """Return what executes this stage; it falls back on `pass_mark` and `asking` for what it doesn't say."""
        mark = pass_mark if self.pass_mark is None else self.pass_mark
        if isinstance(self.check, ChainableNode):
            return NodeStage(self.name, mark, self.check)
        if self.check is not None:
            return FunctionStage(self.name, mark, self.check)
        return HumanStage(self.name, mark, **{**asking, **self.asking})


class QualityControl(ChainableNode):
    """Let stages score the data, one after the other, until one of them is not satisfied.

    Args:
        stages: each a name (`"automated_check"` is the automatic check of length and form, any other name a stage of
            people), a function, a node, or a `Stage`; by default `automated_check`, `peer_review`, `expert_review`.
        pass_mark: the score (0 to 1) that is enough.
        timeout, on_timeout, title, audience and what follows: as in `HumanApprovalNode`, for every stage of people that
            doesn't say otherwise. People answer `{"score": 0..1}` with an optional `comment`; under another quorum than
            `"first"` the mean of the scores counts.

    The result is the data with `quality_control`: `passed`, `failed_at` (the name of a stage, or None), `scores` (of
    each stage that was executed `stage`, `score`, `passed`, and where there is one a `comment`; of people also
    `decided_by` and `request_id`) and `average_score`, exact on decimals. A stage that nobody scored in time has the
    score None, a `reason`, and has not passed (unless `on_timeout="approve"`). A stage that gives no score from 0 to 1
    fails as a step of its name. Raises `InvalidFlow` for stages that can't be meant.

    >>> control = QualityControl(["automated_check", Stage("legal_review", pass_mark=0.9)], name="control")
    >>> control.signature()
    ['control', 'automated_check', 'legal_review']
    """

    def __init__(
        self,
        stages: Sequence[str | Check | Stage] | None = None,
        *,
        pass_mark: float = 0.7,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        name: str | None = None,
        title: Title | None = None,
        **asking: Unpack[Asking],
    ) -> None:
        super().__init__(name=name)
        mark = check_share(pass_mark, "pass_mark")
        options = {"timeout": timeout, "on_timeout": on_timeout, "title": title, **check_asking(asking)}
        self.stages = tuple(
            stage.node(mark, options) for stage in _stages(DEFAULT if stages is None else stages)
        )

    async def execute(self, data: Data) -> Data:  # type: ignore[override]
        """Execute the stages until one has not passed."""
        entries: list[Data] = []
        for stage in self.stages:
            entries.append(await stage.execute({"data": data, "scores": entries}))
            if not entries[-1]["passed"]:
                break
        scores = [entry["score"] for entry in entries if entry["score"] is not None]
        failed = [entry["stage"] for entry in entries if not entry["passed"]]
        return {
            **data,
            "quality_control": {
                "passed": not failed,
                "failed_at": failed[0] if failed else None,
                "scores": entries,
                "average_score": mean(scores) if scores else None,
            },
        }

    def signature(self) -> list[str]:
        return [*super().signature(), *(part for stage in self.stages for part in stage.signature())]


def _stages(stages: Any) -> list[Stage]:
    if isinstance(stages, str) or not isinstance(stages, Sequence):
        raise InvalidFlow(f"stages are a list, not {type(stages).__name__}")
    if not stages:
        raise InvalidFlow("quality control needs at least one stage")
    found = [_stage(stage) for stage in stages]
    names = [stage.name for stage in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidFlow(f"two stages are named {twice[0]!r}: give one another name, Stage('name', ...)")
    return found


def _stage(stage: Any) -> Stage:
    match stage:
        case Stage():
            return stage
        case str():
            if stage != AUTOMATIC and get_close_matches(stage, [AUTOMATIC], cutoff=0.8):
                raise InvalidFlow(
                    f"stage {stage!r} would ask people: did you mean {AUTOMATIC!r}? If not, write Stage({stage!r})"
                )
            return Stage(stage)
        case ChainableNode():
            return Stage(stage.name or stage.kind, stage)
        case type():
            raise InvalidFlow(f"a stage is no class: give an instance of it, {stage.__name__}(...)")
        case _ if callable(stage):
            return Stage(name_of(stage), stage)
    raise InvalidFlow(f"a stage is a name, a function, a node or a Stage, not {type(stage).__name__}")

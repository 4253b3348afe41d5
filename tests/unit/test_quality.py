"""`QualityControl`: stages that score, the first that isn't satisfied ends it; means are exact on decimals."""

from fractions import Fraction
from itertools import permutations, product
from typing import Any

import pytest

from handrail import (
    Actor,
    App,
    ChainableNode,
    FunctionNode,
    InvalidDecision,
    InvalidFlow,
    InvalidInput,
    QualityControl,
    Stage,
    StepFailed,
    ask,
    at_least,
    fraction,
    outcome,
)
from handrail.flows.automatic import automated_check
from handrail.inbox import views
from handrail.requests.request import HumanRequest
from handrail.testing.clock import TurnableClock
from handrail.testing.replay import replay
from tests.support.journey_runs import BOB, asked, journal, say, working

Data = dict[str, Any]
KEYS = {"passed", "failed_at", "scores", "average_score"}
TEXT = "This is high-quality content that needs validation."


async def control(stages: Any, data: Data | None = None, **options: Any) -> Data:
    """Return what quality control says of stages that ask nobody."""
    result = await replay(QualityControl(stages, **options), {"content": TEXT} if data is None else data)
    found: Data = result["quality_control"]
    assert found.keys() == KEYS
    return found


def scores(*values: Any) -> list[Stage]:
    return [Stage(f"stage {place}", lambda x, value=value: value) for place, value in enumerate(values)]


async def test_the_page_s_stages_are_the_default() -> None:
    async with working(QualityControl()) as app:
        run = await app.start("flow", {"content": TEXT, "n": 1})
        peer = await say(app, "answer", {"score": 0.9, "comment": "good"})
        expert = await say(app, "answer", {"score": 0.95}, actor=Actor("carol"))
        result = await run.result(60)
    assert result.keys() == {"content", "n", "quality_control"}
    assert result["quality_control"] == {
        "passed": True,
        "failed_at": None,
        "scores": [
            {"stage": "automated_check", "score": 1.0, "passed": True},
            {
                "stage": "peer_review",
                "score": 0.9,
                "passed": True,
                "comment": "good",
                "decided_by": "bob",
                "request_id": peer.id,
            },
            {
                "stage": "expert_review",
                "score": 0.95,
                "passed": True,
                "decided_by": "carol",
                "request_id": expert.id,
            },
        ],
        "average_score": 0.95,
    }
    assert (peer.draft.title, peer.draft.proposal) == (
        "Peer review: give a score from 0 to 1",
        {"content": TEXT},
    )
    assert list(expert.draft.context) == ["automated_check", "peer_review"]
    assert [str(verb) for verb in peer.draft.verbs] == ["answer"]


async def test_a_short_text_fails_fast_and_nobody_is_asked() -> None:
    async with working(QualityControl()) as app:
        run = await app.start("flow", {"content": "short"})
        found = (await run.result(60))["quality_control"]
        assert await views.requests(app.store) == []
    assert (found["passed"], found["failed_at"], found["average_score"]) == (False, "automated_check", 0.5)
    (entry,) = found["scores"]
    assert entry["comment"] == "it has 10 characters or fewer"


async def test_a_person_who_is_not_satisfied_ends_it() -> None:
    answers = [("answer", {"score": 0.69})]
    result = await replay(QualityControl(), {"content": TEXT}, answers=answers)
    found = result["quality_control"]
    assert (found["passed"], found["failed_at"], len(found["scores"])) == (False, "peer_review", 2)


async def test_later_stages_are_not_executed() -> None:
    executed = []

    def count(data: Data) -> float:
        executed.append(1)
        return 1.0

    found = await control([*scores(0.9, 0.5), count])
    assert (found["failed_at"], found["average_score"], executed) == ("stage 1", 0.7, [])


async def test_the_average_is_exact_on_decimals() -> None:
    assert (await control(scores(0.85, 0.9, 0.95)))["average_score"] == 0.9
    assert (await control(scores(0.7, 0.7, 0.7), pass_mark=0.7))["average_score"] == 0.7
    assert (await control(scores(1, 0.7, 0.8)))["average_score"] == pytest.approx(2.5 / 3)


async def test_a_stage_has_a_pass_mark_of_its_own() -> None:
    stages = [Stage("strict", lambda x: 0.9, pass_mark=0.95), Stage("lenient", lambda x: 0.1, pass_mark=0)]
    assert (await control(stages))["failed_at"] == "strict"
    assert (await control(stages[1:], pass_mark=1))["passed"] is True
    assert (await control(scores(0.5), pass_mark=0.5))["passed"] is True


class Rater(ChainableNode):
    async def execute(self, data: Data) -> Data:
        return {**data, "score": 0.8, "comment": (await ask("A word?"))}


async def test_stages_are_functions_nodes_names_or_stages() -> None:
    async def slow(data: Data) -> Data:
        return {"score": 1, "comment": "done"}

    def quick(data: Data) -> float:
        data.clear()  # its own copy
        return 0.9

    stages = ["automated_check", slow, quick, Rater(name="rater"), Stage("named", Rater()), Stage("peers")]
    answers = [("answer", "nice"), ("answer", "well"), ("answer", {"score": 0.75})]
    result = await replay(QualityControl(stages), {"content": TEXT}, answers=answers)
    found = result["quality_control"]["scores"]
    assert [(entry["stage"], entry["score"], entry.get("comment")) for entry in found] == [
        ("automated_check", 1.0, None),
        ("slow", 1.0, "done"),
        ("quick", 0.9, None),
        ("rater", 0.8, "nice"),
        ("named", 0.8, "well"),
        ("peers", 0.75, None),
    ]
    assert result["content"] == TEXT


async def test_a_stage_is_a_step_of_its_name_and_executed_once() -> None:
    executed = []

    def style(data: Data) -> float:
        executed.append(1)
        return 1.0

    async with working(QualityControl([style, "peers"], name="control")) as app:
        run = await app.start("flow", {"content": TEXT})
        await say(app, "answer", {"score": 1})
        await run.result(60)
        assert ("control/style", "FunctionStage", "done") in journal(app, run.id)
    assert executed == [1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "nothing"),
        ({}, "nothing"),
        ({"comment": "fine"}, "nothing"),
        (True, "a bool"),
        (float("nan"), "a number outside"),
        ("0.9", "a str"),
        (1.1, "a number outside"),
        (-1, "a number outside"),
        ({"score": [1]}, "a list"),
        ({"score": False}, "a bool"),
    ],
)
@pytest.mark.parametrize("kind", ["function", "node"])
async def test_a_stage_without_a_score_fails_and_is_named(kind: str, given: Any, told: str) -> None:
    if kind == "node" and not isinstance(given, dict):
        given = {"score": given if given == given else 2}  # noqa: PLR0124 - a node can't return NaN
    check: Any = FunctionNode(lambda x: given) if kind == "node" else (lambda x: given)
    flow = QualityControl(["automated_check", Stage("style", check)], name="control")
    with pytest.raises(StepFailed, match=f"stage 'style' gave no score but {told}") as caught:
        await replay(flow, {"content": TEXT})
    assert (caught.value.name, caught.value.kind) == ("control/style", "InvalidInput")


async def test_a_comment_is_a_text_and_a_stage_that_raises_is_named() -> None:
    flow = QualityControl([Stage("style", lambda x: {"score": 1, "comment": 7})], name="control")
    with pytest.raises(StepFailed, match="a comment that is no text but int") as caught:
        await replay(flow, {"content": TEXT})
    assert caught.value.name == "control/style"
    with pytest.raises(StepFailed, match="KeyError") as caught:
        await replay(
            QualityControl([Stage("style", lambda x: x["missing"])], name="control"), {"content": TEXT}
        )
    assert caught.value.name == "control/style"


@pytest.mark.parametrize(
    "answer",
    [{}, {"score": 1.1}, {"score": -0.1}, {"score": True}, {"score": "1"}, {"score": 1, "x": 1}, 0.9, None],
)
async def test_an_answer_without_a_score_is_refused_and_leaves_it_open(answer: Any) -> None:
    async with working(QualityControl(["peers"])) as app:
        await app.start("flow", {"content": TEXT})
        (request,) = await asked(app)
        with pytest.raises(InvalidDecision):
            await app.inbox.decide(request.id, "answer", actor=BOB, payload=answer)
        assert (await views.request(app.store, request.id)).status == "OPEN"


async def silent(stages: Any, data: Data | None = None, **options: Any) -> tuple[Data, HumanRequest]:
    """Return what comes of it if nobody answers, and what was asked."""
    clock = TurnableClock()
    async with working(QualityControl(stages, **options), clock=clock) as app:
        run = await app.start("flow", data or {"content": TEXT})
        (request,) = await asked(app)
        clock.turn(60)
        return (await run.result(60))["quality_control"], request


async def test_a_stage_that_nobody_answers_has_not_passed() -> None:
    found, request = await silent(["peers"], timeout=60)
    assert found == {
        "passed": False,
        "failed_at": "peers",
        "scores": [
            {
                "stage": "peers",
                "score": None,
                "passed": False,
                "reason": "timeout",
                "decided_by": None,
                "request_id": request.id,
            }
        ],
        "average_score": None,
    }
    found, _ = await silent(["automated_check", "peers"], timeout=60, on_timeout=None)
    assert (found["scores"][1]["reason"], found["average_score"]) == ("expired", 1.0)


async def test_what_silence_comes_to_may_be_said() -> None:
    found, _ = await silent(
        ["peers"], timeout=60, on_timeout=outcome("answer", {"score": 0.8, "comment": "so so"})
    )
    (entry,) = found["scores"]
    assert (entry["score"], entry["passed"], entry["comment"], entry["reason"]) == (
        0.8,
        True,
        "so so",
        "timeout",
    )
    found, _ = await silent([Stage("peers", timeout=60, on_timeout="approve"), *scores(0.9)])
    assert [(entry["score"], entry["passed"]) for entry in found["scores"]] == [(None, True), (0.9, True)]
    assert (found["passed"], found["average_score"]) == (True, 0.9)
    with pytest.raises(InvalidInput, match=r"stage 'peers'.* needs a score"):
        QualityControl(["peers"], timeout=60, on_timeout=outcome("answer", {"score": 7}))


async def test_a_stage_asks_its_own_people_and_the_others_those_of_all() -> None:
    stages = ["peers", Stage("experts", audience="carol", title="Well?", timeout=9)]
    flow = QualityControl(stages, audience="bob", timeout=60, title="Fine?", guideline="be kind")
    async with working(flow) as app:
        await app.start("flow", {"content": TEXT})
        peers = await say(app, "answer", {"score": 1})
        (experts,) = await asked(app)
    assert (peers.asked, peers.draft.title, peers.policy.timeout) == (("bob",), "Fine?", 60)
    assert (experts.asked, experts.draft.title, experts.policy.timeout) == (("carol",), "Well?", 9)
    assert {peers.draft.guideline, experts.draft.guideline} == {"be kind"}


QUORUMS = [("all", Fraction(1)), (at_least(2), Fraction(2, 3)), (fraction(0.34), Fraction(34, 100))]


@pytest.mark.parametrize(("quorum", "must"), QUORUMS, ids=["all", "at_least(2)", "fraction(0.34)"])
async def test_of_several_the_mean_counts_in_every_order(quorum: Any, must: Fraction) -> None:
    people = ("ann", "bob", "cem")
    flow = QualityControl(["peers"], audience=people, quorum=quorum)
    seen = set()
    async with working(flow) as app:
        for ballot in product(("0.6", "0.8", None), repeat=3):
            for order in permutations(zip(people, ballot, strict=True)):
                seen.add(await follow(app, list(order), must))
    assert {True, False} <= {passed for passed, _ in seen}
    assert ((True, 0.7) in seen) is (must < 1)


async def follow(app: App, order: list[tuple[str, str | None]], must: Fraction) -> tuple[bool, float | None]:
    """Let people answer (None abstains) and compare with a judge of its own; returns passed and score."""
    run = await app.start("flow", {"content": TEXT})
    (request,) = await asked(app, run_id=run.id)
    given: list[Fraction] = []
    for count, (who, score) in enumerate(order, 1):
        verb, payload = (
            ("abstain", None) if score is None else ("answer", {"score": float(score), "comment": who})
        )
        request = await app.inbox.decide(request.id, verb, actor=Actor(who), payload=payload)
        given += [] if score is None else [Fraction(score)]
        silent_ones = 3 - count
        enough, lost = Fraction(len(given), 3) >= must, Fraction(len(given) + silent_ones, 3) < must
        assert request.ended is (enough or lost), (order, count)
        if request.ended:
            break
    (entry,) = (await run.result(60))["quality_control"]["scores"]
    mean = float(sum(given) / len(given)) if enough else None
    assert (entry["score"], entry["passed"]) == (mean, mean is not None and mean >= 0.7)
    answered = [who for who, score in order[:count] if score is not None]
    if enough:
        alone = len(answered) == 1
        assert entry["comment"] == "\n".join(who if alone else f"{who}: {who}" for who in answered)
        assert entry["decided_by"] == ", ".join(answered)
    else:
        assert entry["reason"] == "abstained"
    return entry["passed"], entry["score"]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "at least one stage"),
        (["peers", "peers"], "two stages are named 'peers'"),
        ([lambda x: 1, lambda x: 0], "two stages are named '<lambda>'"),
        ("peers", "a list, not str"),
        ([7], "not int"),
        ([None], "not NoneType"),
        ([FunctionNode], "is no class"),
        ([""], "can't be a name"),
        (["a/b"], "can't be a name"),
    ],
)
def test_stages_that_cannot_be_meant_are_refused(stages: Any, message: str) -> None:
    with pytest.raises(InvalidFlow, match=message):
        QualityControl(stages)


@pytest.mark.parametrize("mark", [-0.1, 1.1, float("nan"), True, "0.7"])
def test_a_pass_mark_is_a_number_from_0_to_1(mark: Any) -> None:
    with pytest.raises(InvalidInput, match="pass_mark"):
        QualityControl(pass_mark=mark)
    with pytest.raises(InvalidInput, match="pass_mark of stage 'peers'"):
        Stage("peers", pass_mark=mark)


@pytest.mark.parametrize(
    "options", [{"timeout": 5}, {"on_timeout": "reject"}, {"title": "x"}, {"audience": "bob"}]
)
def test_a_stage_that_asks_nobody_has_no_options_for_asking(options: Data) -> None:
    for stage in (("style", len), ("automated_check",), ("node", FunctionNode(print))):
        with pytest.raises(InvalidFlow, match=f"asks nobody: it can't have {next(iter(options))}"):
            Stage(*stage, **options)


def test_a_stage_has_a_name_and_a_check_that_is_one() -> None:
    for check in ("peers", 7, FunctionNode):
        with pytest.raises(InvalidFlow, match="is checked by a function or a node"):
            Stage("style", check)  # type: ignore[arg-type]
    with pytest.raises(InvalidFlow, match="needs a name"):
        Stage(None)  # type: ignore[arg-type]
    for build in (Stage, QualityControl):
        with pytest.raises(InvalidInput, match="there is no option 'audiance'"):
            build("peers" if build is Stage else ["peers"], audiance="bob")


def test_the_signature_tells_of_the_stages() -> None:
    flow = QualityControl(["peers", Stage("style", Rater(name="rater"))])
    assert flow.signature() == ["QualityControl", "peers", "style", "style rater"]


LONG = "A sentence that is as plain as any other one. " * 6
CODE = "Call it so:\n\n```python\nprint('(', x[0]\n```\n\nand then go on with `{` as ever."


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Hello world",
        LONG,
        LONG + "\n\n* a list ends\n* without a full stop",
        CODE,
        "1) First a thing, 2) then another thing, a) and the last :-)",
        "It is said (about me) and (by p. 3) that f(1) is [sic] sad :( or glad (as follows:) so:(that) is it ;)",
        'He said "yes", and she said “no”. Er sagte „nein“. It is 5" wide.',
        "I know that that is what he had had in mind, yes, yes.",
        "NASA and ESA agreed on it.",
        "Привет, как дела у вас сегодня?",
        "今日は天気がいいですね、散歩しましょう。",
        "Mail me <today> if 3 < 4; use {name} as the placeholder (or [x]).",
        "Tabs\tand\r\nlines are fine.",
    ],
)
def test_ordinary_texts_have_no_problems(text: str) -> None:
    assert automated_check({"content": text}) == {"score": 1.0}


@pytest.mark.parametrize(
    ("text", "score", "comment"),
    [
        (None, 0.0, "there is no text under the key content"),
        (7, 0.0, "there is no text under the key content"),
        ("", 0.0, "the text is empty"),
        (" \n\t ", 0.0, "the text is empty"),
        ("short", 0.5, "it has 10 characters or fewer"),
        ("ten chars.", 0.5, "it has 10 characters or fewer"),
        ("a bell\x07 in the text", 0.5, "it has control characters"),
        ("a broken \ufffd character", 0.5, "it has control characters"),
        ("The price is TODO for now.", 0.5, "it has placeholders that nobody has filled in"),
        ("Dear {{ first_name }}, hello!", 0.5, "it has placeholders that nobody has filled in"),
        ("Lorem ipsum dolor sit amet.", 0.5, "it has placeholders that nobody has filled in"),
        ("Yours, [Your name here]", 0.5, "it has placeholders that nobody has filled in"),
        ("12345 67890 --- 12345", 0.5, "it has no words"),
        ("BUY THIS NOW OR NEVER AGAIN", 0.5, "it shouts"),
        ("Buy this now!!!", 0.5, "it shouts"),
        ("An open (bracket in a text.", 0.8, "a bracket is not closed, or not opened"),
        ("A crossed ([pair of) them].", 0.8, "a bracket is not closed, or not opened"),
        ('An open "quotation in a text.', 0.8, "a quotation is not closed"),
        ("Some code:\n```\nprint(1)", 0.8, "a code fence is not closed"),
        ("It is the the same word.", 0.8, "a word stands twice in a row"),
        (LONG + "And then it stops in the", 0.8, "it stops without the end of a sentence"),
        ("It is the the (word.", 0.6, "a bracket is not closed, or not opened; a word stands twice in a row"),
        ("TODO\x07", 0.0, None),
    ],
)
def test_problems_are_named_and_cost(text: Any, score: float, comment: str | None) -> None:
    found = automated_check({"content": text})
    assert found["score"] == score
    assert comment in (None, found["comment"])


async def test_the_check_does_not_stumble_over_large_texts() -> None:
    for text in (
        "(" * 200_000,
        "a" * 900_000,
        "```\n" * 100_000,
        '" ' * 200_000,
        "{{" * 200_000,
        "a " * 200_000,
    ):
        assert (await control(["automated_check"], {"content": text}))["scores"][0]["score"] <= 1


@pytest.mark.parametrize("name", ["automatic_check", "automated_checks", "automated check"])
def test_a_misspelt_check_does_not_become_a_question_to_everybody(name: str) -> None:
    with pytest.raises(InvalidFlow, match="did you mean 'automated_check'"):
        QualityControl([name])
    assert QualityControl([Stage(name), "automated_review", "peer_review"])

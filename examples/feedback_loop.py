"""A model writes, a person says what to change, the model revises, until the
person approves or rejects, at most three rounds. An approved text is saved.

    python examples/feedback_loop.py --run-id mug-1

Kill it at any moment and run the same command again: it goes on. The model is
the one that HANDRAIL_MODEL names, else a stand-in that says so.
"""

import os
from pathlib import Path
from typing import Any

import handrail
from handrail import FeedbackLoop, FunctionNode, LLMNode

DRAFT = "A mug that keeps tea hot for an hour. It is made of steel. It fits under every machine."
SIGNATURE = "\n\n(Written by a stand-in, not by a language model.)"


def stand_in(messages: list[dict[str, str]]) -> str:
    """Stand in for a model that nobody has named: drop a sentence if it has to be shorter, else add the wish."""
    original, _, rest = messages[-1]["content"].partition("\n\nUser feedback:\n")
    if not rest:
        return DRAFT + SIGNATURE
    text = original.removeprefix("Original content:\n").removesuffix(SIGNATURE)
    feedback = rest.partition("\n\nRevise the content")[0]
    if "short" in feedback and ". " in text:
        return text.rpartition(". ")[0] + "." + SIGNATURE
    return f"{text} {feedback.strip().rstrip('.').capitalize()}.{SIGNATURE}"


def save(review: dict[str, Any]) -> dict[str, Any]:
    """Write an approved text to a file; doing it again changes nothing."""
    result = {key: review.get(key) for key in ("status", "iterations", "decided_by", "final_output")}
    if review["status"] == "approved":
        Path("product.md").write_text(f"{review['final_output']}\n", encoding="utf-8")
    return result


model = os.environ.get("HANDRAIL_MODEL") or stand_in
flow = (
    LLMNode(model, name="write")
    | FunctionNode(lambda x: {"output": x["content"]}, name="draft")
    | FeedbackLoop(llm=model, max_iterations=3, name="review")
    | FunctionNode(save, name="save")
)

if __name__ == "__main__":
    handrail.main(flow, {"prompt": "Write a product description"})

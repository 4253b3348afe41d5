"""The feedback loop of the reference page, written as the page writes it, with a scripted model in place of GPT-4."""

from typing import Any

import handrail
from handrail import App, FeedbackNode
from handrail.requests.request import HumanRequest
from tests.support.journey_effects import effect


async def scripted(messages: Any) -> str:
    """A model that writes longer each time it is told to."""
    prompt = messages[-1]["content"]
    effect("model")
    original = prompt.partition("Original content:\n")[2].partition("\n")[0]
    return f"{original}, revised" if original else f"text about {prompt}"


def LLMNode(model: str) -> handrail.LLMNode:
    return handrail.LLMNode(model=scripted)


def RevisionNode() -> handrail.RevisionNode:
    return handrail.RevisionNode(llm=scripted)


# fmt: off
async def feedback_loop_workflow(initial_prompt: str):  # type: ignore[no-untyped-def]
    """Workflow with human feedback loop"""
    # Generate initial content
    generator = LLMNode(model="gpt-4")
    initial = await generator.execute({"prompt": initial_prompt})

    data = {
        "output": initial["content"],
        "iteration": 0
    }

    # Iterate until approved or max iterations
    while True:
        # Get feedback
        feedback_node = FeedbackNode(max_iterations=3)
        result = await feedback_node.execute(data)

        if result["status"] in ["approved", "rejected", "max_iterations_reached"]:
            return result

        # Revise based on feedback
        revision_node = RevisionNode()
        data = await revision_node.execute(result)
# fmt: on


def make_app(store: str, **options: Any) -> App:
    app = App(store=store, **options)
    app.flow("feedback-loop", feedback_loop_workflow)
    return app


def answer(request: HumanRequest) -> dict[str, Any]:
    """Ask for changes twice, then approve."""
    if request.revision < 3:
        return {"verb": "request_changes", "comment": f"feedback {request.revision}"}
    return {"verb": "approve", "comment": "good"}

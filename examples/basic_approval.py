"""A model writes a post, a person approves, edits or rejects it; what was
approved is published to a file. Silence for an hour is a no.

    python examples/basic_approval.py --run-id post-1

Kill it at any moment and run the same command again: it goes on. The model is
the one that HANDRAIL_MODEL names, else a stand-in that says so.
"""

import os
from pathlib import Path
from typing import Any

import handrail
from handrail import FunctionNode, HumanApprovalNode, LLMNode


def stand_in(messages: list[dict[str, str]]) -> str:
    """Stand in for a model that nobody has named: a fixed text about the topic."""
    topic = messages[-1]["content"].partition(" about ")[2] or "it"
    return (
        f"# A word about {topic}\n\n"
        f"Much is said about {topic}, little of it by those who use it. Ask them first.\n\n"
        "(Written by a stand-in, not by a language model.)"
    )


def publish(post: dict[str, Any]) -> dict[str, Any]:
    """Write an approved post to a file; doing it again changes nothing."""
    if not post["approved"]:
        return {"published": None, "decided_by": post["decided_by"], "reason": post["reason"]}
    path = Path(f"{post['id']}.md")
    path.write_text(f"{post['content']}\n", encoding="utf-8")
    return {"published": str(path), "decided_by": post["decided_by"]}


flow = (
    LLMNode(model=os.environ.get("HANDRAIL_MODEL") or stand_in, name="write")
    | FunctionNode(lambda x: {"id": "post_1", "content": x["content"]}, name="shape")
    | HumanApprovalNode(timeout=3600, title="Publish this post?", name="approve")
    | FunctionNode(publish, name="publish")
)

if __name__ == "__main__":
    handrail.main(flow, {"prompt": "Write a blog post about AI"})

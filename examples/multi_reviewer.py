"""Alice, Bob and Charlie review a notice; with two of their three voices it is
put up. It ends as soon as the votes that are missing can't change the result.

    python examples/multi_reviewer.py --run-id notice-1 --as alice
    handrail inbox --as bob        # in another terminal, in the same folder

Kill it at any moment and run the same command again: it goes on.
"""

from pathlib import Path
from typing import Any

import handrail
from handrail import FunctionNode, MultiReviewerNode

NOTICE = "From Monday on, every change that touches payments needs two pairs of eyes before it is merged."


def put_up(notice: dict[str, Any]) -> dict[str, Any]:
    """Write the notice to a file if it was approved, with who said what; doing it again changes nothing."""
    votes = {review["reviewer"]: review["approved"] for review in notice["reviews"]}
    result = {"approved": notice["approved"], "approval_rate": notice["approval_rate"], "votes": votes}
    if not notice["approved"]:
        return {**result, "reason": notice["reason"]}
    signatures = "\n".join(f"- {name}" for name, approved in votes.items() if approved)
    Path("notice.md").write_text(f"{notice['content']}\n\nApproved by\n\n{signatures}\n", encoding="utf-8")
    return {**result, "put_up": "notice.md"}


flow = MultiReviewerNode(
    ["alice", "bob", "charlie"],
    approval_threshold=0.66,
    title="Put up this notice?",
    guideline="Is it clear who has to do what, and from when on?",
    name="review",
) | FunctionNode(put_up, name="put_up")

if __name__ == "__main__":
    handrail.main(flow, {"content": NOTICE})

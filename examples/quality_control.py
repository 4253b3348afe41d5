"""An article passes an automatic check, a peer and an expert, who each give a
score from 0 to 1. The first score under 0.7 ends it; what passes is published.

    python examples/quality_control.py --run-id article-1
    python examples/quality_control.py '{"content": "TODO"}'     # asks nobody

Kill it at any moment and run the same command again: it goes on.
"""

from pathlib import Path
from typing import Any

import handrail
from handrail import FunctionNode, QualityControl

ARTICLE = (
    "A queue that loses a message once a year loses it on the day that matters. Store it first, then send it."
)


def publish(article: dict[str, Any]) -> dict[str, Any]:
    """Write the article to a file if it has passed; doing it again changes nothing."""
    control = article["quality_control"]
    scores = {entry["stage"]: entry["score"] for entry in control["scores"]}
    result = {"passed": control["passed"], "average_score": control["average_score"], "scores": scores}
    if not control["passed"]:
        comment = control["scores"][-1].get("comment")
        return {**result, "failed_at": control["failed_at"], "comment": comment}
    Path("article.md").write_text(f"{article['content']}\n", encoding="utf-8")
    return {**result, "published": "article.md"}


flow = QualityControl(name="control") | FunctionNode(publish, name="publish")

if __name__ == "__main__":
    handrail.main(flow, {"content": ARTICLE})

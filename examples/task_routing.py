"""Tasks go to people who do that kind of work: each to the worker of its pool
who has the least to do, urgent ones first. Only that worker may answer.

    python examples/task_routing.py --run-id tasks-1 --as translator_1
    handrail inbox --as reviewer_1      # in another terminal, in the same folder

Kill it at any moment and run the same command again: it goes on.
"""

import json
from pathlib import Path
from typing import Any

import handrail
from handrail import FunctionNode, MapNode, TaskRouter

POOLS = {
    "translation": ["translator_1", "translator_2"],
    "review": ["reviewer_1", "reviewer_2"],
    "annotation": ["annotator_1"],
}
DONE = {
    "type": "object",
    "properties": {"answer": {"type": "string", "minLength": 1}},
    "required": ["answer"],
}


def collect(x: dict[str, Any]) -> dict[str, Any]:
    """Write what the workers made into a file; a task for which there is no pool is left over."""
    done = [task for task in x["results"] if task["status"] == "completed"]
    made = {task["task_id"]: {"by": task["worker"], **task["result"]} for task in done}
    Path("done.json").write_text(json.dumps(made, indent=2), encoding="utf-8")
    left = [task["task_type"] for task in x["results"] if task not in done]
    return {"done": made, "left": left}


flow = MapNode(TaskRouter(POOLS, schema=DONE), over="tasks", name="route") | FunctionNode(
    collect, name="collect"
)

TASKS = [
    {"task_id": "t1", "task_type": "translation", "priority": "high", "text": "Hello world"},
    {"task_id": "t2", "task_type": "review", "priority": "normal", "text": "We was there."},
    {"task_id": "t3", "task_type": "annotation", "priority": "low", "text": "A cat on a mat"},
]

if __name__ == "__main__":
    handrail.main(flow, {"tasks": TASKS})

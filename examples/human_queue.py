"""Questions wait in a queue, and whoever looks into the inbox answers them, in
any order. The flow goes on when the last answer is there.

    python examples/human_queue.py --run-id questions-1
    handrail inbox --as bob             # in another terminal: two answer faster

Kill it at any moment and run the same command again: it goes on.
"""

import json
from pathlib import Path
from typing import Any

import handrail
from handrail import AsyncHumanQueue, gather, step

queue = AsyncHumanQueue(schema={"type": "string", "minLength": 1}, title=lambda x: x["question"])


def write(answers: dict[str, str]) -> str:
    """Write the answers to a file; doing it again changes nothing."""
    path = Path("answers.json")
    path.write_text(json.dumps(answers, indent=2), encoding="utf-8")
    return str(path)


async def flow(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    results = await gather(*(queue.execute(task) for task in tasks))
    answers = {each["task_id"]: each["result"] for each in results}
    return {"answers": answers, "written": await step("write", write, answers)}


TASKS = [
    {"task_id": "name", "question": "What is the new service called?"},
    {"task_id": "owner", "question": "Who looks after it?"},
    {"task_id": "language", "question": "Which language are its texts in?"},
]

if __name__ == "__main__":
    handrail.main(flow, {"tasks": TASKS})

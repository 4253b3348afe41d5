"""A model files a message under a category. Where it isn't sure a person
approves, corrects or rejects the category; where it is, nobody is asked.

    python examples/conditional_intervention.py --run-id message-1
    python examples/conditional_intervention.py '{"text": "AI and machine learning news"}'

Kill it at any moment and run the same command again: it goes on. The model is
the one that HANDRAIL_MODEL names, else a stand-in that counts words.
"""

import json
import os
from pathlib import Path
from typing import Any

import handrail
from handrail import FunctionNode, LLMNode, SmartHITLNode

WORDS = {"technology": "ai machine learning app software", "finance": "bank pay", "sport": "match fans"}
PROMPT = "Classify this text as {}, and say how sure you are (0-1).\nFormat: category|confidence\nText: {}"
CLEAR = ("auto_approved", "human_approved", "human_corrected", "rejected")


def stand_in(messages: list[dict[str, str]]) -> str:
    """Stand in for a model that nobody has named: which category has the most words, and their share."""
    text = messages[-1]["content"].rpartition("Text: ")[2].lower().replace("'", " ").split()
    hits = {category: sum(word in known.split() for word in text) for category, known in WORDS.items()}
    best = max(hits, key=lambda category: hits[category])
    return f"{best}|{hits[best] / max(1, sum(hits.values())):.2f}"


def read(x: dict[str, Any]) -> dict[str, Any]:
    """Read the model's answer; without a confidence in it a person is asked."""
    category, _, confidence = x["content"].partition("|")
    try:
        return {"text": x["text"], "content": category.strip(), "confidence": float(confidence)}
    except ValueError:
        return {"text": x["text"], "content": category.strip()}


def file(x: dict[str, Any]) -> dict[str, Any]:
    """Note the category in filed.json, unless it was rejected; doing it again changes nothing."""
    path, how = Path("filed.json"), next(key for key in CLEAR if x.get(key))
    filed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if how != "rejected":
        path.write_text(json.dumps({**filed, x["text"]: x["content"]}, indent=2), encoding="utf-8")
    return {"text": x["text"], "category": None if how == "rejected" else x["content"], "how": how}


flow = (
    FunctionNode(lambda x: {**x, "prompt": PROMPT.format(", ".join(WORDS), x["text"])}, name="prompt")
    | LLMNode(model=os.environ.get("HANDRAIL_MODEL") or stand_in, name="classify")
    | FunctionNode(read, name="read")
    | SmartHITLNode(0.7, title=lambda x: f"File under {x['content']}? {x['text']}", name="check")
    | FunctionNode(file, name="file")
)

if __name__ == "__main__":
    handrail.main(flow, {"text": "The bank's new app lets fans pay at the match"})

"""A model reads a complaint and calls a tool that pays money back. A person is
put before the tool: they approve the call, change its arguments or reject it.

    python examples/tool_approval.py --run-id complaint-1

Kill it at any moment and run the same command again: it goes on, and pays once.
The model is the one that HANDRAIL_MODEL names, else a stand-in.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

import handrail
from handrail import LLMNode, Rejected, approval_required, idempotency_key


class Refund(BaseModel):
    """What the model wants to pay back."""

    order: str
    euros: int = Field(ge=1)


def stand_in(messages: list[dict[str, str]]) -> dict[str, Any]:
    """Stand in for a model that nobody has named: the first order and the first amount in the text."""
    text = messages[-1]["content"]
    order, euros = re.search(r"\b[A-Z]-\d+\b", text), re.search(r"(\d+) (?:EUR|euros)", text)
    return {"order": order[0] if order else "unknown", "euros": int(euros[1]) if euros else 10}


@approval_required(title=lambda call: f"Refund {call['euros']} EUR for {call['order']}?", timeout=86_400)
def refund(order: str, euros: int, why: str) -> str:
    """Pay money back to a customer."""  # people see this, and the arguments
    path = Path("ledger.json")
    ledger = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    ledger[idempotency_key()] = {"order": order, "euros": euros}  # cut off and done again: the same key
    path.write_text(json.dumps(ledger, indent=2), encoding="utf-8")
    return f"refunded {euros} EUR for {order}"


propose = LLMNode(os.environ.get("HANDRAIL_MODEL") or stand_in, output=Refund, name="propose")


async def flow(complaint: str) -> dict[str, Any]:
    proposed = await propose.execute({"prompt": f"Which refund is fair?\n{complaint}"})
    wanted = Refund.model_validate(proposed["content"])
    try:
        return {"receipt": await refund(wanted.order, wanted.euros, complaint)}
    except Rejected as no:
        return {"receipt": None, "reason": no.reason}


if __name__ == "__main__":
    handrail.main(flow, {"complaint": "My lamp (order A-17, 40 EUR) arrived broken."})

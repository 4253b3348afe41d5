"""An agent answers a customer. It may look an order up by itself; a refund is
paid only if a person approves it, perhaps with another amount.

    python examples/team_tools.py --run-id order-7

Kill it at any moment and run the same command again: it goes on, and pays once.
The model is the one that HANDRAIL_MODEL names, else a stand-in.
"""

import json
import os
from pathlib import Path
from typing import Any

import handrail
from handrail import Agent, Task, Team, approval_required

ORDERS = {"7": {"item": "mug", "paid": 18}}


def look_up(order: str) -> dict[str, Any]:
    """Return what is known of an order."""
    return ORDERS.get(order) or {"unknown": order}


@approval_required(title=lambda call: f"Refund {call['amount']} for order {call['order']}?")
def refund(order: str, amount: int) -> str:
    """Pay money back for an order; doing it again changes nothing."""
    Path(f"refund-{order}.json").write_text(json.dumps({"amount": amount}), encoding="utf-8")
    return f"refunded {amount} for order {order}"


def stand_in(messages: list[dict[str, Any]]) -> str | dict[str, Any]:
    """Stand in for a model that nobody has named: look up, refund, answer."""
    answers = {each["name"]: str(each["content"]) for each in messages if each["role"] == "tool"}
    if "look_up" not in answers:
        return {"tool": "look_up", "arguments": {"order": "7"}}
    if "refund" not in answers:
        return {"tool": "refund", "arguments": {"order": "7", "amount": 18}}
    return f"Dear customer, about your mug: {answers['refund']}."


clerk = Agent(
    "Clara",
    "Customer service",
    goal="Friendly, short answers",
    tools=[look_up, refund],
    model=os.environ.get("HANDRAIL_MODEL") or stand_in,
)
team = Team("refunds", [clerk], [Task("Answer this customer: {message}", clerk, title="Answer a customer")])

if __name__ == "__main__":
    handrail.main(team, {"message": "My mug from order 7 came broken. I want my money back."})

"""An analyst, a writer and a validator make a product specification. A person
validates the analysis, or says what is missing, before the others build on it.

    python examples/product_team.py --run-id mug-1

Kill it at any moment and run the same command again: it goes on. The model is
the one that HANDRAIL_MODEL names, else a stand-in that says so.
"""

import os
import re

import handrail
from handrail import Agent, Task, Team

SIGNATURE = "\n\n(By a stand-in, not by a language model.)"


def stand_in(messages: list[dict[str, str]]) -> str:
    """Stand in for a model that nobody has named: turn what was asked for into lines."""
    said = [each["content"].removesuffix(SIGNATURE) for each in messages if each["role"] == "user"]
    product = re.search(r"(?:who needs|of) (an? .+?)(?: from|[.,])", said[0])
    lines = [f"- It is about {product[1] if product else 'what was asked'}."]
    lines += [f"- {wish.strip().splitlines()[-1].rstrip('.')}." for wish in said[1:]]
    return "\n".join(lines) + SIGNATURE


model = os.environ.get("HANDRAIL_MODEL") or stand_in
analyst = Agent("Ana", "Product analyst", goal="Know what its users need", model=model)
writer = Agent("Will", "Technical writer", goal="Short, exact specifications", model=model)
validator = Agent("Vera", "Validator", goal="Find what is missing or wrong", model=model)

analysis = Task(
    "Analyse who needs {product}, and for what.",
    analyst,
    title="Analyse the users of {product}",
    expected_output="Up to ten needs, the most important first",
    external_validation_required=True,
    reference_id="analysis",
)
specification = Task(
    "Write the functional specification of {product} from this analysis:\n{taskResult:analysis}",
    writer,
    title="Specify {product}",
    is_deliverable=True,
    reference_id="specification",
)
check = Task(
    "Say what is missing in the specification of {product}.",
    validator,
    title="Check the specification",
    dependencies=[analysis, specification],
)

team = Team("product-specification", [analyst, writer, validator], [analysis, specification, check])

if __name__ == "__main__":
    handrail.main(team, {"product": "a mug that keeps tea hot"})

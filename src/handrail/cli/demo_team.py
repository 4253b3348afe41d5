"""The team of the web demo: four tasks on a board, one to validate and one that is stuck. Its agents are scripts.

They work on what they are given: a draft is made from notes, feedback is carried out where a rule knows how, and the
one who needs figures says so until somebody gives them.
"""

from typing import Any

from handrail import Agent, Task, Team
from handrail.cli import stand_in

TEAM = "release-notes"
CHANGES = (
    "- Exports run every hour.\n- Guests can comment, and no longer invite.\n- Dashboards load from a cache."
)


def collect(messages: list[dict[str, Any]]) -> str:
    """Return the changes of a release."""
    return f"{CHANGES}\n\n{stand_in.SIGNATURE}"


def draft(messages: list[dict[str, Any]]) -> str:
    """Return notes about the changes that the task hands over, or the revision that feedback asks for."""
    latest, before = messages[-1]["content"], [each for each in messages if each["role"] == "assistant"]
    if before:
        return stand_in.revise(before[-1]["content"], latest.partition("\n\n")[2] or latest)
    points = [line.removeprefix("- ") for line in latest.splitlines() if line.startswith("- ")]
    paragraphs = [
        "# What is new in 4.2",
        "Three changes, none of which you have to do anything for.",
        *points,
    ]
    return "\n\n".join([*paragraphs, stand_in.SIGNATURE])


def measure(messages: list[dict[str, Any]]) -> str | dict[str, str]:
    """Return the figures that somebody has given, or say what is missing."""
    given = [each["content"] for each in messages if each["role"] == "user"][1:]
    notes = [text.partition("\n\n")[2] for text in given if text.startswith("Feedback")]
    if not notes:
        return {"block": "The figures of last week lie in a warehouse I have no access to: tell me them."}
    return f"{notes[-1]}\n\n{stand_in.SIGNATURE}"


def team() -> Team:
    """Return the team."""
    ines = Agent("Ines", "Release manager", model=collect)
    will = Agent("Will", "Technical writer", goal="Plain words, no promises", model=draft)
    noor = Agent("Noor", "Data analyst", model=measure)
    return Team(
        TEAM,
        [ines, will, noor],
        [
            Task("Collect what has changed in {release}.", ines, reference_id="changes"),
            Task(
                "Say how many people use the exports now.",
                noor,
                reference_id="figures",
                allow_parallel_execution=True,
            ),
            Task(
                "Write the notes of {release} from these changes:\n\n{taskResult:changes}",
                will,
                title="Write the notes of {release}",
                expected_output="A heading and a sentence for each change",
                external_validation_required=True,
                allow_parallel_execution=True,
                is_deliverable=True,
                reference_id="notes",
            ),
            Task(
                "Put the figures into the notes.",
                will,
                dependencies=["notes", "figures"],
                reference_id="whole",
            ),
        ],
        inputs={"release": "release 4.2"},
    )

"""A team whose agents are functions: one task is validated by a person, one needs a key first."""

from typing import Any

from handrail import Agent, App, Task, Team

app = App()


def _analyse(messages: list[dict[str, Any]]) -> str:
    return "figures with prices" if "prices" in str(messages) else "figures"


def _write(messages: list[dict[str, Any]]) -> str | dict[str, Any]:
    text = str(messages)
    if "Publish" in text and "key is there" not in text:
        return {"block": "no key for the shop"}
    return "published" if "Publish" in text else "a text about bees"


def spec_team(name: str = "spec") -> Team:
    """Return a team that waits for people at once: `analyse` awaits validation, `publish` is BLOCKED."""
    ann, will = Agent("Ann", "Analyst", model=_analyse), Agent("Will", "Writer", model=_write)
    return Team(
        name,
        [ann, will],
        [
            Task("Analyse {topic}", ann, external_validation_required=True, reference_id="analyse"),
            Task(
                "Write {taskResult:analyse}",
                will,
                expected_output="a text for {reader}",
                reference_id="write",
                is_deliverable=True,
            ),
            Task("Publish a shop", will, reference_id="publish", allow_parallel_execution=True),
        ],
        inputs={"reader": "everybody"},
    )


def lone_team(name: str = "alone") -> Team:
    """Return a team that is BLOCKED at once and asks nobody."""
    will = Agent("Will", "Writer", model=_write)
    return Team(name, [will], [Task("Publish a shop", will, reference_id="publish")])


app.team(spec_team())
app.team(lone_team())

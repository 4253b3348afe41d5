"""Which model an agent has, as far as this process knows: its app has the team, and the model has a name."""

from handrail.flows.llm import default_model
from handrail.teams.flow import TeamFlow
from handrail.web.face import Face


def model_of(face: Face, flow: str | None, agent: str) -> str:
    """Return the name of an agent's model; nothing where it isn't known, or is a function.

    Which model is the default is known only where the runs are worked on.
    """
    team = face.flows.get(flow or "")
    if not isinstance(team, TeamFlow) or (known := team.agents.get(agent)) is None:
        return ""
    if known.model is None:
        return default_model() if face.works() else ""
    if isinstance(known.model, str):
        return known.model
    name = getattr(known.model, "model_name", "")
    return name if isinstance(name, str) else ""

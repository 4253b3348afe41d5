"""views.*: modals for people who have just done something."""

from tests.support.slack.calls import Call
from tests.support.slack.methods import Answer, method
from tests.support.slack.state import State


@method("views.open", json=True)
def opened(state: State, call: Call) -> Answer:
    """Open a modal."""
    return {"view": state.views.open(call.get("trigger_id"), call.get("view"))}


@method("views.push", json=True)
def pushed(state: State, call: Call) -> Answer:
    """Put a modal on the one that is open."""
    return {"view": state.views.push(call.get("trigger_id"), call.get("view"))}


@method("views.update", json=True)
def updated(state: State, call: Call) -> Answer:
    """Change a modal that is open."""
    view_id, external_id = call.get("view_id"), call.get("external_id")
    return {"view": state.views.update(view_id, external_id, call.get("hash"), call.get("view"))}

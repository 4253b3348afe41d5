"""A side effect that was cut off half-way: nobody knows whether it happened, so a person is asked.

The begin mark of a step with `on_interrupt="ask"` is stored before the step is executed. Found on a replay, the
process died in the step's middle.
"""

from typing import TYPE_CHECKING, Any

from handrail.requests.content import encode
from handrail.requests.decision import Verb
from handrail.requests.facts import changed
from handrail.requests.request import RequestDraft
from handrail.runs.activation import Cancelled
from handrail.runs.journal import Entry, State

if TYPE_CHECKING:
    from handrail.runs.scope import Scope

HAPPENED, AGAIN, CANCEL = "happened", "run_again", "cancel"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "what": {"enum": [HAPPENED, AGAIN, CANCEL], "title": "What is to be done?"},
        "result": {"title": "Its result, if it happened (JSON)"},
    },
    "required": ["what"],
    "if": {"properties": {"what": {"const": HAPPENED}}},
    "then": {"required": ["result"]},
    "additionalProperties": False,
}
NODE_SCHEMA: dict[str, Any] = {
    **SCHEMA,
    "properties": {
        **SCHEMA["properties"],
        "result": {"type": "object", "title": "Its result, if it happened (JSON)"},
    },
}
GUIDELINE = (
    "The process died while this step was being executed. Find out whether it took effect (the idempotency key may "
    f"help), then answer {HAPPENED!r} with the step's result, {AGAIN!r} to execute it again, or {CANCEL!r} "
    "to cancel the run."
)


def _draft(run_id: str, entry: Entry) -> RequestDraft:
    return RequestDraft(
        kind="interrupted",
        title=f"{entry.address!r} was interrupted: did it happen?",
        proposal={"step": entry.address, "kind": entry.kind, "idempotency_key": f"{run_id}/{entry.address}"},
        verbs=(Verb.ANSWER,),
        guideline=GUIDELINE,
        response_schema=SCHEMA if entry.kind == "step" else NODE_SCHEMA,
    )


async def ask_what_happened(scope: "Scope", entry: Entry) -> str | None:
    """Return the step's result (JSON text) if it happened, or None if it is to be executed again."""
    aside = scope.beside(entry)
    while True:
        asked = aside.skip_done()
        request = await aside.ask(_draft(scope.run_id, entry))
        if request.outcome is None or request.outcome.verb is not Verb.ANSWER:
            await aside.settle(asked)  # it was withdrawn, which says nothing about the step: ask anew
            continue
        answer = request.outcome.payload
        if answer["what"] == CANCEL:
            raise scope.activation.end(Cancelled(", ".join(request.outcome.by)))
        if answer["what"] == HAPPENED:  # stored with the step's result: a crash in between must not ask again
            return encode(answer["result"])
        # Open again, not begun: dying before it begins anew is no interruption that anybody has to be asked about.
        await aside.settle(asked, changed(entry, state=State.OPEN))
        return None

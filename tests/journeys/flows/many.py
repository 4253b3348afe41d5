"""A small flow that leaves a trace, for runs that are started by the thousand."""

from typing import Any

from handrail import App, FunctionNode
from tests.support.journey_effects import effect

ITEMS = [{"n": n % 1000} for n in range(1200)]
"""Two hundred of them are there twice."""

note = FunctionNode(lambda x: {**x, "key": effect("note")}, name="note")


def make_app(store: str, **options: Any) -> App:
    app = App(store=store, **options)
    app.flow("note", note)
    return app

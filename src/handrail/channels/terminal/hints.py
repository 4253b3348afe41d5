"""How to decide elsewhere: the commands to type in another terminal."""

import shlex
from pathlib import Path
from typing import Any

from handrail.requests.request import HumanRequest

DEFAULT = "handrail.db"
"""The store that the command line uses where none is named."""


def store_option(store: Any) -> str | None:
    """Return the `--store` that others need, empty for the default one; None if nobody else can reach the store."""
    path: Path | None = getattr(store, "path", None)
    if path is None:
        return None
    return "" if path == Path(DEFAULT).absolute() else f" --store {shlex.quote(f'sqlite:///{path}')}"


def how_to_decide(request: HumanRequest, store: Any, person: str | None = None) -> str:
    """Return the command that decides a request, with the verbs it takes."""
    option = store_option(store)
    if option is None:
        return "its store is in memory: only this process can decide it"
    who = f" --as {shlex.quote(person)}" if person else _somebody_asked(request)
    verbs = [verb.value for verb in request.draft.verbs]
    first = f"handrail decide {shlex.quote(request.id)} {verbs[0]}"
    payload = " --payload JSON" if verbs[0] == "answer" else ""
    others = f"   (or {', '.join(verbs[1:])})" if verbs[1:] else ""
    return f"{first}{payload}{who}{option}{others}"


def _somebody_asked(request: HumanRequest) -> str:
    """Return whom to decide as where not everybody may: the first who is asked and hasn't decided."""
    decided = {decision.actor for decision in request.decisions}
    left = next((name for name in request.asked or () if name not in decided), None)
    return f" --as {shlex.quote(left)}" if left else ""


def open_inbox(store: Any, person: str | None = None) -> str | None:
    """Return the command that opens the inbox on this store, if others can reach it."""
    option = store_option(store)
    who = f" --as {shlex.quote(person)}" if person else ""
    return None if option is None else f"handrail inbox{who}{option}"

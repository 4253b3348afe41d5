"""Guidelines of flows: what reviewers are told about how to judge, in versions that stay.

A request without a guideline of its own takes its flow's current one when it opens, and keeps it.
"""

from datetime import datetime

from handrail.people.entry import enter
from handrail.people.facts import Guideline
from handrail.people.ports import PeopleTransaction
from handrail.requests.content import encode
from handrail.requests.decision import Actor
from handrail.requests.errors import InvalidInput

LONGEST = 20_000
"""characters"""


def current(tx: PeopleTransaction, *, flow: str) -> Guideline | None:
    """Return the guideline of a flow, None if it has none (any more)."""
    newest = tx.guideline(flow)
    return newest if newest is not None and newest.text else None


def history(tx: PeopleTransaction, *, flow: str) -> list[Guideline]:
    """Return all versions, the newest first; one without text took the guideline away."""
    return tx.guidelines(flow)


def all_current(tx: PeopleTransaction) -> list[Guideline]:
    """Return the guidelines of all flows, by flow."""
    return [newest for newest in tx.guidelines(None) if newest.text]


def set_text(tx: PeopleTransaction, *, flow: str, text: str, actor: Actor, now: datetime) -> Guideline:
    """Make `text` the guideline of a flow from now on; an empty one takes it away, the same one changes nothing.

    Raises `InvalidInput` for one that is too long.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST:
        raise InvalidInput(f"a guideline has at most {LONGEST:,} characters, this one has {len(text):,}")
    if not flow.strip() or not flow.isprintable():
        raise InvalidInput("a guideline belongs to a flow: name it")
    encode(text, "the guideline")
    newest = tx.guideline(flow)
    if newest is not None and newest.text == text:
        return newest
    made = Guideline(flow, newest.version + 1 if newest else 1, text, now, actor.name)
    tx.insert_guideline(made)
    enter(tx, "guideline_changed", {"flow": flow, "version": made.version}, now=now, actor=actor.name)
    return made

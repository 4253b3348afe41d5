"""How an operator brings a waiting run to a changed flow: old names are mapped to new ones. Nothing is guessed.

    OLD=NEW   the step recorded as OLD is called NEW now (a position such as 1, for a step without a name)
    OLD=      the step OLD is gone from the flow: its record is dropped
    =NEW      NEW is a new step, in front of the place where the run stopped: it will be executed
    NAME=NAME the node where the run stopped is the same one, and its class has another name now

Moving a position moves the later ones with it: `1=2` says that something new stands at 1, `2=1` that 1 is gone.
Names inside another step are written with their whole path: `2/draft=2/write`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from handrail.inbox import moves
from handrail.inbox.ports import Filter
from handrail.requests.decision import Actor
from handrail.requests.errors import IllegalMove, InvalidInput
from handrail.runs import units
from handrail.runs.journal import ANY_KIND, NO_NODES, Entry, State
from handrail.runs.ports import RunTransaction
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.runs import find

Mapped = Sequence[tuple[str, str]]


def parse_mapping(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return (old, new) of each `OLD=NEW`. Raises `InvalidInput` for what is none."""
    pairs = []
    for text in texts:
        old, equals, new = (part.strip() for part in text.partition("="))
        if not equals or not (old or new):
            raise InvalidInput(f"{text!r} is no mapping: write OLD=NEW, OLD= (gone) or =NEW (new)")
        pairs.append((old, new))
    return pairs


def migrate(tx: RunTransaction, *, run_id: str, mapping: Mapped, now: datetime, actor: str) -> StoredRun:
    """Rename what a run has done, and let it go on. The next replay shows whether that was all."""
    run = find(tx, run_id=run_id)
    if run.status not in (RunStatus.NEEDS_ATTENTION, RunStatus.WAITING, RunStatus.PENDING):
        raise IllegalMove(
            f"run {run_id} is {run.status}: only one that waits or NEEDS_ATTENTION can be migrated",
            winner=None,
        )
    for old, new in mapping:
        _map(tx, run, old, new)
    units.log(tx, run, "migrated", now, actor, mapping=[f"{old}={new}" for old, new in mapping])
    tx.write_entries(run_id, [Entry(units.MIGRATED, 0, "mark", ANY_KIND, State.DONE)])
    run = units.revive(tx, run, now)
    _withdraw_dropped(tx, run, now, actor)
    return run


def _withdraw_dropped(tx: RunTransaction, run: StoredRun, now: datetime, actor: str) -> None:
    """Take back what was asked by steps that are gone: nobody would hear the answer."""
    heard = {moves.latest(tx, request_id).id for request_id in tx.asked(run.id)}
    for request in tx.requests(Filter(moves.PENDING, run_id=run.id, limit=1_000_000)):
        if request.id not in heard:
            reason = "the step that asked is gone from the flow"
            moves.withdraw(tx, request_id=request.id, actor=Actor(actor), now=now, reason=reason)


def _map(tx: RunTransaction, run: StoredRun, old: str, new: str) -> None:
    frame, label = _split(old or new)
    target = _split(new)[1] if new else ""
    if old and new and _split(new)[0] != frame:
        raise InvalidInput(
            f"{old}={new}: a step can't move into another one; both paths must have the same beginning"
        )
    entries = tx.entries(run.id, frame)
    labels = [entry.label for entry in entries]
    if old and label not in labels:
        where = f"in {frame!r}" if frame else "of run " + run.id
        raise InvalidInput(
            f"nothing is recorded as {label!r} {where}; there is {', '.join(labels) or 'nothing'}"
        )
    if (
        target
        and target in labels
        and target != label
        and not (target.isdigit() and (not old or label.isdigit()))
    ):
        raise InvalidInput(f"{target!r} is recorded already; map that one first")
    if not old:
        changed = _inserted(run, frame, entries, target)
    elif not new:
        changed = [entry for entry in entries if entry.label != label]
        changed = _renumbered(entries, changed)
    elif label != target and label.isdigit() and target.isdigit():
        changed = _moved(entries, labels.index(label), int(target) - int(label))
    else:
        changed = [_renamed(run, entry, target) if entry.label == label else entry for entry in entries]
    tx.move_entries(run.id, changed, frame)


def _split(address: str) -> tuple[str, str]:
    """Return the frame and the label of an address; the frame of what is in a branch ends with its bracket."""
    place = max(address.rfind("/"), address.rfind("]"))
    return (address[: place + 1].rstrip("/"), address[place + 1 :]) if place >= 0 else ("", address)


def _renamed(run: StoredRun, entry: Entry, label: str) -> Entry:
    """Give an entry its new name, and a node whose class was renamed the kind that the flow has there now."""
    difference = (run.error or {}).get("difference") or {}
    flow = difference.get("flow") or {}
    here = difference.get("frame") == entry.frame and flow.get("name") == label
    nodes = here and not {entry.kind, flow["kind"]} & NO_NODES
    return replace(entry, label=label, kind=flow["kind"] if nodes else entry.kind)


def _inserted(run: StoredRun, frame: str, entries: list[Entry], label: str) -> list[Entry]:
    """Put a new step where the run stopped, or in front of the position that it names."""
    difference = (run.error or {}).get("difference") or {}
    if label.isdigit():
        place = next((i for i, entry in enumerate(entries) if entry.label == label), len(entries))
        return _moved(entries, place, 1)
    if difference.get("frame") != frame:
        raise InvalidInput(
            f"={label}: run {run.id} did not stop there, so the place of the new step isn't known"
        )
    place = int(difference["position"])
    added = _new_entry(frame, label)
    return [*entries[:place], added, *_shifted(entries[place:], 1)]


def _moved(entries: list[Entry], place: int, distance: int) -> list[Entry]:
    """Move the entries from `place` on; a gap is a new step, an entry that is moved upon is dropped."""
    before, after = entries[:place], entries[place:]
    if distance >= 0:
        frame = entries[0].frame if entries else ""
        first = int(after[0].label) if after and after[0].label.isdigit() else place
        return [
            *before,
            *(_new_entry(frame, str(first + n)) for n in range(distance)),
            *_shifted(after, distance),
        ]
    return [*before[:distance], *_shifted(after, distance)]


def _renumbered(entries: list[Entry], kept: list[Entry]) -> list[Entry]:
    """Let the positions behind dropped entries move up."""
    place = next((i for i, entry in enumerate(entries) if entry not in kept), len(entries))
    return [*kept[:place], *_shifted(kept[place:], -(len(entries) - len(kept)))]


def _shifted(entries: list[Entry], distance: int) -> list[Entry]:
    """Give entries that are known by their position the position they have now."""
    return [
        replace(entry, label=str(int(entry.label) + distance)) if entry.label.isdigit() else entry
        for entry in entries
    ]


def _new_entry(frame: str, label: str) -> Entry:
    return Entry(frame, -1, label, ANY_KIND, State.OPEN)

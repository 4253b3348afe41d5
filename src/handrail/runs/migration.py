"""How an operator brings a waiting run to a changed flow: old names are mapped to new ones. Nothing is guessed.

    OLD=NEW   the step recorded as OLD is called NEW now (a position such as 1, for a step without a name)
    OLD=      the step OLD is gone from the flow: its record is dropped
    =NEW      NEW is a new step, in front of the place where the run stopped: it will be executed
    NAME=NAME the node where the run stopped is the same one, and its class has another name now

Moving a position moves the later ones with it: `1=2` says that something new stands at 1, `2=1` that 1 is gone.
Names inside another step are written with their whole path: `2/draft=2/write`. With `[*]` on both sides they are mapped
in every branch at once: `map/0[*]/each=map/0[*]/item`; a branch where nothing is to map is passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from handrail.inbox import moves
from handrail.inbox.ports import Filter
from handrail.requests.decision import Actor
from handrail.requests.errors import IllegalMove, InvalidInput
from handrail.runs import units
from handrail.runs.journal import ANY_KIND, FIXED, Entry, State, can_become
from handrail.runs.ports import RunTransaction
from handrail.runs.run import RunStatus, StoredRun
from handrail.runs.runs import check_alone, find
from handrail.runs.stop import EVERY, Stop, split, stop_of

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
    check_alone(run)
    if run.status not in (RunStatus.NEEDS_ATTENTION, RunStatus.WAITING, RunStatus.PENDING):
        raise IllegalMove(
            f"run {run_id} is {run.status}: only one that waits or NEEDS_ATTENTION can be migrated",
            winner=None,
        )
    stop = stop_of(run)
    for old, new in mapping:
        _map(tx, run, stop, old, new)
    if stop is not None:
        _check_kinds(tx, run, stop, mapping)
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


def _map(tx: RunTransaction, run: StoredRun, stop: Stop | None, old: str, new: str) -> None:
    frame, label = split(old or new)
    if old and new and split(new)[0] != frame:
        raise InvalidInput(
            f"{old}={new}: a step can't move into another one; both paths must have the same beginning"
        )
    near = stop if stop is not None and stop.is_in(frame) else None
    if EVERY in frame:
        _map_in_branches(tx, run, near, old, new)
        return
    entries = tx.entries(run.id, frame)
    labels = [entry.label for entry in entries]
    if old and label not in labels:
        where = f"in {frame!r}" if frame else "of run " + run.id
        raise InvalidInput(
            f"nothing is recorded as {label!r} {where}; there is {', '.join(labels) or 'nothing'}"
        )
    target = split(new)[1] if new else ""
    moves_on = target.isdigit() and (not old or label.isdigit())
    if target in labels and not (old and target == label) and not moves_on:
        raise InvalidInput(
            f"{new!r} is recorded already; map that one first: {new}=NEW, or {new}= if it is gone"
        )
    if not old and not moves_on and near is None:
        raise _unknown_place(run, new)
    tx.move_entries(run.id, _mapped(near, frame, entries, label if old else "", target), frame)


def _unknown_place(run: StoredRun, new: str) -> InvalidInput:
    return InvalidInput(
        f"={new}: run {run.id} did not stop there, so the place of the new step isn't known; map it once the run "
        "has stopped"
    )


def _mapped(near: Stop | None, frame: str, entries: list[Entry], label: str, target: str) -> list[Entry]:
    """Return what the entries of a frame are after one mapping; an empty label is a new step."""
    labels = [entry.label for entry in entries]
    if not label:
        return _inserted(near, frame, entries, target)
    if not target:
        return _renumbered(entries, [entry for entry in entries if entry.label != label])
    if label != target and label.isdigit() and target.isdigit():
        return _moved(entries, labels.index(label), int(target) - int(label))
    return [_renamed(near, entry, target) if entry.label == label else entry for entry in entries]


def _map_in_branches(tx: RunTransaction, run: StoredRun, near: Stop | None, old: str, new: str) -> None:
    """Map a name in each branch where it is to be mapped; refuses a pattern that fits none."""
    frame, name = split(old or new)
    label, target = (name if old else ""), (split(new)[1] if new else "")
    if not old and near is None:
        raise _unknown_place(run, new)
    fits = False
    for each in list(_frames(tx, run.id, frame)):
        entries = tx.entries(run.id, each)
        if _is_to_map(near, each, entries, label, target):
            tx.move_entries(run.id, _mapped(near, each, entries, label, target), each)
            fits = True
        fits = fits or target in [entry.label for entry in entries]
    if not fits:
        raise InvalidInput(f"{old}={new}: nothing is recorded as {name!r} in any branch {frame!r}")


def _frames(tx: RunTransaction, run_id: str, pattern: str) -> Iterator[str]:
    """Return the frames that a pattern stands for."""
    gather, star, rest = pattern.partition(EVERY)
    if not star:
        yield pattern
        return
    for branch in tx.branches(run_id, gather, None):
        yield from _frames(tx, run_id, branch.address + rest)


def _is_to_map(near: Stop | None, frame: str, entries: list[Entry], label: str, target: str) -> bool:
    """Whether a mapping is meant for this branch too, and isn't done yet.

    A position says little: it moves only where there is what is recorded where the run stopped.
    """
    recorded = (near.recorded or {}) if near else {}
    kinds = {entry.label: entry.kind for entry in entries}
    if not label and not target.isdigit():
        return target not in kinds and near is not None and _place(near, frame, entries) is not None
    place = label or target
    if place.isdigit() and recorded.get("name") == place:
        return bool(kinds.get(place) == recorded["kind"])
    return place in kinds and (place == target or target not in kinds or target.isdigit())


def _check_kinds(tx: RunTransaction, run: StoredRun, stop: Stop, mapping: Mapped) -> None:
    """Refuse to call something the step of the flow that it can't be, such as an answered question a step."""
    flow = stop.flow or {}
    for old, new in mapping:
        frame, target = split(new)
        if not (old and stop.is_in(frame) and target == flow.get("name")):
            continue
        kinds = {entry.label: entry.kind for entry in tx.entries(run.id, stop.frame)}
        if target in kinds and not can_become(kinds[target], flow["kind"]):
            raise InvalidInput(
                f"{old}={new}: what is recorded is of the kind {kinds[target]}, and {new!r} of the flow is of the "
                f"kind {flow['kind']}: one can't become the other. Use ={new} if that is new, {old}= if {old!r} is "
                "gone"
            )


def _renamed(near: Stop | None, entry: Entry, label: str) -> Entry:
    """Give an entry its new name, and a node whose class was renamed the kind that the flow has there now."""
    flow = (near.flow or {}) if near else {}
    nodes = flow.get("name") == label and not {entry.kind, flow["kind"]} & {*FIXED, ANY_KIND}
    return replace(entry, label=label, kind=flow["kind"] if nodes else entry.kind)


def _inserted(near: Stop | None, frame: str, entries: list[Entry], label: str) -> list[Entry]:
    """Put a new step where the run stopped, or in front of the position that it names."""
    if label.isdigit():
        place = next((i for i, entry in enumerate(entries) if entry.label == label), len(entries))
        return _moved(entries, place, 1)
    place = (_place(near, frame, entries) if near else None) or 0
    return [*entries[:place], _new_entry(frame, label), *_shifted(entries[place:], 1)]


def _place(near: Stop, frame: str, entries: list[Entry]) -> int | None:
    """Return the place in a frame like the one where the run stopped: in front of what is recorded there."""
    recorded, labels = (near.recorded or {}).get("name"), [entry.label for entry in entries]
    there = entries[near.position] if near.position < len(entries) else None
    if frame == near.frame or (there and (there.label == recorded or there.kind == ANY_KIND)):
        return near.position
    return labels.index(recorded) if recorded in labels else None


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

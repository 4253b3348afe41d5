"""Lines of the log in words: who did what to what. `{}` stands for the request or the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handrail.inbox.ports import LogEntry
from handrail.requests.content import decode
from handrail.requests.decision import SYSTEM
from handrail.requests.identifier import parse_time
from handrail.web.content.text import plain

REQUESTS = {
    "opened": "asked {}",
    "claimed": "claimed {}",
    "released": "released {}",
    "decided": "decided {}",
    "resolved": "settled {}",
    "expired": "closed {}: nobody decided in time",
    "withdrawn": "withdrew {}",
    "reassigned": "reassigned {}",
    "assigned": "gave {} to a worker",
    "escalated": "escalated {}",
    "reminded": "reminded of {}",
    "commented": "commented on {}",
}
RUNS = {
    "run_started": "started {}",
    "run_finished": "’s {} finished",
    "run_failed": "’s {} failed",
    "run_cancelled": "cancelled {}",
    "run_needs_attention": "’s {} needs attention: its past doesn’t match its flow",
    "run_abandoned": "’s {} ended with its process",
    "run_retried": "retried {}",
    "run_resumed": "let {} go on",
    "run_migrated": "migrated {}",
}
PEOPLE = {
    "person_added": "added a person",
    "identity_added": "noted an address of a person",
    "identity_removed": "took an address from a person",
    "notifications_changed": "set the notifications",
    "person_changed": "changed a person",
    "password_set": "set a password",
    "logged_in": "signed in",
    "login_refused": "was refused at the door",
    "key_made": "made an API key",
    "key_revoked": "revoked an API key",
    "link_made": "made a one-time link",
    "link_used": "used a one-time link",
    "group_changed": "changed a group",
    "guideline_changed": "changed a guideline",
}
CHANNELS = {"messages_retried": "had messages of a channel tried again"}
WEBHOOKS = {
    "webhook_added": "added a webhook",
    "webhook_changed": "changed a webhook",
    "webhook_removed": "removed a webhook",
    "webhook_rotated": "gave a webhook a new secret",
    "webhook_tested": "tested a webhook",
    "webhook_redelivered": "had an event sent again to a webhook",
    "webhook_stopped": "switched a webhook off",
    "inbound_added": "let a program call in",
    "inbound_rotated": "gave a program that calls in a new secret",
    "inbound_revoked": "let a program call in no more",
}
KINDS = {**REQUESTS, **RUNS, **PEOPLE, **CHANNELS, **WEBHOOKS}
DECIDED = {
    "approve": "approved {}",
    "edit": "approved {} with changes",
    "request_changes": "asked for changes to {}",
    "reject": "rejected {}",
    "answer": "answered {}",
    "abstain": "abstained from {}",
}
BY_TIME = {"escalated": "its deadline had passed", "reminded": "as planned", "expired": ""}
"""what the clock does where no person did it, and what is told beside it"""
CAUSES = {"timeout": "nobody decided in time", "abstained": "everybody abstained", "decision": ""}


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the log, told: `before` and `after` what it was done to, and `more` that it says."""

    sequence: int
    at: datetime
    actor: str
    kind: str
    before: str
    after: str
    more: str
    request_id: str | None
    run_id: str | None

    @property
    def words(self) -> str:
        """All of it on one line."""
        about = f"run {self.run_id}" if self.run_id and not self.request_id else self.request_id or ""
        return f"{self.actor}{self.before}{about}{self.after}{f' ({self.more})' if self.more else ''}"

    @property
    def of_run(self) -> str:
        """What the log of one run says."""
        began = "The run" if self.before.startswith("’s") else f"{self.actor}{self.before}the run"
        return f"{began}{self.after}"


def told(entry: LogEntry, *, hidden: bool = False) -> Deed:
    """Return a line in words; a kind that isn't known here keeps its name. What is hidden keeps its content back."""
    data: Mapping[str, Any] = {} if hidden else decode(entry.data)
    pattern, more = _pattern(entry.kind, data)
    if entry.actor == SYSTEM.name and entry.kind in BY_TIME:
        more = BY_TIME[entry.kind]
    before, _, after = (pattern if pattern.startswith("’s") else f" {pattern}").partition("{}")
    return Deed(
        entry.sequence,
        parse_time(entry.at),
        _who(entry, data),
        entry.kind,
        before,
        after,
        plain(more.removeprefix(f"person {entry.actor}").removeprefix(", "), 240),
        entry.request_id,
        entry.run_id,
    )


def joined(deeds: Sequence[Deed]) -> list[Deed]:
    """Return deeds, the newest first, with what one decision has settled told together with it."""
    found = list[Deed]()
    for deed in deeds:
        last = found[-1] if found else None
        if last is not None and deed.kind == "decided" and _is_settled_by(last, deed):
            found[-1] = replace(deed, after=f"{deed.after}, which settled it")
        else:
            found.append(deed)
    return found


def _is_settled_by(last: Deed, deed: Deed) -> bool:
    who, where = (last.actor, last.request_id, last.at), (deed.actor, deed.request_id, deed.at)
    return last.kind == "resolved" and last.sequence == deed.sequence + 1 and who == where


def _who(entry: LogEntry, data: Mapping[str, Any]) -> str:
    """Return who did it; what comes of a deadline nobody did."""
    if entry.actor != SYSTEM.name:
        return entry.actor
    by_time = entry.kind in BY_TIME or data.get("outcome", {}).get("cause") == "timeout"
    return "The clock" if by_time else "Handrail"


def _pattern(kind: str, data: Mapping[str, Any]) -> tuple[str, str]:
    match kind, data:
        case "decided", {"decision": {"verb": str(verb), "comment": comment}}:
            return DECIDED.get(verb, "decided {}"), str(comment or "")
        case "resolved", {"outcome": {"verb": str(verb), "cause": str(said)}}:
            cause = CAUSES.get(said, "")
            return "settled {}", f"{verb.replace('_', ' ')}{', ' + cause if cause else ''}"
    return KINDS.get(kind, f"{kind} {{}}"), _more(data)


NAMED = (
    "text",
    "reason",
    "comment",
    "person",
    "group",
    "flow",
    "channel",
    "messages",
    "message",
    "key",
    "webhook",
    "host",
    "sequence",
    "label",
    "role",
    "version",
    "step",
    "worker",
    "by",
)
"""what is told of a line beside who did what, in this order"""
BARE = {"text", "reason", "comment"}


def _more(data: Mapping[str, Any]) -> str:
    parts = [str(data[name]) if name in BARE else f"{name} {data[name]}" for name in NAMED if data.get(name)]
    parts += [", ".join(data["mapping"])] if isinstance(data.get("mapping"), list) else []
    parts += [] if "active" not in data else ["switched on" if data["active"] else "switched off"]
    parts += [", ".join(data["scopes"])] if isinstance(data.get("scopes"), list) else []
    return ", ".join(parts)

"""What can be typed while a request is on the screen: letters and words, and what they mean."""

from dataclasses import dataclass

from handrail.requests.decision import Verb
from handrail.requests.policy import First
from handrail.requests.request import HumanRequest


@dataclass(frozen=True)
class Command:
    """`name` is a verb or an act of the terminal, `label` is shown, `words` are understood."""

    name: str
    label: str
    words: frozenset[str]
    help: str


def _command(name: str, label: str, words: str, explanation: str) -> Command:
    return Command(name, label, frozenset(words.split()), explanation)


_VERBS = {
    Verb.APPROVE: _command(
        "approve", "[a]pprove", "a approve yes y ok", "the work goes on with what is shown"
    ),
    Verb.EDIT: _command("edit", "[e]dit", "e edit", "change it in your editor; what you save is approved"),
    Verb.REQUEST_CHANGES: _command(
        "request_changes",
        "request [c]hanges",
        "c changes change request_changes request-changes feedback",
        "say what should change; you see the next version",
    ),
    Verb.REJECT: _command("reject", "[r]eject", "r reject no n", "say no, with a reason if you like"),
    Verb.ANSWER: _command("answer", "ans[w]er", "w answer", "give the answer"),
    Verb.ABSTAIN: _command("abstain", "a[b]stain", "b abstain", "take no side"),
}
_ACTS = (
    _command("skip", "[s]kip", "s skip", "leave it open for later"),
    _command("quit", "[q]uit", "q quit exit", "ask nothing more here; everything stays open"),
    _command("comment", "co[m]ment", "m comment", "say something to the others without deciding"),
    _command("view", "[v]iew", "v view show", "show it again, as it is written, not rendered"),
    _command("help", "[?]", "? help h", "this help"),
)
_SHOWN = ("skip", "quit", "help")


def commands(request: HumanRequest) -> list[Command]:
    """Return what may be typed for a request, its verbs first; `a` means answer where nothing can be approved."""
    verbs = [_VERBS[verb] for verb in request.draft.verbs]
    if Verb.APPROVE not in request.draft.verbs:
        verbs = [
            _command("answer", "[a]nswer", "a w answer", each.help) if each.name == "answer" else each
            for each in verbs
        ]
    if Verb.ABSTAIN not in request.draft.verbs:
        verbs.append(_VERBS[Verb.ABSTAIN])
    return [*verbs, *_ACTS]


def offered(request: HumanRequest) -> str:
    """Return the line that says what may be typed; the rarer things are in the help."""
    counted = not isinstance(request.policy.quorum, First)
    shown = [
        each
        for each in commands(request)
        if each.name in request.draft.verbs or each.name in _SHOWN or (each.name == "abstain" and counted)
    ]
    return "  ".join(each.label for each in shown)


def understood(line: str, request: HumanRequest) -> Command | None:
    """Return the command that a line means, if it means one."""
    word = line.strip().lower().replace("request changes", "request_changes").removeprefix("/")
    return next((each for each in commands(request) if word in each.words), None)

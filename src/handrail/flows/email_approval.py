"""An approval by email: the people who are asked get a mail each, with a link of their own and an address to answer."""

from collections.abc import Sequence
from typing import Literal, Unpack

from handrail.flows.approval import HumanApprovalNode
from handrail.flows.human import Asking
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import OnTimeout


class EmailApprovalNode(HumanApprovalNode):
    """Ask for approval by email.

    Args:
        timeout, on_timeout, on_reject, title and what follows: as in `HumanApprovalNode`.
        to: who is asked: the name of a person in Handrail, an address that belongs to one, or several of these. Nobody
            else decides, unless `audience` says otherwise.

    Without `to` everybody in `audience` gets a mail. Beside email, the request is where all are: in the web inbox, and
    in the further `channels` that are named. The result is that of `HumanApprovalNode`.

    >>> node = EmailApprovalNode(timeout=86400, to=["alice", "bob@example.com"])
    >>> node.asking["channels"]
    ('email:@alice', 'email:bob@example.com')
    """

    repeatable = True

    def __init__(
        self,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        on_reject: Literal["continue", "stop"] = "continue",
        *,
        to: str | Sequence[str] | None = None,
        **options: Unpack[Asking],
    ) -> None:
        super().__init__(timeout, on_timeout, on_reject, **_asking(to, options))


def _asking(to: str | Sequence[str] | None, options: Asking) -> Asking:
    """Return what is said about asking, with email first among the channels."""
    named = [] if to is None else [to] if isinstance(to, str) else [*to]
    if (to is not None and not named) or not all(isinstance(who, str) and who.strip("@ ") for who in named):
        raise InvalidInput("EmailApprovalNode takes names or addresses as to=..., such as 'alice'")
    people = [who.strip().removeprefix("@") for who in named]
    asked = dict(options)
    if people:
        asked.setdefault("audience", people)
    where = [f"email:{who}" if "@" in who else f"email:@{who}" for who in people] or ["email"]
    others = options.get("channels", ())
    asked["channels"] = (*where, *((others,) if isinstance(others, str) else others))
    return asked  # type: ignore[return-value]

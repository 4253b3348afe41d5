"""An approval in Slack: in a room, or in direct messages to the people who are asked."""

import re
from typing import Literal, Unpack

from handrail.flows.approval import HumanApprovalNode
from handrail.flows.human import Asking, Title
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import OnTimeout

ROOM = re.compile(r"[CGD][A-Z0-9]{7,}")
"""how Slack writes the ids of rooms"""


class SlackApprovalNode(HumanApprovalNode):
    """Ask for approval in Slack.

    Args:
        timeout, on_timeout, on_reject, title and what follows: as in `HumanApprovalNode`.
        channel: the room that is asked: `"#deploys"`, or the room's id.
        user: the person who is asked, by their name in Handrail; they get a direct message, and nobody else decides
            unless `audience` says otherwise.

    With neither, everybody in `audience` gets a direct message. Beside Slack, the request is where all are: in the web
    inbox, and in the further `channels` that are named. The result is that of `HumanApprovalNode`.

    >>> node = SlackApprovalNode(timeout=3600, channel="#deploys", audience="group:release")
    >>> node.asking["channels"]
    ('slack:#deploys',)
    """

    repeatable = True

    def __init__(
        self,
        timeout: float | None = None,
        on_timeout: OnTimeout = "reject",
        on_reject: Literal["continue", "stop"] = "continue",
        *,
        channel: str | None = None,
        user: str | None = None,
        name: str | None = None,
        title: Title | None = None,
        **options: Unpack[Asking],
    ) -> None:
        if channel is not None and user is not None:
            raise InvalidInput("SlackApprovalNode takes channel=... or user=..., not both")
        asking = _asking(channel, user, options)
        super().__init__(timeout, on_timeout, on_reject, name=name, title=title, **asking)


def _asking(channel: str | None, user: str | None, options: Asking) -> Asking:
    """Return what is said about asking, with Slack first among the channels."""
    for name, given in (("channel", channel), ("user", user)):
        if given is not None and (not isinstance(given, str) or not given.strip("#@ ")):
            raise InvalidInput(f"SlackApprovalNode takes a name as {name}=..., such as '#deploys' or 'alice'")
    where = "slack"
    if channel is not None:
        where = f"slack:{channel if ROOM.fullmatch(channel) else '#' + channel.removeprefix('#')}"
    asked = dict(options)
    if user is not None:
        where = f"slack:@{user.removeprefix('@')}"
        asked.setdefault("audience", user.removeprefix("@"))
    others = options.get("channels", ())
    asked["channels"] = (where, *((others,) if isinstance(others, str) else others))
    return asked  # type: ignore[return-value]

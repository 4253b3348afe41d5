"""Email set up by environment variables, for `App(channels=["email"])` and `HANDRAIL_CHANNELS=email`."""

import os

from handrail.channels.email.channel import Email
from handrail.requests.errors import InvalidInput

YES = frozenset({"1", "yes", "true", "on"})


def from_environment() -> Email:
    """Return the channel as the environment says.

    `HANDRAIL_EMAIL_SMTP` and `HANDRAIL_EMAIL_FROM` are needed; `HANDRAIL_EMAIL_REPLY_TO`, `HANDRAIL_EMAIL_RECEIVE` and
    `HANDRAIL_EMAIL_AUTHSERV_ID` are for answers, `HANDRAIL_EMAIL_TRUST_LOOPBACK` for tests: see `Email`. Raises
    `InvalidInput` where one is missing or wrong.
    """
    given = {name: os.environ.get(f"HANDRAIL_EMAIL_{name}") or None for name in ("SMTP", "FROM")}
    smtp, sender = given["SMTP"], given["FROM"]
    if smtp is None or sender is None:
        raise InvalidInput(
            "the channel email needs HANDRAIL_EMAIL_SMTP (smtp://user:password@host:587) and HANDRAIL_EMAIL_FROM "
            "(Handrail <handrail@example.com>)"
        )
    return Email(
        smtp,
        sender,
        reply_to=os.environ.get("HANDRAIL_EMAIL_REPLY_TO") or None,
        receive=os.environ.get("HANDRAIL_EMAIL_RECEIVE") or None,
        authserv_id=os.environ.get("HANDRAIL_EMAIL_AUTHSERV_ID") or None,
        trust_loopback=os.environ.get("HANDRAIL_EMAIL_TRUST_LOOPBACK", "").lower() in YES,
    )

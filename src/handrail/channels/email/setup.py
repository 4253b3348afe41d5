"""Email set up by environment variables, for `App(channels=["email"])` and `HANDRAIL_CHANNELS=email`."""

import os

from handrail.channels.email.channel import Email
from handrail.channels.email.oauth import OAuth
from handrail.requests.errors import InvalidInput

YES = frozenset({"1", "yes", "true", "on"})


def from_environment() -> Email:
    """Return the channel as the environment says.

    `HANDRAIL_EMAIL_SMTP` and `HANDRAIL_EMAIL_FROM` are needed; `HANDRAIL_EMAIL_REPLY_TO`, `HANDRAIL_EMAIL_RECEIVE` and
    `HANDRAIL_EMAIL_AUTHSERV_ID` are for answers, `HANDRAIL_EMAIL_OAUTH_...` for servers that take no passwords,
    `HANDRAIL_EMAIL_TRUST_LOOPBACK` for tests: see `Email` and `OAuth`. Raises `InvalidInput` where one is missing or
    wrong.
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
        oauth=_oauth(),
        trust_loopback=os.environ.get("HANDRAIL_EMAIL_TRUST_LOOPBACK", "").lower() in YES,
    )


def _oauth() -> OAuth | None:
    names = ("URL", "CLIENT", "SECRET", "REFRESH_TOKEN", "SCOPE")
    url, client, secret, refresh_token, scope = (
        os.environ.get(f"HANDRAIL_EMAIL_OAUTH_{name}") or None for name in names
    )
    if url is None:
        return None
    return OAuth(url, client or "", secret or "", refresh_token, scope)

"""The addresses that this channel writes from and is answered at.

`reply_to` is a pattern with the place of the token: `handrail+{token}@example.com` where the mail server knows plus
addressing, `{token}@replies.example.com` where it takes everything for a domain.
"""

import re
from collections.abc import Iterable
from email.headerregistry import Address
from email.utils import parseaddr

from handrail.channels.email.token import LENGTH, PATTERN
from handrail.requests.errors import InvalidInput

LONGEST_LOCAL = 64
_PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def check_plain(address: str) -> str:
    """Return an address that can stand in any mail, or raise `InvalidInput`.

    >>> check_plain("alice@example.com")
    'alice@example.com'
    """
    if not _PLAIN.fullmatch(address) or len(address) > 254 or ".." in address:
        raise InvalidInput(
            f"{address!r} is no address that every mail server takes: it reads name@host in ASCII"
        )
    return address


class Mailbox:
    """Who writes, and where answers go.

    >>> box = Mailbox("Handrail <handrail@example.com>", "handrail+{token}@example.com")
    >>> box.domain
    'example.com'
    """

    def __init__(self, sender: str, reply_to: str | None) -> None:
        name, address = parseaddr(sender)
        try:
            self.address = check_plain(address)
        except InvalidInput as error:
            raise InvalidInput(f"sender (HANDRAIL_EMAIL_FROM): {error}") from error
        self.sender = Address(display_name=name, addr_spec=self.address)
        self.domain = self.address.rpartition("@")[2].lower()
        self.pattern = reply_to
        self._found: re.Pattern[str] | None = None
        if reply_to is not None:
            if reply_to.count("{token}") != 1:
                raise InvalidInput(
                    "reply_to (HANDRAIL_EMAIL_REPLY_TO) has {token} in it once: handrail+{token}@example.com"
                )
            example = check_plain(reply_to.replace("{token}", "r" * LENGTH))
            if (
                len(example.rpartition("@")[0]) > LONGEST_LOCAL
                or "{token}" not in reply_to.rpartition("@")[0]
            ):
                raise InvalidInput(
                    f"with a token of {LENGTH} characters no more than {LONGEST_LOCAL} stand before the @ of the "
                    "reply address: shorten it"
                )
            before, _, after = reply_to.partition("{token}")
            self._found = re.compile(f"{re.escape(before)}({PATTERN}){re.escape(after)}", re.IGNORECASE)

    def with_token(self, token: str | None) -> str | None:
        """Return the address to which somebody answers, or a message comes back."""
        return None if token is None or self.pattern is None else self.pattern.replace("{token}", token)

    def tokens(self, addresses: Iterable[str]) -> list[str]:
        """Return the tokens that addresses hold, each once."""
        if self._found is None:
            return []
        found = (self._found.fullmatch(address) for address in addresses)
        return [*dict.fromkeys(each[1].lower() for each in found if each)]

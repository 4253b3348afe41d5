"""Where something was sent: which of our messages it is, and to what address."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A mail in somebody's mailbox.

    >>> str(Place("msg_1", "alice@example.com"))
    'msg_1 alice@example.com'
    """

    message: str
    address: str

    def __str__(self) -> str:
        return f"{self.message} {self.address}"


def read_place(text: str) -> Place:
    """Return the place that was written as text."""
    message, _, address = text.partition(" ")
    return Place(message, address)

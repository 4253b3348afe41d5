"""What people, labels and addresses may be called, and when two are the same: whatever their case or their form."""

import re
import unicodedata

from handrail.requests.decision import SYSTEM
from handrail.requests.errors import InvalidInput
from handrail.requests.policy import GROUP, is_name

LONGEST_NAME = 100
LONGEST_LABEL = 200
LONGEST_EMAIL = 254
"""characters; mail servers refuse longer ones"""
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def folded(text: str) -> str:
    """Return a text as it is compared.

    >>> folded("Ａlice") == folded("ALICE")
    True
    """
    # Half a character, which no name has, can't be looked up in a database.
    whole = text.encode("utf-8", "backslashreplace").decode()
    return unicodedata.normalize("NFKC", whole.strip()).casefold().strip()


def check_name(name: str) -> str:
    """Return a name that a person may have. Raises `InvalidInput`."""
    if not is_name(name) or len(name) > LONGEST_NAME:
        raise InvalidInput(
            f"a name has 1 to {LONGEST_NAME} characters that one can see, and no blanks around them"
        )
    if name.startswith(GROUP) or folded(name) == SYSTEM.name:
        raise InvalidInput(f"{name!r} can't be a person's name: Handrail uses it itself, choose another")
    return name


def check_label(label: str, what: str) -> str:
    """Return a text of one line that is shown to people. Raises `InvalidInput`."""
    label = label.strip()
    if not is_name(label) or len(label) > LONGEST_LABEL:
        raise InvalidInput(f"{what} is one line of 1 to {LONGEST_LABEL} characters that one can see")
    return label


def check_email(email: str) -> str:
    """Return an email as it is stored and compared. Raises `InvalidInput`."""
    email = folded(email)
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > LONGEST_EMAIL:
        raise InvalidInput("that is no email address: it reads name@host")
    return email

"""Passwords: hashed with argon2id and the library's defaults, checked as slowly for who doesn't exist.

Hashing takes some 50 ms and 64 MiB on purpose: call it in a thread, few at once.
"""

import secrets
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from handrail.people.naming import folded
from handrail.requests.errors import InvalidInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
"""characters; length is what makes a password hard to guess, so nothing else is asked of it"""
LONGEST = 1024
"""bytes; hashing takes a moment for each, and nobody types more"""


@cache
def _hasher() -> "PasswordHasher":
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise InvalidInput("passwords need argon2: pip install 'handrail[web]'") from error
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """Return the hash of a password that nobody has."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _bytes(password: str) -> bytes:
    """Return a password as it is hashed: however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def check(password: str, *, name: str) -> None:
    """Raise `InvalidInput` if `password` is too short or too long, or the person's name."""
    if len(password) < SHORTEST:
        raise InvalidInput(f"a password has at least {SHORTEST} characters: a few words in a row are fine")
    if len(_bytes(password)) > LONGEST:
        raise InvalidInput(f"a password has at most {LONGEST} bytes: use a shorter one")
    if folded(password) == folded(name):
        raise InvalidInput("a password can't be the name it belongs to: use another")
    if len(set(password)) == 1:
        raise InvalidInput("a password can't be one character again and again: use another")


def hashed(password: str, *, name: str) -> str:
    """Return the hash of a password, salt and parameters included; raises as `check` does."""
    check(password, name=name)
    return hashed_again(password)


def hashed_again(password: str) -> str:
    """Return the hash of a password that is in use, whatever is asked of new ones today."""
    return _hasher().hash(_bytes(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether a password has this hash; without a hash it takes as long and is False."""
    hasher, nobodys, given = _hasher(), _nobodys(), _bytes(password)
    from argon2.exceptions import InvalidHashError, VerificationError

    fits = len(given) <= LONGEST
    try:
        return hasher.verify(stored or nobodys, given if fits else b"") and fits and stored is not None
    except (InvalidHashError, VerificationError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's, and is to be made anew at the next login."""
    return _hasher().check_needs_rehash(stored)

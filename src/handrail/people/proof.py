"""What somebody proves themselves with: secrets that nobody can guess, of which only a hash is kept."""

import hashlib
import secrets


def new_secret() -> str:
    """Return a fresh secret of 256 bits that can stand in a URL or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the hash (SHA-256, hex) by which a secret is stored and found.

    It needs no salt and no slowness: what is hashed is random, not chosen by a person.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

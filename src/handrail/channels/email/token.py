"""The tokens in addresses: of a reply, which names a request and holds for one person; of a message that may come back.

Mail systems write addresses in lower case at will, so a token is base 32. It holds nothing secret; nobody makes one
without the key.
"""

import base64
import hashlib
import hmac
import re
from typing import Literal

Purpose = Literal["r", "b"]
"""a reply, or a bounce"""
LENGTH = 37
PATTERN = "[rb][a-z2-7]{36}"
_MADE = re.compile(r"(?P<prefix>[a-z]+)_(?P<hex>[0-9a-f]{24})(?:\.(?P<part>[0-9]{4}))?")
_NO_PART = 0xFFFF
_ID_BYTES, _MAC_BYTES = 14, 8


def reply_token(key: bytes, request_id: str, person: str) -> str | None:
    """Return the token by which one person answers one request; None for an id that somebody has chosen.

    >>> token = reply_token(b"key", "req_019b796dd600000000000000", "alice")
    >>> len(token), request_of(token), is_reply_of(b"key", token, "alice"), is_reply_of(b"key", token, "bob")
    (37, 'req_019b796dd600000000000000', True, False)
    """
    return _token("r", key, request_id, person)


def request_of(token: str) -> str:
    """Return which request a reply names, whoever made the token."""
    return f"req_{_decoded(token)[:12].hex()}"


def is_reply_of(key: bytes, token: str, person: str) -> bool:
    """Whether we made a token for this person."""
    made = reply_token(key, request_of(token), person)
    return token[0] == "r" and made is not None and hmac.compare_digest(made, token)


def bounce_token(key: bytes, message_id: str) -> str | None:
    """Return the token of a message, to which it comes back if it can't be delivered.

    >>> message_of(b"key", bounce_token(b"key", "msg_019b796dd600000000000000.0001"))
    'msg_019b796dd600000000000000.0001'
    """
    return _token("b", key, message_id, "")


def message_of(key: bytes, token: str) -> str | None:
    """Return which message has come back; None for a token that nobody made."""
    plain = _decoded(token)
    part = int.from_bytes(plain[12:14])
    found = f"msg_{plain[:12].hex()}" + ("" if part == _NO_PART else f".{part:04}")
    made = bounce_token(key, found)
    return found if made is not None and hmac.compare_digest(made, token) else None


def _token(purpose: Purpose, key: bytes, name: str, person: str) -> str | None:
    if (made := _MADE.fullmatch(name)) is None:
        return None
    part = _NO_PART if made["part"] is None else int(made["part"])
    plain = bytes.fromhex(made["hex"]) + part.to_bytes(2)
    mac = hmac.digest(key, "\0".join((purpose, name, person)).encode(), hashlib.sha256)[:_MAC_BYTES]
    return purpose + base64.b32encode(plain + mac).decode().rstrip("=").lower()


def _decoded(token: str) -> bytes:
    return base64.b32decode(token[1:].upper() + "====")[:_ID_BYTES]

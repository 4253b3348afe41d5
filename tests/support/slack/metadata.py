"""What an app may attach to a message unseen: an event type and a payload of flat JSON."""

import json
import re
from typing import Any

from tests.support.slack.refusal import Refused

MOST = 8_000
"""characters of JSON"""


def checked(metadata: Any) -> dict[str, Any] | None:
    """Return metadata as it is kept; None for `{}`, which takes it away. Raises Refused as Slack does."""
    if metadata == {}:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refused("invalid_metadata_format")
    name, payload = metadata["event_type"], metadata["event_payload"]
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.\-]{1,255}", name):
        raise Refused("invalid_metadata_format")
    if not isinstance(payload, dict) or not all(_flat(value) for value in payload.values()):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata)) > MOST:
        raise Refused("metadata_too_large")
    return metadata


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _flat(value: Any) -> bool:
    if isinstance(value, list):
        return all(_scalar(part) or _object(part) for part in value)
    return _scalar(value) or _object(value)


def _object(value: Any) -> bool:
    return isinstance(value, dict) and all(_scalar(part) for part in value.values())

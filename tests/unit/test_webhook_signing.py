"""Signatures of webhooks: as Standard Webhooks has them, while a secret is replaced, and what doesn't count."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handrail.people.secret import Secret
from handrail.webhooks import signing
from handrail.webhooks.facts import Inbound, Webhook
from tests.support.webhook_receiver import verified

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
VECTOR: dict[str, Any] = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "body": b'{"test": 2432232314}',
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""the example that comes with Standard Webhooks and its libraries"""


def hook(**more: Any) -> Webhook:
    return Webhook("wh_1", "https://hooks.example.com/", "", NOW, "root", 0, **more)


def test_the_example_of_the_specification_comes_out_as_it_is_printed_there() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    key = signing.key_of(VECTOR["secret"])
    headers = signing.headers(VECTOR["body"], event_id=VECTOR["webhook-id"], keys=[key], now=at)
    assert headers == {name: VECTOR[name] for name in headers}
    assert verified(VECTOR["secret"], headers, VECTOR["body"], at.timestamp()) == {"test": 2432232314}


def test_a_secret_has_32_bytes_and_belongs_to_one_webhook_one_version_and_one_store() -> None:
    secret = Secret(None)
    text = signing.written(signing.keys(secret, hook(), NOW)[0])
    assert len(base64.b64decode(text.removeprefix("whsec_"))) == 32
    others = (hook(version=2), Inbound("wh_1", "robot", "x", NOW, "root"))
    found = {signing.keys(secret, each, NOW)[0] for each in (hook(), *others)}
    assert len(found) == 3


def test_for_a_day_the_secret_before_counts_as_well() -> None:
    secret, before = Secret(None), hook()
    old = signing.written(signing.keys(secret, before, NOW)[0])
    after = hook(version=2, rotated_at=NOW)
    new = signing.written(signing.keys(secret, after, NOW)[0])
    assert old != new
    for hours, works in ((0, {old, new}), (23.9, {old, new}), (24, {new})):
        now = NOW + timedelta(hours=hours)
        headers = signing.headers(b"{}", event_id="evt_1", keys=signing.keys(secret, after, now), now=now)
        for text in (old, new):
            if text in works:
                assert verified(text, headers, b"{}", now.timestamp()) == {}
            else:
                with pytest.raises(AssertionError, match="no signature"):
                    verified(text, headers, b"{}", now.timestamp())


def wrong(**changed: Any) -> str | None:
    """Return what is wrong with a good call, changed so."""
    key = b"k" * 32
    body = changed.pop("body", b"{}")
    seconds = changed.pop("seconds", 0)
    headers = signing.headers(b"{}", event_id="evt_1", keys=[key], now=NOW)
    given = {
        "event_id": headers[signing.ID],
        "timestamp": headers[signing.TIMESTAMP],
        "signed": headers[signing.SIGNATURE],
        "keys": [key],
        "now": NOW + timedelta(seconds=seconds),
    }
    return signing.what_is_wrong(body, **{**given, **changed})


def test_what_is_changed_stale_or_incomplete_does_not_count() -> None:
    assert wrong() is None
    assert wrong(seconds=300) is None
    assert wrong(seconds=-300) is None
    assert wrong(seconds=301) == wrong(seconds=-301) == "stale"
    assert wrong(body=b"{ }") == wrong(event_id="evt_2") == wrong(keys=[b"x" * 32]) == "forged"
    assert wrong(timestamp=str(int(NOW.timestamp()) + 1)) == "forged"
    for signed in ("v1,", "v1", "v2,abc", "v1a,abc", "é", "v1," + "A" * 44, ","):
        assert wrong(signed=signed) == "forged", signed
    for name in ("event_id", "timestamp", "signed"):
        assert wrong(**{name: ""}) == "incomplete"
    for timestamp in ("-1", "1e9", " 1748779200", "١٧٤٨", "9" * 20, "0x1"):
        assert wrong(timestamp=timestamp) == "incomplete", timestamp
    for event_id in ("x" * 201, "a b", "a\nb", "é"):
        assert wrong(event_id=event_id) == "incomplete", event_id


def test_one_good_signature_among_others_counts() -> None:
    good = signing.headers(b"{}", event_id="evt_1", keys=[b"k" * 32], now=NOW)[signing.SIGNATURE]
    assert wrong(signed=f"v1,xx v1a,yy {good}") is None
    assert wrong(signed=" ".join(["v1,xx"] * 10 + [good])) == "forged", "not endlessly many"

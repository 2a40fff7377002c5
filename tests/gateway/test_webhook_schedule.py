"""What follows an attempt, as a table; and which addresses and secrets there may be."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from avgate_gateway.notice import Event, Told
from avgate_gateway.webhooks.address import host_of, is_among, why_not_sent
from avgate_gateway.webhooks.schedule import DELAYS, LONGEST_PAUSE, End, Next, following
from avgate_gateway.webhooks.signing import is_secret, public_keys, signed

from .receiver import FORMER, PAIR, SECRET

SECONDS, HOURS = timedelta(seconds=1), timedelta(hours=1)
BODY = '{"type":"webhook.test"}'


@pytest.mark.parametrize(
    ("status", "tries", "chance", "after", "then"),
    [
        (200, 1, 0, None, Next(End.DELIVERED)),
        (299, 9, 0, 5.0, Next(End.DELIVERED)),
        (500, 1, 0, None, Next(End.AGAIN, 5 * SECONDS)),
        (500, 1, 1, None, Next(End.AGAIN, 6 * SECONDS)),
        (None, 1, 0, None, Next(End.AGAIN, 5 * SECONDS)),
        (None, 2, 0, None, Next(End.AGAIN, 300 * SECONDS)),
        (404, 4, 0.5, None, Next(End.AGAIN, 2.2 * HOURS)),
        (301, 1, 0, None, Next(End.AGAIN, 5 * SECONDS)),
        (199, 1, 0, None, Next(End.AGAIN, 5 * SECONDS)),
        (503, 9, 0, None, Next(End.AGAIN, 24 * HOURS)),
        (503, 10, 0, None, Next(End.GIVEN_UP)),
        (None, 11, 1, None, Next(End.GIVEN_UP)),
        (410, 1, 0, None, Next(End.GONE)),
        (410, 10, 0, 7.0, Next(End.GONE)),
        (429, 1, 0, 60.0, Next(End.AGAIN, 60 * SECONDS, 60 * SECONDS)),
        (429, 3, 0, 60.0, Next(End.AGAIN, 1800 * SECONDS, 60 * SECONDS)),
        (503, 1, 0, 0.0, Next(End.AGAIN, 5 * SECONDS, timedelta(0))),
        (503, 1, 0, 1e9, Next(End.AGAIN, LONGEST_PAUSE, LONGEST_PAUSE)),
        (429, 10, 0, 60.0, Next(End.GIVEN_UP, None, 60 * SECONDS)),
    ],
)
def test_what_follows_an_attempt(
    status: int | None, tries: int, chance: float, after: float | None, then: Next
) -> None:
    assert following(status, tries, chance, after) == then


def test_it_is_tried_for_days_and_each_pause_is_no_shorter_than_the_one_before() -> None:
    assert sum(DELAYS, timedelta(0)) > timedelta(days=3)
    assert list(DELAYS) == sorted(DELAYS)


@pytest.mark.parametrize(
    ("secret", "fits"),
    [
        (SECRET, True),
        ("whsec_" + "QUFB" * 8, True),
        ("whsec_" + "QUFB" * 7, False),
        ("whsec_" + "QUFB" * 22, False),
        ("QUFB" * 8, False),
        ("whsec_" + "not base64!" * 4, False),
        ("whsec_", False),
        (PAIR, True),
        ("whsk_" + "QUFB" * 8, False),
        ("whpk_" + "QUFB" * 8, False),
        ("whsk_", False),
    ],
)
def test_a_secret_has_its_prefix_and_as_many_bytes_as_its_kind(secret: str, *, fits: bool) -> None:
    assert is_secret(secret) is fits


def test_a_receiver_that_knows_either_secret_believes_it_and_no_other_does() -> None:
    sent = dict(signed([SECRET, FORMER], "m-1", datetime.now(UTC), BODY))
    for known in (SECRET, FORMER):
        assert Webhook(known).verify(BODY, sent) == {"type": "webhook.test"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "QUFB" * 8).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY.replace("test", "text"), sent)


def test_the_id_and_the_moment_are_signed_too() -> None:
    now = datetime.now(UTC)
    sent = dict(signed([SECRET], "m-1", now, BODY))
    for name, other in (
        ("webhook-id", "m-2"),
        ("webhook-timestamp", str(int(now.timestamp()) + 1)),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(BODY, {**sent, name: other})


def test_a_key_signs_as_the_library_of_the_standard_does_in_another_language() -> None:
    """The vector is that of `TestAsymmetricWebhookSign` in the standard's library for Go."""
    at = datetime.fromtimestamp(1614265330, UTC)
    sent = signed([PAIR], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert sent["webhook-signature"] == (
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    )


def test_what_a_key_signed_too_is_believed_by_who_knows_only_the_shared_secret() -> None:
    sent = dict(signed([PAIR, SECRET], "m-1", datetime.now(UTC), BODY))
    assert [one.split(",")[0] for one in sent["webhook-signature"].split()] == ["v1a", "v1"]
    assert Webhook(SECRET).verify(BODY, sent) == {"type": "webhook.test"}


def test_the_public_half_is_shown_and_no_other_part_of_a_secret() -> None:
    [shown] = public_keys([SECRET, PAIR])
    key = Ed25519PublicKey.from_public_bytes(b64decode(shown.removeprefix("whpk_")))
    now = datetime.now(UTC)
    signature = signed([PAIR], "m-1", now, BODY)["webhook-signature"].removeprefix("v1a,")
    key.verify(b64decode(signature), f"m-1.{int(now.timestamp())}.{BODY}".encode())
    with pytest.raises(InvalidSignature):
        key.verify(b64decode(signature), f"m-2.{int(now.timestamp())}.{BODY}".encode())


def _page() -> list[str]:
    page = (Path(__file__).parents[2] / "docs/webhooks.md").read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_page_tells_how_to_verify_with_a_public_key() -> None:
    told: dict[str, Any] = {}
    exec(compile(_page()[1], "webhooks.md", "exec"), told)  # noqa: S102 -- our own page
    [key] = public_keys([PAIR])
    sent = dict(signed([SECRET, PAIR], "m-1", datetime.now(UTC), BODY))
    is_signed = told["is_signed"]
    assert is_signed(key, sent, BODY.encode())
    assert not is_signed(key, sent, BODY.encode() + b" ")
    assert not is_signed(key, {**sent, "webhook-id": "m-2"}, BODY.encode())
    assert not is_signed(key, dict(signed([SECRET], "m-1", datetime.now(UTC), BODY)), BODY.encode())
    old = datetime.now(UTC) - timedelta(minutes=6)
    assert not is_signed(key, dict(signed([PAIR], "m-1", old, BODY)), BODY.encode())


def test_the_page_tells_how_to_receive(capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, Any] = {}
    exec(compile(_page()[0], "webhooks.md", "exec"), told)  # noqa: S102 -- our own page
    receive = told["receive"]
    body = Told(Event.CLOSED, datetime.now(UTC), {"request_id": "r-1"}).body()
    sent = dict(signed([FORMER, SECRET], "m-1", datetime.now(UTC), body))
    assert receive(SECRET, sent, body.encode()) == 204
    assert receive(SECRET, sent, body.encode()) == 204
    assert receive(SECRET, sent, body.replace("r-1", "r-2").encode()) == 401
    assert receive(SECRET, {**sent, "webhook-id": "m-2"}, body.encode()) == 401
    assert capsys.readouterr().out == "request.closed r-1\n"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://crm.example/hook?at=1", "crm.example"),
        ("https://CRM.example:443/hook", "crm.example"),
        ("https://crm.example:8443", "crm.example:8443"),
        ("http://127.0.0.1:9100/hook", "127.0.0.1:9100"),
        ("https://crm.example@evil.example/", None),
        ("https://crm.example\\@evil.example/", None),
        ("https://127.1/", "127.1"),
        ("ftp://crm.example/", None),
    ],
)
def test_the_host_of_an_address_is_the_one_that_is_called(address: str, host: str | None) -> None:
    assert host_of(address) == host


def test_a_listed_host_is_meant_at_its_own_port_alone() -> None:
    assert is_among("https://crm.example/a", {"crm.example"})
    assert not is_among("https://crm.example:8443/a", {"crm.example"})
    assert not is_among("https://crm.example/a", {"crm.example:8443"})
    assert not is_among("https://crm.example.evil.example/a", {"crm.example"})


@pytest.mark.parametrize(
    "address",
    [
        "http://crm.reseller.nl/hook",
        "https://10.0.0.5/hook",
        "https://169.254.169.254/latest",
        "https://127.1/hook",
        "https://2130706433/hook",
        "https://[::ffff:7f00:1]/hook",
        "https://crm.reseller.nl:22/hook",
        "https://crm.reseller.nl/hook?a=b c",
        "https://crm.reseller.nl/hook#part",
        "https://crm.reseller.nl/hook?a#part",
    ],
)
def test_what_cannot_be_called_is_refused_as_it_is_written(address: str) -> None:
    assert why_not_sent(address, ()) is not None


def test_a_private_network_is_called_where_it_is_named() -> None:
    assert why_not_sent("http://10.0.0.5:8080/hook", ["10.0.0.0/8"]) is None
    assert why_not_sent("https://crm.reseller.nl/hook?a=b", ()) is None

"""What follows an attempt, as a table; and which addresses and secrets there may be."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from avgate_gateway.notice import Event, Told
from avgate_gateway.webhooks.address import host_of, is_among, why_not_sent
from avgate_gateway.webhooks.schedule import DELAYS, LONGEST_PAUSE, End, Next, following
from avgate_gateway.webhooks.signing import is_secret, signed

from .receiver import FORMER, SECRET

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
    ],
)
def test_a_secret_has_its_prefix_and_24_to_64_bytes(secret: str, *, fits: bool) -> None:
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


def test_the_page_tells_how_to_receive(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs/webhooks.md").read_text("utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    told: dict[str, Any] = {}
    exec(compile(code, "webhooks.md", "exec"), told)  # noqa: S102 -- our own page
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

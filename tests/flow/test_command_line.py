"""`avgate request` as people type it, against a gateway that runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pyrage
import pytest

from . import harness
from .conftest import Casting
from .harness import JsonMap, Mocks, Served


def typed(served: Served, *words: str, client: str = "desk") -> tuple[int, JsonMap]:
    done = ran(served, *words, "--json", client=client)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def complained(served: Served, *words: str) -> tuple[int, str]:
    done = ran(served, *words)
    return done.returncode, done.stderr


def ran(served: Served, *words: str, client: str = "desk") -> subprocess.CompletedProcess[str]:
    return called(served, "request", *words, client=client)


def called(served: Served, *words: str, client: str = "desk") -> subprocess.CompletedProcess[str]:
    reach = ["--url", served.base, "--config", "avgate.toml", "--controller", "libervoice"]
    return harness.ran(served.folder, *words, *reach, "--client", client)


@pytest.mark.parametrize("operation", ["restrict", "object"])
def test_what_is_not_relevant_is_recorded_and_answered_with_the_reason(
    operation: str, served: Served, anyone: Casting
) -> None:
    [customer] = [one for one in anyone().identifiers() if one.kind == "customer_id"]
    code, told = typed(served, operation, "--customer-id", customer.value, "--wait")
    assert (code, told["request"]["operation"]) == (0, operation)
    assert (told["request"]["state"], told["request"]["closing"]) == ("closed", "not_relevant")
    [line] = told["report"]["items"]
    assert line["outcome"] == "not_relevant"
    assert line["reason"]


def test_the_same_command_with_the_same_key_is_the_same_request(
    served: Served, anyone: Casting
) -> None:
    [customer] = [one for one in anyone().identifiers() if one.kind == "customer_id"]
    words = (
        "erase", "--customer-id", customer.value, "--connector", "directory", "--key", "ticket-7",
        "--identity-method", "portal", "--verified-by", "jan",
        "--verified-at", "2026-01-05T10:00:00",
    )  # fmt: skip
    first, again = typed(served, *words)[1]["request"], typed(served, *words)[1]["request"]
    assert first["id"] == again["id"]
    assert first["identity"]["verified_at"] == "2026-01-05T10:00:00Z"


def test_a_copy_for_a_recipient_is_saved_as_only_they_can_open_it(
    served: Served, anyone: Casting, tmp_path: Path
) -> None:
    identity = pyrage.x25519.Identity.generate()
    [customer] = [one for one in anyone().identifiers() if one.kind == "customer_id"]
    copy = tmp_path / "copy.zip.age"
    typed(
        served, "access", "--customer-id", customer.value, "--connector", "directory",
        "--identity-method", "portal", "--verified-by", "jan",
        "--recipient", str(identity.to_public()), "--output", str(copy),
    )  # fmt: skip
    assert pyrage.decrypt(copy.read_bytes(), [identity]).startswith(b"PK")


def taken_in(served: Served, anyone: Casting, operation: str = "erase") -> str:
    """A request at one system only; its id."""
    [customer] = [one for one in anyone().identifiers() if one.kind == "customer_id"]
    told = typed(
        served, operation, "--customer-id", customer.value, "--connector", "operator",
        "--identity-method", "portal", "--verified-by", "jan", "--wait",
    )[1]  # fmt: skip
    return str(told["request"]["id"])


def test_what_waits_is_listed_and_a_colleague_refuses_it_with_a_reason(
    served: Served, anyone: Casting
) -> None:
    request_id = taken_in(served, anyone)
    listed = typed(served, "list", "--state", "waiting", "--operation", "erase")[1]["items"]
    [row] = [one for one in listed if one["id"] == request_id]
    assert row["waiting_for"] == "approval"
    code, told = typed(
        served, "reject", request_id, "--reason", "Uw contract loopt nog.", "--yes",
        client="colleague",
    )  # fmt: skip
    assert (code, told["request"]["closing"]) == (0, "rejected")
    assert request_id not in [one["id"] for one in typed(served, "list")[1]["items"]]


def test_a_request_is_extended_once_and_ended_with_reasons_of_its_own(
    served: Served, anyone: Casting
) -> None:
    request_id = taken_in(served, anyone)
    code, told = typed(served, "extend", request_id, "--reason", "Zeer veel opnamen.")
    assert code == 0
    assert told["request"]["due"]["extended"] > told["request"]["due"]["legal"]
    assert told["request"]["extension_reason"] == "Zeer veel opnamen."
    code, told = typed(served, "cancel", request_id, "--yes", "--reason", "U belde ons.")
    assert (code, told["request"]["closing"]) == (0, "cancelled")
    code, why = complained(served, "extend", request_id, "--reason", "Nog langer.")
    assert code == 1
    assert "It is closed, or was extended before." in why


def test_what_is_stuck_is_tried_again_once_it_was_put_right(
    served: Served, anyone: Casting, mocks: Mocks
) -> None:
    mocks.plant("operator", {"fault": "html_200", "times": 10_000})
    [customer] = [one for one in anyone().identifiers() if one.kind == "customer_id"]
    code, told = typed(
        served, "access", "--customer-id", customer.value, "--connector", "operator",
        "--identity-method", "portal", "--verified-by", "jan", "--wait",
    )  # fmt: skip
    request_id = told["request"]["id"]
    assert (code, told["request"]["connectors"][0]["stage"]) == (4, "stuck")
    shown = ran(served, "show", request_id)
    assert f"once it can work again: avgate request retry {request_id}" in shown.stdout
    mocks.plant("operator", mood="none")
    done = ran(served, "retry", request_id, "--connector", "operator", "--wait")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "tried again: operator")
    assert ran(served, "retry", request_id).stdout.startswith("nothing of it was stuck or failed")
    assert complained(served, "retry", request_id, "--connector", "nobody")[0] == 1
    assert complained(served, "retry", "0f6c1a52-7a0e-4a35-9a0b-2f1f6a2f4c11")[0] == 3


def test_a_system_is_paused_and_resumed_by_whoever_has_only_a_shell(served: Served) -> None:
    done = called(served, "pause", "xelion", "--reason", "Its supplier works on it tonight.")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("xelion is paused by desk since ")
    assert "to go on there: avgate resume xelion --url" in done.stdout
    asks = served.caller("libervoice", "asking")

    def paused() -> JsonMap | None:
        shown = asks.get("/v1/connectors")["items"]
        return next(dict(one["paused"] or {}) for one in shown if one["name"] == "xelion") or None

    assert (paused() or {})["reason"] == "Its supplier works on it tonight."
    for _ in range(2):  # what is not paused is resumed as well
        done = called(served, "resume", "xelion")
        assert (done.returncode, done.stdout.partition(":")[0]) == (0, "xelion is paused no more")
    assert paused() is None
    none = called(served, "pause", "nobody", "--reason", "x")
    assert none.returncode == 3
    assert "no connector of this name" in none.stderr
    assert called(served, "pause", "xelion", "--reason", " ").returncode == 2

"""`avgate request` as people type it, against a gateway that runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from .conftest import Casting
from .harness import JsonMap, Served


def typed(served: Served, *words: str) -> tuple[int, JsonMap]:
    avgate = str(Path(sys.executable).with_name("avgate"))
    reach = ["--url", served.base, "--config", "avgate.toml", "--controller", "libervoice"]
    done = subprocess.run(  # noqa: S603 -- our own command
        [avgate, "request", *words, *reach, "--client", "desk", "--json"],
        cwd=served.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


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

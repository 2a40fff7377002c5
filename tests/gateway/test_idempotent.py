"""What one key means: read from its header, told apart by what came with it, and one at a time."""

from __future__ import annotations

from itertools import permutations

import pytest

from avgate_gateway.idempotent import Intention, UnderWay, intention
from avgate_gateway.keyring import KeyRing
from avgate_gateway.problem import (
    IDEMPOTENCY_KEY_IN_USE,
    IDEMPOTENCY_KEY_MALFORMED,
    IDEMPOTENCY_KEY_REQUIRED,
    IDEMPOTENCY_KEY_REUSED,
    ProblemError,
)
from avgate_gateway.store.idempotency import Stored
from avgate_gateway.vault import Vault

VAULT = Vault(KeyRing.of(b"k" * 32), b"i" * 32)
BODY = {"operation": "erase", "subject": {"identifiers": [{"kind": "phone", "value": "1"}]}}


def intended(header: str | None = "key-1", **other: object) -> Intention:
    whose = {"controller": "c", "client_id": "portal", "route": "POST /v1/requests", **other}
    body = whose.pop("body", BODY)
    return intention(VAULT, header=header, body=body, **whose)  # type: ignore[arg-type]  # texts all


@pytest.mark.parametrize("header", ["key-1", '"key-1"', "  key-1 ", ' "key-1"'])
def test_a_key_is_the_same_quoted_or_bare(header: str) -> None:
    assert intended(header) == intended()


@pytest.mark.parametrize(
    "header",
    ["", '""', '"', 'a"b', '"a"b"', "a b", "é", "a\x7f", "k" * 256, '"' + "k" * 256 + '"', "\x00"],
)
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(ProblemError) as refused:
        intended(header)
    assert refused.value.problem.type is IDEMPOTENCY_KEY_MALFORMED


@pytest.mark.parametrize("header", ["k", "k" * 255, '"' + "k" * 255 + '"', '"a b"', "!#~", '"!"'])
def test_what_is_just_a_key_is_taken(header: str) -> None:
    intended(header)


def test_a_call_without_a_key_is_told_where_it_is_explained() -> None:
    with pytest.raises(ProblemError) as refused:
        intended(None)
    assert refused.value.problem.type is IDEMPOTENCY_KEY_REQUIRED
    assert "docs#idempotency" in (refused.value.problem.headers or {})["link"]


@pytest.mark.parametrize(
    "other", [{"controller": "d"}, {"client_id": "crm"}, {"route": "PUT /v1/requests"}]
)
def test_a_key_belongs_to_one_controller_client_and_operation(other: dict[str, str]) -> None:
    assert intended("key-1", **other).scope != intended().scope


def test_another_key_is_another_intention() -> None:
    assert intended("key-2").scope != intended().scope
    assert intended("key-2").fingerprint == intended().fingerprint


def test_neither_key_nor_body_can_be_read_from_what_is_kept() -> None:
    kept = repr(intended("secret-key", body={"value": "+31612345678"}))
    assert "secret-key" not in kept
    assert "612345678" not in kept


def test_the_same_json_in_another_order_is_the_same() -> None:
    turned = dict(reversed(BODY.items()))
    assert intended(body=turned) == intended()


@pytest.mark.parametrize(
    "body", [{**BODY, "note": "x"}, {}, None, [BODY], {**BODY, "operation": "access"}]
)
def test_other_json_is_something_else_under_the_same_key(body: object) -> None:
    other = intended(body=body)
    assert (other.scope, other.fingerprint == intended().fingerprint) == (intended().scope, False)


def test_the_first_answer_is_given_again_to_the_same_only() -> None:
    stored = Stored(intended().fingerprint, 202, {}, b"{}")
    assert intended().replayed(stored) is stored
    with pytest.raises(ProblemError) as refused:
        intended(body={}).replayed(stored)
    assert refused.value.problem.type is IDEMPOTENCY_KEY_REUSED


def test_while_one_is_under_way_its_twin_waits_and_another_body_is_refused() -> None:
    under_way = UnderWay()
    with under_way.alone(intended()):
        with pytest.raises(ProblemError) as twin:
            under_way.keep_out(intended())
        assert twin.value.problem.type is IDEMPOTENCY_KEY_IN_USE
        assert (twin.value.problem.headers or {})["retry-after"] == "1"
        with pytest.raises(ProblemError) as other, under_way.alone(intended(body={})):
            pytest.fail("two at once")
        assert other.value.problem.type is IDEMPOTENCY_KEY_REUSED
        assert not other.value.problem.headers
        under_way.keep_out(intended("key-2"))
    under_way.keep_out(intended())


def test_another_body_is_refused_whichever_fingerprint_sorts_first() -> None:
    for one, other in permutations((intended(), intended(body={})), 2):
        under_way = UnderWay()
        with under_way.alone(one), pytest.raises(ProblemError) as while_it_is:
            under_way.keep_out(other)
        assert while_it_is.value.problem.type is IDEMPOTENCY_KEY_REUSED
        with pytest.raises(ProblemError) as afterwards:
            other.replayed(Stored(one.fingerprint, 202, {}, b"{}"))
        assert afterwards.value.problem.type is IDEMPOTENCY_KEY_REUSED


def test_one_that_failed_is_not_under_way_any_more() -> None:
    under_way = UnderWay()
    with pytest.raises(ValueError, match="broken"), under_way.alone(intended()):
        raise ValueError("broken")
    under_way.keep_out(intended())

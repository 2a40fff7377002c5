"""The codes of planned items, and what was decided, sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.keyring import KeyRing
from avgate_gateway.request import IdentityCheck
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.vault import Vault, VaultError
from avgate_gateway.warrant import Decisions, Warrants, facts_of, opened

VAULT = Vault(KeyRing.of(b"k" * 32), b"i" * 32)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLAN, OTHER_PLAN = "a" * 64, "b" * 64
CHECK = IdentityCheck("desk", "jan", NOON)


BOX = VAULT.box(VAULT.new_key("r", "retention"), "r", "retention")
WARRANTS = Warrants.of(BOX, Decisions(CHECK, frozenset({PLAN})))
ITEM = Item(
    id=1, request_id="r", connector="crm", digest="d" * 64, category=Category.CONTACT,
    product=Product.VOICE, state=ItemState.APPROVED, erasure=ErasureWay.DELETE, term_starts=NOON,
    service_runs=False, upstream_version=None, action="erase", batch=None, ground=None, until=None,
    effective_from=None, code=None, reason=None, job=None, look_at=None, looks=0, tries=0,
    ref_box=b"ref", changes_box=b"changes",
)  # fmt: skip


def planned(item: Item = ITEM, plan: str = PLAN) -> Item:
    facts = facts_of(item, item.action or "", item.changes_box)
    return replace(item, warrant=WARRANTS.issued(plan, facts))


def test_an_item_as_it_was_planned_is_entitled() -> None:
    assert WARRANTS.entitle(planned())


@pytest.mark.parametrize("action", ["retain", "by_hand", "already_right", None])
def test_an_item_that_was_planned_to_be_left_alone_is_not(action: str | None) -> None:
    kept = planned(replace(ITEM, action=action))
    assert WARRANTS.hold(kept)
    assert not WARRANTS.entitle(kept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connector", "orders"),
        ("digest", "e" * 64),
        ("category", Category.FINANCIAL),
        ("product", Product.WAN),
        ("erasure", ErasureWay.ANONYMISE),
        ("term_starts", NOON - timedelta(days=3000)),
        ("term_starts", None),
        ("service_runs", True),
        ("action", "anonymise"),
        ("changes_box", b"other changes"),
        ("changes_box", None),
        ("warrant", None),
        ("warrant", b""),
        ("warrant", bytes.fromhex(PLAN)),
        ("warrant", bytes(48)),
    ],
)
def test_one_whose_row_was_changed_is_not(name: str, value: object) -> None:
    changed = replace(planned(), **{name: value})  # type: ignore[arg-type]  # one field of each type
    assert not WARRANTS.hold(changed)
    assert not WARRANTS.entitle(changed)


def test_one_of_a_plan_that_nobody_approved_is_not() -> None:
    assert not WARRANTS.entitle(planned(plan=OTHER_PLAN))
    assert not Warrants.of(BOX).entitle(planned())


def test_the_plan_in_front_of_a_code_cannot_be_exchanged() -> None:
    of_another = planned(plan=OTHER_PLAN).warrant or b""
    assert not WARRANTS.entitle(replace(planned(), warrant=bytes.fromhex(PLAN) + of_another[32:]))


def test_codes_are_of_one_request() -> None:
    elsewhere = VAULT.box(VAULT.new_key("s", "retention"), "s", "retention")
    assert not Warrants.of(elsewhere, Decisions(CHECK, frozenset({PLAN}))).entitle(planned())


def test_facts_may_be_renewed_under_the_plan_that_was_approved() -> None:
    today = replace(planned(), term_starts=NOON + timedelta(days=1))
    facts = facts_of(today, "erase", today.changes_box)
    assert WARRANTS.entitle(replace(today, warrant=WARRANTS.renewed(today, facts)))


def test_decisions_come_back_as_they_were_sealed() -> None:
    decided = Decisions().with_identity(CHECK).with_approval(PLAN).with_approval(OTHER_PLAN)
    assert opened(decided.sealed(BOX), BOX) == Decisions(CHECK, frozenset({PLAN, OTHER_PLAN}))
    assert opened(None, BOX) == Decisions()


def test_a_plan_that_is_approved_twice_is_approved() -> None:
    twice = Decisions(CHECK).with_approval(PLAN).with_approval(PLAN)
    assert Warrants.of(BOX, twice).entitle(planned())
    assert not Warrants.of(BOX, twice.without_approvals()).hold(planned())


def test_a_code_is_sixteen_bytes_behind_the_plans_digest() -> None:
    warrant = planned().warrant or b""
    assert (len(warrant), warrant[:32].hex()) == (48, PLAN)
    assert not WARRANTS.hold(replace(planned(), warrant=warrant[:-1]))
    assert not WARRANTS.hold(replace(planned(), warrant=warrant + b"x"))


def test_decisions_of_another_request_do_not_open() -> None:
    key = VAULT.new_key("s", "retention")
    with pytest.raises(VaultError):
        opened(Decisions(CHECK).sealed(VAULT.box(key, "s", "retention")), BOX)

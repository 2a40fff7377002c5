"""Whom an effect told, as the evidence names them: a partner's fault in it undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from avgate_contracts.connector import SupportsRecipients
from avgate_contracts.record import ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.flow.recipients import told_to
from avgate_gateway.store.item import ItemState


class Several(SupportsRecipients):
    """Stands before companies that its items' references name."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self.names = names

    def recipient(self, item: ItemRef) -> str:
        return self.names[item.ref]  # type: ignore[return-value]  # what a partner's code may do


def refs(*names: str) -> list[ItemRef]:
    return [ItemRef(name, Category.PROCESSOR_DATA, Product.CLOUD) for name in names]


def told(names: Mapping[str, object], *states: ItemState) -> dict[str, dict[str, bool]]:
    rows = [{"state": state.value} for state in states]
    return told_to(Several(names), refs(*list("abcdef")[: len(states)]), rows)


def test_a_company_has_confirmed_when_nothing_of_it_is_pending() -> None:
    names = {"a": "One", "b": "One", "c": "Two"}
    states = (ItemState.PENDING, ItemState.ERASED, ItemState.ERASED)
    assert told(names, *states) == {"recipients": {"One": False, "Two": True}}


@pytest.mark.parametrize("state", [ItemState.FAILED, ItemState.UNKNOWN, ItemState.BY_HAND])
def test_who_was_not_told_is_not_named(state: ItemState) -> None:
    assert told({"a": "One"}, state) == {}


@pytest.mark.parametrize("name", [None, 7, "", " "])
def test_what_is_no_name_is_left_out(name: object) -> None:
    assert told({"a": name, "b": "Two"}, ItemState.ERASED, ItemState.ERASED) == {
        "recipients": {"Two": True}
    }


def test_a_connector_that_fails_to_name_somebody_fails_nothing_else() -> None:
    assert told({}, ItemState.ERASED) == {}

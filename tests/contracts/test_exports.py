from __future__ import annotations

import avgate_contracts
from avgate_contracts import (
    connector,
    credentials,
    errors,
    http,
    identifier,
    outcome,
    record,
    register,
    settings,
    subject,
    vocabulary,
)

MODULES = (
    connector,
    credentials,
    errors,
    identifier,
    outcome,
    record,
    register,
    settings,
    subject,
    vocabulary,
)


def test_every_public_class_of_the_sdk_is_under_the_one_roof() -> None:
    classes = {
        name
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    }
    assert classes | set(http.__all__) <= set(avgate_contracts.__all__)


def test_the_list_of_names_is_what_can_be_imported() -> None:
    assert all(hasattr(avgate_contracts, name) for name in avgate_contracts.__all__)
    assert len(set(avgate_contracts.__all__)) == len(avgate_contracts.__all__)

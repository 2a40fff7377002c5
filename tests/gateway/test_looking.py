"""A look through an upstream whose list has no end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import ClassVar

import pytest

from avgate_contracts.connector import Manifest
from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import Finding, ItemRef, Record, Unseen, WhyUnseen
from avgate_contracts.settings import ConnectorSettings
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.flow.learning import Lesson
from avgate_gateway.flow.looking import Look
from avgate_gateway.request import Scope

JAN = Identifier.of(IdentifierKind.EMAIL, "jan@example.nl")
PIET = Identifier.of(IdentifierKind.EMAIL, "piet@example.nl")
SUBJECT = DataSubject("crm-1", (JAN,))


def theirs(number: int, whose: Identifier = JAN) -> Record:
    return Record(ItemRef(str(number), Category.CONTACT, Product.GENERAL), (whose,), {})


def somebody_elses(number: int) -> Record:
    return theirs(number, PIET)


def unseen(number: int) -> Unseen:
    return Unseen(f"part {number}", WhyUnseen.NO_INTERFACE)


@dataclass
class Endless:
    """An upstream that always has another one."""

    manifest: ClassVar = Manifest(
        "endless", "Endless", "Endless", frozenset({JAN.kind}), frozenset({Category.CONTACT})
    )
    settings_type: ClassVar = ConnectorSettings
    kind: Callable[[int], Finding]
    given: int = 0

    async def check(self) -> None:
        """Has nobody to ask."""

    async def access(self, _subject: DataSubject) -> AsyncIterator[Finding]:
        for number in count():
            self.given = number + 1
            yield self.kind(number)


@pytest.mark.parametrize("kind", [theirs, somebody_elses, unseen])
async def test_a_list_without_an_end_is_a_contract_broken(kind: Callable[[int], Finding]) -> None:
    upstream = Endless(kind)
    lesson = Lesson(date(2026, 3, 2))
    look = Look(upstream, Operation.ACCESS, SUBJECT, Scope(), lesson, most=20)
    with pytest.raises(ContractBrokenError, match="does not end"):
        async for _ in look.records():
            pass
    assert upstream.given == 21

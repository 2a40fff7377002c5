"""What was typed into the search box: a number of a request, or something by which a person is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway.case_number import beginning_of_id

_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ()./-]{5,24}")


@dataclass(frozen=True, slots=True)
class Typed:
    """How a text may be read; `digits` begin the id of a request."""

    digits: str | None = None
    identifiers: tuple[Identifier, ...] = ()


def read(text: str) -> Typed:
    """Reads a search; a text that could be several things is all of them."""
    digits = beginning_of_id(text) or _id(text)
    if digits is not None:
        return Typed(digits)
    kinds = [IdentifierKind.EMAIL] if "@" in text else [IdentifierKind.CUSTOMER_ID]
    if _NUMBER.fullmatch(text):
        kinds.insert(0, IdentifierKind.PHONE)
    found = (identifier(kind, text) for kind in kinds)
    return Typed(identifiers=tuple(one for one in found if one is not None))


def identifier(
    kind: IdentifierKind, text: str, since: date | None = None, until: date | None = None
) -> Identifier | None:
    """The identifier that a text is, a Dutch number as it is dialled too; None where it is none."""
    try:
        return Identifier.of(kind, text, since, until)
    except InvalidIdentifierError:
        return None


def _id(text: str) -> str | None:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None

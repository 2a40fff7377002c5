"""Whether a corrected value can be what its field is for: it is written into every upstream."""

from __future__ import annotations

import unicodedata
from typing import Final

from avgate_contracts.vocabulary import Field

# Line ends and tabs, direction overrides and what else nobody sees break what upstreams make of it.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_WORDS: Final = frozenset(
    {
        Field.NAME_GIVEN,
        Field.NAME_FAMILY,
        Field.NAME_PREFIX,
        Field.ADDRESS_STREET,
        Field.ADDRESS_CITY,
    }
)
_NUMBERED: Final = frozenset({Field.ADDRESS_NUMBER, Field.ADDRESS_POSTCODE})


def implausible(name: Field, value: str) -> str | None:
    """What is wrong with a value, without the value; None if nothing is.

    A postcode is not held to the Dutch form: addresses abroad have other ones, all with a digit.
    """
    if any(unicodedata.category(character) in _INVISIBLE for character in value):
        return "must be one line, without tabs, line ends, control or direction characters"
    if name in _WORDS and not any(map(str.isalpha, value)):
        return f"a {name.value} holds at least one letter"
    if name in _NUMBERED and not any(map(str.isdecimal, value)):
        return f"a {name.value} holds at least one digit"
    return None

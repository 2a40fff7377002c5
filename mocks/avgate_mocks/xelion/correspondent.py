"""The other ends of the calls: firms, people and bare numbers that are nobody's data subject here."""

from __future__ import annotations

from random import Random

from avgate_mocks.people import Call, salt_of
from avgate_mocks.people.wordlist import CITIES, FAMILIES, FEMALE, MALE
from avgate_mocks.xelion.addressable import (
    blank,
    initials,
    named,
    organisation,
    telecom_address,
    unknown,
)
from avgate_mocks.xelion.call_log import Party
from avgate_mocks.xelion.envelope import JsonObject

_FIRST_OID, _STEP = 1_600_000, 9
_TRADES = ("Garage", "Bakkerij", "Installatiebedrijf", "Huisartsenpraktijk", "Notariskantoor")
_EACH = 8


def correspondents(seed: int, tenant: str) -> tuple[JsonObject, ...]:
    """Address-book objects, the same for the same seed and tenant."""
    rng = Random(f"{seed}/{tenant}/correspondents")
    oids = iter(range(_FIRST_OID, _FIRST_OID + 3 * _EACH * _STEP, _STEP))
    firms = [organisation(str(next(oids)), _firm(rng), _number(rng)) for _ in range(_EACH)]
    people = [_person(str(next(oids)), rng) for _ in range(_EACH)]
    bare = [unknown(str(next(oids)), _number(rng), None, removable=True) for _ in range(_EACH)]
    return (*firms, *people, *bare)


def other_end(call: Call, among: tuple[JsonObject, ...]) -> JsonObject:
    return among[salt_of(call.other_number) % len(among)]


def party(content: JsonObject) -> Party:
    number = str(content["telecomAddresses"][0]["address"])
    return Party(str(content["commonName"]), number, str(content["oid"]))


def _firm(rng: Random) -> str:
    return f"{rng.choice(_TRADES)} {rng.choice(CITIES).name}"


def _number(rng: Random) -> str:
    return f"+31{rng.choice(CITIES).area_code}{rng.randint(1_000_000, 1_999_999)}"


def _person(oid: str, rng: Random) -> JsonObject:
    prefix, family = rng.choice(FAMILIES)
    given = rng.choice((*FEMALE, *MALE))
    content = {
        **blank(oid, "Person"),
        "givenName": given,
        "namePrefix": prefix,
        "familyName": family,
        "initials": initials(given),
        "telecomAddresses": [
            telecom_address(str(50_000_000 + int(oid)), _number(rng), "Telephone", None)
        ],
    }
    return named(content)

"""Invented Dutch people, the same for the same seed, count and day, shared by all mocks."""

from avgate_mocks.people.call import Call, Calls, Moments, midnight, salt_of, scramble
from avgate_mocks.people.casting import (
    FEWEST,
    HEAVY_CALLS,
    Role,
    TooFewPeopleError,
    cast,
    handover,
    people,
)
from avgate_mocks.people.invention import CONTROLLERS, LIBERVOICE, MISTER_VOIP, UPSTREAMS
from avgate_mocks.people.person import Address, Identifier, Line, Name, Period, Person, Volume

__all__ = [
    "CONTROLLERS",
    "FEWEST",
    "HEAVY_CALLS",
    "LIBERVOICE",
    "MISTER_VOIP",
    "UPSTREAMS",
    "Address",
    "Call",
    "Calls",
    "Identifier",
    "Line",
    "Moments",
    "Name",
    "Period",
    "Person",
    "Role",
    "TooFewPeopleError",
    "Volume",
    "cast",
    "handover",
    "midnight",
    "people",
    "salt_of",
    "scramble",
]

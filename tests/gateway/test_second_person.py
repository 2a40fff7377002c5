"""A plan needs two people, however one of them is spelled and whatever client they use."""

from __future__ import annotations

import pytest

from avgate_gateway.keyring import KeyRing
from avgate_gateway.second_person import Party, person
from avgate_gateway.vault import Vault

VAULT = Vault(KeyRing.of(b"k" * 32), b"i" * 32)


def party(client: str, subject: str, controller: str = "libervoice") -> Party:
    return Party(client, person(VAULT, controller, subject))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (party("portal", "j.jansen"), party("console", "j.jansen")),
        (party("portal", "j.jansen"), party("console", "J.Jansen ")),
        (party("portal", "j.jansen"), party("console", "\uff4a.jan\u200bsen")),
        (party("portal", "j.jansen"), party("Portal", "k.klaassen")),
        (party("portal", "portal"), party("portal ", "portal")),
        (party("portal", "portal"), party("console", "portal")),  # a person named as a client
        (Party("portal"), party("portal", "j.jansen")),
        (Party("portal"), Party("PORTAL")),
        (Party("portal"), Party("\uff50ortal")),
    ],
)
def test_one_person_is_one(one: Party, other: Party) -> None:
    assert one.is_one_with(other)
    assert other.is_one_with(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (party("portal", "portal"), party("console", "console")),  # two that act for themselves
        (party("portal", "portal"), party("console", "j.jansen")),
        (party("portal", "j.jansen"), party("console", "k.klaassen")),
        (Party("portal"), Party("console")),  # from before persons were kept
        (Party("portal"), party("console", "j.jansen")),
    ],
)
def test_two_people_are_two(one: Party, other: Party) -> None:
    assert not one.is_one_with(other)
    assert not other.is_one_with(one)


def test_what_is_kept_of_a_person_says_nothing_and_joins_nothing() -> None:
    kept = party("portal", "j.jansen").person or ""
    assert len(kept) == 64
    assert "jansen" not in kept + repr(party("portal", "j.jansen"))
    assert kept != party("portal", "j.jansen", "mister-voip").person
    assert kept != person(Vault(KeyRing.of(b"o" * 32), b"o" * 32), "libervoice", "j.jansen")

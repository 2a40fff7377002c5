"""What a vault makes stays readable and findable: by the layout and the values of every release before."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway.keyring import KeyRing, MasterKey, VaultError
from avgate_gateway.vault import SUBJECT_KEY, Box, Vault, bound

OLD, NEW = MasterKey(b"o" * 32), MasterKey(b"n" * 32)
PLACE, PLAIN = bound("r", SUBJECT_KEY), b"p" * 32
PHONE = Identifier.of(IdentifierKind.PHONE, "+31201234567")
EMAIL = Identifier.of(IdentifierKind.EMAIL, "a@example.org")
VAULT = Vault(KeyRing([NEW]), b"i" * 32)
NAMELESS = NEW.wrap(PLAIN, PLACE)[5:]  # as the first releases wrapped: by no key's name


def test_what_is_derived_stays_what_it_was() -> None:
    """Or evidence is no longer attested, and nobody is found again: values of the first release."""
    assert NEW.name == "0ce07596"
    assert NEW.mark.hex() == "010ce07596"
    expected = "a76baf5eb70267a6374a675d102b7db0147bc57199777c1b62d9b4f63386f6b9"
    assert NEW.derived("x").hex() == expected
    expected = "f36b40a50755691c066a86306bf0deb92a50fdb8cd0b4f7ff6793323ae10595c"
    assert VAULT.evidence_key.hex() == expected
    expected = "1996a685ade9ba5c1515eb0c9d00563d0e6fa133f24ac213f1045c7bb7689952"
    assert VAULT.sign_in_key.hex() == expected
    expected = "a04157b632ad5b6d9af00e9a178f348b1a09665f7d975df0e8436b10bd8be5a9"
    assert Box(b"o" * 32, "r").digest_key("warrant").hex() == expected
    expected = "ad16c7eb989cff7b4d736e235e99b17b43851028c5f03c87e1be97d1a698513a"
    assert VAULT.known_by("c", PHONE) == expected


def test_a_reference_is_one_whatever_the_order_and_one_of_each_controller() -> None:
    assert VAULT.reference("c", [PHONE, EMAIL]) == "s-64e46377f7740cd2cb5c42b4"
    assert VAULT.reference("c", [EMAIL, PHONE]) == VAULT.reference("c", [PHONE, EMAIL])
    others = [VAULT.reference("d", [PHONE, EMAIL]), VAULT.reference("c", [PHONE])]
    assert "s-64e46377f7740cd2cb5c42b4" not in others


def test_what_is_sealed_is_a_nonce_of_twelve_bytes_and_what_gcm_makes_of_it() -> None:
    key, nonce = b"o" * 32, os.urandom(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, b"plain", b"r\x00note")
    assert Box(key, "r").open(sealed, "note") == b"plain"
    made = Box(key, "r").seal(b"plain", "note")
    assert AESGCM(key).decrypt(made[:12], made[12:], b"r\x00note") == b"plain"
    wrapping = AESGCM(NEW.derived("avgate wrapping 1"))
    assert wrapping.decrypt(NAMELESS[:12], NAMELESS[12:], b"r\x00subject") == PLAIN


def test_no_key_shows_where_a_box_is_printed() -> None:
    assert "ooo" not in repr(Box(b"o" * 32, "r"))


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_master_key_is_of_32_bytes(length: int) -> None:
    with pytest.raises(VaultError, match="a master key must be 32 bytes"):
        MasterKey(b"k" * length)


def test_a_new_key_is_of_32_bytes_and_another_each_time() -> None:
    keys = {NEW.unwrap(VAULT.new_key("r", SUBJECT_KEY), PLACE) for _ in range(3)}
    assert [len(key) for key in keys] == [32, 32, 32]


WHOLE = NEW.wrap(PLAIN, PLACE)
NO_WRAPPED_KEYS = {
    "nothing": b"",
    "a byte": b"\x01",
    "the mark alone": NEW.mark,
    "a part of the mark": NEW.mark[:4],
    "without its last byte": WHOLE[:-1],
    "with a byte more": WHOLE + b"\x00",
    "without a name and its last byte": NAMELESS[:-1],
    "without a name, with a byte more": NAMELESS + b"\x00",
    "of another format": b"\x02" + WHOLE[1:],
    "of a lower format": b"\x00" + WHOLE[1:],
}


@pytest.mark.parametrize("what", NO_WRAPPED_KEYS)
def test_what_is_of_another_shape_is_no_wrapped_key(what: str) -> None:
    for ring in (KeyRing([NEW]), KeyRing([OLD, NEW])):
        for ask in (ring.unwrap, ring.which):
            with pytest.raises(VaultError, match="a wrapped key cannot be opened"):
                ask(NO_WRAPPED_KEYS[what], PLACE)


@pytest.mark.parametrize("wrapped", [WHOLE, NAMELESS], ids=["named", "nameless"])
def test_each_key_of_a_ring_says_what_it_wrapped(wrapped: bytes) -> None:
    for keys in ([NEW], [NEW, OLD], [OLD, NEW]):
        ring = KeyRing(keys)
        assert ring.unwrap(wrapped, PLACE) == PLAIN
        assert ring.which(wrapped, PLACE) is NEW
        assert ring.keys == tuple(keys)
        assert ring.newest is keys[0]
        assert ring.is_newest(wrapped) == (wrapped is WHOLE and keys[0] is NEW)
        assert ring.is_newest(ring.wrap(PLAIN, PLACE))
    with pytest.raises(VaultError, match="does not fit this database"):
        KeyRing([OLD]).which(wrapped, PLACE)


def test_one_without_a_name_may_begin_like_one_with_it() -> None:
    nonce = NEW.mark + bytes(7)
    wrapped = nonce + AESGCM(NEW.derived("avgate wrapping 1")).encrypt(nonce, PLAIN, PLACE)
    ring = KeyRing([NEW, OLD])
    assert ring.unwrap(wrapped, PLACE) == PLAIN
    assert not ring.is_newest(wrapped)


def test_which_key_is_missing_and_which_are_here_is_said() -> None:
    here = f"master key {NEW.name} is needed, and here is {OLD.name}, "
    third = MasterKey(b"t" * 32)
    with pytest.raises(VaultError, match=f"{here}{third.name}; restore"):
        KeyRing([OLD, third]).unwrap(WHOLE, PLACE)
    with pytest.raises(VaultError, match=f"{here}{third.name}; restore"):
        KeyRing([OLD, third]).unwrap(WHOLE[:20], PLACE)


def test_a_ring_is_never_empty_and_keeps_what_it_has() -> None:
    with pytest.raises(VaultError, match="there is no master key"):
        KeyRing([])
    found = [NEW]
    ring = KeyRing([OLD], lambda: found)
    ring.refresh()
    assert ring.keys == (NEW,)
    found.clear()
    with pytest.raises(VaultError, match="there is no master key"):
        ring.refresh()
    with pytest.raises(VaultError, match="is needed, and here is"):
        ring.unwrap(OLD.wrap(PLAIN, PLACE), PLACE)
    assert ring.keys == (NEW,)


def test_keys_are_looked_for_again_only_where_one_is_missing() -> None:
    asked: list[str] = []

    def look() -> list[MasterKey]:
        asked.append("again")
        raise OSError

    ring = KeyRing([NEW], look)
    assert ring.unwrap(WHOLE, PLACE) == PLAIN
    assert asked == []
    with pytest.raises(VaultError, match="is needed"):
        ring.unwrap(OLD.wrap(PLAIN, PLACE), PLACE)
    assert asked == ["again"]
    KeyRing([NEW]).refresh()

"""The Merkle tree by the vectors of Certificate Transparency, proofs by every shape, notes by their form."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from avgate_gateway.proving import tree
from avgate_gateway.proving.entry import worded
from avgate_gateway.proving.note import (
    Checkpoint,
    NoteError,
    believed,
    opened_key,
    signed,
    verifier_key,
)

# The inputs and roots that implementations of RFC 6962 are tried with.
DATA = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_standard(size: int) -> None:
    leaves = [tree.leaf(one) for one in DATA[:size]]
    grown = tree.Frontier()
    for one in leaves:
        grown.add(one)
    assert tree.root(leaves).hex() == ROOTS[size] == grown.root.hex()


def leaves_of(size: int) -> list[bytes]:
    return [tree.leaf(f"{number:064x}") for number in range(size)]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 769, 1024, 1300])
def test_runs_that_are_kept_by_their_root_change_no_root(size: int) -> None:
    leaves = leaves_of(size)
    tiles = [tree.root(leaves[n : n + tree.TILE]) for n in range(0, size, tree.TILE)]
    assert tree.root(tiles) == tree.root(leaves)


@given(st.data())
def test_a_proof_leads_to_the_root_and_no_other_leaf_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    numbers = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=8))
    leaves = leaves_of(size)
    path = tree.inclusion(size, numbers, lambda begin, end: tree.root(leaves[begin:end]))
    shown = {number: leaves[number] for number in numbers}
    assert tree.root_by_inclusion(size, shown, path) == tree.root(leaves)
    changed = {**shown, min(numbers): tree.leaf("ff")}
    assert tree.root_by_inclusion(size, changed, path) != tree.root(leaves)


@pytest.mark.parametrize("change", [lambda path: path[:-1], lambda path: [*path, b"x" * 32]])
def test_a_proof_of_another_length_is_none(change: object) -> None:
    leaves = leaves_of(10)
    path = tree.inclusion(10, [3], lambda begin, end: tree.root(leaves[begin:end]))
    with pytest.raises(ValueError, match="the proof is too"):
        tree.root_by_inclusion(10, {3: leaves[3]}, change(path))  # type: ignore[operator]  # a function


def test_a_checkpoint_is_believed_as_it_was_signed() -> None:
    made = Checkpoint(7, bytes.fromhex(ROOTS[7]), NOON)
    note = signed(made, KEY)
    assert believed(note, KEY.public_key()) == made
    assert note.splitlines()[:4] == ["avgate-evidence", "7", base64.b64encode(made.root).decode(), NOON.isoformat()]  # fmt: skip
    assert verifier_key(KEY.public_key()).startswith("avgate-evidence+")


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n7\n", "\n8\n"),
        lambda note: note.replace("2026", "2027"),
        lambda note: note.replace("avgate-evidence\n", "another\n"),
        lambda note: note[:-8] + "AAAAAA==\n",
        lambda _: "",
        lambda _: "avgate-evidence\n",
        lambda note: note + note,
        lambda note: note.replace("\N{EM DASH}", "-"),
    ],
)
def test_one_that_was_changed_is_not(change: object) -> None:
    note = signed(Checkpoint(7, bytes.fromhex(ROOTS[7]), NOON), KEY)
    with pytest.raises(NoteError):
        believed(change(note), KEY.public_key())  # type: ignore[operator]  # a function


def test_a_key_is_read_as_it_was_worded() -> None:
    key = KEY.public_key()
    assert opened_key(verifier_key(key)) == key


@pytest.mark.parametrize(
    "text", ["", "a+b", "avgate-evidence+00000000+AbCd", "avgate-evidence+x+\u2014"]
)
def test_what_is_no_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NoteError, match="no key"):
        opened_key(text)


@pytest.mark.parametrize(("size", "more"), [(0, 5), (8, 8), (8, 3), (16, 8), (24, 7), (4, 1)])
def test_a_tree_grows_by_another_as_by_its_leaves(size: int, more: int) -> None:
    leaves = leaves_of(size + more)
    grown, right = tree.Frontier(), tree.Frontier()
    for one in leaves[:size]:
        grown.add(one)
    for one in leaves[size:]:
        right.add(one)
    assert grown.root_with(right.root) == tree.root(leaves)
    grown.extend(right)
    assert (grown.size, grown.root) == (size + more, tree.root(leaves))


def test_a_tree_does_not_grow_where_no_subtree_begins() -> None:
    grown, right = tree.Frontier(), tree.Frontier()
    for one in leaves_of(3):
        grown.add(one)
        right.add(one)
    with pytest.raises(ValueError, match="2 leaves make a subtree after 3"):
        grown.extend(right)


@pytest.mark.parametrize(
    "micros", [0, 1, 999_999, 1_000_000, 1_772_452_800_000_000, 1_772_452_800_000_120, -1]
)
def test_a_moment_is_worded_as_the_library_words_it(micros: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    assert worded(micros) == moment.isoformat()


def test_one_that_somebody_else_signed_is_not() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
    with pytest.raises(NoteError):
        believed(signed(Checkpoint(7, bytes(32), NOON), other), KEY.public_key())

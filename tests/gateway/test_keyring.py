"""Master keys and what they wrap: the right one opens, and nothing else does."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_gateway import key_sources
from avgate_gateway.keyring import KeyRing, MasterKey
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, Box, Vault, VaultError, bound

OLD, NEW = b"o" * 32, b"n" * 32
INDEX = b"i" * 32
REQUEST = "1f0e7a52-0000-4000-8000-000000000001"
PLACES = [(REQUEST, SUBJECT_KEY), (REQUEST, RETENTION_KEY), ("another", SUBJECT_KEY)]
names = st.text(st.characters(codec="ascii", exclude_characters="\x00"), max_size=12)


def vault(*keys: bytes) -> Vault:
    return Vault(KeyRing([MasterKey(key) for key in keys]), INDEX)


def of_the_first_release(key: bytes, request_id: str, purpose: str) -> bytes:
    """A wrapped key as it was before master keys had names: without the first five bytes."""
    return vault(key).new_key(request_id, purpose)[5:]


@pytest.mark.parametrize(("made", "used"), list(combinations(PLACES, 2)))
def test_a_wrapped_key_opens_only_for_its_request_and_purpose(
    made: tuple[str, str], used: tuple[str, str]
) -> None:
    ours = vault(NEW)
    for wrapped in (ours.new_key(*made), of_the_first_release(NEW, *made)):
        ours.box(wrapped, *made)
        with pytest.raises(VaultError):
            ours.box(wrapped, *used)


@given(made=st.tuples(names, names), used=st.tuples(names, names), plain=st.binary(max_size=64))
def test_what_is_sealed_opens_only_in_its_place(
    made: tuple[str, str], used: tuple[str, str], plain: bytes
) -> None:
    sealed = Box(OLD, made[0]).seal(plain, made[1])
    if made == used:
        assert Box(OLD, used[0]).open(sealed, used[1]) == plain
    else:
        with pytest.raises(VaultError):
            Box(OLD, used[0]).open(sealed, used[1])


@given(data=st.data())
def test_a_changed_bit_or_a_missing_end_is_never_opened(data: st.DataObject) -> None:
    ours = vault(NEW)
    cases: list[tuple[bytes, Callable[[bytes], object]]] = [
        (ours.new_key(REQUEST, SUBJECT_KEY), lambda one: ours.box(one, REQUEST, SUBJECT_KEY)),
        (Box(OLD, REQUEST).seal(b"plain", "note"), lambda one: Box(OLD, REQUEST).open(one, "note")),
    ]
    for whole, opens in cases:
        assert opens(whole)
        place = data.draw(st.integers(0, len(whole) * 8 - 1))
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        for wrong in (bytes(changed), whole[: place // 8]):
            with pytest.raises(VaultError):
                opens(wrong)


def test_no_two_boxes_have_the_same_nonce() -> None:
    box = Box(OLD, REQUEST)
    nonces = {box.seal(b"the same", "note")[:12] for _ in range(20_000)}
    assert len(nonces) == 20_000
    wrapped = {vault(NEW).new_key(REQUEST, SUBJECT_KEY) for _ in range(100)}
    assert len({one[5:17] for one in wrapped}) == 100


def test_the_newest_wraps_and_all_unwrap() -> None:
    before = vault(OLD).new_key(REQUEST, SUBJECT_KEY)
    nameless = of_the_first_release(OLD, REQUEST, SUBJECT_KEY)
    both = vault(NEW, OLD)
    plain = Box(OLD, "x").seal(b"", "")  # any box, so that both can be compared by what they open
    assert plain
    sealed = vault(OLD).box(before, REQUEST, SUBJECT_KEY).seal(b"plain", "note")
    assert both.box(before, REQUEST, SUBJECT_KEY).open(sealed, "note") == b"plain"
    both.box(nameless, REQUEST, SUBJECT_KEY)
    after = both.new_key(REQUEST, SUBJECT_KEY)
    vault(NEW).box(after, REQUEST, SUBJECT_KEY)
    with pytest.raises(VaultError, match=f"master key {MasterKey(NEW).name} is needed"):
        vault(OLD).box(after, REQUEST, SUBJECT_KEY)


@pytest.mark.parametrize("named", [True, False])
def test_without_the_former_master_key_what_it_wrapped_stays_closed(named: bool) -> None:
    wrapped = vault(OLD).new_key(REQUEST, SUBJECT_KEY)
    if not named:
        wrapped = wrapped[5:]
    with pytest.raises(VaultError, match="does not fit this database"):
        vault(NEW).box(wrapped, REQUEST, SUBJECT_KEY)


def test_a_key_that_another_process_took_into_use_is_looked_for() -> None:
    here = [MasterKey(OLD)]
    ring = KeyRing(here, lambda: here)
    wrapped = MasterKey(NEW).wrap(INDEX, b"place")
    with pytest.raises(VaultError):
        ring.unwrap(wrapped, b"place")
    here.insert(0, MasterKey(NEW))
    assert ring.unwrap(wrapped, b"place") == INDEX
    assert ring.newest.name == MasterKey(NEW).name


def test_the_index_says_nothing_without_its_key_and_keeps_controllers_apart() -> None:
    ours, theirs = vault(NEW), Vault(KeyRing.of(NEW), b"j" * 32)
    assert ours.blind("c", "lead", "phone", "+31201234567") == vault(OLD).blind(
        "c", "lead", "phone", "+31201234567"
    )
    assert ours.blind("c", "x") != theirs.blind("c", "x")
    assert ours.blind("c", "x") != ours.blind("d", "x")
    assert ours.blind("c", "ab", "c") != ours.blind("c", "a", "bc")


def test_a_destroyed_key_opens_nothing() -> None:
    with pytest.raises(VaultError, match="was destroyed"):
        vault(NEW).box(None, REQUEST, SUBJECT_KEY)
    assert bound("a", "b") != bound("b", "a")


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    key_sources.make_file(path)
    path.chmod(0o640)
    with pytest.raises(VaultError) as raised:
        key_sources.from_file(path)
    assert str(raised.value).endswith(f"run: chmod 600 {path}")


def test_a_change_of_keys_that_dies_anywhere_leaves_both(tmp_path: Path) -> None:
    """Each step by itself is one call to the system; what is there between two of them is whole."""
    path = tmp_path / "a.key"
    key_sources.make_file(path)
    [before] = key_sources.from_file(path)
    name = key_sources.make_further(path)
    assert [key.name for key in key_sources.from_file(path)] == [before.name, name]
    assert key_sources.take_into_use(path, name) == before.name
    assert [key.name for key in key_sources.from_file(path)] == [name, before.name]
    with pytest.raises(VaultError, match="in use already"):
        key_sources.take_into_use(path, name)
    with pytest.raises(VaultError, match=r"no a\.key\.00000000"):
        key_sources.take_into_use(path, "00000000")
    assert all(one.stat().st_mode & 0o077 == 0 for one in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 2


def test_a_program_may_hand_the_key_over(tmp_path: Path) -> None:
    kms = tmp_path / "kms.py"
    kms.write_text(f"print({b64encode(NEW).decode()!r})")
    assert key_sources.from_program([sys.executable, str(kms)]).name == MasterKey(NEW).name


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit(3)", "ended with 3"),
        ("print('c2VjcmV0')", "must be 32 bytes in base64"),
        ("print('geheim-geheim')", "must be 32 bytes in base64"),
        ("print()", "must be 32 bytes in base64"),
    ],
)
def test_a_program_that_hands_over_no_key_is_named_and_not_quoted(program: str, said: str) -> None:
    with pytest.raises(VaultError, match=said) as caught:
        key_sources.from_program(
            [sys.executable, "-c", f"import sys; sys.stderr.write('geheim'); {program}"]
        )
    assert "geheim" not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_program_that_is_not_there_is_said_to_be_so() -> None:
    with pytest.raises(VaultError, match="cannot be run"):
        key_sources.from_program(["/nonexistent/kms"])


def test_the_complaints_of_a_program_reach_no_log(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nfrom avgate_gateway import key_sources\n"
        "try:\n    key_sources.from_program([sys.executable, '-c', "
        "'import sys; sys.stderr.write(\"geheim\"); sys.exit(1)'])\n"
        "except Exception as error:\n    print(error)\n"
    )
    told = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )
    assert "geheim" not in told.stdout + told.stderr

"""The gateway's own key: made once, and nobody else's to read."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from joserfc.jwk import OKPKey

from avgate_gateway.authentication import (
    Caller,
    FixedKeys,
    KeyFileError,
    Scope,
    Verifier,
    mint,
    open_signing_key,
)

from .tokens import (
    EC,
    NOW,
    OURS,
    POLICY,
    Clock,
)


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "token.jwk"
    first, second = open_signing_key(path), open_signing_key(path)
    assert first.kid == second.kid
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["token.jwk"]


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def start(path: Path) -> str:
        barrier.wait()
        return open_signing_key(path).kid

    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            kids = set(pool.map(start, [tmp_path / f"{number}.jwk"] * 8))
        assert len(kids) == 1
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        json.dumps(EC.as_dict(private=True)).encode(),
        json.dumps(OURS.key.as_dict(private=False)).encode(),
        json.dumps({**OKPKey.generate_key("X25519").as_dict(private=True), "kid": "x"}).encode(),
    ],
    ids=["nothing", "no_members", "a_list", "another_kind", "public_half", "another_curve"],
)
def test_a_file_that_holds_no_such_key_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token.jwk"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="move it away"):
        open_signing_key(path)
    assert path.read_bytes() == content


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "token.jwk"
    open_signing_key(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        open_signing_key(path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        open_signing_key(tmp_path / "nowhere" / "token.jwk")


def test_a_key_shows_nothing_of_itself() -> None:
    secret = OURS.key.as_dict(private=True)["d"]
    assert isinstance(secret, str)
    assert secret not in repr(OURS)
    assert secret not in repr(OURS.public())
    assert not OURS.public().key.is_private


async def test_a_minted_token_is_believed(tmp_path: Path) -> None:
    key = open_signing_key(tmp_path / "token.jwk")
    made = mint(
        key,
        issuer=POLICY.issuer,
        audience=POLICY.audience,
        controller="mister-voip",
        client="portal",
        scopes=[Scope.READ, Scope.APPROVE],
        lifetime=900.0,
        now=NOW + 0.9,
        subject="agent-1",
    )
    caller = await Verifier(POLICY, FixedKeys([key.public()]), Clock()).caller(made)
    scopes = frozenset({"requests:read", "requests:approve"})
    assert caller == Caller("portal", "mister-voip", scopes, "agent-1")

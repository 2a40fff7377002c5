"""The three ways to a successor: each ends with the whole file there, however often it is begun."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from pathlib import Path
from typing import Any

import pyrage
import pytest
from pydantic import TypeAdapter, ValidationError

from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_gateway.handover import DeliveryError, Sealed, Spool, Way, wait_after, way_to
from avgate_gateway.handover.delivery import PIECE
from avgate_gateway.settings.destination import Destination

from . import successor
from .successor import PASSWORD, TOKEN, Bucket, Folder

KEY = str(pyrage.x25519.Identity.generate().to_public())
NAME = "avgate-1.zip.age"
RUNTIME = Runtime(transport=Network)
_SIZE = 1_000_003
_HUGE = 16 * 1024 * 1024 + 1  # our client reads no answer of more than one byte less
_LARGE = 9_000_001  # two parts of a multipart upload, and an odd byte


def _made(path: Path, size: int) -> Sealed:
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    path.write_bytes(content)
    return Sealed(path, size, hashlib.sha256(content).hexdigest())


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return _made(tmp_path_factory.mktemp("sealed") / "1.age", _SIZE)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def way(**settings: Any) -> Way:
    read: Destination = TypeAdapter(Destination).validate_python({"recipient": KEY, **settings})
    return way_to(read, RUNTIME)


def https(url: str, **more: Any) -> Way:
    return way(kind="https", url=f"{url}/in", **{"token": TOKEN, **more})


def sftp(server: successor.Sftp, **more: Any) -> Way:
    return way(
        kind="sftp", host="127.0.0.1", port=server.port,
        **{"username": "avgate", "password": PASSWORD, "host_key": server.host_key, **more},
    )  # fmt: skip


def s3(url: str, **more: Any) -> Way:
    keys = {"access_key_id": "me", "secret_access_key": "secret"}
    return way(kind="s3", endpoint=url, bucket="successor", folder="in", **keys, **more)


@pytest.mark.parametrize("parts", [False, True])
async def test_a_put_brings_the_whole_file(sealed: Sealed, parts: bool) -> None:
    folder = Folder()
    async with successor.at(folder) as url:
        receipt = await https(url, parts=parts).deliver(sealed, NAME)
        assert folder.files == {NAME: sealed.path.read_bytes()}
        assert (receipt.name, receipt.answer) == (NAME, '"abc"')
        await https(url, parts=parts).deliver(sealed, NAME)
        assert len([call for call in folder.calls if call.startswith("PUT")]) == 1
        assert folder.files == {NAME: sealed.path.read_bytes()}


@pytest.mark.parametrize("parts", [False, True])
async def test_a_put_of_more_than_any_answer_may_hold_ends(tmp_path: Path, parts: bool) -> None:
    """The server tells the length of the file, not of an answer."""
    folder, sealed = Folder(), _made(tmp_path / "1.age", _HUGE)
    async with successor.at(folder) as url:
        for _ in range(2):
            await https(url, parts=parts).deliver(sealed, NAME)
        assert [call[:3] for call in folder.calls].count("PUT") == 1
    assert len(folder.files[NAME]) == _HUGE


async def test_a_put_in_parts_goes_on_where_it_stopped(sealed: Sealed) -> None:
    folder = Folder(cut_at=600_000)
    async with successor.at(folder) as url:
        with pytest.raises(DeliveryError, match=r"outcome_unknown|unavailable"):
            await https(url, parts=True).deliver(sealed, NAME)
        assert len(folder.files[NAME]) == 600_000
        await https(url, parts=True).deliver(sealed, NAME)
        assert folder.files[NAME] == sealed.path.read_bytes()
        assert folder.calls[-2] == "PUT 600000"


async def test_a_put_whose_answer_is_lost_is_made_again(sealed: Sealed) -> None:
    folder = Folder(statuses=[500])
    async with successor.at(folder) as url:
        with pytest.raises(DeliveryError) as raised:
            await https(url).deliver(sealed, NAME)
        assert raised.value.code == "outcome_unknown"
        await https(url).deliver(sealed, NAME)
        assert folder.files == {NAME: sealed.path.read_bytes()}


async def test_a_server_that_tells_nothing_gets_the_file_each_time(sealed: Sealed) -> None:
    folder = Folder(is_mute=True)
    async with successor.at(folder) as url:
        for _ in range(2):
            assert (await https(url).deliver(sealed, NAME)).answer == ""
        assert [call[:3] for call in folder.calls].count("PUT") == 2
        assert folder.files == {NAME: sealed.path.read_bytes()}


@pytest.mark.parametrize(
    ("more", "statuses", "code"),
    [({"token": "wrong"}, [], "misconfigured"), ({}, [403], "refused")],
    ids=["token", "403"],
)
async def test_what_a_put_is_refused_for_is_told(
    sealed: Sealed, more: dict[str, Any], statuses: list[int], code: str
) -> None:
    async with successor.at(Folder(statuses=statuses)) as url:
        with pytest.raises(DeliveryError) as raised:
            await https(url, **more).deliver(sealed, NAME)
    assert raised.value.code == code
    assert NAME not in raised.value.reason


async def test_sftp_brings_the_whole_file_and_renames_it_then(
    sealed: Sealed, tmp_path: Path
) -> None:
    async with successor.sftp(tmp_path) as server:
        await sftp(server).deliver(sealed, NAME)
        assert names(tmp_path) == [NAME]
        assert (tmp_path / NAME).read_bytes() == sealed.path.read_bytes()
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
        before = (tmp_path / NAME).stat()
        await sftp(server).deliver(sealed, NAME)
        assert (tmp_path / NAME).stat().st_ino == before.st_ino


@pytest.mark.parametrize("there", [0, 600_000, _SIZE, _SIZE + 5], ids=str)
async def test_sftp_goes_on_where_it_stopped(sealed: Sealed, tmp_path: Path, there: int) -> None:
    """What was there is not sent again but for its last piece: it is told apart by what stands in it."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / f"{NAME}.part").write_bytes(b"\0" * there)
    async with successor.sftp(tmp_path) as server:
        await sftp(server, folder="below").deliver(sealed, NAME)
    kept = max(0, there - PIECE) if there <= _SIZE else 0
    expected = b"\0" * kept + sealed.path.read_bytes()[kept:]
    assert (tmp_path / "below" / NAME).read_bytes() == expected


async def test_sftp_whose_server_dies_half_way_is_tried_again_and_goes_on(
    sealed: Sealed, tmp_path: Path
) -> None:
    async with successor.sftp(tmp_path) as server:
        server.dies_at = 500_000
        with pytest.raises(DeliveryError) as raised:
            await sftp(server).deliver(sealed, NAME)
        assert raised.value.code == "unavailable"
        assert names(tmp_path) == [f"{NAME}.part"]
        await sftp(server).deliver(sealed, NAME)
    assert (tmp_path / NAME).read_bytes() == sealed.path.read_bytes()


async def test_sftp_leaves_no_hole_where_the_server_died_while_it_wrote(
    sealed: Sealed, tmp_path: Path
) -> None:
    """Servers write what came side by side in any order: the length tells nothing of the last piece."""
    torn = bytearray(sealed.path.read_bytes()[:600_000])
    torn[400_000:500_000] = bytes(100_000)
    (tmp_path / f"{NAME}.part").write_bytes(torn)
    async with successor.sftp(tmp_path) as server:
        await sftp(server).deliver(sealed, NAME)
    assert (tmp_path / NAME).read_bytes() == sealed.path.read_bytes()


async def test_sftp_begins_anew_where_the_server_adds_nothing_to_a_file(
    sealed: Sealed, tmp_path: Path
) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"\0" * 600_000)
    async with successor.sftp(tmp_path) as server:
        server.takes_whole = True
        await sftp(server).deliver(sealed, NAME)
    assert names(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == sealed.path.read_bytes()


async def test_sftp_believes_no_other_server(sealed: Sealed, tmp_path: Path) -> None:
    async with successor.sftp(tmp_path) as server, successor.sftp(tmp_path) as other:
        with pytest.raises(DeliveryError) as raised:
            await sftp(server, host_key=other.host_key).deliver(sealed, NAME)
    assert raised.value.code == "host_key"
    assert not names(tmp_path)


@pytest.mark.parametrize(
    ("more", "code"),
    [({"password": "wrong"}, "credentials"), ({"folder": "nowhere"}, "refused")],
    ids=["password", "folder"],
)
async def test_what_sftp_is_refused_for_is_told(
    sealed: Sealed, tmp_path: Path, more: dict[str, Any], code: str
) -> None:
    async with successor.sftp(tmp_path) as server:
        with pytest.raises(DeliveryError) as raised:
            await sftp(server, **more).deliver(sealed, NAME)
    assert raised.value.code == code


async def test_a_bucket_gets_the_object_in_parts_and_once(tmp_path: Path) -> None:
    bucket, sealed = Bucket(), _made(tmp_path / "1.age", _LARGE)
    async with successor.at(bucket) as url:
        receipt = await s3(url).deliver(sealed, NAME)
        assert bucket.objects == {f"/successor/in/{NAME}": sealed.path.read_bytes()}
        assert len(bucket.parts) == 2
        calls = len(bucket.calls)
        again = await s3(url).deliver(sealed, NAME)
        assert bucket.calls[calls:] == ["HEAD"]
        assert receipt.answer == again.answer != ""


async def test_a_bucket_that_refuses_is_told(sealed: Sealed) -> None:
    async with successor.at(Bucket(refuses=True)) as url:
        with pytest.raises(DeliveryError) as raised:
            await s3(url).deliver(sealed, NAME)
    assert raised.value.code == "credentials"


async def test_a_bucket_that_is_not_there_is_a_mistake_in_the_config(sealed: Sealed) -> None:
    async with successor.at(Bucket(is_there=False)) as url:
        with pytest.raises(DeliveryError) as raised:
            await s3(url).deliver(sealed, NAME)
    assert raised.value.code == "misconfigured"


async def test_nobody_who_answers_is_tried_again_later(sealed: Sealed, tmp_path: Path) -> None:
    async with successor.at(Folder()) as url, successor.sftp(tmp_path) as server:
        ways = (https(url), sftp(server))
    for one in ways:
        with pytest.raises(DeliveryError) as raised:
            await one.deliver(sealed, NAME)
        assert raised.value.code == "unavailable"


AGE = {"recipient": KEY}
GOOD_SFTP = {
    "kind": "sftp", "host": "files.example", "username": "avgate", "password": "x",
    "host_key": "ssh-ed25519 " + "A" * 68,
}  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "https", "url": "https://files.example/in"},
        {"kind": "https", "url": "https://files.example/in", "recipient": "age1nobody"},
        {"kind": "https", "url": "http://files.example.org/in", **AGE},
        {"kind": "https", "url": "https://10.0.0.1/in", **AGE},
        {"kind": "https", "url": "https://169.254.169.254/in", **AGE, "token": "x"},
        {"kind": "https", "url": "https://files.example/in", **AGE, "username": "me"},
        {"kind": "ftp", "host": "files.example", **AGE},
        {**GOOD_SFTP, **AGE, "host_key": "anything"},
        {**GOOD_SFTP, **AGE, "password": None},
        {**GOOD_SFTP, **AGE, "host": "192.168.1.1"},
        {**GOOD_SFTP, **AGE, "folder": "../out"},
        {"kind": "s3", "endpoint": "https://s3.example", "bucket": "UPPER", **AGE},
        {"kind": "s3", "endpoint": "https://s3.example", "bucket": "files", **AGE},
    ],
    ids=lambda one: one["kind"],  # its keys are made anew by each process
)
def test_a_destination_that_is_not_safe_is_none(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Destination).validate_python(settings)


def test_waits_grow_from_a_minute_to_hours() -> None:
    waits = [wait_after(attempt).total_seconds() for attempt in range(1, 12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (60, 6 * 3600)


async def test_a_sealed_file_is_age_for_one_pair_of_eyes(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()

    async def copy() -> Any:
        for _ in range(3):
            yield b"personal data " * 1000

    spool = Spool(tmp_path / "spool")
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "h-1.part").write_bytes(b"what a dead process left")
    made = await spool.seal("h-1", str(identity.to_public()), copy(), lambda: None)
    written = made.path.read_bytes()
    assert (made.size, made.sha256) == (len(written), hashlib.sha256(written).hexdigest())
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert b"personal data" not in written
    assert pyrage.decrypt(written, [identity]) == b"personal data " * 3000
    assert await spool.found("h-1", str(identity.to_public()), made.size, made.sha256) == made
    assert await spool.found("h-1", str(identity.to_public()), made.size + 1, made.sha256) is None
    assert set(spool.ids()) == {"h-1"}
    await asyncio.to_thread(spool.drop, "h-1")
    assert not spool.ids()


async def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    async def copy() -> Any:
        yield b"x"

    (tmp_path / "spool").write_text("a file is in the way")
    with pytest.raises(DeliveryError) as raised:
        await Spool(tmp_path / "spool").seal("h-1", KEY, copy(), lambda: None)
    assert raised.value.code == "spool"

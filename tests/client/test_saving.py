"""A download is whole or not there: cuts, other parts, wrong sums, and what lies in its way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest

from avgate_client import AvgateError, IncompleteError, UnexpectedAnswerError, UnreachableError
from avgate_client.problems import GoneError

from .scripted import Pieces, Script, Turn, problem

TEXT = b"0123456789" * 20
TAG = {"etag": '"v1"', "accept-ranges": "bytes"}


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", "{}")
    return file.getvalue()


def body(
    *pieces: bytes,
    status: int = 200,
    is_cut: bool = False,
    tag: Mapping[str, str] = MappingProxyType({}),
    **headers: str,
) -> httpx.Response:
    named = {**{name.replace("_", "-"): value for name, value in headers.items()}, **tag}
    return httpx.Response(status, stream=Pieces(pieces, is_cut=is_cut), headers=named)


def rest(start: int, text: bytes = TEXT, repr_digest: str | None = None) -> Turn:
    def answer(asked: httpx.Request) -> httpx.Response:
        assert asked.headers["range"] == f"bytes={start}-"
        assert asked.headers["if-range"] == '"v1"'
        told = f"bytes {start}-{len(text) - 1}/{len(text)}"
        return body(
            text[start:],
            status=206,
            content_range=told,
            tag={"repr-digest": repr_digest} if repr_digest else {},
        )

    return answer


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def saved(folder: Path, *turns: Turn | httpx.Response | Exception) -> bytes:
    copy = folder / "copy.zip"
    size = await Script([*turns]).client().download_package("r-1", copy)
    assert (size, mode_of(copy)) == (len(copy.read_bytes()), 0o600)
    assert left_in(folder) == ["copy.zip"]
    return copy.read_bytes()


async def test_a_cut_leaves_nothing_under_the_final_name_until_it_is_whole(tmp_path: Path) -> None:
    def second(asked: httpx.Request) -> httpx.Response:
        assert "range" not in asked.headers
        assert [path.name for path in tmp_path.iterdir()] == ["copy.zip.part"]
        return body(TEXT)

    assert await saved(tmp_path, body(TEXT[:50], is_cut=True), second) == TEXT


async def test_a_cut_is_gone_on_from_where_the_gateway_can(tmp_path: Path) -> None:
    digest = base64.b64encode(hashlib.sha256(TEXT).digest()).decode()
    begun = body(
        TEXT[:50], is_cut=True, content_length=str(len(TEXT)),
        repr_digest=f"sha-256=:{digest}:", tag=TAG,
    )  # fmt: skip
    assert await saved(tmp_path, begun, rest(50)) == TEXT


async def test_what_is_begun_anew_has_the_sum_of_the_second_time(tmp_path: Path) -> None:
    digest = base64.b64encode(hashlib.sha256(TEXT).digest()).decode()
    whole = body(TEXT, content_digest=f"sha-256=:{digest}:")
    assert await saved(tmp_path, body(b"other", is_cut=True), whole) == TEXT


@pytest.mark.parametrize("tag", [{"etag": '"v1"'}, {"etag": 'W/"v1"', "accept-ranges": "bytes"}])
async def test_a_rest_is_asked_for_only_where_it_is_offered_of_the_same(
    tmp_path: Path, tag: dict[str, str]
) -> None:
    def second(asked: httpx.Request) -> httpx.Response:
        assert "range" not in asked.headers
        return body(TEXT)

    assert await saved(tmp_path, body(TEXT[:50], is_cut=True, tag=tag), second) == TEXT


async def test_a_redirect_is_not_taken_for_the_copy(tmp_path: Path) -> None:
    with pytest.raises(UnexpectedAnswerError, match="status 302"):
        await saved(tmp_path, httpx.Response(302, content=TEXT))
    assert left_in(tmp_path) == []


async def test_what_changed_meanwhile_is_begun_anew(tmp_path: Path) -> None:
    begun = body(TEXT[:50], is_cut=True, tag=TAG)
    assert await saved(tmp_path, begun, body(b"another")) == b"another"


async def test_a_part_that_does_not_fit_is_not_glued_on(tmp_path: Path) -> None:
    other = body(TEXT[40:], status=206, content_range="bytes 40-199/200")
    with pytest.raises(IncompleteError, match="another part"):
        await saved(tmp_path, body(TEXT[:50], is_cut=True, tag=TAG), other)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "answer",
    [
        body(TEXT, content_length="300"),
        body(TEXT, repr_digest=f"sha-256=:{'A' * 43}=:"),
        body(TEXT, content_digest=f"md5=:x:, sha-256=:{'A' * 43}=:"),
        body(zipped()[:-30], content_type="application/zip"),
        body(b"%PDF-1.7 and then", content_type="application/pdf; x=y"),
    ],
    ids=["length", "repr-digest", "content-digest", "zip", "pdf"],
)
async def test_what_is_not_whole_is_not_kept(tmp_path: Path, answer: httpx.Response) -> None:
    with pytest.raises(IncompleteError, match="nothing was kept"):
        await saved(tmp_path, answer)
    assert left_in(tmp_path) == []


async def test_what_ends_as_its_kind_does_is_kept(tmp_path: Path) -> None:
    whole = zipped()
    assert await saved(tmp_path, body(whole, content_type="application/zip")) == whole
    letter = tmp_path / "letter.pdf"
    pdf = body(b"%PDF-1.7\n%%EOF\n", content_type="application/pdf")
    script = Script([pdf])
    assert await script.client().download_letter("r-1", letter) == 15
    assert script.seen[0].url.path == "/v1/requests/r-1/letter"


async def test_who_is_cut_every_time_gives_up_and_leaves_nothing(tmp_path: Path) -> None:
    cuts = [body(TEXT[:50], is_cut=True) for _ in range(4)]
    with pytest.raises(UnreachableError):
        await saved(tmp_path, *cuts)
    assert left_in(tmp_path) == []


async def test_a_refusal_leaves_an_earlier_copy_alone(tmp_path: Path) -> None:
    copy = tmp_path / "copy.zip"
    copy.write_bytes(b"earlier")
    with pytest.raises(GoneError):
        await Script([problem("gone", 410)]).client().download_package("r-1", copy)
    assert (left_in(tmp_path), copy.read_bytes()) == (["copy.zip"], b"earlier")


async def test_another_download_of_it_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "copy.zip.part").write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        await Script([]).client().download_package("r-1", tmp_path / "copy.zip")
    assert (tmp_path / "copy.zip.part").read_bytes() == b"theirs"


async def test_who_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    class Endless(Pieces):
        async def __aiter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204 -- as its base
            yield TEXT
            begun.set()
            await asyncio.Event().wait()

    answer = httpx.Response(200, stream=Endless([]))
    client = Script([answer]).client()
    going = asyncio.create_task(client.download_package("r-1", tmp_path / "copy.zip"))
    await begun.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert left_in(tmp_path) == []


def test_an_incomplete_download_is_an_error_of_ours() -> None:
    assert issubclass(IncompleteError, AvgateError)

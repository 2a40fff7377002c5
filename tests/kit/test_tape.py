"""Recordings as files, and how they come about."""

import logging
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from vcr import VCR  # type: ignore[import-untyped]  # vcrpy ships no types

from avgate_contracts.kit.recording import recording
from avgate_contracts.kit.tape import Interaction, Meta, Tape, TapeError, load, save

JSON = {"content-type": "application/json"}
META = Meta.of(
    datetime(2026, 3, 2, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=1))), "1.0", "acme", "check"
)


def tape(*bodies: bytes) -> Tape:
    calls = (
        Interaction("PUT", "http://a.example/x", JSON, body, 200, JSON, body) for body in bodies
    )
    return Tape(META, tuple(calls))


def parts(one: Interaction) -> tuple[object, ...]:
    return (one.method, one.url, dict(one.request_headers), one.request_body, one.status,
            dict(one.headers), one.body)  # fmt: skip


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    bodies = (
        b"",
        b"{}",
        "Zoë 漢 \u2028".encode(),
        b"\xff\xfb\x90",
        b"a: b\n- c\r\n\t'\"",
        b"null",
        b"12",
    )
    path = tmp_path / "new" / "check.yaml"
    save(tape(*bodies), path)
    read = load(path)
    assert [parts(one) for one in read.interactions] == [
        parts(one) for one in tape(*bodies).interactions
    ]
    assert read.meta == META
    assert read.meta.recorded_at == datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_a_file_can_be_replayed_by_vcrpy_itself(tmp_path: Path) -> None:
    save(tape(b'{"a": 1}'), tmp_path / "check.yaml")
    player = VCR(record_mode="none", match_on=("method", "uri", "body"))
    with player.use_cassette(str(tmp_path / "check.yaml")):
        async with httpx.AsyncClient() as client:
            answer = await client.put("http://a.example/x", content=b'{"a": 1}', headers=JSON)
    assert answer.json() == {"a": 1}


@pytest.mark.parametrize(
    "text", ["", "{", "interactions: []", "a: !!python/object:x.Y {}", "- 1", "metadata: 3"]
)
def test_a_file_that_is_none_of_ours_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "access.yaml"
    path.write_text(text)
    with pytest.raises(TapeError, match=r"^access\.yaml is not a recording [^\n]*avgate record$"):
        load(path)


def test_a_file_that_is_not_there_is_refused_the_same(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")


def mock(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"said": request.content.decode()})


async def test_a_recording_has_every_call_with_its_real_values_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with httpx.AsyncClient(transport=httpx.MockTransport(mock)) as client:
        with recording() as heard:
            first = await client.post("http://a.example/x?b=1", content=b"fleur")
            assert len(heard.interactions) == 1
            await client.post("http://a.example/x?b=1", content=b"fleur")
        await client.get("http://a.example/later")
    one, again = heard.tape(META).interactions
    assert parts(one) == parts(again)
    assert (one.method, one.url, one.request_body) == ("POST", "http://a.example/x?b=1", b"fleur")
    assert (one.status, one.body) == (201, first.content)
    assert one.headers["content-type"] == "application/json"
    assert next(os.scandir(), None) is None


async def test_what_a_test_tells_its_mock_is_left_out() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(mock)) as client:
        with recording(leave_out=lambda path: path.startswith("/_")) as heard:
            await client.post("http://a.example/_clock")
            await client.get("http://a.example/x")
    assert [one.url for one in heard.interactions] == ["http://a.example/x"]


async def test_nothing_of_a_recording_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with httpx.AsyncClient(transport=httpx.MockTransport(mock)) as client:
        with recording():
            await client.post("http://a.example/x", content=b"fleur")
    assert "fleur" not in caplog.text
    assert logging.getLogger("vcr").level == logging.NOTSET

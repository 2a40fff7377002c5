"""The package: read back with the standard library, and with `unzip` where there is one."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.package import (
    File,
    Language,
    PackageHead,
    Section,
    SystemNote,
    SystemOutcome,
    columns_of,
    stream_package,
)
from avgate_gateway.package.readme import LANGUAGES

MOMENT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
NOTES = (
    SystemNote("xelion", "Xelion", SystemOutcome.COMPLETED),
    SystemNote("operator", "Operator", SystemOutcome.FAILED, "did not answer in time"),
    SystemNote("directory", "Telefoongids", SystemOutcome.NOTHING_HELD),
)
HEAD = PackageHead("r-1", Operation.ACCESS, "Libervoice B.V.", "nl", MOMENT, MOMENT, NOTES)
CALLS: tuple[dict[str, Json], ...] = (
    {"zulu": 1, "alpha": {"number": "+31612345678", "cost": 12.5}, "naam": "Zoë ☎ 李"},
    {"zulu": 2**60 + 1, "alpha": {"number": None}, "ok": True, "tags": ["a", "b"]},
)


def section(records: Sequence[Mapping[str, Json]] = CALLS, **changes: Any) -> Section:
    async def each() -> AsyncIterator[Mapping[str, Json]]:
        for record in records:
            yield record

    made = Section(
        "xelion", Category.CONTACT, Product.VOICE, len(records), columns_of(records), each
    )
    return replace(made, **changes)


def file(name: str = "gesprek.mp3", media_type: str = "audio/mpeg", *chunks: bytes) -> File:
    async def each() -> AsyncIterator[bytes]:
        for chunk in chunks or (b"ID3", b"sound"):
            yield chunk

    return File("xelion", Category.RECORDING, name, media_type, each)


async def packed(
    sections: Sequence[Section] = (), files: Sequence[File] = (), head: PackageHead = HEAD
) -> zipfile.ZipFile:
    pieces = [piece async for piece in stream_package(head, sections, files)]
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def manifest(package: zipfile.ZipFile) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(package.read("manifest.json"))
    return read


def table(package: zipfile.ZipFile, path: str, delimiter: str = ";") -> list[dict[str, str]]:
    text = package.read(path).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


async def test_every_entry_reads_back_and_the_manifest_comes_last() -> None:
    sound = b"".join(number.to_bytes(4, "big") for number in range(25_000))  # takes several steps
    package = await packed([section()], [file("a.mp3", "audio/mpeg", sound[:7], sound[7:])])
    assert package.testzip() is None
    assert package.namelist() == [
        "LEESMIJ.txt",
        "xelion/voice-contact.json",
        "xelion/voice-contact.csv",
        "xelion/files/0001.mp3",
        "manifest.json",
    ]
    assert package.read("xelion/files/0001.mp3") == sound


async def test_the_manifest_knows_the_size_and_digest_of_every_other_entry() -> None:
    package = await packed([section(), section(())], [file(), file("b.wav", "audio/wav")])
    entries = {entry["path"]: entry for entry in manifest(package)["entries"]}
    assert {*entries, "manifest.json"} == set(package.namelist())
    for path, entry in entries.items():
        content = package.read(path)
        assert entry["size"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
async def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    pieces = [piece async for piece in stream_package(HEAD, [section()], [file()])]
    path.write_bytes(b"".join(pieces))
    unzip = await asyncio.create_subprocess_exec(
        "unzip", "-t", str(path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await unzip.communicate()
    assert unzip.returncode == 0, said
    assert b"No errors detected" in said


async def test_a_system_that_failed_or_held_nothing_is_named() -> None:
    package = await packed([section()], [file()])
    systems = {system["connector"]: system for system in manifest(package)["systems"]}
    assert systems["xelion"] | {"records": 2, "files": 1} == systems["xelion"]
    assert systems["operator"]["outcome"] == "failed"
    assert systems["operator"]["reason"] == "did not answer in time"
    assert systems["directory"]["outcome"] == "nothing_held"
    page = package.read("LEESMIJ.txt").decode()
    assert "Operator: Het is niet gelukt" in page
    assert "Telefoongids: In dit systeem staat niets over u." in page


async def test_json_keeps_order_and_every_value() -> None:
    package = await packed([section()])
    read = json.loads(package.read("xelion/voice-contact.json"))
    assert read == list(CALLS)
    assert [list(record) for record in read] == [list(record) for record in CALLS]
    assert "Zoë ☎ 李".encode() in package.read("xelion/voice-contact.json")


async def test_dutch_csv_opens_in_a_dutch_spreadsheet() -> None:
    package = await packed([section()])
    assert package.read("xelion/voice-contact.csv").startswith(b"\xef\xbb\xbfzulu;alpha.number;")
    first, second = table(package, "xelion/voice-contact.csv")
    assert first == {
        "zulu": "1",
        "alpha.number": "'+31612345678",
        "alpha.cost": "12,5",
        "naam": "Zoë ☎ 李",
        "ok": "",
        "tags": "",
    }
    assert (second["zulu"], second["ok"], second["tags"]) == (str(2**60 + 1), "true", "a; b")


async def test_english_csv_has_commas_and_points() -> None:
    package = await packed([section()], head=replace(HEAD, language="en"))
    first, _ = table(package, "xelion/voice-contact.csv", ",")
    assert first["alpha.cost"] == "12.5"
    assert manifest(package)["csv"]["delimiter"] == ","


async def test_formulas_are_made_harmless_in_every_column_and_heading() -> None:
    evil: dict[str, Json] = {"@type": "=1", "b": {"=c": ["=1"]}, "d": "x;=1", "e": 'y";=1'}
    package = await packed([section([evil])])
    lines = package.read("xelion/voice-contact.csv").decode("utf-8-sig")
    heading, row = csv.reader(io.StringIO(lines, newline=""), delimiter=";")
    assert heading == ["'@type", "b.=c", "d", "e"]
    assert row == ["'=1", "'=1", "x;'=1", "y\";'=1"]
    assert json.loads(package.read("xelion/voice-contact.json")) == [evil]


@pytest.mark.parametrize(("language", "delimiter"), [("nl", ","), ("en", ";")])
async def test_no_formula_begins_where_a_spreadsheet_of_another_language_parts_cells(
    language: Language, delimiter: str
) -> None:
    texts = ["x{0}=1", "x{0} =1", 'x{0}"=1', 'x"{0}=1{0}"', "x{0}\t=1", "x{0}@A1{0}-1+1{0}|c"]
    told: list[Json] = [text.format(delimiter) for text in texts]
    evil: dict[str, Json] = {**{f"c{n}": text for n, text in enumerate(told)}, "all": told}
    package = await packed([section([evil])], head=replace(HEAD, language=language))
    written = package.read("xelion/voice-contact.csv").decode("utf-8-sig")
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        read = csv.reader(io.StringIO(written, newline=""), delimiter=delimiter, quoting=quoting)
        cells = [cell.strip(' "') for row in read for cell in row]
        assert len(cells) > 2 * len(told)
        assert not [cell for cell in cells if cell[:1] in set("=+-@|%")]


HOSTILE = [
    "../../x",
    "/abs/olute",
    "C:\\windows\\x.exe",
    "con.txt",
    "\u202egnp.exe",
    "a\x00b.mp3",
    "..",
    "",
    "n" * 5000,
    "x\r\ny.html",
]


async def test_names_of_entries_are_ours_whatever_the_upstream_calls_them() -> None:
    package = await packed(files=[file(name) for name in HOSTILE])
    stored = [name for name in package.namelist() if "files" in name]
    assert stored == [f"xelion/files/{number:04}.mp3" for number in range(1, len(HOSTILE) + 1)]
    told = [entry.get("original_name") for entry in manifest(package)["entries"][1:]]
    assert told[:6] == ["x", "olute", "x.exe", "con.txt", "gnp.exe", "ab.mp3"]
    assert told[6:] == [None, None, "n" * 120, "x y.html"]


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [
        ("Audio/MPEG; rate=8000", "mp3"),
        ("audio/x-wav", "wav"),
        ("text/html", "bin"),
        ("image/svg+xml", "bin"),
        ("../../evil", "bin"),
        ("", "bin"),
    ],
)
async def test_only_listed_media_types_have_an_extension(media_type: str, ending: str) -> None:
    package = await packed(files=[file("x.exe", media_type)])
    assert f"xelion/files/0001.{ending}" in package.namelist()


@pytest.mark.parametrize("name", ["../up", "a/b", "", "UP", "x\n"])
async def test_a_connector_whose_name_could_be_a_path_is_refused(name: str) -> None:
    head = replace(HEAD, notes=[SystemNote(name, "X", SystemOutcome.COMPLETED)])
    with pytest.raises(ValueError, match="rename it"):
        await packed([section(connector=name)], head=head)


async def test_a_connector_named_after_a_device_gets_a_folder_that_windows_can_make() -> None:
    head = replace(HEAD, notes=[SystemNote("aux", "Aux", SystemOutcome.COMPLETED)])
    package = await packed([section(connector="aux")], head=head)
    assert "aux-system/voice-contact.json" in package.namelist()


async def test_a_system_without_a_note_is_refused() -> None:
    with pytest.raises(ValueError, match="no note of webshop"):
        await packed([section(connector="webshop")])


async def test_an_empty_section_is_an_empty_array_and_a_heading() -> None:
    package = await packed([section((), columns=("a", "b"))])
    assert package.read("xelion/voice-contact.json") == b"[]\n"
    assert package.read("xelion/voice-contact.csv") == b"\xef\xbb\xbfa;b\r\n"


async def test_a_second_section_of_the_same_kind_has_a_name_of_its_own() -> None:
    package = await packed([section(), section()])
    assert "xelion/voice-contact-2.csv" in package.namelist()
    assert manifest(package)["systems"][0]["records"] == 4


@pytest.mark.parametrize(
    ("count", "notes", "complete"), [(2, 1, True), (3, 1, False), (2, 3, False)]
)
async def test_what_is_missing_is_admitted(count: int, notes: int, complete: bool) -> None:
    head = replace(HEAD, notes=NOTES[:notes])
    told = manifest(await packed([section(count=count)], head=head))
    assert told["complete"] is complete
    assert (told["sections"][0]["records_collected"], told["sections"][0]["records"]) == (count, 2)


async def test_a_field_without_a_column_is_counted() -> None:
    told = manifest(await packed([section(columns=("zulu",))]))
    assert told["sections"][0]["fields_left_out_of_csv"] == 6


async def test_values_past_the_last_column_are_kept_as_json() -> None:
    records: list[dict[str, Json]] = [{"a": 1}, {"b": 2, "c": 3, "a": 4}, {"d": 5}]
    columns = columns_of(records, limit=2)
    rows = table(await packed([section(records, columns=columns)]), "xelion/voice-contact.csv")
    assert [row["(other fields)"] for row in rows] == ["", '{"b": 2, "c": 3}', '{"d": 5}']


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("operation", [Operation.ACCESS, Operation.EXPORT])
async def test_the_page_speaks_the_persons_language(
    language: Language, operation: Operation
) -> None:
    package = await packed(head=replace(HEAD, language=language, operation=operation))
    page = package.read(LANGUAGES[language].path).decode()
    assert "autoriteitpersoonsgegevens.nl" in page
    assert "{" not in page
    assert {"nl": "2 maart 2026", "en": "2 March 2026"}[language] in page


async def test_the_manifest_is_in_utc_and_the_page_in_the_zone_given() -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=1)))
    package = await packed(head=replace(HEAD, made_at=local))
    assert "op 3 maart 2026" in package.read("LEESMIJ.txt").decode()
    assert manifest(package)["made_at"] == "2026-03-02T23:30:00Z"


@pytest.mark.parametrize(
    "change",
    [{"made_at": MOMENT.replace(tzinfo=None)}, {"operation": Operation.ERASE}],
)
def test_a_head_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="package"):
        replace(HEAD, **change)

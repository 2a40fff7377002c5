"""The PDF of a letter: readable by whoever cannot see it, for as long as archives last."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import pikepdf
import pytest

from avgate_gateway.letter import rendering, written
from avgate_gateway.letter.rendering import LetterTooSlowError, Printer, printed
from avgate_gateway.register import seeded
from avgate_gateway.report import OutcomeWord

from .letters import facts, line
from .pdf_text import text_of_pages

MADE = datetime(2026, 11, 29, 12, tzinfo=UTC)
NASTY = '#panic("x") *bold* \\ $x$ <a> @b [c] // d \u202e\u0000 "e"'


def letter(language: str = "nl", **more: Any) -> dict[str, Any]:
    told = facts(line(OutcomeWord.ERASED), providers=seeded("libervoice"), **more)
    return written(told, language).to_json(date(2026, 11, 29))


@pytest.fixture(scope="module", params=["nl", "en"])
def opened(request: pytest.FixtureRequest) -> Iterator[tuple[str, pikepdf.Pdf]]:
    with pikepdf.open(io.BytesIO(printed(letter(request.param), MADE))) as pdf:
        yield request.param, pdf


def test_it_claims_archives_and_accessibility(opened: tuple[str, pikepdf.Pdf]) -> None:
    _, pdf = opened
    with pdf.open_metadata() as meta:
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == (
            "2",
            "A",
            "1",
        )


def test_it_has_language_title_and_tags(opened: tuple[str, pikepdf.Pdf]) -> None:
    language, pdf = opened
    root = pdf.Root
    assert str(root.Lang) == language
    assert bool(root.MarkInfo.Marked)
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    assert str(pdf.docinfo["/Title"]) == letter(language)["title"]
    assert str(pdf.docinfo["/CreationDate"]).startswith("D:20261129120000")
    kinds = [str(node.S) for node in _nodes(root.StructTreeRoot)]
    assert {"/H1", "/H2", "/P", "/L", "/LI", "/Table", "/TR", "/TH", "/TD", "/Link"} <= set(kinds)


def test_all_that_is_read_stands_in_a_paragraph(opened: tuple[str, pikepdf.Pdf]) -> None:
    _, pdf = opened
    document = pdf.Root.StructTreeRoot.K
    [root] = document if isinstance(document, pikepdf.Array) else [document]
    assert {str(one.S) for one in root.K} <= {"/P", "/H1", "/H2", "/L", "/Table", "/Div"}


def test_every_table_has_headers_for_its_columns(opened: tuple[str, pikepdf.Pdf]) -> None:
    _, pdf = opened
    tables = [node for node in _nodes(pdf.Root.StructTreeRoot) if node.S == "/Table"]
    assert len(tables) == 2
    for table in tables:
        heads = [node for node in _nodes(table) if node.S == "/TH"]
        rows = [node for node in _nodes(table) if node.S == "/TR"]
        assert len(heads) in {2, 4}
        assert all("/Column" in _scopes(head) for head in heads)
        assert len(rows) > 1


def test_no_row_of_a_table_is_torn_apart_between_two_pages() -> None:
    content = letter()
    texts = [f"begin{n} {'woord ' * (5 + 17 * (n % 6))}einde{n}" for n in range(60)]
    rows = [["Xelion", "Belgegevens", "1", text] for text in texts]
    content["sections"][0]["table"] = {
        "columns": ["Systeem", "Gegevens", "Aantal", "Waarom?"], "rows": rows,
        "widths": [20, 27, 10, 43], "numbers": 2,
    }  # fmt: skip
    pages = text_of_pages(printed(content, MADE))
    assert len(pages) > 3
    for n in range(60):
        assert [f"begin{n} " in page for page in pages] == [f"einde{n} " in page for page in pages]


def test_every_font_is_inside(opened: tuple[str, pikepdf.Pdf]) -> None:
    _, pdf = opened
    found = [one for one in pdf.objects if _kind(one) == "/FontDescriptor"]
    assert found
    assert all(any(name in one for name in ("/FontFile2", "/FontFile3")) for one in found)


def test_the_same_letter_is_the_same_bytes() -> None:
    assert printed(letter(), MADE) == printed(letter(), MADE)
    assert printed(letter(), MADE) != printed(letter("en"), MADE)


@pytest.mark.parametrize(
    "text", [NASTY, NASTY + "\u4e2d\U0001f600", "Z\u0142oty \u0391\u03b8 \u0416"]
)
def test_what_it_says_is_never_taken_for_markup(text: str) -> None:
    given = letter(identity_method=text, extension_reason=text)
    given["controller"] = given["contact"][0] = given["reference"] = text
    with pikepdf.open(io.BytesIO(printed(given, MADE))) as pdf:
        author = str(pdf.docinfo["/Author"])
    assert author[:20] == text[:20]


async def test_one_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(LetterTooSlowError):
        await Printer(within_seconds=0.0).pdf(letter(), MADE)
    made = await asyncio.gather(*(Printer().pdf(letter(), MADE) for _ in range(2)))
    assert made[0] == made[1]


def test_the_template_is_in_the_package_and_loads_nothing() -> None:
    template = files(rendering.__package__).joinpath("letter.typ").read_text("utf-8")
    assert not [
        word for word in ("import ", "include ", "read(", "image(", "eval(") if word in template
    ]


def _nodes(parent: Any) -> Iterator[Any]:
    children = parent.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield child
            yield from _nodes(child)


def _scopes(head: Any) -> set[str]:
    told = head.get("/A", [])
    return {
        str(one["/Scope"])
        for one in (told if isinstance(told, pikepdf.Array) else [told])
        if "/Scope" in one
    }


def _kind(one: Any) -> str | None:
    return str(one["/Type"]) if isinstance(one, pikepdf.Dictionary) and "/Type" in one else None

"""Without a script, and on paper: from an address to the letter, by two people and by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from avgate_gateway.authentication import Scope
from avgate_mocks.people import Person

from ..flow.harness import until
from ..gateway.pdf_text import text_of
from .browsing import Desk, sideways
from .test_browser import ask

NARROW = {"width": 320, "height": 640}
PAPER = {"width": 718, "height": 1000}  # what A4 leaves between its margins
EVERYTHING = tuple(scope.value for scope in Scope if scope is not Scope.READ_METRICS)


def shown(page: Page, address: str, role: str, name: str) -> None:
    """Loads a page anew until it shows this: nothing on it changes by itself."""

    def is_there() -> bool:
        page.goto(address)
        return page.get_by_role(role, name=name).count() > 0  # type: ignore[arg-type] # one of many literals

    until(is_there, 60, every=0.5)


def said(page: Page) -> str:
    return page.locator("[role=status].notice").inner_text()


def test_a_whole_erasure_without_a_script(desk: Desk, people: Iterator[Person]) -> None:
    person = next(people)
    anna = desk.enter("Zonder Script", java_script_enabled=False)
    address = ask(anna, person, "Wissen")
    shown(anna, address, "heading", "Voorbeeld")
    maarten = desk.enter("Ook Zonder", java_script_enabled=False)
    maarten.goto(address)
    maarten.get_by_role("link", name="Beslissen over dit voorbeeld").click()
    number = maarten.locator("h1").inner_text().rpartition(" ")[2]
    maarten.get_by_role("button", name="Wissen uitvoeren").click()  # no number yet
    expect(maarten.get_by_role("alert")).to_be_visible()
    maarten.get_by_role("textbox", name=re.compile("zaaknummer")).first.fill(number)
    maarten.get_by_role("button", name="Wissen uitvoeren").click()
    assert said(maarten).startswith("Je akkoord is verwerkt.")
    shown(anna, address, "heading", "Handwerk")
    task = anna.locator("article.task").first
    task.locator("summary", has_text="Het is gedaan").click()
    task.get_by_label("Waaruit blijkt dat het is gedaan, of waarom moet het blijven?").fill(
        "gekeken, het is weg"
    )
    task.get_by_role("button", name="Melden", exact=True).click()
    assert said(anna).startswith("Je melding is verwerkt.")
    until(lambda: came_back(anna, address), 60, every=0.5)
    anna.go_back()
    assert anna.locator("h1").inner_text().endswith(number)
    link = anna.get_by_role("link", name="Brief openen").get_attribute("href")
    letter = anna.request.get(f"{desk.served.base}{link}")
    assert letter.headers["content-disposition"] == f'inline; filename="{number}-brief-1.pdf"'
    assert "Wat hebben wij gedaan?" in text_of(letter.body())


def came_back(page: Page, address: str) -> bool:
    page.goto(address)
    told = page.get_by_text(re.compile("Op .* is gemeld dat dit was gedaan"))
    return told.count() == 1


@pytest.fixture(scope="module")
def printer(desk: Desk) -> Page:
    """Somebody who signed in once, to print one page after the other."""
    page = desk.enter("P. Papier", *EVERYTHING, viewport=PAPER)
    page.emulate_media(media="print")
    return page


@pytest.mark.parametrize("name", ["processors", "figures", "retention", "audit", "print", "tasks"])
def test_what_is_printed_fits_the_paper_and_has_nothing_to_press(
    desk: Desk, printer: Page, name: str
) -> None:
    printer.goto(f"{desk.served.base}/console/{name}")
    assert sideways(printer) <= 0
    assert pressed(printer) == []


def test_a_request_that_is_printed_has_nothing_to_press_nor_what_was_just_done(
    desk: Desk, people: Iterator[Person]
) -> None:
    page = desk.enter("P. Papier", viewport=PAPER)
    ask(page, next(people), "Wissen")
    expect(page.get_by_role("heading", name="Voorbeeld")).to_be_visible()
    page.emulate_media(media="print")
    assert sideways(page) <= 0
    assert pressed(page) == []
    expect(page.get_by_text("Het verzoek is vastgelegd.")).to_be_hidden()


def pressed(page: Page) -> list[str]:
    """What can be pressed on a screen, and still stands there."""
    there: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, a.button, summary, input, select')]
        .filter((one) => one.type !== 'hidden' && one.checkVisibility() && !one.closest('[open]'))
        .map((one) => one.outerHTML.slice(0, 120))"""
    )
    return there


def test_what_is_very_long_stays_within_a_narrow_window(
    desk: Desk, people: Iterator[Person]
) -> None:
    page = desk.enter("v" * 90, viewport=NARROW)
    page.goto(f"{desk.served.base}/console/requests/new")
    page.locator("#kind_0").select_option("email")
    page.locator("#value_0").fill(f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.example")
    page.locator("#kind_1").select_option("name_address")
    page.locator("#value_1").fill(f"{'Wolfeschlegelsteinhausen' * 6} 1, 1234 AB {'Llanfair' * 8}")
    page.get_by_label("Hoe", exact=True).fill("w" * 100)
    page.get_by_label("Door wie", exact=True).fill("d" * 200)
    page.locator("summary", has_text="Meer").click()
    page.locator("#note").fill("n" * 1500)
    page.get_by_role("button", name="Verzoek vastleggen").click()
    page.wait_for_url(re.compile(r"/console/requests/[0-9a-f-]{36}"))
    for form in ("extension", "reveal"):
        page.locator(
            "summary", has=page.locator(f"xpath=..//form[contains(@action, '{form}')]")
        ).click()
        page.locator(f"#{form}-reason").fill("r" * 900)
        page.locator(f"form[action$={form}] button").click()
        assert said(page)
        assert sideways(page) <= 0, form
    page.goto(f"{desk.served.base}/console")
    assert sideways(page) <= 0

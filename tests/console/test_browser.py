"""As support staff do it: in a browser, in Dutch, from an address or a number to the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest
from playwright.sync_api import Page, expect

from avgate_gateway.authentication import Scope
from avgate_mocks.people import Person

from ..flow.harness import until
from ..thorough import IS_THOROUGH
from .browsing import Desk, complaints, shoot, sideways, small_targets, unnamed

if TYPE_CHECKING:
    from playwright._impl._api_structures import SetCookieParam


def soundness(page: Page) -> None:
    """What every page has to be."""
    assert complaints(page) == []
    assert small_targets(page) == []
    assert unnamed(page) == []
    assert page.locator("html").get_attribute("lang") in {"nl", "en"}
    assert page.locator("h1").count() == 1


def ask(page: Page, person: Person, right: str) -> str:
    """From an e-mail address to a request that is taken in; the address of its page."""
    page.get_by_role("searchbox").first.fill(person.emails[0])
    page.get_by_role("button", name="Zoeken").first.click()
    page.get_by_role("button", name=right, exact=True).click()
    page.get_by_label("Hoe", exact=True).fill("teruggebeld op het bekende nummer")
    page.get_by_role("button", name="Verzoek vastleggen").click()
    page.wait_for_url(re.compile(r"/console/requests/[0-9a-f-]{36}(\?did=request)?$"))
    expect(page.get_by_role("status").first).to_have_text("Het verzoek is vastgelegd.")
    return page.url.partition("?")[0]


def test_an_erasure_from_an_address_to_its_end_by_two_people(
    desk: Desk, people: Iterator[Person]
) -> None:
    person = next(people)
    anna = desk.enter("A. Bakker")
    soundness(anna)
    address = ask(anna, person, "Wissen")
    expect(anna.get_by_role("heading", name="Voorbeeld")).to_be_visible()  # it came by itself
    soundness(anna)
    shoot(anna, "preview")
    assert anna.get_by_role("link", name="Beslissen over dit voorbeeld").count() == 0
    assert person.emails[0] not in anna.content()

    maarten = desk.enter("M. Smit")
    soundness(maarten)
    shoot(maarten, "queue")
    maarten.get_by_role("link", name=re.compile("^AVG-")).first.click()
    assert maarten.url == f"{address}/approval"  # the fourth click from the search box
    soundness(maarten)
    shoot(maarten, "approval")
    maarten.get_by_role("button", name="Wissen uitvoeren").click(force=True)  # no number yet
    assert maarten.url.endswith("/approval")
    number = maarten.get_by_role("textbox", name=re.compile("zaaknummer")).first
    number.fill(maarten.locator("h1").inner_text().rpartition(" ")[2].lower())
    maarten.get_by_role("button", name="Wissen uitvoeren").click()
    maarten.wait_for_url(address)
    told = maarten.get_by_role("status").first
    expect(told).to_contain_text("Je akkoord is verwerkt.")
    expect(told).to_be_focused()
    maarten.reload()
    expect(maarten.get_by_text("Je akkoord is verwerkt.")).to_have_count(0)  # it is said once
    expect(maarten.get_by_text("gewist", exact=True).first).to_be_visible()
    soundness(maarten)
    shoot(maarten, "progress")
    assert desk.mocks.holds("operator") != {}
    assert desk.said == []


def test_nothing_needs_a_script_but_what_changes_by_itself(
    desk: Desk, people: Iterator[Person]
) -> None:
    page = desk.enter("Zonder Script", java_script_enabled=False)
    address = ask(page, next(people), "Inzage")

    def is_ready() -> bool:
        page.goto(address)
        return page.get_by_role("link", name="Kopie downloaden").count() > 0

    until(is_ready, 60, every=0.5)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Kopie downloaden").click()
    number = page.locator("h1").inner_text().rpartition(" ")[2]
    assert downloading.value.suggested_filename == f"{number}.zip"


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(desk: Desk) -> None:
    page = desk.enter("A. Bakker")
    page.goto(f"{desk.served.base}/console/requests/new")
    page.locator("#kind_0").select_option("phone")
    page.locator("#value_0").fill("12")
    page.get_by_label("Hoe", exact=True).fill("gebeld, BSN 111222333")
    page.get_by_role("button", name="Verzoek vastleggen").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Dit is geen telefoonnummer.")
    expect(told).to_contain_text("burgerservicenummer")
    assert page.locator("#value_0").input_value() == "12"
    assert page.locator("#kind_0").input_value() == "phone"
    told.get_by_role("link").first.click()
    soundness(page)
    shoot(page, "form")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_narrow_window_in_light_and_dark(
    scheme: str, desk: Desk, people: Iterator[Person]
) -> None:
    page = desk.enter("N. Smal", viewport={"width": 320, "height": 640}, color_scheme=scheme)
    address = ask(page, next(people), "Wissen")
    expect(page.get_by_role("heading", name="Voorbeeld")).to_be_visible()
    for path in ("/console?pile=open", "/console/people", "/console/requests/new", address):
        page.goto(path if path.startswith("http") else desk.served.base + path)
        assert sideways(page) <= 0, path
        if (
            scheme == "dark" or IS_THOROUGH
        ):  # in the other colours they are looked at elsewhere, wide
            soundness(page)
    shoot(page, f"narrow-{scheme}")


PAGES = (
    "tasks",
    "systems",
    "deliveries",
    "processors",
    "retention",
    "figures",
    "audit",
    "sessions",
)


def test_every_other_page_is_sound_and_fits(desk: Desk, people: Iterator[Person]) -> None:
    person = next(people)
    page = desk.enter("B. Heer", *(scope.value for scope in Scope if scope.value != "metrics:read"))
    page.get_by_role("searchbox").first.fill(person.emails[0])
    page.get_by_role("button", name="Zoeken").first.click()
    page.locator("[name=reason]").first.select_option(index=1)
    page.get_by_role("button", name="Kijken wat de systemen hebben").click()
    expect(page.get_by_role("table").first).to_be_visible()
    soundness(page)
    shoot(page, "person")
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) <= 0, "what systems hold"
    page.set_viewport_size({"width": 1280, "height": 900})
    for name in PAGES:
        page.goto(f"{desk.served.base}/console/{name}")
        soundness(page)
        shoot(page, name)
        page.set_viewport_size({"width": 320, "height": 640})
        assert sideways(page) <= 0, name
        page.set_viewport_size({"width": 1280, "height": 900})


def test_a_link_lets_in_once_and_signing_out_ends_every_copy_of_it(desk: Desk) -> None:
    link = desk.link("E. Eenmaal")
    page = desk.page()
    page.goto(link)
    page.get_by_role("button", name="Aanmelden").click()
    page.wait_for_url("**/console")
    cookies = page.context.cookies()
    other = desk.page()
    other.goto(link)
    other.get_by_role("button", name="Aanmelden").click()
    expect(other.get_by_role("alert")).to_contain_text("al gebruikt")
    page.get_by_role("button", name="Afmelden").click()
    other.context.add_cookies([cast("SetCookieParam", one) for one in cookies])
    other.goto(f"{desk.served.base}/console")
    assert "/console/sign-in" in other.url

"""From an address to a letter without a mouse: nobody who cannot use one is kept from any of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from avgate_mocks.people import Person

from ..flow.harness import until
from ..thorough import IS_THOROUGH, some
from .browsing import Desk
from .keyboard import Hands

SLOW = 60_000  # milliseconds
REQUEST = re.compile(r"/console/requests/[0-9a-f-]{36}$")


def sits_down(desk: Desk, name: str, scheme: str = "light") -> Hands:
    """Somebody who signs in with the keyboard."""
    page = desk.page(reduced_motion="reduce", color_scheme=scheme)
    page.goto(desk.link(name))
    hands = Hands(page)
    hands.go("^Aanmelden$", "button")
    page.wait_for_url("**/console")
    return hands


def remove_by_hand(desk: Desk, refs: list[str]) -> None:
    """What an administrator of Xelion does with what the page names."""
    order = {"tenant": "libervoice", "oids": re.findall(r"[0-9]{5,}", " ".join(refs))}
    where = f"{desk.mocks.addresses['xelion']}/_by_hand"
    desk.mocks.http.post(where, json=order).raise_for_status()


def test_the_whole_way_from_an_address_to_a_letter(desk: Desk, people: Iterator[Person]) -> None:
    anna = sits_down(desk, "A. Toets")
    page = anna.page
    anna.walk()
    anna.fill("^Zoeken: e-mail", next(people).emails[0])
    anna.go("^Zoeken$", "button")
    anna.go("^Wissen$", "button")
    page.wait_for_url("**/console/requests/new")
    anna.fill("^Hoe$", "teruggebeld op het bekende nummer")
    anna.go("^Verzoek vastleggen$")
    page.wait_for_url(REQUEST)
    address = page.url
    expect(page.get_by_role("heading", name="Voorbeeld")).to_be_visible(timeout=SLOW)
    anna.walk()

    maarten = sits_down(desk, "M. Toets", "dark")
    page = maarten.page
    page.get_by_role("link", name=re.compile("^AVG-")).first.wait_for()
    maarten.go("^AVG-", "a")
    page.wait_for_url(f"{address}/approval")
    number = page.locator("h1").inner_text().rpartition(" ")[2]
    stops = maarten.walk()
    order = [stops.index(next(one for one in stops if one.startswith(name))) for name in
             ("Typ het zaaknummer", "Opmerking", "Niet nu", "Wissen uitvoeren", "Afwijzen")]  # fmt: skip
    assert order == sorted(order), stops
    page.keyboard.press("Tab")
    maarten.press("^Wissen uitvoeren$")  # no number yet: it leads there
    assert page.evaluate("document.activeElement.id") == "number"
    page.keyboard.type(number)
    maarten.go("^Wissen uitvoeren$")
    page.wait_for_url(address)
    expect(page.get_by_text("gewist", exact=True).first).to_be_visible()

    expect(page.get_by_role("heading", name="Handwerk")).to_be_visible()
    maarten.walk()
    remove_by_hand(desk, page.locator(".task code").all_inner_texts())
    todo = page.get_by_text("Het is gedaan")
    while left := todo.count():
        maarten.press("^Het is gedaan")
        maarten.fill("^Waaruit blijkt", "in het beheerscherm gewist en nagekeken")
        maarten.go("^Melden$")
        until(lambda left=left: todo.count() < left, 20)  # type: ignore[misc] # bound as it is now
    expect(page.get_by_role("heading", name="Wat ermee is gedaan")).to_be_visible(timeout=SLOW)
    maarten.walk()
    with page.context.expect_event("request", lambda one: one.url == f"{address}/letter"):
        maarten.press("^Brief openen")
    assert desk.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_on_every_page_and_goes_through_it_in_order(
    scheme: str, desk: Desk
) -> None:
    hands = sits_down(desk, "P. Toets", scheme)
    names = ("people", "requests/new", "tasks", "systems", "deliveries", "processors", "retention",
             "figures", "sessions", "sign-in")  # fmt: skip
    # Each page in one of the two, and in CI all in both.
    for name in (
        one for one in names if IS_THOROUGH or (one in some(names, 2)) == (scheme == "dark")
    ):
        hands.page.goto(f"{desk.served.base}/console/{name}")
        hands.walk()


def test_what_changes_by_itself_leaves_the_focus_where_it_is(
    desk: Desk, people: Iterator[Person]
) -> None:
    hands = sits_down(desk, "F. Toets")
    page = hands.page
    desk.mocks.plant("directory", {"fault": "throttle_seconds", "seconds": 4, "times": 1})
    hands.fill("^Zoeken: e-mail", next(people).emails[0])
    hands.go("^Zoeken$", "button")
    hands.go("^Wissen$", "button")
    page.wait_for_url("**/console/requests/new")
    hands.fill("^Hoe$", "teruggebeld")
    hands.go("^Verzoek vastleggen$")
    page.wait_for_url(REQUEST)
    hands.press("^Termijn met twee maanden")
    hands.fill("^Waarom", "veel systemen")
    assert page.get_by_role("heading", name="Voorbeeld").count() == 0, "it was there already"
    expect(page.get_by_role("heading", name="Voorbeeld")).to_be_visible(timeout=SLOW)
    assert page.evaluate("document.activeElement.id") == "extension-reason"
    assert page.locator("#extension-reason").is_visible(), "it was closed under their hands"
    assert page.locator("#extension-reason").input_value() == "veel systemen"

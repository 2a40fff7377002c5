"""Every operation, end to end: what the report says is what the upstreams know to be true."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .conftest import Casting
from .harness import Caller, JsonMap, Mocks, Office, a_request
from .telling import copied, counted, package, staying


def outcomes(report: list[Any]) -> set[str]:
    """What became of the items; other processors are always told of a rectification by hand."""
    return {x["outcome"] for x in report if x["connector"] != "subprocessors" and x["count"]}


def test_an_erasure_does_what_its_plan_and_its_report_say_and_touches_nobody_else(
    mocks: Mocks, office: Office, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    person = anyone(runs=True)
    before = mocks.truth(connectors)
    request_id, plan = office.planned(a_request("erase", person))
    assert mocks.truth(connectors) == before
    office.see_through(request_id)
    report, after = office.asks.report(request_id), mocks.truth(connectors)
    for name in connectors:
        assert counted(report, name) == before[name][person.id], name
        assert staying(report, name) == after[name][person.id], name
        del before[name][person.id], after[name][person.id]
    assert before == after
    as_planned(plan, report)


def as_planned(plan: JsonMap, report: list[JsonMap]) -> None:
    """Whether all that was planned, and nothing else, was done, and kept."""
    planned: Counter[tuple[str, str]] = Counter()
    stays: Counter[tuple[str, str]] = Counter()
    for part in ("goes", "anonymised", "stays", "by_hand"):
        for group in plan[part]:
            key = (group["connector"], group["category"])
            planned[key] += group["count"]
            stays[key] += group["count"] if part == "stays" else 0
    done: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for line in report:
        key = (line["connector"], line["category"])
        done[key] += line["count"]
        kept[key] += line["count"] if line["outcome"] == "retained" else 0
    assert +done == +planned
    assert +kept == +stays


def test_an_access_hands_out_all_that_is_held_and_nothing_more(
    mocks: Mocks, asks: Caller, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    person = anyone()
    shown = asks.submit(a_request("access", person), prefer="wait=30")
    assert shown["state"] == "closed"
    archive = package(asks, shown["id"])
    copies = copied(archive)
    truth = mocks.truth(connectors)
    for name in connectors:
        assert counted(asks.report(shown["id"]), name) == truth[name][person.id], name
        assert copies.get(name, {}) == truth[name][person.id], name


def test_an_erased_person_has_nothing_left_but_what_was_retained(
    mocks: Mocks, office: Office, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    person = anyone(runs=False)
    erased = office.asks.report(office.carry_out(a_request("erase", person)))
    shown = office.asks.submit(a_request("access", person), prefer="wait=30")
    seen = office.asks.report(shown["id"])
    for name in connectors:
        left, found = staying(erased, name), counted(seen, name)
        # A call kept in Xelion no longer leads to anybody once the card is gone.
        assert found.items() <= left.items() if name == "xelion" else found == left, name


def test_an_export_holds_what_an_access_holds_where_there_is_an_export(
    mocks: Mocks, asks: Caller, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    person = anyone()
    shown = asks.submit(a_request("export", person), prefer="wait=40")
    assert shown["state"] == "closed", shown
    copies, truth = copied(package(asks, shown["id"])), mocks.truth(connectors)
    for name in connectors:
        if name == "directory":
            assert name not in copies
        else:
            assert copies[name] == truth[name][person.id], name


def test_a_rectified_value_shows_in_the_next_access(
    mocks: Mocks, office: Office, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    known = {"operator", "directory"} & set(connectors)
    person, before = anyone(runs=True, held_by=known), mocks.truth(connectors)
    changes = [{"field": "address.street", "from": person.address.street, "to": "Nieuwe Proefweg"}]
    request_id = office.carry_out(a_request("rectify", person, changes=changes))
    told = outcomes(office.asks.report(request_id))
    assert "rectified" in told
    assert told <= {"rectified", "scheduled"}
    assert mocks.truth(connectors) == before
    shown = office.asks.submit(a_request("access", person), prefer="wait=30")
    archive = package(office.asks, shown["id"])
    texts = {name: archive.read(name).decode() for name in archive.namelist() if "json" in name}
    for name in known:
        own = "".join(text for path, text in texts.items() if name in path)
        assert "Nieuwe Proefweg" in own, name


def test_rectifying_what_is_right_already_writes_nothing(
    mocks: Mocks, office: Office, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    person = anyone(runs=True)
    changes = [{"field": "address.city", "to": person.address.city}]
    request_id = office.carry_out(a_request("rectify", person, changes=changes))
    assert outcomes(office.asks.report(request_id)) == {"already_right"}
    assert not [e for name in connectors for e in mocks.effects(name, person.id)]


def test_a_value_that_is_not_there_any_more_is_left_to_a_person(
    mocks: Mocks, office: Office, anyone: Casting, connectors: tuple[str, ...]
) -> None:
    person = anyone(runs=True)
    changes = [{"field": "address.city", "from": "Nergenshuizen", "to": "Doesburg"}]
    request_id = office.carry_out(a_request("rectify", person, changes=changes))
    assert office.asks.request(request_id)["waiting_for"] == "person"
    assert outcomes(office.asks.report(request_id)) == {"by_hand"}
    assert "differs" in {task["reason_code"] for task in office.asks.tasks(request_id)}
    assert not [e for name in connectors for e in mocks.effects(name, person.id)]


def test_a_request_narrowed_to_a_category_touches_only_that(
    mocks: Mocks, office: Office, anyone: Casting
) -> None:
    person = anyone(runs=True)
    asked = "communication_metadata"
    before = mocks.holds("xelion")[person.id]
    body = a_request("erase", person)
    body["scope"] = {"connectors": ["xelion"], "categories": [asked]}
    request_id = office.carry_out(body)
    after = mocks.holds("xelion")[person.id]
    assert {line["category"] for line in office.asks.report(request_id)} == {asked}
    assert after.pop(asked, 0) < before.pop(asked)
    assert after == before

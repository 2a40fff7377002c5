"""Which companies a letter names: who was told, and who is behind the service."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from avgate_contracts.record import WhyUnseen
from avgate_gateway.letter import Facts, Recipient, System, Unlooked, written
from avgate_gateway.register import seeded

from .letters import LANGUAGES, facts, text


def test_each_company_that_was_told_is_named_once_and_no_other() -> None:
    systems = {
        "directory": System("Phone directory", (Recipient("Directory publisher", False, "Phone directory"),)),
        "operator": System("Operator"),
        "subprocessors": System(
            "Subprocessors",
            (Recipient("PerfectView"), Recipient("IASO Backup", is_confirmed=False)),
            unlooked=(Unlooked("PerfectView", WhyUnseen.NO_INTERFACE, is_done=True),),
        ),
        "xelion": System("Xelion", (Recipient("Xelion B.V.", system="Xelion"), Recipient("Supplier of Operator", system="CRM"))),
    }  # fmt: skip
    assert _recipients(facts(systems=systems)) == (
        "Uitgever van telefoongidsen: wij wachten nog op bevestiging",
        "PerfectView",
        "IASO Backup: wij wachten nog op bevestiging",
        "Xelion B.V.",
        "Leverancier van Operator (CRM)",
    )
    assert _recipients(facts(systems={"operator": System("Operator")})) == ()


def _recipients(told: Facts) -> Sequence[str]:
    [section] = [one for one in written(told, "nl").sections if one.title.startswith("Wie hebben")]
    return section.points


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("controller", ["libervoice", "mister-voip"])
def test_the_companies_behind_the_service_are_listed_once_each(
    controller: str, language: str
) -> None:
    told = facts(providers=seeded(controller))
    [table] = [one.table for one in written(told, language).sections if one.table]
    names = [row[0] for row in table.rows]
    assert "KPN" in names
    assert len(names) == len(set(names))
    assert "Supplier of Operator" not in names
    assert text(facts(), language) != text(told, language)


def test_a_company_of_no_product_is_told_with_what_it_is_for() -> None:
    [table] = [
        one.table
        for one in written(facts(providers=seeded("mister-voip")), "nl").sections
        if one.table
    ]
    assert {len(row) for row in table.rows} == {2}
    work = {row[0]: row[1] for row in table.rows}
    assert work["Pakketbezorger"] == "Pakketten bezorgen"
    assert work["Leverancier van Operator"].endswith("vaste telefonie, mobiele telefonie")
    assert "algemeen" not in " ".join(work.values()).casefold()

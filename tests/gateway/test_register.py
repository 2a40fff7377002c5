"""The register: what the statements seed, what published lists change, how it is shown."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from avgate_contracts.register import PublishedList, PublishedProcessor
from avgate_contracts.vocabulary import Product
from avgate_gateway.register import (
    ChangeKind,
    RegisterEntry,
    Role,
    as_csv,
    as_json,
    changed_since,
    merge,
    seeded,
)

MAY = datetime(2025, 5, 1, tzinfo=UTC)
JUNE = datetime(2025, 6, 1, tzinfo=UTC)


def listed(*processors: PublishedProcessor, provider: str = "kpn") -> PublishedList:
    return PublishedList(provider, processors, etag='"1"')


def stored(*names: str, on: datetime = MAY) -> tuple[RegisterEntry, ...]:
    processors = [PublishedProcessor(name, "storage", "NL") for name in names]
    changes = merge((), listed(*processors), on, controller="libervoice")
    return tuple(change.entry for change in changes)


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (Product.VOICE, {"Managed Voice", "Voice Select", "Voice Connect"}),
        (Product.MOBILE, {"Managed Mobile", "Voiceworks Mobile", "Mobile Connect"}),
        (
            Product.CLOUD,
            {
                *("Managed Office", "VANAD Aloha", "Office 365", "Kaspersky", "IASO Backup"),
                *("CameraManager", "PerfectView", "Werktijden.nl", "Libersy", "Workspace365"),
            },
        ),
    ],
)
def test_libervoice_names_every_product_of_its_statement(group: Product, names: set[str]) -> None:
    entries = [entry for entry in seeded("libervoice") if entry.product_group is group]
    assert {product for entry in entries for product in entry.products} == names


def test_libervoice_names_every_provider_of_internet_access() -> None:
    names = {entry.name for entry in seeded("libervoice") if entry.product_group is Product.WAN}
    assert names == {
        *("KPN", "TELE2", "Eurofiber", "Ziggo", "bbned"),
        *("COGAS", "UNET", "ndix", "ParkNed", "Generic Fto"),
    }


def test_every_product_group_of_the_statement_is_in_the_register() -> None:
    assert {entry.product_group for entry in seeded("libervoice")} == set(Product)


def test_every_seeded_entry_says_which_document_names_it() -> None:
    entries = (*seeded("libervoice"), *seeded("mister-voip"))
    assert all(entry.source.startswith("Privacy Statement of") for entry in entries)
    assert all(entry.last_seen is None and entry.purpose for entry in entries)


def test_every_seeded_entry_says_the_same_to_whoever_reads_dutch() -> None:
    for entry in (*seeded("libervoice"), *seeded("mister-voip")):
        assert entry.purpose_in("nl") != entry.purpose_in("en") == entry.purpose
        assert entry.source_in("nl").startswith("Privacyverklaring van")
        assert entry.source_in("en") == entry.source


def test_what_others_wrote_is_shown_as_they_wrote_it() -> None:
    (entry,) = stored("Datahuis")
    assert entry.purpose_in("nl") == entry.purpose == "storage"
    assert entry.source_in("nl") == f"lijst die {entry.provider} publiceert"


def test_mister_voip_names_those_of_its_own_statement_and_says_so() -> None:
    own = [entry for entry in seeded("mister-voip") if "Libervoice" not in entry.source]
    assert "Google Analytics" in {entry.name for entry in own}
    assert not {entry.name for entry in own} & {entry.name for entry in seeded("libervoice")}
    assert {entry.source for entry in own} == {"Privacy Statement of Mister VoIP"}


def test_mister_voip_names_who_holds_its_customers_data_and_where_that_is_known_from() -> None:
    names = {entry.name for entry in seeded("mister-voip")}
    assert names > {"Supplier of Operator", "Xelion", "Phone directories", "PerfectView", "KPN"}
    assert names > {entry.name for entry in seeded("libervoice")}
    borrowed = [entry for entry in seeded("mister-voip") if entry.name == "Xelion"]
    assert all("Mister VoIP should confirm" in entry.source for entry in borrowed)
    assert {entry.controller for entry in seeded("mister-voip")} == {"mister-voip"}


def test_libervoice_gets_nothing_of_mister_voip() -> None:
    assert not [e for e in seeded("libervoice") if "Mister VoIP" in e.source + e.purpose]


def test_a_controller_without_a_statement_starts_with_nothing() -> None:
    assert seeded("somebody-else") == ()


def test_a_first_list_adds_every_entry_as_a_subprocessor() -> None:
    published = listed(PublishedProcessor("Datahuis", "hosting", "NL", ("WAN",)))
    (change,) = merge(seeded("libervoice"), published, MAY, controller="libervoice")
    assert change.kind is ChangeKind.ADDED
    assert change.entry.role is Role.SUBPROCESSOR
    assert change.entry.product_group is Product.WAN
    assert (change.entry.first_seen, change.entry.last_seen) == (MAY, None)


def test_the_same_list_again_changes_nothing() -> None:
    same = listed(PublishedProcessor("Datahuis", "storage", "NL"))
    assert merge(stored("Datahuis"), same, JUNE, controller="libervoice") == ()


def test_case_and_spacing_make_no_other_company_of_a_name() -> None:
    again = listed(PublishedProcessor(" DATAHUIS  bv", "storage", "NL"))
    kinds = [c.kind for c in merge(stored("Datahuis BV"), again, JUNE, controller="libervoice")]
    assert kinds == [ChangeKind.CHANGED]


def test_an_entry_that_is_gone_keeps_its_line_with_the_date() -> None:
    (entry,) = stored("Datahuis")
    (change,) = merge((entry,), listed(), JUNE, controller="libervoice")
    assert change.kind is ChangeKind.REMOVED
    assert change.entry == replace(entry, last_seen=JUNE)
    assert change.before == entry


def test_an_entry_that_comes_back_is_added_anew_beside_the_old_line() -> None:
    (entry,) = stored("Datahuis")
    gone = replace(entry, last_seen=JUNE)
    later = JUNE + timedelta(days=9)
    back = listed(PublishedProcessor("Datahuis", "storage", "NL"))
    (change,) = merge((gone,), back, later, controller="libervoice")
    assert (change.kind, change.entry.first_seen) == (ChangeKind.ADDED, later)


def test_a_changed_purpose_keeps_the_day_of_the_first_listing() -> None:
    moved = listed(PublishedProcessor("Datahuis", "storage", "DE"))
    (change,) = merge(stored("Datahuis"), moved, JUNE, controller="libervoice")
    assert (change.kind, change.entry.country) == (ChangeKind.CHANGED, "DE")
    assert change.entry.first_seen == MAY


def test_a_list_leaves_other_lists_and_other_controllers_alone() -> None:
    (entry,) = stored("Datahuis")
    known = (replace(entry, provider="ziggo"), replace(entry, controller="mister-voip"))
    assert merge((*known, *seeded("libervoice")), listed(), JUNE, controller="libervoice") == ()


def test_a_company_listed_twice_is_one_entry_with_all_its_products() -> None:
    twice = listed(
        PublishedProcessor("Datahuis", products=("Managed Voice",)),
        PublishedProcessor("datahuis", products=("KPN",)),
    )
    (change,) = merge((), twice, MAY, controller="libervoice")
    assert change.entry.products == ("Managed Voice", "KPN")


def test_an_entry_of_an_unknown_product_is_filed_under_general() -> None:
    (entry,) = stored("Datahuis")
    assert entry.product_group is Product.GENERAL


def test_changes_since_a_moment_are_what_came_and_what_went() -> None:
    old, gone, new = (*stored("Oud", "Weg"), *stored("Nieuw", on=JUNE))
    entries = (old, replace(gone, last_seen=JUNE), new, *seeded("libervoice"))
    assert {entry.name for entry in changed_since(entries, JUNE)} == {"Weg", "Nieuw"}


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "-2+3", "+31", " =1+1", "\t=1+1", "\uff1d1"])
def test_no_cell_of_the_csv_can_begin_a_formula(cell: str) -> None:
    (entry,) = stored("Datahuis")
    (row,) = csv.DictReader(io.StringIO(as_csv([replace(entry, name=cell)])))
    assert row["name"].startswith("'")


def test_nor_where_a_dutch_spreadsheet_parts_the_cells() -> None:
    (entry,) = stored("Datahuis")
    (row,) = csv.DictReader(io.StringIO(as_csv([replace(entry, name="Datahuis;=1+1")])))
    assert row["name"] == "Datahuis;'=1+1"


def test_a_line_break_in_a_name_does_not_break_a_line_of_the_csv() -> None:
    (entry,) = stored("Datahuis")
    text = as_csv([replace(entry, name="Data\r\nhuis", purpose='said "so", twice')])
    assert text.count("\r\n") == 2
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["name"], row["purpose"]) == ("Data  huis", 'said "so", twice')


def test_the_json_holds_every_column_with_times_in_utc() -> None:
    (entry,) = stored("Datahuis")
    (shown,) = as_json([entry])
    assert isinstance(shown, dict)
    assert shown["first_seen"] == "2025-05-01T00:00:00Z"
    assert shown["last_seen"] is None
    assert as_csv([]).strip().split(",") == list(shown)

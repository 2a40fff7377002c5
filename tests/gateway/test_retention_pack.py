from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta
from importlib import resources

import pytest

from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.retention import (
    Action,
    GroundCode,
    Pack,
    PackError,
    Purpose,
    Verdict,
    decide,
    describe,
    load_pack,
    read_pack,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIBERVOICE = load_pack("libervoice-2019")
MISTER_VOIP = load_pack("mister-voip-2019")
PACKS = pytest.mark.parametrize("pack", [LIBERVOICE, MISTER_VOIP], ids=lambda pack: pack.name)

BILL, DISPUTE, TRAFFIC, FRAUD, LAW, HISTORY = (
    Purpose.BILLING,
    Purpose.DISPUTES,
    Purpose.TRAFFIC_ANALYSIS,
    Purpose.FRAUD_SECURITY,
    Purpose.LEGAL_DUTY,
    Purpose.CALL_HISTORY,
)
BOOKS = {BILL: "1 month", DISPUTE: "6 months", LAW: "7 years"}
CALLS = {
    BILL: "1 month",
    DISPUTE: "6 months",
    TRAFFIC: "15 months",
    FRAUD: "15 months",
    HISTORY: "3 months",
}
CONNECTION = {
    BILL: "1 month",
    DISPUTE: "6 months",
    TRAFFIC: "2 months",
    FRAUD: "2 months",
    LAW: "while_delivered",
}
# The matrix as it is printed: terms, what keeps it while it runs, and whose it is.
MATRIX: dict[str, tuple[dict[Purpose, str], str | None, bool]] = {
    "general.contact": (BOOKS, "contract", False),
    "general.financial": (BOOKS, "contract", False),
    "voice.communication_metadata": (CALLS, None, False),
    "voice.voicemail": ({}, None, True),
    "voice.recording": ({}, None, True),
    "voice.reach_configuration": ({}, None, True),
    "voice.contacts": ({}, None, True),
    "mobile.communication_metadata": (CALLS, None, False),
    "mobile.voicemail": ({}, None, True),
    "mobile.recording": ({}, None, True),
    "mobile.reach_configuration": ({}, None, True),
    "mobile.contacts": ({}, None, True),
    "wan.connection_data": (CONNECTION, None, False),
    "wan.network_metadata": ({TRAFFIC: "2 months", FRAUD: "2 months"}, None, False),
    "webshop.delivery_address": ({}, "returns", False),
    "contact_connect.crm_data": ({}, None, False),
    "xelion.communication_metadata": (CALLS, None, False),
    "xelion.voicemail": ({}, None, False),
    "xelion.recording": ({}, None, False),
    "xelion.contacts": ({}, None, False),
    "directory.directory_listing": ({}, None, False),
    "cloud.processor_data": ({}, None, False),
    "voice.processor_data": (CALLS, None, False),
    "mobile.processor_data": (CALLS, None, False),
    "wan.processor_data": (CONNECTION, None, False),
    "webshop.processor_data": ({}, "returns", False),
    "contact_connect.processor_data": ({}, None, False),
    "xelion.processor_data": (CALLS, None, False),
}
OUR_BOOKS = ("general.contact", "general.financial")


def item(
    rule: str,
    starts: datetime | None = None,
    *,
    runs: bool = False,
    way: ErasureWay = ErasureWay.DELETE,
) -> ItemRef:
    product, category = rule.split(".")
    return ItemRef("ref", Category(category), Product(product), starts, runs, way)


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def verdict(subject: ItemRef, pack: Pack = LIBERVOICE, now: datetime = NOW) -> Verdict:
    return decide(subject, pack, now)


def facts(of: Verdict) -> tuple[Action, GroundCode, date | None]:
    return of.action, of.ground.code, of.until


class TestPacks:
    def test_libervoice_has_every_row_of_the_printed_matrix_and_no_other(self) -> None:
        assert _as_table(LIBERVOICE) == MATRIX

    def test_mister_voip_keeps_its_books_seven_years_and_otherwise_what_its_providers_keep(
        self,
    ) -> None:
        table = _as_table(MISTER_VOIP)
        for books in OUR_BOOKS:
            assert table[books] == ({LAW: "7 years"}, "contract", False)
        others = MATRIX.keys() - set(OUR_BOOKS)
        assert {rule: table[rule] for rule in others} == {rule: MATRIX[rule] for rule in others}
        assert table.keys() == MATRIX.keys()

    def test_mister_voip_says_of_each_borrowed_term_that_its_statement_leaves_it_open(self) -> None:
        for rule in MISTER_VOIP.rules.values():
            borrowed = "Wholesale" in rule.source.title
            assert borrowed is ("leaves this term open" in (rule.note or "")), rule.id
        assert sum("Wholesale" in r.source.title for r in MISTER_VOIP.rules.values()) == 25

    @PACKS
    def test_every_rule_says_where_it_comes_from(self, pack: Pack) -> None:
        assert all(r.source.title and r.source.version and r.where for r in pack.rules.values())

    @PACKS
    def test_legal_duty_billing_and_disputes_withstand_an_erasure_and_nothing_else(
        self, pack: Pack
    ) -> None:
        withholding = {purpose for purpose, policy in pack.policy.items() if policy.withholds}
        assert withholding == {LAW, BILL, DISPUTE}
        assert "17(3)(b)" in pack.policy[LAW].ground.article
        assert "17(3)(e)" in pack.policy[BILL].ground.article
        assert "11.5" in pack.policy[DISPUTE].ground.article

    def test_a_pack_can_let_a_further_purpose_withstand_an_erasure(self) -> None:
        pack = _edited("[policy.fraud_security]\nwithholds = true\narticle = 'an Act'\n")
        held = verdict(item("wan.network_metadata", ago(10)), pack)
        assert facts(held) == (Action.RETAIN, GroundCode.FRAUD_SECURITY, date(2026, 4, 20))
        assert held.ground.article == "an Act"

    def test_a_pack_can_take_a_purpose_s_power_away(self) -> None:
        pack = _edited("[policy.disputes]\nwithholds = false\n")
        held = verdict(item("voice.communication_metadata", ago(10)), pack)
        assert facts(held) == (Action.RETAIN, GroundCode.BILLING, date(2026, 3, 20))

    def test_of_equal_terms_the_stronger_ground_is_named(self) -> None:
        text = _shipped("libervoice-2019").replace('billing = "1 month"', 'billing = "6 months"')
        held = verdict(item("voice.communication_metadata", ago(3)), read_pack("own", text))
        assert held.ground.code is GroundCode.DISPUTES

    def test_a_pack_cannot_be_changed(self) -> None:
        with pytest.raises(FrozenInstanceError):
            LIBERVOICE.version = "3"  # type: ignore[misc]  # the point of the test
        with pytest.raises(TypeError):
            del LIBERVOICE.rules[(Product.GENERAL, Category.CONTACT)]  # type: ignore[attr-defined]  # the point of the test

    @pytest.mark.parametrize(
        ("old", "new", "complaint"),
        [
            ('title = "Libervoice', 'titel = "Libervoice', "titel: Extra inputs"),
            ('billing = "1 month"', 'biling = "1 month"', "biling"),
            ('"7 years"', '"for ever"', "a term is written"),
            ('"6 months"', '"0 months"', "a term is written"),
            ('"6 months"', '"6 weeks"', "a term is written"),
            ('category = "crm_data"', 'category = "crm"', "rules.15.category"),
            ('category = "crm_data"', 'category = "contacts"', "no rule for category crm_data"),
            ('product = "directory"', 'product = "voice"', "no rule for product directory"),
            ('product = "mobile"', 'product = "voice"', "two rules for voice.contacts"),
            ('source = "tw"', 'source = "wet"', "no such source: wet"),
            (
                "managed_by_end_user = true",
                'managed_by_end_user = true\nterms = { billing = "1 month" }',
                "what the end user manages has no terms",
            ),
            ("managed_by_end_user = true", 'managed_by_end_user = "yes"', "valid boolean"),
            ('kept_while = "returns"', 'kept_while = "ever"', "kept_while"),
            ('version = "2.0"', "version = ", "Invalid value"),
            ("[sources.annex]", "[policy.sales]\nwithholds = true\n[sources.annex]", "sales"),
        ],
    )
    def test_a_faulty_pack_is_refused_and_the_fault_named(
        self, old: str, new: str, complaint: str
    ) -> None:
        text = _shipped("libervoice-2019")
        assert old in text
        with pytest.raises(PackError) as caught:
            read_pack("own", text.replace(old, new))
        assert "own" in str(caught.value)
        assert complaint in str(caught.value)

    @pytest.mark.parametrize(
        "name", ["", "libervoice", "../packs/libervoice-2019", "LIBERVOICE-2019"]
    )
    def test_an_unknown_pack_is_refused_and_the_known_ones_are_named(self, name: str) -> None:
        with pytest.raises(PackError, match="mister-voip-2019"):
            load_pack(name)

    @PACKS
    def test_the_description_gives_every_rule_with_its_terms_and_its_source(
        self, pack: Pack
    ) -> None:
        described = {str(rule["rule"]): rule for rule in describe(pack)}
        assert described.keys() == MATRIX.keys()
        connection = described["wan.connection_data"]
        assert connection["source"] == {
            "title": pack.rules[Product.WAN, Category.CONNECTION_DATA].source.title,
            "version": "Versie 2, juni 2019",
            "where": "WAN, row Aansluitgegevens, footnote ∞",
        }
        terms = connection["terms"]
        assert isinstance(terms, list)
        assert terms[0] == {
            "purpose": "legal_duty",
            "term": "while_delivered",
            "months": None,
            "withholds_erasure": True,
            "article": "GDPR Art. 17(3)(b); AWR Art. 52(4)",
            "sentence": "The law obliges us to keep it with our administration.",
        }


def _as_table(pack: Pack) -> dict[str, tuple[dict[Purpose, str], str | None, bool]]:
    return {
        rule.id: (
            {purpose: term.text for purpose, term in rule.terms.items()},
            rule.kept_while,
            rule.managed_by_end_user,
        )
        for rule in pack.rules.values()
    }


def _shipped(name: str) -> str:
    folder = resources.files("avgate_gateway.retention") / "packs"
    return (folder / f"{name}.toml").read_text(encoding="utf-8")


def _edited(extra: str) -> Pack:
    return read_pack("own", _shipped("libervoice-2019") + "\n" + extra)

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.retention import (
    Action,
    GroundCode,
    Pack,
    Verdict,
    decide,
    load_pack,
    local_day,
    months_later,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIBERVOICE = load_pack("libervoice-2019")
MISTER_VOIP = load_pack("mister-voip-2019")
PACKS = pytest.mark.parametrize("pack", [LIBERVOICE, MISTER_VOIP], ids=lambda pack: pack.name)

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


def test_what_an_upstream_lets_go_only_after_the_service_is_planned_to_stay_until_then() -> None:
    crm = item("contact_connect.crm_data", runs=True)
    assert facts(verdict(crm)) == (Action.ERASE, GroundCode.NO_TERM, None)
    bound = decide(crm, LIBERVOICE, NOW, after_service=True)
    assert facts(bound) == (Action.RETAIN, GroundCode.SERVICE_RUNS, None)
    ended = decide(item("contact_connect.crm_data", ago(1)), LIBERVOICE, NOW, after_service=True)
    assert ended.action is Action.ERASE


def facts(of: Verdict) -> tuple[Action, GroundCode, date | None]:
    return of.action, of.ground.code, of.until


class TestTheLongestGroundDecides:
    def test_legal_duty_outlasts_disputes_and_billing_for_contact_data(self) -> None:
        ended = datetime(2024, 5, 10, tzinfo=UTC)
        assert facts(verdict(item("general.contact", ended))) == (
            Action.RETAIN,
            GroundCode.LEGAL_DUTY,
            date(2031, 5, 10),
        )

    def test_disputes_outlast_billing_for_calls_and_longer_purposes_do_not_count(self) -> None:
        assert facts(verdict(item("mobile.communication_metadata", ago(59)))) == (
            Action.RETAIN,
            GroundCode.DISPUTES,
            date(2026, 7, 2),
        )


class TestWhatRunsStays:
    @pytest.mark.parametrize("rule", OUR_BOOKS)
    @pytest.mark.parametrize("starts", [None, ago(9999)])
    @PACKS
    def test_contact_and_financial_data_stay_while_the_contract_runs(
        self, pack: Pack, rule: str, starts: datetime | None
    ) -> None:
        held = verdict(item(rule, starts, runs=True), pack)
        assert facts(held) == (Action.RETAIN, GroundCode.CONTRACT_RUNS, None)
        assert "contract" in held.ground.sentence
        assert "CIOT" in held.ground.sentence

    @PACKS
    def test_a_wan_connection_stays_known_while_it_is_delivered(self, pack: Pack) -> None:
        held = verdict(item("wan.connection_data", runs=True), pack)
        assert facts(held) == (Action.RETAIN, GroundCode.SERVICE_RUNS, None)
        assert "17(3)(b)" in held.ground.article

    def test_a_wan_connection_goes_when_the_disputes_term_after_its_end_is_over(self) -> None:
        assert facts(verdict(item("wan.connection_data", ago(30)))) == (
            Action.RETAIN,
            GroundCode.DISPUTES,
            date(2026, 7, 31),
        )
        assert verdict(item("wan.connection_data", ago(200))).action is Action.ERASE

    def test_a_delivery_address_stays_for_returns_while_the_contract_runs(self) -> None:
        held = verdict(item("webshop.delivery_address", ago(1), runs=True))
        assert facts(held) == (Action.RETAIN, GroundCode.RETURN_PROCESS, None)

    @pytest.mark.parametrize("starts", [None, ago(1), NOW])
    def test_a_delivery_address_goes_when_the_contract_has_ended(
        self, starts: datetime | None
    ) -> None:
        gone = verdict(item("webshop.delivery_address", starts))
        assert facts(gone) == (Action.ERASE, GroundCode.NO_TERM, None)

    def test_a_delivery_address_stays_until_an_announced_end(self) -> None:
        held = verdict(item("webshop.delivery_address", datetime(2026, 4, 1, tzinfo=UTC)))
        assert facts(held) == (Action.RETAIN, GroundCode.RETURN_PROCESS, date(2026, 4, 1))

    def test_the_terms_start_when_the_contract_ends(self) -> None:
        ended = datetime(2019, 3, 1, tzinfo=UTC)
        assert verdict(item("general.contact", ended)).action is Action.ERASE
        assert verdict(item("general.contact", ended, runs=True)).action is Action.RETAIN

    def test_calls_go_after_their_term_although_the_service_runs(self) -> None:
        over = verdict(item("voice.communication_metadata", ago(400), runs=True))
        assert facts(over) == (Action.ERASE, GroundCode.TERM_OVER, None)


class TestWhatHasNoGroundGoes:
    @pytest.mark.parametrize("runs", [True, False])
    @pytest.mark.parametrize("starts", [None, NOW])
    @pytest.mark.parametrize(
        "rule", [rule.id for rule in LIBERVOICE.rules.values() if rule.managed_by_end_user]
    )
    @PACKS
    def test_what_the_end_user_manages_goes_at_once_also_under_a_running_contract(
        self, pack: Pack, rule: str, starts: datetime | None, runs: bool
    ) -> None:
        gone = verdict(item(rule, starts, runs=runs), pack)
        assert facts(gone) == (Action.ERASE, GroundCode.MANAGED_BY_END_USER, None)

    @pytest.mark.parametrize("runs", [True, False])
    @pytest.mark.parametrize(
        "rule",
        [
            "xelion.voicemail",
            "xelion.recording",
            "xelion.contacts",
            "contact_connect.crm_data",
            "directory.directory_listing",
            "cloud.processor_data",
        ],
    )
    @PACKS
    def test_blank_rows_go_at_once_also_under_a_running_contract(
        self, pack: Pack, rule: str, runs: bool
    ) -> None:
        gone = verdict(item(rule, runs=runs), pack)
        assert facts(gone) == (Action.ERASE, GroundCode.NO_TERM, None)

    def test_traffic_analysis_and_fraud_detection_alone_keep_nothing(self) -> None:
        gone = verdict(item("wan.network_metadata", ago(1)))
        assert facts(gone) == (Action.ERASE, GroundCode.NO_GROUND, None)

    @pytest.mark.parametrize(
        ("way", "action"),
        [
            (ErasureWay.DELETE, Action.ERASE),
            (ErasureWay.ANONYMISE, Action.ANONYMISE),
            (ErasureWay.DELIST, Action.DELIST),
            (ErasureWay.FORWARD, Action.FORWARD),
            (ErasureWay.BY_HAND, Action.BY_HAND),
        ],
    )
    def test_what_goes_goes_the_way_its_upstream_can(self, way: ErasureWay, action: Action) -> None:
        assert verdict(item("voice.recording", way=way)).action is action

    @pytest.mark.parametrize("way", ErasureWay)
    def test_what_stays_stays_whatever_its_upstream_can(self, way: ErasureWay) -> None:
        kept = item("voice.communication_metadata", ago(3), way=way)
        assert verdict(kept).action is Action.RETAIN


class TestCalls:
    def test_each_call_stays_for_its_own_disputes_term(self) -> None:
        dates = [
            verdict(item("xelion.communication_metadata", datetime(2026, m, 2, tzinfo=UTC))).until
            for m in (1, 2, 3)
        ]
        assert dates == [date(2026, 7, 2), date(2026, 8, 2), date(2026, 9, 2)]

    def test_a_call_goes_the_day_after_its_last_day(self) -> None:
        call = item("voice.communication_metadata", datetime(2025, 9, 15, 10, tzinfo=UTC))
        last = datetime(2026, 3, 15, 22, 59, tzinfo=UTC)  # 23:59 in the Netherlands
        held = verdict(call, now=last)
        assert facts(held) == (Action.RETAIN, GroundCode.DISPUTES, date(2026, 3, 15))
        assert held.goes_on == date(2026, 3, 16)
        after = verdict(call, now=last + timedelta(minutes=1))
        assert facts(after) == (Action.ERASE, GroundCode.TERM_OVER, None)
        assert after.goes_on is None

    def test_a_call_in_the_dutch_night_belongs_to_the_dutch_day(self) -> None:
        late = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
        assert verdict(item("voice.communication_metadata", late)).until == date(2026, 7, 1)

    def test_a_call_on_the_last_of_a_long_month_stays_to_the_last_of_a_short_one(self) -> None:
        call = item("voice.communication_metadata", datetime(2025, 8, 31, 9, tzinfo=UTC))
        february = datetime(2026, 2, 1, tzinfo=UTC)
        assert verdict(call, now=february).until == date(2026, 2, 28)


class TestWhatAPersonHasToDecide:
    @pytest.mark.parametrize(
        "rule",
        ["general.contact", "voice.communication_metadata", "wan.connection_data"],
    )
    @pytest.mark.parametrize("way", ErasureWay)
    def test_a_term_that_nobody_knows_the_start_of(self, rule: str, way: ErasureWay) -> None:
        unknown = verdict(item(rule, way=way))
        assert facts(unknown) == (Action.BY_HAND, GroundCode.TERM_UNKNOWN, None)

    def test_a_start_without_a_zone_is_no_start(self) -> None:
        naive = datetime(2020, 1, 1)  # noqa: DTZ001 -- what a careless upstream sends
        unknown = verdict(item("voice.communication_metadata", naive))
        assert unknown.ground.code is GroundCode.TERM_UNKNOWN

    @given(product=st.sampled_from(Product), category=st.sampled_from(Category), runs=st.booleans())
    def test_an_item_that_the_matrix_does_not_know_is_never_erased_silently(
        self, product: Product, category: Category, runs: bool
    ) -> None:
        found = decide(ItemRef("ref", category, product, NOW, runs), LIBERVOICE, NOW)
        unknown = (product, category) not in LIBERVOICE.rules
        assert (found.ground.code is GroundCode.NO_RULE) is unknown
        assert (found.rule is None) is unknown
        if unknown:
            assert found.action is Action.BY_HAND


class TestDays:
    @given(
        starts=st.datetimes(timezones=st.just(UTC)),
        rule=st.sampled_from([rule.id for rule in LIBERVOICE.rules.values()]),
    )
    def test_any_start_whatsoever_gets_a_verdict(self, starts: datetime, rule: str) -> None:
        found = verdict(item(rule, starts))
        assert (found.action is Action.RETAIN) is (found.until is not None)
        assert found.until is None or found.until >= local_day(NOW)

    @pytest.mark.parametrize(
        ("day", "months", "then"),
        [
            (date(2024, 1, 31), 1, date(2024, 2, 29)),
            (date(2025, 1, 31), 1, date(2025, 2, 28)),
            (date(2024, 2, 29), 84, date(2031, 2, 28)),
            (date(2025, 12, 15), 1, date(2026, 1, 15)),
            (date(2025, 11, 30), 15, date(2027, 2, 28)),
            (date(9999, 12, 31), 6, date.max),
        ],
    )
    def test_months_are_calendar_months(self, day: date, months: int, then: date) -> None:
        assert months_later(day, months) == then

    def test_never_as_upstreams_write_it_is_a_day_too(self) -> None:
        forever = datetime.max.replace(tzinfo=UTC)
        assert local_day(forever) == date.max
        assert verdict(item("general.contact", forever)).goes_on is None

    def test_now_needs_a_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            verdict(item("voice.recording"), now=datetime(2026, 1, 1))  # noqa: DTZ001 -- the point

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.plan import (
    Bucket,
    ErasurePlan,
    Located,
    PlanBuilder,
)
from avgate_gateway.retention import Action, Pack, load_pack, read_pack

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
PACK = load_pack("libervoice-2019")
KEY = b"the request's own secret"


def call(number: int, days_ago: int, connector: str = "operator") -> Located:
    item = ItemRef(
        f"cdr/{number}",
        Category.COMMUNICATION_METADATA,
        Product.VOICE,
        NOW - timedelta(days=days_ago),
    )
    return Located(connector, f"call-{number}", item)


CONTACT = Located(
    "operator", "party", ItemRef("p", Category.CONTACT, Product.GENERAL, service_runs=True)
)
LISTING = Located(
    "directory",
    "listing",
    ItemRef("l", Category.DIRECTORY_LISTING, Product.DIRECTORY, erasure=ErasureWay.DELIST),
)
RUNNING = replace(LISTING, item=replace(LISTING.item, service_runs=True))
LOG = Located(
    "xelion",
    "log",
    ItemRef("x", Category.RECORDING, Product.XELION, erasure=ErasureWay.ANONYMISE),
)
MISFIT = Located("xelion", "misfit", ItemRef("m", Category.CRM_DATA, Product.XELION))
ITEMS = [call(1, 10), call(2, 40), call(3, 400), CONTACT, LISTING, LOG, MISFIT]


def plan(
    items: list[Located], request_id: str = "r-1", now: datetime = NOW, pack: Pack = PACK
) -> ErasurePlan:
    builder = PlanBuilder(pack, now)
    for item in items:
        builder.add(item)
    return builder.build(request_id, LATER)


class TestErasure:
    def test_items_that_fare_alike_are_one_group_in_a_fixed_order(self) -> None:
        groups = [
            (g.connector, g.category, g.action, g.ground.code, g.count) for g in plan(ITEMS).groups
        ]
        assert groups == [
            ("directory", "directory_listing", "delist", "no_term", 1),
            ("operator", "communication_metadata", "erase", "term_over", 1),
            ("operator", "communication_metadata", "retain", "disputes", 2),
            ("operator", "contact", "retain", "contract_runs", 1),
            ("xelion", "crm_data", "by_hand", "no_rule", 1),
            ("xelion", "recording", "anonymise", "no_term", 1),
        ]

    def test_a_group_says_when_the_first_and_the_last_of_it_may_go(self) -> None:
        stays = plan(ITEMS).bucket(Bucket.STAYS)
        assert [(str(g.earliest), str(g.latest)) for g in stays] == [
            ("2026-07-21", "2026-08-20"),
            ("None", "None"),
        ]

    def test_four_buckets_hold_every_item_once(self) -> None:
        whole = plan(ITEMS)
        counts = {bucket.value: whole.count(bucket) for bucket in Bucket}
        assert counts == {"goes": 2, "anonymised": 1, "stays": 3, "by_hand": 1}
        assert sum(counts.values()) == len(ITEMS)

    def test_adding_answers_with_the_verdict(self) -> None:
        assert PlanBuilder(PACK, NOW).add(call(1, 400)).action is Action.ERASE

    @pytest.mark.parametrize(
        ("located", "action", "ground"),
        [
            (call(1, 400), "erase", "term_over"),
            (replace(call(1, 400), leads_on=True), "by_hand", "leads_on"),
            (replace(LISTING, leads_on=True), "by_hand", "leads_on"),
            (replace(LOG, leads_on=True), "by_hand", "leads_on"),
            (replace(MISFIT, leads_on=True), "by_hand", "leads_on"),
            (replace(call(1, 10), leads_on=True), "retain", "disputes"),
            (RUNNING, "delist", "no_term"),
            (replace(RUNNING, after_service=True), "retain", "service_runs"),
            (replace(RUNNING, after_service=True, leads_on=True), "retain", "service_runs"),
        ],
    )
    def test_what_others_are_found_by_goes_by_hand_and_what_a_service_needs_stays(
        self, located: Located, action: str, ground: str
    ) -> None:
        verdict = PlanBuilder(PACK, NOW).add(located)
        assert (verdict.action, verdict.ground.code) == (action, ground)
        [group] = plan([located]).groups
        assert (group.action, group.ground.code, group.rule) == (action, ground, verdict.rule)

    def test_the_preview_is_plain_json_with_ground_and_dates(self) -> None:
        shown = json.loads(json.dumps(plan(ITEMS).to_json()))
        assert shown["operation"] == "erase"
        assert shown["retention"] == "libervoice-2019 2.0"
        assert shown["valid_until"] == "2026-03-09T12:00:00+00:00"
        assert shown["counts"]["stays"] == 3
        assert shown["stays"][0] == {
            "connector": "operator",
            "category": "communication_metadata",
            "product": "voice",
            "action": "retain",
            "count": 2,
            "ground": "disputes",
            "article": "GDPR Art. 17(3)(e); Tw Art. 11.5",
            "sentence": "It is needed for as long as the bill can be disputed or its payment "
            "enforced.",
            "rule": "voice.communication_metadata",
            "earliest_until": "2026-07-21",
            "latest_until": "2026-08-20",
        }

    def test_a_plan_shows_no_ref_of_an_upstream(self) -> None:
        whole = plan(ITEMS)
        assert "cdr/" not in repr(whole) + json.dumps(whole.to_json())

    def test_a_plan_of_nothing_is_a_plan(self) -> None:
        empty = plan([])
        assert empty.groups == ()
        assert len(empty.digest) == 64


class TestErasureDigest:
    @given(st.randoms(use_true_random=False))
    def test_is_the_same_whatever_the_order(self, shuffler: random.Random) -> None:
        shuffled = ITEMS.copy()
        shuffler.shuffle(shuffled)
        assert plan(shuffled).digest == plan(ITEMS).digest

    def test_is_the_same_when_looked_at_again_later_the_same_day(self) -> None:
        assert plan(ITEMS, now=NOW + timedelta(hours=3)).digest == plan(ITEMS).digest

    @pytest.mark.parametrize(
        "other",
        [
            plan(ITEMS[1:]),
            plan([*ITEMS, call(4, 10)]),
            plan([*ITEMS, ITEMS[0]]),
            plan([call(9, 10), *ITEMS[1:]]),
            plan([call(1, 11), *ITEMS[1:]]),
            plan([call(1, 10, "xelion"), *ITEMS[1:]]),
            plan([call(1, 400), *ITEMS[1:]]),
            plan(ITEMS, request_id="r-2"),
            plan(ITEMS, now=NOW + timedelta(days=200)),
        ],
        ids=[
            "fewer",
            "more",
            "twice",
            "other item",
            "other date",
            "elsewhere",
            "other action",
            "other request",
            "a term has ended",
        ],
    )
    def test_changes_with_anything_that_would_be_done(self, other: ErasurePlan) -> None:
        assert other.digest != plan(ITEMS).digest

    def test_changes_with_the_retention_pack(self) -> None:
        other = plan([LISTING], pack=load_pack("mister-voip-2019"))
        assert other.digest != plan([LISTING]).digest

    def test_names_cannot_run_into_each_other(self) -> None:
        one = Located("ab", "c", LISTING.item)
        two = Located("a", "bc", LISTING.item)
        assert plan([one]).digest != plan([two]).digest

    def test_fifty_thousand_items_are_planned_without_keeping_them(self) -> None:
        builder = PlanBuilder(PACK, NOW)
        for number in range(50_000):
            builder.add(call(number, number % 500))
        whole = builder.build("r-1", LATER)
        assert whole.count(Bucket.STAYS) + whole.count(Bucket.GOES) == 50_000
        assert len(whole.groups) == 2


def test_a_controller_s_own_pack_names_itself_in_the_plan() -> None:
    own = read_pack("own", _PACK_TEXT)
    own_plan = plan([MISFIT], pack=own)
    assert own_plan.pack == "own 9"


_PACK_TEXT = 'title = "Own"\nversion = "9"\n[sources.a]\ntitle = "A"\nversion = "1"\n' + "".join(
    f'[[rules]]\nproduct = "{product}"\ncategory = "{category}"\nsource = "a"\nwhere = "w"\n'
    'label = { en = "e", nl = "n" }\n'
    for product, category in zip(
        [*Product, *[Product.XELION] * (len(Category) - len(Product))], Category, strict=True
    )
)

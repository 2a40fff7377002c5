from __future__ import annotations

from datetime import UTC, datetime

import pytest

from avgate_client.answers import Plan
from avgate_contracts.record import FieldChange, ItemRef
from avgate_contracts.vocabulary import Category, Field, Product
from avgate_gateway.cli.wording import plan_grid
from avgate_gateway.plan import (
    Fit,
    LocatedFields,
    PlanBuilder,
    RectificationPlan,
    WantedChange,
    plan_rectification,
)
from avgate_gateway.retention import load_pack

LATER = datetime(2026, 3, 9, 12, tzinfo=UTC)
KEY = b"the request's own secret"
CONTACT = ItemRef("p", Category.CONTACT, Product.GENERAL)


def held(**fields: str) -> LocatedFields:
    named = {Field(name.replace("__", ".")): (value,) for name, value in fields.items()}
    return LocatedFields("operator", "party", CONTACT, named)


def rectification(
    located: list[LocatedFields], *wanted: WantedChange, key: bytes = KEY, request_id: str = "r-1"
) -> RectificationPlan:
    return plan_rectification(located, wanted, request_id=request_id, valid_until=LATER, key=key)


CITY, EMAIL, PHONE = Field.ADDRESS_CITY, Field.EMAIL, Field.PHONE
MOVE = WantedChange(CITY, "Delft", "Rotterdam")


class TestRectification:
    @pytest.mark.parametrize(
        ("name", "before", "after", "holds", "fit"),
        [
            (CITY, "Delft", "Rotterdam", ("Delft",), Fit.CHANGE),
            (CITY, None, "Rotterdam", ("Delft",), Fit.CHANGE),
            (CITY, None, "Rotterdam", ("",), Fit.CHANGE),
            (CITY, "Delft", "Rotterdam", ("Rotterdam",), Fit.ALREADY_RIGHT),
            (CITY, None, "Rotterdam", (" Rotterdam ",), Fit.ALREADY_RIGHT),
            (CITY, "Delft", "Rotterdam", ("Gouda",), Fit.DIFFERS),
            (CITY, "Delft", "Rotterdam", ("",), Fit.DIFFERS),
            (CITY, "Delft", "Rotterdam", (), Fit.NOT_HELD),
            (CITY, "Delft", "Rotterdam", None, Fit.NOT_HELD),
            (Field.NAME_PREFIX, "Van", "van", ("Van",), Fit.CHANGE),
            (Field.NAME_FAMILY, None, "Béa", ("Be\u0301a",), Fit.ALREADY_RIGHT),
            (Field.ADDRESS_POSTCODE, "3044 EH", "2611 AA", ("3044eh",), Fit.CHANGE),
            (Field.ADDRESS_POSTCODE, None, "2611 AA", ("2611AA",), Fit.ALREADY_RIGHT),
            (
                Field.BANK_ACCOUNT,
                None,
                "NL02ABNA0123456789",
                ("nl02 abna 0123 4567 89",),
                Fit.ALREADY_RIGHT,
            ),
            (Field.PHONE, "06-12345678", "+31201234567", ("+31612345678",), Fit.CHANGE),
            (Field.PHONE, None, "+31612345678", ("0612345678",), Fit.ALREADY_RIGHT),
            (Field.PHONE, "0612345678", "+31612345678", ("06-12345678",), Fit.ALREADY_RIGHT),
            (Field.PHONE, None, "+31612345678", ("unknown",), Fit.CHANGE),
            (Field.EMAIL, "A@Example.org", "b@example.org", ("a@example.org",), Fit.CHANGE),
        ],
    )
    def test_a_wanted_value_is_compared_with_the_one_held(
        self,
        name: Field,
        before: str | None,
        after: str,
        holds: tuple[str, ...] | None,
        fit: Fit,
    ) -> None:
        fields = {} if holds is None else {name: holds}
        located = LocatedFields("operator", "p", CONTACT, fields)
        item = rectification([located], WantedChange(name, before, after)).items[0]
        assert [f.fit for f in item.fields] == [fit]
        assert (item.change is not None) is (fit is Fit.CHANGE)

    @pytest.mark.parametrize(
        ("name", "before", "after", "holds", "fit", "replaced"),
        [
            (EMAIL, "b@x.nl", "c@x.nl", ("a@x.nl", "B@x.nl"), Fit.CHANGE, "B@x.nl"),
            (EMAIL, "b@x.nl", "a@x.nl", ("a@x.nl", "b@x.nl"), Fit.CHANGE, "b@x.nl"),
            (EMAIL, "c@x.nl", "a@x.nl", ("a@x.nl", "b@x.nl"), Fit.ALREADY_RIGHT, None),
            (EMAIL, "a@x.nl", "A@x.nl", ("a@x.nl", "b@x.nl"), Fit.ALREADY_RIGHT, None),
            (EMAIL, "c@x.nl", "d@x.nl", ("a@x.nl", "b@x.nl"), Fit.DIFFERS, None),
            (EMAIL, None, "c@x.nl", ("a@x.nl", "b@x.nl"), Fit.SEVERAL, None),
            (EMAIL, None, "a@x.nl", ("a@x.nl", "b@x.nl"), Fit.SEVERAL, None),
            (EMAIL, None, "a@x.nl", ("a@x.nl", "A@x.nl"), Fit.ALREADY_RIGHT, "a@x.nl"),
            (EMAIL, None, "c@x.nl", ("a@x.nl", "A@x.nl"), Fit.CHANGE, "a@x.nl"),
            (PHONE, "0612345678", "+31201234567", ("010-1234567", "06-12345678"),
             Fit.CHANGE, "06-12345678"),
            (CITY, "Delft", "Rotterdam", ("Gouda", "Delft"), Fit.CHANGE, "Delft"),
            (CITY, "Delft", "Rotterdam", ("Delft", "Delft"), Fit.SEVERAL, None),
            (CITY, None, "Rotterdam", ("Delft", "Delft"), Fit.SEVERAL, None),
            (CITY, None, "Rotterdam", ("Rotterdam", "Rotterdam"), Fit.ALREADY_RIGHT, None),
            (CITY, None, "Rotterdam", ("Rotterdam", ""), Fit.SEVERAL, None),
            (CITY, "Delft", "Rotterdam", ("Gouda",), Fit.DIFFERS, "Gouda"),
            (CITY, "Delft", "Rotterdam", ("Rotterdam",), Fit.ALREADY_RIGHT, "Rotterdam"),
            (CITY, "Delft", "Rotterdam", (), Fit.NOT_HELD, None),
            (EMAIL, None, "a@x.nl", (), Fit.NOT_HELD, None),
        ],
    )  # fmt: skip
    def test_of_several_values_only_one_that_is_named_is_replaced(
        self,
        name: Field,
        before: str | None,
        after: str,
        holds: tuple[str, ...],
        fit: Fit,
        replaced: str | None,
    ) -> None:
        located = LocatedFields("operator", "p", CONTACT, {name: holds})
        item = rectification([located], WantedChange(name, before, after)).items[0]
        assert [(f.fit, f.before, f.held) for f in item.fields] == [(fit, replaced, holds)]
        changes = item.change.changes if item.change else ()
        assert [(c.before, c.after) for c in changes] == [(replaced, after)] * (fit is Fit.CHANGE)

    def test_a_change_carries_the_value_as_the_upstream_spells_it(self) -> None:
        item = rectification(
            [held(phone="0612345678", address__city="Rotterdam")],
            WantedChange(Field.PHONE, "+31612345678", "+31201234567"),
            MOVE,
        ).items[0]
        assert item.change is not None
        assert item.change.changes == (FieldChange(Field.PHONE, "0612345678", "+31201234567"),)

    @pytest.mark.parametrize(
        ("values", "code", "words"),
        [
            ({CITY: ("Delft",), EMAIL: ("a@x.nl",)}, None, []),
            ({CITY: ("Delft",), EMAIL: ("c@x.nl",)}, None, []),
            ({CITY: ("Delft",)}, None, []),
            ({CITY: ("Delft",), EMAIL: ("a@x.nl", "b@x.nl")}, "several", ["from", "other fields"]),
            ({CITY: ("Gouda",), EMAIL: ("a@x.nl",)}, "differs", ["neither", "other fields"]),
            ({CITY: ("Gouda",), EMAIL: ("a@x.nl", "b@x.nl")}, "differs", ["neither", "from"]),
            ({CITY: ("Rotterdam",), EMAIL: ("a@x.nl", "b@x.nl")}, "several", ["from"]),
        ],
    )
    def test_an_item_is_corrected_whole_or_left_whole_to_a_person_who_is_told_why(
        self, values: dict[Field, tuple[str, ...]], code: str | None, words: list[str]
    ) -> None:
        located = LocatedFields("operator", "p", CONTACT, values)
        item = rectification([located], MOVE, WantedChange(EMAIL, None, "c@x.nl")).items[0]
        told, reason = item.left_to_people or (None, "")
        assert told == code
        assert item.to_json()["by_hand"] == code
        known = ["neither", "from", "other fields"]
        assert [word for word in known if word in reason] == words
        assert (item.change is None) is (code is not None)

    def test_a_field_wanted_twice_is_refused_without_its_values(self) -> None:
        with pytest.raises(ValueError, match="give each field once") as caught:
            rectification([], MOVE, WantedChange(Field.ADDRESS_CITY, None, "Gouda"))
        assert "Gouda" not in str(caught.value)

    def test_staff_see_before_and_after(self) -> None:
        shown = rectification([held(address__city="Delft")], MOVE).to_json()
        assert shown["items"] == [
            {
                "connector": "operator",
                "item": "party",
                "category": "contact",
                "product": "general",
                "by_hand": None,
                "fields": [
                    {
                        "field": "address.city",
                        "fit": "change",
                        "holds": ["Delft"],
                        "from": "Delft",
                        "to": "Rotterdam",
                    }
                ],
            }
        ]

    def test_staff_see_all_that_is_held_where_nobody_knows_which_is_meant(self) -> None:
        located = LocatedFields("operator", "party", CONTACT, {EMAIL: ("a@x.nl", "b@x.nl")})
        shown = rectification([located], WantedChange(EMAIL, None, "c@x.nl")).items[0].to_json()
        assert shown["fields"] == [
            {
                "field": "email",
                "fit": "several",
                "holds": ["a@x.nl", "b@x.nl"],
                "from": None,
                "to": "c@x.nl",
            }
        ]

    def test_on_a_screen_all_fields_of_an_item_that_a_person_corrects_go_by_hand(self) -> None:
        values = {CITY: ("Delft",), EMAIL: ("a@x.nl", "b@x.nl")}
        other = LocatedFields("xelion", "card", CONTACT, {CITY: ("Delft",)})
        located = [LocatedFields("operator", "p", CONTACT, values), other]
        plan = rectification(located, MOVE, WantedChange(EMAIL, None, "c@x.nl"))
        rows = plan_grid(Plan.model_validate(plan.to_json())).rows
        assert [(row[0], row[2], row[3]) for row in rows] == [
            ("operator", "address.city", "change, by hand"),
            ("operator", "email", "several, by hand"),
            ("xelion", "address.city", "change"),
            ("xelion", "email", "not held"),
        ]

    def test_no_value_shows_in_a_repr(self) -> None:
        located = held(address__city="Delft")
        shown = repr(rectification([located], MOVE)) + repr(MOVE) + repr(located)
        assert "Delft" not in shown
        assert "Rotterdam" not in shown


class TestRectificationDigest:
    PLAN = rectification([held(address__city="Delft")], MOVE)

    @pytest.mark.parametrize(
        "other",
        [
            rectification([held(address__city="Gouda")], MOVE),
            rectification(
                [held(address__city="Delft")], WantedChange(Field.ADDRESS_CITY, "Delft", "Breda")
            ),
            rectification([held(address__city="Delft")], MOVE, request_id="r-2"),
            rectification([held(address__city="Delft")], MOVE, key=b"another"),
            rectification([], MOVE),
        ],
        ids=["other before", "other after", "other request", "other key", "no item"],
    )
    def test_binds_every_value_under_the_request_s_key(self, other: RectificationPlan) -> None:
        assert other.digest != self.PLAN.digest

    def test_binds_the_value_that_is_replaced_also_where_none_was_named(self) -> None:
        wanted = WantedChange(Field.ADDRESS_CITY, None, "Rotterdam")
        one = rectification([held(address__city="Delft")], wanted)
        assert rectification([held(address__city="Gouda")], wanted).digest != one.digest

    def test_binds_the_values_that_stay_beside_it(self) -> None:
        wanted = WantedChange(EMAIL, "a@x.nl", "c@x.nl")
        alone, beside = (
            rectification([LocatedFields("operator", "p", CONTACT, {EMAIL: values})], wanted)
            for values in (("a@x.nl",), ("a@x.nl", "b@x.nl"))
        )
        assert alone.digest != beside.digest

    def test_is_the_same_whatever_the_order(self) -> None:
        second = LocatedFields("xelion", "user", CONTACT, {CITY: ("Delft",)})
        both = [held(address__city="Delft"), second]
        assert rectification(both, MOVE) == rectification(both[::-1], MOVE)

    def test_differs_from_the_digest_of_an_erasure_of_nothing(self) -> None:
        pack = load_pack("libervoice-2019")
        erasure = PlanBuilder(pack, LATER).build("r-1", LATER)
        assert rectification([], MOVE).digest != erasure.digest

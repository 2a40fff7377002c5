from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import phonenumbers
import pytest
from stdnum import iban, luhn

from avgate_contracts.vocabulary import Product
from avgate_mocks.people import (
    FEWEST,
    HEAVY_CALLS,
    LIBERVOICE,
    MISTER_VOIP,
    Calls,
    Person,
    Role,
    TooFewPeopleError,
    cast,
    handover,
    people,
)

AS_OF = date(2026, 3, 31)
EVERYONE = people(7, 300, AS_OF)
CAST = cast(EVERYONE)


def calls(person: Person) -> Calls:
    return Calls(7, person, AS_OF, person.volume.calls, kind="operator")


def test_the_same_arguments_give_the_same_people() -> None:
    assert people(7, 300, AS_OF) == EVERYONE


def test_more_people_do_not_change_the_first_ones() -> None:
    assert people(7, 20, AS_OF) == EVERYONE[:20]


def test_another_seed_gives_other_people() -> None:
    assert people(8, 12, AS_OF)[0].lines != EVERYONE[0].lines


@pytest.mark.parametrize("count", [0, FEWEST - 1, 100_001])
def test_a_count_that_cannot_be_is_refused_with_the_bounds(count: int) -> None:
    with pytest.raises(TooFewPeopleError, match=f"{FEWEST} to 100000"):
        people(7, count, AS_OF)


def test_a_third_of_the_people_are_mister_voips() -> None:
    for count in (12, 30, 300):
        shares = Counter(person.controller for person in EVERYONE[:count])
        assert shares == {LIBERVOICE: count * 2 // 3, MISTER_VOIP: count // 3}


def test_only_the_number_handed_on_belongs_to_two_people() -> None:
    numbers = Counter(line.number for person in EVERYONE for line in person.lines)
    shared = [number for number, holders in numbers.items() if holders > 1]
    assert shared == [CAST[Role.NUMBER_BEFORE].lines[0].number]


def test_the_number_handed_on_changes_holder_on_one_day() -> None:
    before, after = CAST[Role.NUMBER_BEFORE].lines[0], CAST[Role.NUMBER_AFTER].lines[0]
    assert before.held.end == after.held.start == handover(AS_OF)
    assert before.number == after.number


def test_numbers_pass_the_checks_that_real_ones_pass() -> None:
    for person in EVERYONE:
        assert iban.is_valid(person.iban)
        for line in person.lines:
            assert phonenumbers.is_valid_number(phonenumbers.parse(line.number))
            assert line.iccid is None or luhn.is_valid(line.iccid)
            assert (line.imsi is None) == (line.product is not Product.MOBILE)


def test_no_identifier_but_the_handed_number_is_shared() -> None:
    values = Counter(i.value for person in EVERYONE for i in person.identifiers())
    assert [v for v, n in values.items() if n > 1] == [CAST[Role.NUMBER_AFTER].lines[0].number]


def test_two_people_of_one_name_live_at_two_addresses() -> None:
    first, second = CAST[Role.SAME_NAME_FIRST], CAST[Role.SAME_NAME_SECOND]
    assert first.name == second.name
    assert first.address != second.address
    assert set(first.emails).isdisjoint(second.emails)


def test_the_cast_plays_its_roles() -> None:
    assert CAST[Role.TWO_UPSTREAMS].known_to == {"xelion", "directory"}
    assert CAST[Role.RUNNING].contract.end is None
    ended = CAST[Role.ENDED].contract.end
    assert ended is not None
    assert timedelta(days=240) < AS_OF - ended < timedelta(days=246)
    with pytest.raises(UnicodeEncodeError):
        CAST[Role.BEYOND_WINDOWS_1252].name.full.encode("cp1252")


def test_every_other_name_fits_into_windows_1252() -> None:
    for person in EVERYONE:
        if person is not CAST[Role.BEYOND_WINDOWS_1252]:
            person.name.full.encode("cp1252")


def test_fifty_thousand_calls_are_there_without_being_made() -> None:
    heavy = calls(CAST[Role.HEAVY])
    assert len(heavy) == HEAVY_CALLS
    assert heavy[HEAVY_CALLS - 1].index == HEAVY_CALLS - 1


def test_calls_ascend_and_fall_within_the_last_24_months_and_the_time_of_their_line() -> None:
    end = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
    for person in EVERYONE[:60]:
        made = calls(person)[:]
        moments = [call.at for call in made]
        assert moments == sorted(moments)
        assert all(end - timedelta(days=730) <= at < end for at in moments)
        assert all(call.line.held.covers(call.at.date()) for call in made)


def test_some_calls_are_older_than_six_months_and_some_are_younger() -> None:
    moments = [call.at.date() for call in calls(CAST[Role.RUNNING])]
    assert min(moments) < AS_OF - timedelta(days=183) < max(moments)


def test_whose_contract_ended_before_the_history_has_no_calls() -> None:
    long_gone = EVERYONE[13]
    assert long_gone.contract.end is not None
    assert long_gone.contract.end < AS_OF - timedelta(days=730)
    assert len(calls(long_gone)) == 0


def test_another_kind_gives_other_calls() -> None:
    person = CAST[Role.RUNNING]
    other = Calls(7, person, AS_OF, person.volume.calls, kind="xelion")
    assert calls(person)[:] != other[:]

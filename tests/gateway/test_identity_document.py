from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.nl import bsn as eleven

from avgate_gateway.identity_document import Finding, IdentityData, find_identity_data

BSN = Finding(IdentityData.BSN)
MRZ = Finding(IdentityData.MRZ)
IMAGE = Finding(IdentityData.IMAGE)


def bsns() -> Iterator[str]:
    """Every valid one, in a shuffled order that is always the same."""
    drawn = random.Random(11)  # noqa: S311 -- repeatable, not secret
    while True:
        head = f"{drawn.randrange(10**8):08d}"
        last = sum((9 - i) * int(digit) for i, digit in enumerate(head)) % 11
        if last < 10 and int(head):
            yield f"{head}{last}"


def mobiles(count: int) -> list[str]:
    drawn = random.Random(6)  # noqa: S311 -- repeatable, not secret
    return [f"{drawn.randrange(10**8):08d}" for _ in range(count)]


TEN_THOUSAND = [number for number, _ in zip(bsns(), range(10_000), strict=False)]
SPELLINGS = [
    "{}",
    "Mijn nummer is {}.",
    "klant{}x",
    "06-12345678, {}",
    "06 12345678 {}",
    "+31 6 12345678 {}",
    "0031 612345678 {}",
    "a\n{}\nb",
]


def in_groups(number: str, sizes: tuple[int, ...], separator: str) -> str:
    digits = iter(number)
    return separator.join("".join(next(digits) for _ in range(size)) for size in sizes)


class TestBsnInFreeText:
    def test_ten_thousand_valid_ones_in_a_note_are_all_found(self) -> None:
        spellings = [SPELLINGS[i % len(SPELLINGS)] for i in range(len(TEN_THOUSAND))]
        texts = [s.format(n) for s, n in zip(spellings, TEN_THOUSAND, strict=True)]
        assert [text for text in texts if find_identity_data(text, "note") != BSN] == []

    @given(
        number=st.sampled_from(TEN_THOUSAND),
        sizes=st.sampled_from([(4, 2, 3), (3, 3, 3), (2, 2, 2, 3), (1,) * 9]),
        separator=st.sampled_from([".", " ", "-", "/", "\u00a0", "\u2009", "\u2011", "\u2013"]),
        spelling=st.sampled_from(["{}", "nr. {} graag", "({})"]),
    )
    def test_found_however_it_is_grouped(
        self, number: str, sizes: tuple[int, ...], separator: str, spelling: str
    ) -> None:
        text = spelling.format(in_groups(number, sizes, separator))
        assert find_identity_data(text, "note") == BSN

    @pytest.mark.parametrize(
        "text",
        [
            "\uff11\uff11\uff11\uff12\uff12\uff12\uff13\uff13\uff13",  # full width
            "\u0661\u0661\u0661\u0662\u0662\u0662\u0663\u0663\u0663",  # Arabic
            "111\u200b222\u200b333",  # zero width in between
            "\u00e9 111222333",
            "111 222 333 06 12345678",
            "1112 22 333 06 12345678",
            "11 12 22 333 06 12345678",
            "111 22 2333 06 12345678",
            "11 122 2333 06 12345678",
            "Btw NL111222333B01",
            "+31 6 12345678\n111222333",
        ],
    )
    def test_found_in_disguise(self, text: str) -> None:
        assert find_identity_data(text, "note") == BSN

    @pytest.mark.parametrize(
        "text",
        [
            "111222334",  # the eleven-test fails
            "000000000",
            "1112223330",  # ten digits
            "01112223330",
            "11122233",  # eight, and nobody says what it is
            "111.222-333",  # two separators: a sum, a date, anything
            "14-03-2026 9:15",
            "NL02 ABNA 0123 4567 89",
            "3044 EH 76",
            "8931440400000000005",  # a SIM
            "6f1d111222333aab6f1d111222333aab",  # a digest
            "6f1d0000-0000-4000-8000-111222333aab",  # a UUID
            "",
        ],
    )
    def test_other_numbers_pass(self, text: str) -> None:
        assert find_identity_data(text, "note") is None

    @pytest.mark.parametrize(
        "spelling",
        [
            "06{}",
            "06-{}",
            "06 {}",
            "+316{}",
            "+31 6 {}",
            "+31 6{}",
            "+31 (0)6{}",
            "0031 6 {}",
            "0031 6{}",
            "00316{}",
            "Bel +31-6{} na zes uur",
        ],
    )
    def test_mobile_numbers_in_a_note_pass(self, spelling: str) -> None:
        assert not any(find_identity_data(spelling.format(n), "note") for n in mobiles(500))


class TestBsnByLabel:
    @pytest.mark.parametrize(
        "text",
        [
            "BSN 111222333",
            "bsn:11122 2333",
            "Burgerservicenummer is 1 11-22.23 33",
            "111.222-333 (BSN)",
            "sofinummer 10000008",  # its leading zero left out
            "citizen service number 111222333",
            "BSN 06 12345678 111222333",
        ],
    )
    def test_found_in_any_spelling(self, text: str) -> None:
        assert find_identity_data(text, "note") == BSN

    def test_a_label_far_away_is_not_about_it(self) -> None:
        far = " en zo voort" * 5
        assert find_identity_data(f"Geen BSN nodig{far} 11122-2333", "note") == BSN  # alone
        assert find_identity_data(f"Geen BSN nodig{far} 10000008", "note") is None

    def test_a_number_cut_by_the_distance_is_not_half_read(self) -> None:
        text = f"bsn{' ' * 36}0001112223330"
        assert find_identity_data(text, "note") is None


class TestBsnByField:
    @pytest.mark.parametrize(
        "field",
        [
            "bsn",
            "BSN",
            "subject.bsn",
            "sofi_nummer",
            "burgerservicenummer",
            "nationalId",
            "subject.identifiers.0.national_id",
            "holder-bsn",
            "SSN",
        ],
    )
    @pytest.mark.parametrize("text", ["111222333", "1112.22.333", "10000008", "1 11222333"])
    def test_found_where_the_name_says_so(self, field: str, text: str) -> None:
        assert find_identity_data(text, field) == BSN

    @pytest.mark.parametrize(
        "field",
        [
            "phone",
            "identifiers.phone",
            "phoneNumber",
            "iccid",
            "imsi",
            "imei",
            "msisdn",
            "ip",
            "customer_id",
            "xelion_id",
            "bank_account",
            "email",
            "changes[0].bank_account",
        ],
    )
    def test_never_found_in_a_field_for_other_numbers(self, field: str) -> None:
        texts = (text for n in TEN_THOUSAND[:500] for text in (n, f"0{n}", f"+31{n}", f"BSN {n}"))
        assert not any(find_identity_data(text, field) for text in texts)

    def test_never_found_in_mobile_numbers_in_a_phone_field(self) -> None:
        spellings = ["06{}", "+316{}", "6{}", "06-{}", "06 {}"]
        numbers = [n for n in mobiles(2_000) if eleven.is_valid(f"6{n}")]
        assert len(numbers) > 100
        texts = [spelling.format(number) for spelling in spellings for number in numbers]
        assert not any(find_identity_data(text, "phone") for text in texts)

    @pytest.mark.parametrize("field", ["note", "reference", "name_address", "reason", "x", "", "7"])
    def test_any_other_field_is_free_text(self, field: str) -> None:
        assert find_identity_data("111222333", field) == BSN


class TestAnyText:
    @settings(max_examples=500)
    @given(text=st.text(), field=st.text())
    @example(text="\ud800", field="\ud800")
    @example(text="\x00", field="note")
    def test_any_text_gets_an_answer(self, text: str, field: str) -> None:
        assert find_identity_data(text, field) in {None, BSN, MRZ, IMAGE}

    @given(text=st.text(alphabet=" .-/+()<0123456789ABCMFX<bsn"))
    def test_numbers_and_fillers_get_an_answer(self, text: str) -> None:
        assert find_identity_data(text, "note") in {None, BSN, MRZ}

    @pytest.mark.parametrize(
        "pump",
        [
            "0",
            "-",
            "1 ",
            "12-",
            "<",
            "A<",
            "a",
            "bsn",
            "bsn 1 ",
            "/9j/",
            "data:",
            "&lt;",
            "AAAA",
            "f-",
            "11 22 ",
            "\u0661 ",
            "\u00ab",
            "P<UTO",
            "0-",
            "9F",
        ],
    )
    def test_no_text_takes_long(self, pump: str) -> None:
        text = pump * (10_000 // len(pump))
        fastest = min(_seconds(text) for _ in range(3))
        assert fastest < 0.1  # 0.02 on two idle cores

    def test_a_finding_holds_no_value(self) -> None:
        finding = find_identity_data("111222333", "note")
        assert finding is not None
        assert "111222333" not in repr(finding) + finding.message
        assert all(Finding(kind).message.startswith("holds ") for kind in IdentityData)


def _seconds(text: str) -> float:
    begun = time.process_time()  # however long others keep it from its core
    find_identity_data(text, "note")
    return time.process_time() - begun

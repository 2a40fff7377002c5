from __future__ import annotations

import base64
import textwrap

import pytest

from avgate_gateway.identity_document import Finding, IdentityData, find_identity_data

MRZ = Finding(IdentityData.MRZ)
IMAGE = Finding(IdentityData.IMAGE)

# Specimens of ICAO Doc 9303, parts 4 to 7; the last is a card with a long document number.
PASSPORT = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
CARD_OF_TWO = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
CARD_OF_THREE = (
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
)
VISA = (
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
)
LONG_NUMBER = (
    "I<UTOD23145890<7349<<<<<<<<<<<",
    "3407127M9507122UTO<<<<<<<<<<<2",
    "STEVENSON<<PETER<JOHN<<<<<<<<<",
)
ZONES = pytest.mark.parametrize(
    "zone", [PASSPORT, CARD_OF_TWO, CARD_OF_THREE, VISA, LONG_NUMBER], ids=lambda zone: zone[0][:5]
)


class TestMachineReadableZone:
    @ZONES
    @pytest.mark.parametrize("field", ["note", "phone", "customer_id"])
    @pytest.mark.parametrize("joint", ["\n", "\r\n", " ", "", "\n\n  "])
    def test_found_in_any_field_however_broken(
        self, zone: tuple[str, ...], joint: str, field: str
    ) -> None:
        assert find_identity_data(f"paspoort {joint.join(zone)} dank", field) == MRZ

    @ZONES
    def test_found_in_small_letters_in_spaces_and_as_markup(self, zone: tuple[str, ...]) -> None:
        text = "\n".join(zone)
        assert find_identity_data(text.lower(), "note") == MRZ
        assert find_identity_data(" ".join(text), "note") == MRZ
        assert find_identity_data(text.replace("<", "&lt;"), "note") == MRZ
        assert (
            find_identity_data(text.replace("<<", "\u00ab").replace("<", "\u2039"), "note") == MRZ
        )

    def test_found_by_its_second_line_alone(self) -> None:
        assert find_identity_data(PASSPORT[1], "note") == MRZ

    @pytest.mark.parametrize("at", [9, 19, 27])
    def test_wrong_check_digits_pass(self, at: int) -> None:
        line = PASSPORT[1]
        wrong = line[:at] + str((int(line[at]) + 1) % 10) + line[at + 1 :]
        assert find_identity_data(wrong, "note") is None

    @pytest.mark.parametrize("text", ["<" * 90, "A" * 90, "0" * 90, "a << b <<< c", PASSPORT[0]])
    def test_what_only_looks_alike_passes(self, text: str) -> None:
        assert find_identity_data(text, "note") is None


class TestImages:
    @pytest.mark.parametrize(
        "magic",
        [
            b"\xff\xd8\xff\xe0",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"RIFF\x24\x00\x00\x00WEBPVP8 ",
            b"II*\x00",
            b"MM\x00*",
            b"\x00\x00\x00\x18ftypheic",
            b"%PDF-1.7\n",
        ],
    )
    @pytest.mark.parametrize("wrapped", ["{}", "foto: {}", '"image":"{}"', "x;base64,{}"])
    def test_an_image_in_base64_is_refused(self, magic: bytes, wrapped: str) -> None:
        image = magic + bytes(range(200))
        for encoded in (base64.b64encode(image), base64.urlsafe_b64encode(image)):
            assert find_identity_data(wrapped.format(encoded.decode()), "note") == IMAGE
        lines = "\n".join(textwrap.wrap(base64.b64encode(image).decode(), 24))
        assert find_identity_data(wrapped.format(lines), "note") == IMAGE

    @pytest.mark.parametrize(
        "text", ["data:image/png;base64,AA", "DATA:IMAGE/svg+xml,<svg/>", "data:application/pdf,x"]
    )
    def test_a_data_uri_of_a_picture_is_refused(self, text: str) -> None:
        assert find_identity_data(text, "callback_url") == IMAGE

    @pytest.mark.parametrize(
        "text",
        ["iVBORw0KGgo", "/9j/", base64.b64encode(bytes(range(200))).decode(), "de image/png"],
    )
    def test_other_text_passes(self, text: str) -> None:
        assert find_identity_data(text, "note") is None

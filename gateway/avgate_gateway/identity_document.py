"""Finds what must never come in: citizen service numbers and copies of identity documents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from operator import mul
from string import ascii_uppercase, digits
from typing import Final

from stdnum.nl import bsn


class IdentityData(StrEnum):
    """What was found."""

    BSN = "bsn"  # citizen service number: only where a law provides for it, UAVG Art. 46
    MRZ = "mrz"  # the machine-readable zone of a passport or card, ICAO Doc 9303
    IMAGE = "image"  # any picture or scan: nobody can tell that it is not an identity document


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, never the value, nor where in the text it stood."""

    kind: IdentityData

    @property
    def message(self) -> str:
        """What to do about it, for the one who sent the text."""
        return _MESSAGES[self.kind]


_MESSAGES: Final = {
    IdentityData.BSN: "holds what looks like a citizen service number (BSN): leave it out",
    IdentityData.MRZ: "holds the machine-readable zone of an identity document: leave it out",
    IdentityData.IMAGE: "holds an image: record that, how and by whom identity was verified instead",
}


def find_identity_data(text: str, field: str) -> Finding | None:
    """Looks for identity data in a text, judging by the field it came in and by what stands near.

    `field` is the field's name or path; for an identifier, its kind. One in eleven numbers of nine
    digits passes the eleven-test, mobile numbers among them, so a field for a telephone, SIM,
    customer or bank number or an e-mail address is never searched for a BSN. Any other field is
    taken for free text. The VAT number of a company passes the test always, and is found there.
    """
    plain = _plain(text)
    if _IMAGE.search(plain):
        return Finding(IdentityData.IMAGE)
    if any(_is_mrz(zone) for zone in _zones("".join(plain.split()).upper())):
        return Finding(IdentityData.MRZ)
    if _holds_bsn(plain, _snake(field)):
        return Finding(IdentityData.BSN)
    return None


def _plain(text: str) -> str:
    """The text as it is read: one form of each character, ASCII digits, nothing invisible."""
    composed = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _FOREIGN.sub(_as_ascii, composed).replace("&lt;", "<")


def _as_ascii(found: re.Match[str]) -> str:
    character = found[0]
    match unicodedata.category(character):
        case "Nd":
            return str(unicodedata.decimal(character))
        case "Pd":
            return "-"
        case "Cf":
            return ""
        case _:
            return _CHEVRONS.get(character, character)


_FOREIGN: Final = re.compile(r"[^\x00-\x7f]")
_CHEVRONS: Final = {"\u2039": "<", "\u00ab": "<<", "\u2007": " ", "\u3000": " "}


# The field ---------------------------------------------------------------------------------------

_NUMBERED: Final = (
    "phone",
    "phone_number",
    "telephone",
    "mobile",
    "msisdn",
    "iccid",
    "imsi",
    "imei",
    "ip",
    "email",
    "customer_id",
    "xelion_id",
    "bank_account",
    "iban",
    "vat_number",
)
_BSN_NAMES: Final = (
    "bsn",
    "bsn_number",
    "bsn_nummer",
    "sofi",
    "sofi_nummer",
    "sofinummer",
    "burgerservicenummer",
    "burger_service_nummer",
    "citizen_service_number",
    "national_id",
    "national_number",
    "identity_number",
    "id_number",
    "ssn",
    "social_security_number",
)


def _snake(field: str) -> str:
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+", field)
    return "_".join(part.lower() for part in parts)


@lru_cache(maxsize=512)  # fields have few names, and each text has one
def _named(field: str, names: tuple[str, ...]) -> bool:
    return any(field == name or field.endswith("_" + name) for name in names)


# Citizen service numbers -------------------------------------------------------------------------

_NEARBY: Final = 40
_FEWEST: Final = 8  # digits, with the leading zero left out
_LABEL: Final = re.compile(
    r"bsn|sofi|burger ?service|citizen ?service|social security|national id|persoonsnummer",
    re.IGNORECASE,
)
_RUN: Final = re.compile(r"[0-9]+(?:[ .\-/]{1,2}[0-9]+)*")
_PART: Final = re.compile(r"([ .\-/]*)([0-9]+)")
_COUNTRY_BEFORE: Final = re.compile(r"(?:\+|\(0\) ?)\Z")
_SHAPES: Final = {(9,), (3, 3, 3), (4, 2, 3), (2, 2, 2, 3), (3, 2, 4), (2, 3, 4)}
# A digest or a UUID: nine digits in a row happen in them, and mean nothing.
_OPAQUE: Final = re.compile(
    r"(?<![0-9A-Za-z\-])(?=[0-9\-]*[a-fA-F])[0-9a-fA-F\-]{32,128}(?![0-9A-Za-z\-])"
)


def _holds_bsn(text: str, field: str) -> bool:
    if _named(field, _NUMBERED):
        return False
    clear, named = _OPAQUE.sub(" ", text), _named(field, _BSN_NAMES)
    return any(
        _has_loose_bsn(run) if named or _is_labelled(run, clear) else _has_shaped_bsn(run, clear)
        for run in _RUN.finditer(clear)
        if run.end() - run.start() >= _FEWEST
    )


def _is_labelled(run: re.Match[str], text: str) -> bool:
    return bool(_LABEL.search(text, max(0, run.start() - _NEARBY), run.end() + _NEARBY))


def _has_loose_bsn(run: re.Match[str]) -> bool:
    """Whether a BSN stands there in any spelling, its leading zero left out or not."""
    parts = _Parts.of(run)
    spans = (*parts.spans(9), *parts.spans(8))
    return any(bsn.is_valid(parts.digits(*span).zfill(9)) for span in spans)


def _has_shaped_bsn(run: re.Match[str], text: str) -> bool:
    """Whether digits in the shape of a BSN stand there, and not as the rest of a phone number."""
    parts = _Parts.of(run)
    abroad = bool(_COUNTRY_BEFORE.search(text, max(0, run.start() - 4), run.start()))
    return any(
        parts.have_shape(first, last)
        and not parts.follow_country(first, abroad=abroad)
        and bsn.is_valid(parts.digits(first, last))
        for first, last in parts.spans(9)
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """A run of digits in parts: what separates each from the one before, and where each begins."""

    text: str
    separators: list[str]
    begins: list[int]

    @classmethod
    def of(cls, run: re.Match[str]) -> _Parts:
        found = _PART.findall(run[0])
        begins = list(accumulate((len(digits) for _, digits in found), initial=0))
        return cls("".join(digits for _, digits in found), [each for each, _ in found], begins)

    def digits(self, first: int, last: int) -> str:
        return self.text[self.begins[first] : self.begins[last]]

    def spans(self, length: int) -> Iterator[tuple[int, int]]:
        """Where whole parts together have that many digits."""
        places = {begin: part for part, begin in enumerate(self.begins)}
        for first, begin in enumerate(self.begins):
            if begin + length in places:
                yield first, places[begin + length]

    def have_shape(self, first: int, last: int) -> bool:
        """Grouped as people write a BSN, or standing alone, with one and the same separator."""
        shape = tuple(self.begins[n + 1] - self.begins[n] for n in range(first, last))
        alone = last - first == len(self.separators)
        return (alone or shape in _SHAPES) and len(set(self.separators[first + 1 : last])) <= 1

    def follow_country(self, first: int, *, abroad: bool) -> bool:
        """Whether a country code stands right before, as in +31 612345678 or (0)612345678."""
        if first == 0:
            return abroad
        return first == 1 and (abroad or self.digits(0, 1) == "0031")


# Machine-readable zones --------------------------------------------------------------------------

# The second line of a passport (44 characters) or of a card or visa with two lines (36 or 44): the
# first holds names only and needs no finding.
_TWO_LINES: Final = re.compile(
    r"(?=(?P<number>[A-Z0-9<]{9}[0-9])[A-Z<]{3}(?P<birth>[0-9<]{6}[0-9])[MFX<]"
    r"(?P<expiry>[0-9]{7})[A-Z0-9<]{8})"
)
# The first two lines of a card with three lines of 30.
_THREE_LINES: Final = re.compile(
    r"(?=[ACI][A-Z0-9<][A-Z<]{3}(?P<number>[A-Z0-9<]{9}[0-9<])[A-Z0-9<]{15}"
    r"(?P<birth>[0-9<]{6}[0-9])[MFX<](?P<expiry>[0-9]{7})[A-Z<]{3}[A-Z0-9<]{11}[0-9])"
)
_WEIGHTS: Final = (7, 3, 1) * 3
_VALUES: Final = {"<": 0} | {
    character: int(character, 36) for character in digits + ascii_uppercase
}


def _zones(dense: str) -> Iterator[re.Match[str]]:
    yield from _TWO_LINES.finditer(dense)
    yield from _THREE_LINES.finditer(dense)


def _is_mrz(zone: re.Match[str]) -> bool:
    """Whether the check digits are right; a long document number has its own elsewhere: "<"."""
    number = zone["number"]
    return (
        (number.endswith("<") or _is_checked(number))
        and _is_checked(zone["birth"])
        and _is_checked(zone["expiry"])
    )


def _is_checked(checked: str) -> bool:
    """Whether the last digit is the check digit of the rest (ICAO Doc 9303-3, 4.9)."""
    total: int = sum(map(mul, _WEIGHTS, map(_VALUES.__getitem__, checked[:-1])))
    return total % 10 == int(checked[-1])


# Images ------------------------------------------------------------------------------------------

# A data URI, or base64 that begins as JPEG, PNG, GIF, WebP, TIFF, HEIC or PDF does.
_IMAGE: Final = re.compile(
    r"(?i:data:(?:image/|application/pdf))"
    r"|(?<![A-Za-z0-9+/_\-])(?:[/_]9j[/_]|iVBORw0KGgo|R0lGOD[dl]h|UklGR|SUkqA|TU0AK|JVBERi0"
    r"|AAAA[A-Za-z0-9+/_\-]{2}Z0eXB)(?:[A-Za-z0-9+/_\-]\s?){48}"
)

"""Phone numbers as they are written, and stand-ins that nobody has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers

# No Dutch subscriber number begins with 0, and no mobile one is 060…; 06 12345678 is what everybody
# invents; the last two are ranges that Ofcom and the North American Numbering Plan keep for drama.
INVENTED = re.compile(
    r"31600[0-9]*|31(?:10|13|15|20|23|24|26|30|33|35|36|38|40|43|45|46|50|53|55|58|7[0-9])0[0-9]*"
    r"|31612345678|447700900[0-9]{3}|1[0-9]{3}55501[0-9]{2}"
)
_LONGEST = 15  # digits, ITU-T E.164


@dataclass(frozen=True, slots=True)
class Phone:
    """How it begins as it is written, its country, and the digits that are the holder's."""

    before: str
    country: str
    national: str

    def fake(self, chosen: Callable[[str], int]) -> str:
        """Its digits, with others in the place of the holder's."""
        own = self.country + self.national
        if INVENTED.fullmatch(own) or (self.country != "31" and self.national.startswith("00")):
            return self.before + self.national
        left = len(self.national) - len(self._beginning())
        return f"{self.before}{self._beginning()}{chosen(own) % 10**left:0{left}d}"

    def _beginning(self) -> str:
        if self.country == "31":
            return "600" if self.national.startswith("6") else "200"
        return "00"


def number_read(text: str, digits: str) -> Phone | None:
    """The phone number that is written here, if it can be one; `digits` are its digits.

    International with + or 00, Dutch also as 0612345678 or 31612345678.
    """
    if text.lstrip("(").startswith("+"):
        return _international("", digits)
    if digits.startswith("00"):
        return _international("00", digits[2:])
    if re.fullmatch(r"0[1-9][0-9]{8}", digits):
        return Phone("0", "31", digits[1:])
    if re.fullmatch(r"31[1-9][0-9]{8}", digits):
        return Phone("31", "31", digits[2:])
    return None


def _international(prefix: str, digits: str) -> Phone | None:
    if not 8 <= len(digits) <= _LONGEST:
        return None
    found = re.fullmatch(r"(310?)([1-9][0-9]{8})", digits)
    if found:
        return Phone(prefix + found[1], "31", found[2])
    known = (n for n in (1, 2) if int(digits[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    country = digits[: next(known, 3)]
    return Phone(prefix + country, country, digits[len(country) :])

"""What in a text can be told by its form: addresses, numbers, codes, moments and words."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)?"
_MOMENTS = (
    r"(?:19|20)\d\d-[01]\d(?:-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
    + _ZONE
    + ")?)?",
    r"[0-3]?\d[-/.][01]?\d[-/.](?:19|20)\d\d",
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:" + _MONTHS + r") \d{4} \d\d:\d\d:\d\d GMT",
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?[0-2]\d[0-5]\d[0-5]\d"
    + _ZONE
    + ")?",
    r"P(?:\d+[YMWD])+(?:T(?:\d+[HMS])+)?|PT(?:\d+[HMS])+",
)
# What has one of these forms may still be something else.
_PERHAPS = {
    "ip": r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9a-fA-F:]*:[0-9a-fA-F:]*:)[0-9a-fA-F:]{3,39})(?![\w:])(?!\.\d)",
    "iban": r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w@+-])",
    "base64": r"(?<![\w+/=-])[A-Za-z0-9+/_-]{24,}={0,2}(?![\w+/=@-])",
}
_CERTAIN = {
    "url": r"(?i:https?)://[^\s\"'<>\\^`{|}/?#]+[^\s\"'<>\\^`{|}]*",
    "jwt": r"(?<!\w)eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*",
    "email": r"[^\s@\"'<>(),:;\[\]\\/=?&]+@[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+",
    "moment": r"(?<![\w-])(?:" + "|".join(_MOMENTS) + r")(?![\w-])",
    "uuid": r"(?<!\w)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)",
    "mac": r"(?<![\w:])[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}(?![\w:])",
}
_REST = {
    "postcode": r"(?<![\w.-])[1-9]\d{3} ?[A-Z]{2}(?![\w@])",
    "number": r"(?<!\w)(?:\(?\+|\((?=[0-9]+\)))?\d(?:[ ().\-]{0,3}\d)+(?![\w@]|:db8:)",
    "run": r"[^\W_]+",
}


def _any_of(forms: Mapping[str, str]) -> re.Pattern[str]:
    """One of these, in this order; digits of other scripts are letters here."""
    named = (f"(?P<{name}>{form})" for name, form in forms.items())
    return re.compile("|".join(named).replace(r"\d", "[0-9]"))


TEXT = _any_of(_CERTAIN | _PERHAPS | _REST)
AFTER_ALL = _any_of(_CERTAIN | _REST)  # for what turned out not to be what it looked like
MEDIA_TYPE = re.compile(r"(?:application|audio|image|text|video)/[a-z][a-z0-9.+-]*")
RUNS = re.compile(r"[0-9]+|[^0-9]+")


def composed(text: str) -> str:
    """Each letter with its accents as one character; accents that belong to none are left out."""
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFC", text))


def folded(word: str) -> str:
    """A word without case and accents, so that all its spellings come to the same."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def digits_of(text: str) -> str:
    """Only its digits."""
    return "".join(c for c in text if c in "0123456789")


def is_bsn(digits: str) -> bool:
    """Whether nine digits pass the eleven test of a Dutch citizen service number."""
    if len(digits) != 9 or int(digits) == 0:
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11 == 0


def iban_remainder(compact: str) -> int:
    """ISO 13616: 1 for an account number whose check digits are right."""
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97


def is_ip(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    with suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False


def is_plain_name(text: str) -> bool:
    """Whether the name of a member is one that a program has, and not data itself."""
    plain = re.fullmatch(r"[^\W\d][\w.$:\[\]-]{0,80}|[@$_#][\w.:-]{0,80}|", text)
    return plain is not None and re.search(r"[0-9]{5}", text) is None

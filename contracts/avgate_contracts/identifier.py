"""How a data subject is found: one kind, one canonical value, and the days it was theirs."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import phonenumbers

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.vocabulary import IdentifierKind

_NETHERLANDS, _DUTCH_DIGITS = 31, 9
# Kinds that nobody is handed on; a number is.
LASTING = frozenset({IdentifierKind.CUSTOMER_ID, IdentifierKind.EMAIL, IdentifierKind.XELION_ID})


@dataclass(frozen=True, slots=True)
class Identifier:
    """One way to find a data subject; the value never shows in a repr, so never in a log.

    The days are half open: from `valid_from` up to, not including, `valid_until`. A number handed
    on at a date has that date as the end of one holder and the beginning of the next.
    """

    kind: IdentifierKind
    value: str = field(repr=False)
    valid_from: date | None = None
    valid_until: date | None = None

    @classmethod
    def of(
        cls,
        kind: IdentifierKind,
        value: str,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> Identifier:
        """Makes an identifier with its value in canonical form; raises InvalidIdentifierError."""
        if valid_from and valid_until and valid_until <= valid_from:
            raise InvalidIdentifierError("valid_until must be later than valid_from")
        return cls(kind, canonical(kind, value), valid_from, valid_until)

    def covers(self, day: date) -> bool:
        """Whether it was the subject's on that day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day < self.valid_until)

    @property
    def lasts(self) -> bool:
        """Whether it is theirs on every day, so that all they have is found by it."""
        return self.kind in LASTING and self.valid_from is None and self.valid_until is None

    def overlaps(self, other: Identifier) -> bool:
        """Whether there is a day on which both held."""
        return _before(self.valid_from, other.valid_until) and _before(
            other.valid_from, self.valid_until
        )

    def matches(self, other: Identifier) -> bool:
        """Whether both name the same person: same kind and value, on at least one common day."""
        return self.kind == other.kind and self.value == other.value and self.overlaps(other)


def canonical(kind: IdentifierKind, value: str) -> str:
    """The one spelling of an identifier that is stored, compared and sent.

    Phone: E.164, Dutch numbers also in national form. E-mail: lower case. IP: compressed form, and
    IPv4 inside IPv6 as IPv4. No value holds a wildcard: a search would find others by it.
    Raises InvalidIdentifierError, whose message says what is expected.
    """
    if len(value) > 2 * _LONGEST:  # before anything looks at each character
        raise InvalidIdentifierError(f"a {kind.value} must be 1 to {_LONGEST} printable characters")
    text = unicodedata.normalize("NFC", value).strip()
    is_plain = text.isprintable() or not any(_is_control(c) for c in text)
    if not text or len(text) > _LONGEST or not is_plain:
        raise InvalidIdentifierError(f"a {kind.value} must be 1 to {_LONGEST} printable characters")
    text = " ".join(text.split())  # a space that does not break is a space
    if text != unicodedata.normalize("NFKC", text):
        raise InvalidIdentifierError(
            f"a {kind.value} is written in plain characters: none full-width, raised or joined"
        )
    return _CANONICAL[kind](text)


def _before(start: date | None, end: date | None) -> bool:
    return start is None or end is None or start < end


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _phone(text: str) -> str:
    if _CANONICAL_DUTCH.fullmatch(text):  # what the library would make of it
        return text
    if not re.fullmatch(r"(?:\+|00)?[0-9(][0-9 ().\-]{3,30}", text):
        raise InvalidIdentifierError("a phone is written with digits, in E.164 form: +31612345678")
    try:
        number = phonenumbers.parse(text, "NL")
    except phonenumbers.NumberParseException:
        raise InvalidIdentifierError("a phone must be a number in E.164 form") from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidIdentifierError("a phone must have as many digits as its country uses")
    if number.country_code == _NETHERLANDS and not _is_dutch(str(number.national_number)):
        raise InvalidIdentifierError("a Dutch phone has nine digits after +31 or after the 0")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_dutch(digits: str) -> bool:
    """Geographic and mobile numbers have one length; service numbers (08, 09) have several."""
    return digits[0] in "89" or len(digits) == _DUTCH_DIGITS


def _email(text: str) -> str:
    if text.isascii():
        is_address = _PLAIN_MAIL.fullmatch(text) is not None
    else:
        local, _, domain = text.partition("@")
        is_address = _is_local(local) and _is_domain(domain)
    if not is_address:
        raise InvalidIdentifierError("an email has one @, a domain with a dot, and no wildcards")
    return text.lower()


def _is_local(text: str) -> bool:
    is_plain = all(_is_word(character) or character in _IN_MAIL for character in text)
    return len(text) <= _LONGEST_LOCAL and is_plain and _has_letter(text)


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(labels) > 1 and all(
        0 < len(label) <= _LONGEST_LABEL
        and all(_is_word(character) or character == "-" for character in label)
        and not label.startswith("-")
        and not label.endswith("-")
        for label in labels
    )


def _is_word(character: str) -> bool:
    """A letter, a digit, or a mark on one, of any script."""
    return unicodedata.category(character)[0] in "LM" or character.isdecimal()


def _has_letter(text: str) -> bool:
    """Whether there is a letter or a digit; `____` means every address of four to some searches."""
    return any(character.isalnum() for character in text)


def _ip(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise InvalidIdentifierError("an ip is an IPv4 or IPv6 address") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise InvalidIdentifierError("an ip is an address without a zone")
        address = address.ipv4_mapped or address
    return address.compressed


def _pattern(pattern: str, expected: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise InvalidIdentifierError(expected)
        return text

    return check


def _name_address(text: str) -> str:
    if _WILDCARD.search(text) or not _has_letter(text):
        raise InvalidIdentifierError("a name_address has letters or digits, and none of * % ? _")
    return text.casefold()


_LONGEST = 320  # the longest e-mail address, RFC 5321
_WILDCARD = re.compile(r"[*%?_]")
_LONGEST_LOCAL, _LONGEST_LABEL = 64, 63  # RFC 5321, RFC 1035
# What mail systems give out beside letters and digits: RFC 5322's atext, and of the wildcards in it
# only `_`, which is in the addresses of too many people.
_IN_MAIL = "!#$&'+-./=^_`{|}~"
# The same for what has letters of ASCII only, without a look at each of them.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_MAIL = re.compile(
    rf"(?=[^@]*[A-Za-z0-9])[A-Za-z0-9{re.escape(_IN_MAIL)}]{{1,{_LONGEST_LOCAL}}}"
    rf"@{_LABEL}(?:\.{_LABEL})+"
)
_CANONICAL_DUTCH = re.compile(r"\+31[1-7][0-9]{8}")
_CANONICAL: dict[IdentifierKind, Callable[[str], str]] = {
    IdentifierKind.PHONE: _phone,
    IdentifierKind.EMAIL: _email,
    IdentifierKind.CUSTOMER_ID: _pattern(
        r"[A-Za-z0-9](?:[A-Za-z0-9_\-]|\.(?!\.)){0,63}",
        "a customer_id is 1 to 64 letters, digits, dots, dashes or underscores",
    ),
    IdentifierKind.XELION_ID: _pattern(r"[0-9]{1,19}", "a xelion_id is 1 to 19 digits"),
    IdentifierKind.ICCID: _pattern(r"[0-9]{18,22}", "an iccid is 18 to 22 digits"),
    IdentifierKind.IMSI: _pattern(r"[0-9]{14,15}", "an imsi is 14 or 15 digits"),
    IdentifierKind.IP: _ip,
    IdentifierKind.NAME_ADDRESS: _name_address,
}

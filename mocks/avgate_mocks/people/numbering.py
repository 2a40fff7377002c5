"""Numbers that pass the checks real ones pass and belong to nobody."""

from __future__ import annotations

from ipaddress import IPv4Address

from stdnum import iban as iban_numbers
from stdnum import luhn

_SUBSCRIBERS = 8_000_000
_STEP = 104_729  # a prime: counting in steps of it meets every number once before any twice


def subscriber(seed: int, serial: int) -> str:
    """Seven digits from 2000000, another for every serial of one seed."""
    return str(2_000_000 + (seed * 7_919 + serial * _STEP) % _SUBSCRIBERS)


def fixed(area_code: str, seed: int, serial: int) -> str:
    return f"+31{area_code}{subscriber(seed, serial)}"


def mobile(seed: int, serial: int) -> str:
    return f"+3161{subscriber(seed, serial)}"


def iccid(seed: int, serial: int) -> str:
    """Nineteen digits, the last by Luhn (ITU-T E.118); issuer 99 is nobody's."""
    body = f"893199{subscriber(seed, serial):0>12}"
    return body + luhn.calc_check_digit(body)


def imsi(seed: int, serial: int) -> str:
    """Fifteen digits (ITU-T E.212): country 204, network 99, which nobody runs."""
    return f"20499{subscriber(seed, serial):0>10}"


def iban(serial: int) -> str:
    """A Dutch account at bank AVGT, which does not exist; the check digits are right."""
    account = f"AVGT{serial:010d}"
    return f"NL{iban_numbers.calc_check_digits(f'NL00{account}')}{account}"


def address(serial: int) -> str:
    """An address in 198.18.0.0/15, which is set aside for measurements (RFC 2544)."""
    return str(IPv4Address("198.18.0.0") + serial)

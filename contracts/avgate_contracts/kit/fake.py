"""Stand-ins for what a text holds: of the same form, and always the same one for the same value.

A stand-in can be told from what it stands for, so it stays what it is when it is met again. Words
with the same letters get the same one whatever their case, and a phone number whatever its
spelling, so that what a connector puts together, takes apart or compares still fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address, ip_network

from avgate_contracts.kit.pattern import (
    RUNS,
    digits_of,
    folded,
    iban_remainder,
    is_bsn,
    is_ip,
)
from avgate_contracts.kit.phone import number_read

# Reserved for examples by RFC 2606 and 6761; example.nl by SIDN.
INVENTED_HOST = re.compile(
    r"(?:.+\.)?(?:example(?:\.(?:com|org|net|nl|edu))?|test|invalid)", re.IGNORECASE
)
INVENTED_BANKS = ("TEST", "AVGT")  # nobody's codes
# For documentation: RFC 5737, 3849; for measurements: RFC 2544.
INVENTED_NETWORKS = tuple(
    ip_network(network)
    for network in (
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "127.0.0.0/8"),
        *("2001:db8::/32", "::1/128"),
    )
)
UPSTREAM = "upstream.example"  # what every loopback address comes to, whatever its port
_LOOPBACK = re.compile(r"(?:127\.[0-9.]+|localhost|\[::1\])(?::[0-9]+)?", re.IGNORECASE)

_WORD = re.compile(r"x[aeiou](?:[bdfgklmnprstvwz][aeiou]){3}")
_TOKEN = re.compile(r"fa4e[0-9a-f]{4,}")
_UUID = "00000000-0000-4000-8000-"
_MAC = "02:00:5e:00:"
_UNUSED = ("SA", "SD", "SS")  # pairs of letters that no Dutch postcode has
_SHORT = 4  # digits that say little: a year, a page, a house number
_KEPT_WORDS = frozenset({"true", "false", "null", "none", "yes", "nee", "eur", "usd", "gbp"})
_ISSUED = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-9]{6})?")
_EPOCH = re.compile(r"1[5-9][0-9]{8}(?:[0-9]{3})?")  # 2017 to 2033, in seconds or milliseconds
_CONSONANTS, _VOWELS = "bdfgklmnprstvwz", "aeiou"


@lru_cache(maxsize=65_536)
def drawn(salt: str, kind: str, value: str, attempt: int = 0) -> int:
    """A number of 64 bits that a value always comes to."""
    text = f"{salt}\0{kind}\0{attempt}\0{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def word(text: str, salt: str) -> str:
    """A word that can be spoken and means nothing; `xabodiku` for one, in the same case."""
    lower = folded(text)
    if _stays(text, lower):
        return text
    number = drawn(salt, "word", lower)
    made = "x"
    for place in range(7):
        letters = _CONSONANTS if place % 2 else _VOWELS
        number, chosen = divmod(number, len(letters))
        made += letters[chosen]
    if text.isupper():
        return made.upper()
    return made.title() if text[0].isupper() else made


def is_stand_in(text: str) -> bool:
    """Whether a word is one of ours."""
    return _WORD.fullmatch(text.lower()) is not None


def is_in(text: str) -> bool:
    """Whether a part of a text is one of our words or codes."""
    return any(is_stand_in(one) or _TOKEN.fullmatch(one) for one in re.findall(r"[^\W_]+", text))


def _stays(text: str, lower: str) -> bool:
    short = len(text) < 2 or (len(text) == 2 and text.isascii() and not text.istitle())
    return short or lower in _KEPT_WORDS or _WORD.fullmatch(lower) is not None


def digits(text: str, salt: str) -> str:
    """As many digits, which begin with 99 and are nobody's citizen service number."""
    stem = "99" if len(text) < 10 else "999"
    if _is_free(text, stem):
        return text
    left = len(text) - len(stem)
    for attempt in range(100):
        made = f"{stem}{drawn(salt, 'digits', text, attempt) % 10**left:0{left}d}"
        if not is_bsn(made):
            return made
    raise AssertionError("only one number in eleven passes the eleven test")


def _is_free(text: str, stem: str) -> bool:
    invented = text.startswith(stem) and (not is_bsn(text) or text.startswith("9999"))
    moment = _ISSUED.fullmatch(text) or _EPOCH.fullmatch(text)
    return len(text) <= _SHORT or invented or moment is not None


def number(text: str, salt: str) -> str:
    """A number in groups: a phone number, or else digits in the same groups."""
    own = digits_of(text)
    phone = number_read(text, own)
    if phone is not None:
        made = phone.fake(lambda value: drawn(salt, "phone", value))
    elif len(own) >= 8:
        made = digits(own, salt)
    else:
        return re.sub(r"[0-9]+", lambda found: digits(found[0], salt), text)
    following = iter(made)
    return "".join(next(following) if c in "0123456789" else c for c in text)


def token(text: str, salt: str) -> str:
    """Letters and digits without a meaning: `fa4e…`, at least eight characters, at most 24."""
    if _TOKEN.fullmatch(text):
        return text
    long = drawn(salt, "token", text, 0) << 64 | drawn(salt, "token", text, 1)
    return f"fa4e{long:032x}"[: min(max(8, len(text)), 24)]


def run(text: str, salt: str, words: Callable[[str], str]) -> str:
    """Letters and digits without a break: a word, a number, a code, or a word with a number."""
    parts = RUNS.findall(text)
    if len(parts) > 2 or (len(parts) == 2 and _is_hexadecimal(text)):
        return token(text, salt)
    return "".join(digits(p, salt) if p[0] in "0123456789" else words(p) for p in parts)


def is_base64_like(text: str) -> bool:
    """Whether a part of it mixes digits and letters of both cases, as no name of a thing does."""
    parts = re.split(r"[+/_=-]", text)
    return any(
        len(part) >= 16
        and len(RUNS.findall(part)) > 2
        and re.search("[a-z]", part) is not None
        and re.search("[A-Z]", part) is not None
        for part in parts
    )


def _is_hexadecimal(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8,}|[0-9A-F]{8,}", text) is not None


def email(text: str, salt: str) -> str:
    """An address at example.org."""
    if INVENTED_HOST.fullmatch(text.rpartition("@")[2]):
        return text
    made = f"{word(f'mail{folded(text)}', salt)}@example.org"
    return made.upper() if text.isupper() else made


def is_fake_id(text: str) -> bool:
    """Whether a UUID or a code is one of ours."""
    return text.lower().startswith(_UUID) or _TOKEN.fullmatch(text) is not None


def uuid(text: str, salt: str) -> str:
    """A version 4 of which only the last group differs."""
    if text.lower().startswith(_UUID):
        return text
    return f"{_UUID}{drawn(salt, 'uuid', text.lower()) % 16**12:012x}"


def mac(text: str, salt: str) -> str:
    """A locally administered one (IEEE 802), which no maker gives to a device."""
    plain = text.lower().replace("-", ":")
    if plain.startswith(_MAC):
        return text
    made = f"{_MAC}{drawn(salt, 'mac', plain) % 65_536:04x}"
    return f"{made[:-2]}:{made[-2:]}"


def ip(text: str, salt: str) -> str:
    """An address that is set aside for measurements or documentation."""
    if is_invented_ip(text):
        return text
    if ":" in text:
        return str(ip_address("2001:db8::") + drawn(salt, "ip", ip_address(text).compressed))
    return str(ip_address("198.18.0.0") + drawn(salt, "ip", text) % 131_072)


def is_invented_ip(text: str) -> bool:
    """Whether it lies in a network of nobody's, or of everybody's own."""
    return is_ip(text) and any(ip_address(text) in network for network in INVENTED_NETWORKS)


def iban(text: str, salt: str) -> str:
    """An account of the same country and length, with right check digits, at no bank."""
    compact = text.replace(" ", "")
    if compact[4:8] in INVENTED_BANKS:
        return text
    left = len(compact) - 8
    account = f"TEST{drawn(salt, 'iban', compact) % 10 ** min(left, 8):0{left}d}"
    check = 98 - iban_remainder(f"{compact[:2]}00{account}")
    following = iter(f"{compact[:2]}{check:02d}{account}")
    return "".join(c if c == " " else next(following) for c in text)


def is_iban_like(text: str) -> bool:
    """Whether it is long enough and has enough digits for an account number."""
    compact = text.replace(" ", "")
    ours = _WORD.search(compact.lower()) is not None
    return len(compact) >= 15 and len(digits_of(compact[4:])) >= 6 and not ours


def postcode(text: str, salt: str) -> str:
    """A Dutch one with letters that none has."""
    if text[-2:] in _UNUSED:
        return text
    chosen = drawn(salt, "postcode", text[:4] + text[-2:])
    return f"{1000 + chosen % 9000}{text[4:-2]}{_UNUSED[chosen // 9000 % 3]}"


def host(text: str, salt: str) -> str:
    """A host and perhaps a port: ours for a loopback, else a name below `.example`."""
    if _LOOPBACK.fullmatch(text):
        return UPSTREAM
    name = text.rpartition("@")[2].partition(":")[0].lower()
    if INVENTED_HOST.fullmatch(name):
        return text.rpartition("@")[2].lower()
    return f"{word(f'host{name}', salt)}.example"

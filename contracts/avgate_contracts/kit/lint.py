"""What must not be in a recording, found by its own form; knows nothing of how it was redacted."""

from __future__ import annotations

import html
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, unquote_plus, urlsplit

import phonenumbers

from avgate_contracts.kit.body import leaves
from avgate_contracts.kit.pattern import iban_remainder, is_bsn, is_plain_name
from avgate_contracts.kit.phone import INVENTED
from avgate_contracts.kit.tape import Interaction, Tape

_RESERVED = re.compile(
    r"(?:.+\.)?(?:example(?:\.(?:com|org|net|nl|edu))?|test|invalid|localhost)|127\.[0-9.]+|\[?::1\]?"
)
_CREDENTIALS = re.compile(
    r"authorization|cookie|token|secret|passw|api-?key|credential|x-auth|session", re.IGNORECASE
)
_EMAIL = re.compile(r"[^\s@\"'<>()\[\],;:=/\\]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_JWT = re.compile(r"\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"
)
_BSN = re.compile(r"(?<![\w.,+-])[0-9]{4}[. ]?[0-9]{2}[. ]?[0-9]{3}(?!\w|[.,-][0-9])")
_PHONE = re.compile(
    r"(?<![\w.,-])(?:(?:\+|00)[1-9][0-9 ().-]{6,18}[0-9]|\(?0[1-9](?:[ ().-]{0,2}[0-9]){8}|31[1-9][0-9]{8})(?!\w)"
)
_URL = re.compile(r"https?://([^\s/?#\"'<>\\]+)", re.IGNORECASE)
_CODED = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])")
_NO_BANKS = ("TEST", "AVGT")
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")  # gzip, zstd, bzip2, xz
_SMALL = 64  # bytes of a file with nothing in it
_LONG = 120  # characters of Base64 in which something could be hidden
_RUN = 16  # letters and digits without a break, as in no words
_STAND_IN = "secret"
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_REAL_HOST = "a host that is not an invented one"
_OPAQUE = "a long text that nobody can read"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be there: where, and what kind of thing, never the thing itself."""

    file: str
    where: str
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, {self.where}: {self.kind}"


def lint(tape: Tape, file: str, secrets: Collection[str] = ()) -> list[Finding]:
    """All that is wrong with a recording, each once; `secrets` are the live ones."""
    live = [secret for secret in secrets if len(secret) >= 4 and secret != _STAND_IN]
    found: dict[Finding, None] = {}
    for number, one in enumerate(tape.interactions, start=1):
        for where, kind in _wrong(one, live):
            found[Finding(file, f"interaction {number}, {where}", kind)] = None
    return list(found)


def _wrong(one: Interaction, secrets: Collection[str]) -> Iterator[tuple[str, str]]:
    yield from _in_text("the address", one.url, secrets)
    sides = (
        ("request", one.request_headers, one.request_body),
        ("answer", one.headers, one.body),
    )
    for side, headers, body in sides:
        for name, value in headers.items():
            if _CREDENTIALS.search(name):
                yield f"{side}, header {name}", "a credential header"
            found = _in_text(f"{side}, header {name}", value, secrets)
            yield from (each for each in found if each[1] != _OPAQUE)  # an author has named it
        media_type = headers.get("content-type", "").lower()
        if "content-encoding" in headers or _is_opaque(body):
            yield f"{side}, body", "a body that nobody can read"
        yield from _in_body(side, body, media_type, secrets)


def _in_body(
    side: str, body: bytes, media_type: str, secrets: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Leaf by leaf, and then as a whole for what is in none of them: names, comments, a bad JSON."""
    kinds: set[str] = set()
    for place, leaf in leaves(body, media_type):
        where = f"{side}, {place_told(place)}"
        for found in _in_text(where, str(leaf), secrets):
            kinds.add(found[1])
            yield found
    for found in _in_text(f"{side}, body", body.decode("utf-8", "replace"), secrets):
        if found[1] not in kinds and found[1] not in {_REAL_HOST, _OPAQUE}:
            yield found


def place_told(place: tuple[str, ...]) -> str:
    """The place of a leaf, with a star for every name that is data itself."""
    return ".".join(name if is_plain_name(name) else "*" for name in place) or "body"


def _in_text(where: str, text: str, secrets: Collection[str]) -> Iterator[tuple[str, str]]:
    for view in _views(text):
        for kind in _kinds(view):
            yield where, kind
        if any(form in view for secret in secrets for form in _forms(secret)):
            yield where, "a live secret"
    if _CERTIFICATE not in text and any(len(c) >= _LONG for c in _unread(text)):
        yield where, _OPAQUE


def _views(text: str) -> Iterator[str]:
    """The text as it is, and as a reader would decode it."""
    views = [text, unquote(text), unquote_plus(text), html.unescape(text)]
    if "\\u" in text:
        views.append(re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text))
    views += [plain for coded in _CODED.findall(text) if (plain := _uncoded(coded)) is not None]
    yield from dict.fromkeys(views)


def _unread(text: str) -> Iterator[str]:
    """What may be Base64 and is no text; many short words in a row are not."""
    for coded in _CODED.findall(text):
        longest = max(map(len, re.split("[^A-Za-z0-9]", coded)))
        if longest >= _RUN and _uncoded(coded) is None:
            yield coded


def _uncoded(text: str) -> str | None:
    """What is in Base64; None if that is not text."""
    padded = text.rstrip("=").replace("-", "+").replace("_", "/")
    with suppress(ValueError):
        plain = b64decode(padded + "=" * (-len(padded) % 4)).decode()
        return plain if plain.isprintable() or plain.lstrip()[:1] in {"{", "[", "<"} else None
    return None


def _forms(secret: str) -> tuple[str, str]:
    return secret, b64encode(secret.encode()).decode().rstrip("=")


@lru_cache(maxsize=65_536)
def _kinds(text: str) -> tuple[str, ...]:
    found = {
        "a JSON Web Token": _JWT.search(text),
        "an e-mail address outside example.org and its like": any(
            not _RESERVED.fullmatch(host.lower()) for host in _EMAIL.findall(text)
        ),
        "a citizen service number": any(
            _is_person(re.sub("[. ]", "", number)) for number in _BSN.findall(text)
        ),
        "a bank account": any(_is_account(each.replace(" ", "")) for each in _IBAN.findall(text)),
        "a phone number that can be somebody's": any(map(_is_phone, _PHONE.findall(text))),
        _REAL_HOST: any(not _RESERVED.fullmatch(_host(found)) for found in _URL.findall(text)),
    }
    return tuple(kind for kind, is_there in found.items() if is_there)


def _host(netloc: str) -> str:
    with suppress(ValueError):
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    return netloc


def _is_person(digits: str) -> bool:
    return is_bsn(digits) and not digits.startswith("9999")


def _is_account(compact: str) -> bool:
    right = 15 <= len(compact) <= 34 and iban_remainder(compact) == 1
    return right and compact[4:8] not in _NO_BANKS


def _is_phone(text: str) -> bool:
    """Whether it is valid by the numbering plan of its country, and not of those nobody has."""
    written = f"+{text}" if text.startswith("31") else text
    with suppress(phonenumbers.NumberParseException):
        number = phonenumbers.parse(written, "NL")
        plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return phonenumbers.is_valid_number(number) and not INVENTED.fullmatch(plain[1:])
    return False


def _is_opaque(body: bytes) -> bool:
    if body.startswith(_PACKED):
        return True
    with suppress(ValueError):
        return "\0" in body.decode() and len(body) > _SMALL
    return len(body) > _SMALL
